"""Feeds on their schedules, some side by side, until stopped. A feed that fails or is slow waits for itself; no other does."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from agent.ingest import EntryFailure, Ingest, SourceReport
from feeds import Source, Validators, next_due
from records.database import Database
from records.errors import StoreLocked
from records.feed import Feed
from records.times import Clock

LONGEST_SLEEP = 60.0
"""Seconds: a feed that another process adds is noticed within a minute."""
AT_ONCE = 4
"""Feeds read at the same time: a few slow servers hold up nobody, and their texts are one batch each in memory."""
LOOK_SECONDS = 0.2
"""How often a watch with readings under way looks whether it is to stop, and what has become due."""
LEAVE_SECONDS = 5.0
"""How long a watch that ends waits for batches that are being kept. A server that gives no answer is not waited for: what it has
not given yet is asked for again at the next start."""

Wait = Callable[[float], bool]
"""Waits so many seconds or until the watch is to stop; True when it is."""


@dataclass(frozen=True)
class Turn:
    """One reading of one feed."""

    feed: Feed
    """As it is kept now."""
    report: SourceReport


class Watch:
    """Reads the feeds of a database when they are due, of one server one at a time."""

    def __init__(
        self,
        ingest: Ingest,
        database: Database,
        clock: Clock,
        chance: Callable[[], float],
        *,
        at_once: int = AT_ONCE,
        leave_seconds: float = LEAVE_SECONDS,
    ) -> None:
        """`chance`: uniform in [0, 1), for the jitter of the schedule. `at_once`: feeds read at the same time."""
        self._ingest = ingest
        self._database = database
        self._clock = clock
        self._chance = chance
        self._at_once = at_once
        self._leave_seconds = leave_seconds
        self._leaving = threading.Event()

    def run(self, wait: Wait) -> Iterator[Turn]:
        """Every reading as it ends, until `wait` says to stop. Raises StoreError."""
        readings = _Readings(self.turn, self._at_once)
        while True:
            readings.begin(self.due())
            if readings.under_way:
                yield from readings.ended(LOOK_SECONDS)
                stop = wait(0)
            else:
                stop = wait(self.seconds_to_next())
            if stop:
                yield from self._leave(readings)
                return

    def once(self, wait: Wait) -> Iterator[Turn]:
        """Every reading of what is due now, each feed once. Raises StoreError."""
        readings, waiting = _Readings(self.turn, self._at_once), self.due()
        while waiting or readings.under_way:
            begun = readings.begin(waiting)
            waiting = [feed for feed in waiting if feed.name not in begun]
            yield from readings.ended(LOOK_SECONDS)
            if wait(0):
                yield from self._leave(readings)
                return

    def due(self) -> list[Feed]:
        """Those whose time has come, the longest waiting first."""
        now = self._clock()
        return sorted(
            (feed for feed in self._database.intake.feeds() if feed.due_at <= now), key=lambda one: one.due_at
        )

    def turn(self, feed: Feed) -> Turn:
        """Reads one feed, due or not, and keeps how that ended. A database that others are writing is a failed turn, which is
        due again; raises the other StoreErrors."""
        try:
            return self._turn(feed)
        except StoreLocked as error:
            failure = EntryFailure(name=feed.name, kind=error.kind, message=str(error))
            return Turn(feed, SourceReport(source=feed.name, error=failure))

    def _turn(self, feed: Feed) -> Turn:
        source = Source(feed.address, feed.kind, feed.full_text, validators=Validators(feed.etag, feed.last_modified))
        done = self._ingest.take(source, name=feed.name, go_on=lambda: not self._leaving.is_set())
        if done.report.stopped or self._leaving.is_set():
            return Turn(feed, done.report)  # due as before, so that the next watch reads the rest
        now = self._clock()
        after = _after(feed, done.report, done.validators, now)
        due = next_due(after, now, self._chance(), retry_after=done.retry_after)
        after = after.model_copy(update={"due_at": due})
        self._database.intake.update_feed(after)
        return Turn(after, done.report)

    def seconds_to_next(self) -> float:
        """Until the next feed is due, at most a minute."""
        now = self._clock()
        waits = [(feed.due_at - now).total_seconds() for feed in self._database.intake.feeds()]
        return max(0.0, min([*waits, LONGEST_SLEEP]))

    def _leave(self, readings: "_Readings") -> Iterator[Turn]:
        self._leaving.set()
        end = time.monotonic() + self._leave_seconds
        while readings.under_way and time.monotonic() < end:
            yield from readings.ended(LOOK_SECONDS)


class _Readings:
    """Readings under way, each in a thread of its own that ends with the process: a server may keep it waiting."""

    def __init__(self, read: Callable[[Feed], Turn], most: int) -> None:
        self._read = read
        self._most = most
        self._servers: dict[str, str] = {}
        """Name of the feed → server it is read from."""
        self._done: queue.SimpleQueue[tuple[str, Turn | BaseException]] = queue.SimpleQueue()

    @property
    def under_way(self) -> int:
        return len(self._servers)

    def begin(self, feeds: Sequence[Feed]) -> set[str]:
        """Begins those that there is room for and whose server is not being asked. Returns the names of those begun."""
        begun: set[str] = set()
        for feed in feeds:
            server = server_of(feed.address)
            if len(self._servers) >= self._most or feed.name in self._servers or server in self._servers.values():
                continue
            self._servers[feed.name] = server
            begun.add(feed.name)
            threading.Thread(target=self._work, args=(feed,), name=f"feed-{feed.name}", daemon=True).start()
        return begun

    def ended(self, seconds: float) -> Iterator[Turn]:
        """Those that ended, waiting for the first of them so long. Raises what a reading raised."""
        try:
            name, result = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        while True:
            del self._servers[name]
            if isinstance(result, BaseException):
                raise result
            yield result
            if self._done.empty():
                return
            name, result = self._done.get()

    def _work(self, feed: Feed) -> None:
        try:
            result: Turn | BaseException = self._read(feed)
        except BaseException as error:  # noqa: BLE001 - raised where the readings are waited for
            result = error
        self._done.put((feed.name, result))


def server_of(address: str) -> str:
    """The host of an address; of a file or folder itself."""
    parts = urlsplit(address)
    return parts.hostname or address if parts.scheme.lower() in ("http", "https") else address


def _after(feed: Feed, report: SourceReport, validators: Validators | None, now: datetime) -> Feed:
    if report.error is not None:
        failed = {"checked_at": now, "failures": feed.failures + 1, "error": report.error.message}
        return feed.model_copy(update=failed)
    kept = validators or Validators()
    well = {"checked_at": now, "succeeded_at": now, "failures": 0, "error": None}
    return feed.model_copy(update={**well, "etag": kept.etag, "last_modified": kept.last_modified})
