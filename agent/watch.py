"""Feeds on their schedules, one after the other, until stopped. A feed that fails waits for its next turn; no other does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from agent.ingest import EntryFailure, Ingest, SourceReport
from feeds import Source, Validators, next_due
from records.database import Database
from records.errors import StoreLocked
from records.feed import Feed
from records.times import Clock

LONGEST_SLEEP = 60.0
"""Seconds: a feed that another process adds is noticed within a minute."""

Wait = Callable[[float], bool]
"""Waits so many seconds or until the watch is to stop; True when it is."""


@dataclass(frozen=True)
class Turn:
    """One reading of one feed."""

    feed: Feed
    """As it is kept now."""
    report: SourceReport


class Watch:
    """Reads the feeds of a database when they are due."""

    def __init__(self, ingest: Ingest, database: Database, clock: Clock, chance: Callable[[], float]) -> None:
        """`chance`: uniform in [0, 1), for the jitter of the schedule."""
        self._ingest = ingest
        self._database = database
        self._clock = clock
        self._chance = chance

    def run(self, wait: Wait) -> Iterator[Turn]:
        """Every reading as it ends, until `wait` says to stop. Raises StoreError."""
        while True:
            for feed in self.due():
                if wait(0):
                    return
                yield self.turn(feed)
            if wait(self.seconds_to_next()):
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
        done = self._ingest.take(source, name=feed.name)
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


def _after(feed: Feed, report: SourceReport, validators: Validators | None, now: datetime) -> Feed:
    if report.error is not None:
        failed = {"checked_at": now, "failures": feed.failures + 1, "error": report.error.message}
        return feed.model_copy(update=failed)
    kept = validators or Validators()
    well = {"checked_at": now, "succeeded_at": now, "failures": 0, "error": None}
    return feed.model_copy(update={**well, "etag": kept.etag, "last_modified": kept.last_modified})
