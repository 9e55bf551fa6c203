"""`rhyme bench web`: the web terminal as a process of its own over many analyses, asked over HTTP on loopback."""

import asyncio
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from evals.flow.processes import MEGABYTE, BenchStopped, RhymeProcess
from evals.made.analyses import fill
from evals.made.request import MadeRequest
from evals.web.load import Answers, addresses, steady
from evals.web.streams import Heard, listen
from records.database import Database
from records.database.browse import Wanted
from records.times import utc_now

Say = Callable[[str], None]
DATABASE = "rhyme.db"
START_SECONDS = 60.0
LOOK_SECONDS = 0.02
WARM = 40
"""Requests before anything is measured, so that each kind has been asked."""
ADDRESS = re.compile(r"https?://[\d.]+:(\d+)/")
RARE_WORDS = 40
LIMITS_MS = {"list": 50, "article": 50, "search": 150, "stream": 1_000}
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Request(MadeRequest):
    """What is to be run."""

    rate: float = 50.0
    """Requests a second."""
    seconds: float = 30.0
    streams: int = 1_000
    told: int = 10
    """Analyses kept while the streams are open."""


def bench_web(request: Request, environment: Mapping[str, str], say: Say) -> dict[str, object]:
    """The figures. Raises BenchStopped when the server ends or never answers, StoreError."""
    with request.folder() as home:
        analyses, words = _filled(home, request, say)
        say("Starting the server …")
        server, port, start = _started(home, environment)
        try:
            base = f"http://127.0.0.1:{port}"
            say("Warming up …")
            asyncio.run(steady(base, addresses(analyses, words, request.seed + 1), rate=10, seconds=WARM / 10))
            resting = server.resident_bytes()
            say(f"{request.rate:g} requests a second for {request.seconds:g} s …")
            asked = addresses(analyses, words, request.seed)
            found = asyncio.run(steady(base, asked, rate=request.rate, seconds=request.seconds))
            loaded = server.resident_bytes()
            say(f"Opening {request.streams:,} streams …")
            heard, kept = _listened(home, port, request)
            streaming = server.resident_bytes()
        finally:
            server.stop()
        spent = server.wait()
    delays = [at - kept[name] for name, times in heard.at.items() if name in kept for at in times]
    return {
        **_pages(found),
        "streams": request.streams,
        "streams_open": heard.opened,
        "streams_reached": _reached(heard, kept),
        "stream_delay_p95_ms": _percentile(delays, 95),
        "stream_delay_max_ms": _percentile(delays, 100),
        "start_seconds": round(start, 2),
        "peak_memory_mb": round(spent.peak_bytes / MEGABYTE),
        "memory_mb": {
            name: None if size is None else round(size / MEGABYTE)
            for name, size in (("at rest", resting), ("after the load", loaded), ("with the streams", streaming))
        },
        "cpu_seconds": round(spent.cpu_seconds, 1),
        "limits_ms": LIMITS_MS,
        "run": {"analyses": request.analyses, "rate": request.rate, "seconds": request.seconds, "seed": request.seed,
                "told": request.told},
    }  # fmt: skip


def _filled(home: Path, request: Request, say: Say) -> tuple[list[str], list[str]]:
    """Ids of analyses and rare words, of a database that is filled if it is new."""
    with Database.open(home / DATABASE) as database:
        wanted = Wanted(until=utc_now() + timedelta(days=1))
        if database.browse.count(wanted) == 0:
            say(f"Making {request.analyses:,} analyses …")
            fill(database, request.analyses, request.seed, until=utc_now(),
                 on_progress=lambda done: say(f"Making analyses: {done:,} of {request.analyses:,} …"))  # fmt: skip
        page, analyses, words = None, [], []
        for _ in range(10):
            found = database.browse.analyses(wanted, limit=200, after=page)
            analyses += [one.id for one in found.items]
            words += [word for one in found.items for word in re.findall(r"[a-z]{5,}", one.title.lower())]
            page = found.next
            if page is None:
                break
    draw = random.Random(request.seed)
    return analyses, draw.sample(sorted(set(words)), min(RARE_WORDS, len(set(words))))


def _started(home: Path, environment: Mapping[str, str]) -> tuple[RhymeProcess, int, float]:
    """The server, its port, and the seconds from its start to its first page."""
    begun = time.perf_counter()
    server = RhymeProcess(["serve", "--port", "0", "--home", str(home)], environment, home / "serve")
    try:
        port = _first_page(server, begun + START_SECONDS)
    except BaseException:
        server.stop()
        raise
    return server, port, time.perf_counter() - begun


def _first_page(server: RhymeProcess, until: float) -> int:
    """The port, once a page was read from it."""
    while time.perf_counter() < until:
        if server.poll() is not None:
            server.check()
            break
        found = ADDRESS.search(server.output())
        if found:
            with suppress(urllib.error.URLError, ConnectionError):
                with urllib.request.urlopen(f"http://127.0.0.1:{found[1]}/", timeout=START_SECONDS) as page:
                    page.read()
                return int(found[1])
        time.sleep(LOOK_SECONDS)
    raise BenchStopped(f"`rhyme serve` ended, or showed no page within {START_SECONDS:g} s, in the measured run.")


def _listened(home: Path, port: int, request: Request) -> tuple[Heard, dict[str, float]]:
    with Database.open(home / DATABASE) as database:
        seeds = iter(range(int(time.time()), int(time.time()) + request.told))

        def keep() -> tuple[str, float]:
            at: list[float] = []
            fill(database, 1, next(seeds), until=utc_now(), on_progress=lambda _: at.append(time.perf_counter()))
            newest = database.recent_analyses(1)[0]
            return newest.id, at[0]

        return asyncio.run(
            listen("127.0.0.1", port, request.streams, keep, analyses=request.told, patience=PATIENCE_SECONDS)
        )


def _reached(heard: Heard, kept: Mapping[str, float]) -> int:
    """Streams that heard of every analysis: the least over the analyses."""
    return min((len(heard.at.get(name, ())) for name in kept), default=0)


def _pages(found: Mapping[str, Answers]) -> dict[str, object]:
    figures: dict[str, object] = {}
    for kind, answers in found.items():
        figures |= {
            f"{kind}_p95_ms": _percentile(answers.seconds, 95),
            f"{kind}_p50_ms": _percentile(answers.seconds, 50),
        }
    figures["answers"] = {kind: len(answers.seconds) for kind, answers in found.items()}
    figures["failed"] = {kind: answers.failed for kind, answers in found.items() if answers.failed}
    figures["largest_kb"] = {kind: round(answers.size / 1_000) for kind, answers in found.items()}
    return figures


def _percentile(seconds: Sequence[float], which: float) -> float | None:
    return round(1_000 * float(np.percentile(seconds, which)), 1) if seconds else None
