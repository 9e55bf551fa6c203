"""Requests at a steady rate whatever the answers take: each is timed from when it was due, so that a queue is seen as one."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import httpx

from records.taxonomy import Tag

SHARES = {"list": 9, "article": 9, "search": 2}
"""Of twenty requests."""
TIMEOUT_SECONDS = 30.0
FREQUENT = ("revenue", "guidance", "shares", "profit", "results")
TICKERS = ("AAPL", "MSFT", "NVDA", "AMZN", "BA", "PFE", "F")


@dataclass
class Answers:
    """What one kind of page took."""

    seconds: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    """By status or by the error's name."""
    size: int = 0
    """Bytes of the largest answer."""


def addresses(analyses: Sequence[str], words: Sequence[str], seed: int) -> dict[str, Iterator[str]]:
    """Kind → its addresses without an end. `analyses`: ids; `words`: some that stand in articles, rare ones among them."""
    draw = random.Random(seed)
    tags = [httpx.QueryParams(tag=one.value) for one in Tag]

    def lists() -> Iterator[str]:
        while True:
            yield from ("/", "/?order=score", "/?min_score=0.7", "/?sentiment=negative")
            ticker = draw.choice(TICKERS)
            yield from (f"/?ticker={ticker}", f"/?ticker={ticker}&order=score", f"/?{draw.choice(tags)}")

    searched = [*words, *FREQUENT]
    return {
        "list": lists(),
        "article": (f"/articles/{draw.choice(analyses)}" for _ in itertools.count()),
        "search": (f"/?q={draw.choice(searched)}" for _ in itertools.count()),
    }


async def steady(base: str, wanted: dict[str, Iterator[str]], *, rate: float, seconds: float) -> dict[str, Answers]:
    """Asks `rate` times a second for `seconds`, the kinds in their shares."""
    order = [kind for kind, share in SHARES.items() for _ in range(share)]
    random.Random(0).shuffle(order)
    found = {kind: Answers() for kind in SHARES}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=base, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        begun = time.perf_counter()
        asking = []
        for number, kind in zip(range(int(rate * seconds)), itertools.cycle(order), strict=False):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            asking.append(asyncio.create_task(_asked(client, next(wanted[kind]), due, found[kind])))
        await asyncio.gather(*asking)
    return found


async def _asked(client: httpx.AsyncClient, address: str, due: float, into: Answers) -> None:
    try:
        answer = await client.get(address)
    except httpx.HTTPError as error:
        kind = type(error).__name__
    else:
        into.seconds.append(time.perf_counter() - due)
        into.size = max(into.size, len(answer.content))
        if answer.status_code == httpx.codes.OK:
            return
        kind = str(answer.status_code)
    into.failed[kind] = into.failed.get(kind, 0) + 1
