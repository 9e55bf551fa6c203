"""A server that speaks OpenAI's API over real HTTP, with its limits, its usage counts and its failures.

`python -m evals.flow.simulated_openai --port 0 --tally FILE` prints one JSON line with its `base_url` and serves until it is
stopped. What it answered and billed stands in the tally (`evals.flow.tally`), written before the first byte of each answer.
"""

import argparse
import asyncio
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from evals.flow.chat_route import chat_routes
from evals.flow.desk import Desk, Pace
from evals.flow.embedding_route import embedding_routes
from evals.flow.faults import FaultPlan, parse_kinds
from evals.flow.http_server import Application, Reply, Request, Route, loopback_socket, server_of
from evals.flow.limits import ServerLimits
from evals.flow.simulated_batches import batch_routes
from evals.flow.tally import Tally

ROUTES: list[Callable[[Desk], Iterable[Route]]] = [chat_routes, embedding_routes, batch_routes]
"""What the server answers; another part of the API adds its own function here."""
MODELS = ("gpt-5.4-mini", "gpt-4.1-mini", "text-embedding-3-small")
"""Listed by GET /v1/models; any other name is answered too."""


def application(desk: Desk) -> Application:
    """All routes over one desk."""
    return Application([Route("GET", "/v1/models", _models), *(route for part in ROUTES for route in part(desk))])


async def _models(_: Request, reply: Reply) -> None:
    listed = [{"id": name, "object": "model", "created": 0, "owned_by": "simulated"} for name in MODELS]
    await reply.json({"object": "list", "data": listed})


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM, Ctrl-C, or with `--with-parent` the end of standard input."""
    options = _parser().parse_args(arguments)
    asyncio.run(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    tally = Tally(options.tally)
    desk = Desk(
        limits=ServerLimits(options.requests_per_minute, options.tokens_per_minute, monotonic=loop.time),
        plan=FaultPlan(options.faults, options.kinds, options.seed),
        pace=Pace(options.latency, options.hang_seconds, options.drip_seconds, options.tokens_per_chunk),
        tally=tally,
        at_once=options.concurrency,
    )
    server = server_of(application(desk))
    with loopback_socket(options.port) as listening:
        print(json.dumps({"base_url": f"http://127.0.0.1:{listening.getsockname()[1]}/v1"}), flush=True)
        if options.with_parent:
            threading.Thread(target=_leave_with_parent, daemon=True).start()
        await server.serve(sockets=[listening])
    tally.close()


def _leave_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # rows are with the operating system already


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.flow.simulated_openai", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument(
        "--tally", type=Path, required=True, help="where requests are counted; counted on if it is there"
    )
    parser.add_argument("--requests-per-minute", type=int, help="none: no limit")
    parser.add_argument("--tokens-per-minute", type=int, help="none: no limit")
    parser.add_argument("--concurrency", type=int, help="requests answered at once, the others wait; none: all")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds to the first byte, give or take a quarter")
    parser.add_argument("--faults", type=float, default=0.0, help="share of requests that fail in some way")
    parser.add_argument("--kinds", type=parse_kinds, default=parse_kinds(None), help="of faults, with commas; all")
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    parser.add_argument("--hang-seconds", type=float, default=300.0, help="silence of a hang before the line is cut")
    parser.add_argument("--drip-seconds", type=float, default=2.0, help="how long a slow answer takes")
    parser.add_argument("--tokens-per-chunk", type=int, default=1, help="of a streamed answer; OpenAI sends about one")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
