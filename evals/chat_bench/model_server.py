"""A model of known speed over OpenAI's protocol, a process of its own: it looks something up, then answers from what it was given.

`python -m evals.chat_bench.model_server --latency 0.2` prints one JSON line with its `base_url` and serves until its standard input
ends. GET /v1/turns tells when each turn was asked for and when its first piece left, by the machine's monotonic clock.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

from evals.flow.http_server import Application, Reply, Request, Route, loopback_socket, server_of

PIECE = 12
"""Characters of a streamed piece."""


@dataclass(frozen=True)
class TurnTimes:
    """One turn of the model, seconds of the machine's monotonic clock."""

    asked_at: float
    began_at: float
    """When its first piece was handed to the connection."""
    ended_at: float
    text: bool
    """A text; else the wish to look something up."""


class ModelServer:
    """The process from the side of whoever measures. A context manager."""

    def __init__(self, latency_seconds: float) -> None:
        self._command = [sys.executable, "-m", "evals.chat_bench.model_server", "--latency", str(latency_seconds)]
        self.base_url = ""

    def __enter__(self) -> "ModelServer":
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            raise OSError(f"The model server did not start; it ended with code {self._process.wait()}.")
        self.base_url = json.loads(first)["base_url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def turns(self) -> list[TurnTimes]:
        """Since the last look, in order."""
        with urllib.request.urlopen(f"{self.base_url}/turns", timeout=10.0) as answer:
            return [TurnTimes(**one) for one in json.load(answer)]


def routes(latency_seconds: float, wish: Mapping[str, Any]) -> Iterable[Route]:
    """`wish`: the tool and its arguments that the first turn of a question asks for."""
    turns: list[TurnTimes] = []

    async def told(_: Request, reply: Reply) -> None:
        await reply.json([asdict(one) for one in turns])
        turns.clear()

    async def completed(request: Request, reply: Reply) -> None:
        asked_at = time.monotonic()
        body = request.json()
        last = body["messages"][-1]
        looked_up = last["role"] == "tool" or not body.get("tools")
        deltas = _text(last) if looked_up else _call(wish)
        await asyncio.sleep(latency_seconds)
        await reply.begin("text/event-stream; charset=utf-8")
        began_at = time.monotonic()
        for delta in deltas:
            await reply.piece(_event(body, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
        reason = "stop" if looked_up else "tool_calls"
        await reply.piece(_event(body, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        usage = {"prompt_tokens": 900, "completion_tokens": 30, "total_tokens": 930}
        # told before its last piece leaves: whoever has read that may ask for it at once
        turns.append(TurnTimes(asked_at, began_at, time.monotonic(), looked_up))
        await reply.piece(_event(body, {"choices": [], "usage": usage}) + b"data: [DONE]\n\n")
        await reply.end()

    yield Route("GET", "/v1/turns", told)
    yield Route("POST", "/v1/chat/completions", completed)


def _event(body: Mapping[str, Any], parts: Mapping[str, Any]) -> bytes:
    head = {"id": "measured", "object": "chat.completion.chunk", "created": 0, "model": body.get("model", "")}
    return f"data: {json.dumps({**head, **parts})}\n\n".encode()


def _call(wish: Mapping[str, Any]) -> list[dict[str, Any]]:
    arguments = json.dumps(wish["arguments"])
    begins = {"index": 0, "id": "c0", "function": {"name": wish["name"], "arguments": ""}}
    pieces = [arguments[start : start + PIECE] for start in range(0, len(arguments), PIECE)]
    return [
        {"tool_calls": [begins]},
        *({"tool_calls": [{"index": 0, "function": {"arguments": one}}]} for one in pieces),
    ]


def _text(last: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first thing that was found, said again with its id."""
    try:
        first = json.loads(last["content"])["items"][0]
        said = f"{str(first['text']).split('. ', 1)[0][:200].rstrip('.')} [{first['id']}]."
    except (ValueError, LookupError, TypeError):
        said = "I don't know from what I have."
    return [{"content": said[start : start + PIECE]} for start in range(0, len(said), PIECE)]


async def _serve(options: argparse.Namespace) -> None:
    server = server_of(Application(routes(options.latency, json.loads(options.wish))))
    with loopback_socket(0) as listening:
        print(json.dumps({"base_url": f"http://127.0.0.1:{listening.getsockname()[1]}/v1"}), flush=True)
        threading.Thread(target=_leave_with_parent, daemon=True).start()
        await server.serve(sockets=[listening])


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # nothing is kept


def main() -> int:
    """Serves."""
    parser = argparse.ArgumentParser(prog="python -m evals.chat_bench.model_server", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds from a request to the first piece")
    wish = {"name": "list_analyses", "arguments": {"tickers": ["MSFT"], "since": "30 days", "limit": 10}}
    parser.add_argument("--wish", default=json.dumps(wish), help="the tool that is asked for, as JSON")
    asyncio.run(_serve(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
