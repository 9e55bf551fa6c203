"""An OpenAI-compatible server on loopback that plays a conversation's turns: streamed texts, tools it wants called, and a line that
breaks or hangs. Choices by log-probabilities are answered too, so that a small model's steps can be played."""

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
_LAST: list[dict[str, object]] = [
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": _USAGE},
]
PIECE = 9
"""Characters of a streamed piece."""


@dataclass(frozen=True)
class Says:
    """A turn of text."""

    text: str
    then: str = "end"
    """`end`, `break` (the connection closes before the turn has ended) or `hang` (silence until the server is released)."""


@dataclass(frozen=True)
class Calls:
    """A turn that wants tools called: (name, arguments) each."""

    tools: tuple[tuple[str, Mapping[str, object]], ...]


Turn = Says | Calls
Chooses = Callable[[str], float]
"""The probability of Yes, by the text of the last message."""


def calls(name: str, **arguments: object) -> Calls:
    """A turn that wants one tool called."""
    return Calls(((name, arguments),))


@dataclass
class ToolServer:
    """A context manager: inside it the server runs. `turns` are played in order, whoever asks; a turn may be a function of the
    request's body."""

    turns: list[Turn | Callable[[Mapping[str, Any]], Turn]] = field(default_factory=list)
    chooses: Chooses = lambda _: 0.9
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Every request, in order."""
    hanging: threading.Event = field(default_factory=threading.Event)
    """Set when a turn has begun to hang."""
    released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "ToolServer":
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """For the openai client."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def play(self, *turns: Turn) -> None:
        """Adds turns to be played."""
        self.turns.extend(turns)

    def next_turn(self, body: dict[str, Any]) -> Turn | None:
        """None: the script has ended."""
        self.bodies.append(body)
        if not self.turns:
            return None
        turn = self.turns.pop(0)
        return turn(body) if callable(turn) else turn


def _handler(server: ToolServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if body.get("logprobs"):
                self._events(_choice(server.chooses(str(body["messages"][-1]["content"]))))
                return
            turn = server.next_turn(body)
            if turn is None:
                self._ended()
                return
            then = turn.then if isinstance(turn, Says) else "end"
            self._events([_delta(one) for one in _deltas(turn)], ends=then == "end")
            if then == "hang":
                server.hanging.set()
                server.released.wait()

        def _events(self, events: Sequence[Mapping[str, Any]], *, ends: bool = True) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for parts in [*events, *(_LAST if ends else [])]:
                whole: dict[str, object] = {
                    "id": "x",
                    "object": "chat.completion.chunk",
                    "created": 0,
                    "model": "m",
                    **parts,
                }
                self.wfile.write(b"data: " + json.dumps(whole).encode() + b"\n\n")
            if ends:
                self.wfile.write(b"data: [DONE]\n\n")
            self.wfile.flush()

        def _ended(self) -> None:
            content = json.dumps({"error": {"message": "The script has no more turns."}}).encode()
            self.send_response(400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silent."""

    return Handler


def _delta(delta: Mapping[str, Any]) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


def _choice(yes: float) -> list[dict[str, Any]]:
    """One token with the log-probabilities of Yes and No."""
    shares = {"Yes": min(max(yes, 1e-6), 1 - 1e-6)}
    shares["No"] = 1 - shares["Yes"]
    listed = [{"token": name, "logprob": math.log(share)} for name, share in shares.items()]
    best = max(listed, key=lambda one: float(str(one["logprob"])))
    logprobs = {"content": [{**best, "top_logprobs": listed}]}
    return [
        {"choices": [{"index": 0, "delta": {"content": best["token"]}, "logprobs": logprobs, "finish_reason": None}]}
    ]


def _deltas(turn: Turn) -> list[dict[str, Any]]:
    """A call of a tool comes in pieces: its name first, its arguments bit by bit."""
    if isinstance(turn, Says):
        return [{"content": turn.text[start : start + PIECE]} for start in range(0, len(turn.text), PIECE)]
    deltas: list[dict[str, Any]] = []
    for place, (name, arguments) in enumerate(turn.tools):
        text = json.dumps(arguments)
        begins = {"index": place, "id": f"c{place}", "function": {"name": name, "arguments": ""}}
        deltas.append({"tool_calls": [begins]})
        deltas += [
            {"tool_calls": [{"index": place, "function": {"arguments": text[start : start + 5]}}]}
            for start in range(0, len(text), 5)
        ]
    return deltas
