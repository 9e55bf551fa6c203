"""New analyses to every open stream. One look at the database serves all: it finds what other processes have kept too.

A stream holds nothing but the number of the last analysis it was told of, so that a slow or absent reader costs no memory: what it
missed is read from the last ones that are kept here, or from the database.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from records.errors import RhymeError

if TYPE_CHECKING:
    from records.database.announced import Announced, NewAnalysis
    from terminal.web.site import Site

LOOK_SECONDS = 0.25
BEAT_SECONDS = 15.0
"""A sign of life, for what stands between and drops silent connections."""
LASTS_SECONDS = 30 * 60
"""After which a stream ends and is opened again: whoever has lost the right to it loses it."""
RETRY_MILLISECONDS = 2_000
KEPT = 1_000
MOST_REPLAYED = 2_000
"""Who is further behind is told to read the list anew."""
MOST_STREAMS = 4_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """One analysis as it goes over the wire."""

    number: int
    wire: bytes


class Hub:
    """Of one site; all but `streams` belongs to the loop that serves it."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._recent: deque[Event] = deque(maxlen=KEPT)
        self._last: int | None = None
        self._wake = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self._trouble: str | None = None
        self.streams = 0
        """How many are open."""

    @property
    def full(self) -> bool:
        """Whether no more may be opened."""
        return self.streams >= MOST_STREAMS

    async def begin(self) -> int:
        """The number of the newest analysis; begins to look. Raises StoreError, SettingsError."""
        if self._last is None:
            latest = await anyio.to_thread.run_sync(lambda: self._announced().latest())
            if self._last is None:
                self._last = latest
        if self._looking is None and not self._closed:
            self._looking = asyncio.create_task(self._look())
        return self._last

    def close(self) -> None:
        """Ends all streams and looks no more."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
        self._tell()

    async def events(self, after: int) -> AsyncIterator[bytes]:
        """What follows the analysis of that number, in the form of server-sent events, until the hub closes."""
        self.streams += 1
        try:
            yield format_sse_event(id=str(after), retry=RETRY_MILLISECONDS)  # an id without data: what to go on from
            async for wire in self._follow(after):
                yield wire
        finally:
            self.streams -= 1

    async def _follow(self, last: int) -> AsyncIterator[bytes]:
        ends, told = time.monotonic() + LASTS_SECONDS, self._trouble
        while not self._closed and time.monotonic() < ends:
            wake = self._wake
            if self._trouble != told:
                told = self._trouble
                yield _state(told)
            for event in await self._after(last):
                last = event.number
                yield event.wire
            try:
                await asyncio.wait_for(wake.wait(), BEAT_SECONDS)
            except TimeoutError:
                yield KEEPALIVE_COMMENT

    async def _after(self, number: int) -> list[Event]:
        newest = self._last or 0
        if number >= newest:
            return []
        if self._recent and self._recent[0].number <= number + 1:
            return [event for event in self._recent if event.number > number]
        try:
            missed = await anyio.to_thread.run_sync(self._since, number, MOST_REPLAYED + 1)
        except RhymeError:
            return []  # asked again at the next turn; `_look` tells of it
        if len(missed) > MOST_REPLAYED:
            return [
                Event(newest, format_sse_event(event="reset", data_str=json.dumps({"latest": newest}), id=str(newest)))
            ]
        return [_event(one) for one in missed]

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not self.streams:
                continue
            last = self._last or 0
            try:
                new = await anyio.to_thread.run_sync(self._since, last, KEPT)
            except RhymeError as error:
                if self._trouble is None:
                    _log.warning("new analyses cannot be looked for: %s", error)
                    self._trouble = error.kind
                    self._tell()
                continue
            recovered = self._trouble is not None
            self._trouble = None
            for one in new:
                self._recent.append(_event(one))
                self._last = one.number
            if new or recovered:
                self._tell()

    def _tell(self) -> None:
        """Wakes every stream."""
        before, self._wake = self._wake, asyncio.Event()
        before.set()

    def _since(self, number: int, limit: int) -> "list[NewAnalysis]":
        return self._announced().since(number, limit)

    def _announced(self) -> "Announced":
        return self._site.database.announced


def _event(one: "NewAnalysis") -> Event:
    return Event(
        one.number, format_sse_event(event="analysis", data_str=one.summary.model_dump_json(), id=str(one.number))
    )


def _state(trouble: str | None) -> bytes:
    """`away` when the database cannot be read, `back` when it can again."""
    return format_sse_event(event="away" if trouble else "back", data_str=json.dumps({"kind": trouble}))
