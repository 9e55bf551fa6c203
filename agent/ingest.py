"""Sources → articles kept and placed in their stories, each once, whatever is read twice or killed half-way.

Nothing is analysed here: `to_analyse` gives what says something new and has no analysis. An article is first kept, then
placed, then its entry is noted as taken in; whatever was cut off between these steps is taken up again by the next run.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Protocol

from pydantic import Field

from feeds import Delivery, Faulty, Reader, Received, Source, Validators
from records.article import Article
from records.base import Record
from records.database import Database
from records.errors import RhymeError, SourceUnreachable, StoreError
from records.story import Placement
from records.times import Clock

BATCH = 50
"""Articles kept and placed in one transaction: a second or so of work, which is all that a killed run repeats."""
NAMED = 50
"""Failures named in a report; all are counted."""


class Threads(Protocol):
    """Where articles are placed (`vectorstore.threads.StoryThreads`)."""

    def place_all(
        self, articles: Sequence[Article], *, tickers: Mapping[str, Collection[str]] = ...
    ) -> list[Placement]: ...


class EntryFailure(Record):
    """One entry of a source that is no article."""

    name: Annotated[str, Field(description="as a person finds it: a row's number, a file's name, an entry's title")]
    kind: str
    message: str


class SourceReport(Record):
    """What one reading of a source came to. articles = new + known."""

    source: Annotated[str, Field(description="as it was given, or the feed's name")]
    articles: Annotated[int, Field(ge=0, description="read, known ones included")] = 0
    new: Annotated[int, Field(ge=0, description="kept for the first time")] = 0
    known: Annotated[int, Field(ge=0, description="taken in before, or twice in this source")] = 0
    stories: Annotated[int, Field(ge=0, description="different stories that articles placed now belong to")] = 0
    new_stories: Annotated[int, Field(ge=0, description="of these, begun by them")] = 0
    duplicates: Annotated[int, Field(ge=0, description="placed now as reprints of what their story had")] = 0
    unchanged: Annotated[bool, Field(description="the server says that nothing is new since the last reading")] = False
    failures: Annotated[dict[str, int], Field(description="entries that are no article, by kind")] = Field(
        default_factory=dict
    )
    failed: Annotated[tuple[EntryFailure, ...], Field(description="the first of them, by name")] = ()
    warnings: Annotated[tuple[str, ...], Field(description="what was wrong and read nevertheless")] = ()
    error: Annotated[EntryFailure | None, Field(description="why the source itself failed; None: it did not")] = None


@dataclass(frozen=True)
class Ingested:
    """A report, and what the schedule of a feed needs besides."""

    report: SourceReport
    validators: Validators | None
    """To be kept; None: ask for everything again next time, since something of this reading failed."""
    retry_after: str | None = None


OnProgress = Callable[[int], None]


def to_analyse(database: Database, limit: int = 1_000) -> list[Article]:
    """What was taken in, says something new (the first of its story, an update or a correction) and has no analysis yet,
    newest first. The queue of analyses begins here."""
    return database.intake.articles_to_analyse(limit)


class Ingest:
    """Takes sources in. Several may work on one database."""

    def __init__(self, reader: Reader, database: Database, threads: Threads, clock: Clock) -> None:
        self._reader = reader
        self._database = database
        self._threads = threads
        self._clock = clock

    def take(
        self, source: Source, *, name: str | None = None, remember: bool = True, on_progress: OnProgress | None = None
    ) -> Ingested:
        """Reads a source to its end. A source that fails is a report with an `error`, and what came before that is kept.

        `remember`: leave out entries taken in before, and note new ones. `on_progress`: articles so far. Raises StoreError.
        """
        tally = _Tally(name or source.address)
        delivery, retry_after = None, None
        try:
            if remember:
                source = _with_known(source, self._database)
            delivery = self._reader.read(source)
            for batch in _batches(delivery, tally):
                self._keep(batch, source.address if remember else None, tally)
                if on_progress is not None:
                    on_progress(tally.articles)
        except StoreError:
            raise
        except RhymeError as error:
            retry_after = error.retry_after if isinstance(error, SourceUnreachable) else None
            tally.error = EntryFailure(name=tally.source, kind=error.kind, message=str(error))
        report = tally.report(delivery)
        whole = delivery is not None and tally.error is None and not tally.failures
        return Ingested(report, delivery.validators if delivery is not None and whole else None, retry_after)

    def _keep(self, batch: Sequence[Received], address: str | None, tally: "_Tally") -> None:
        articles = [received.article for received in batch]
        new = self._database.intake.save_articles(articles)
        waiting = self._database.intake.articles_without_story([article.id for article in articles])
        tickers = {received.article.id: received.tickers for received in batch if received.tickers}
        placements = self._threads.place_all(waiting, tickers=tickers) if waiting else []
        tally.placed(placements, known=len(batch) - len(new), new=len(new))
        if address is not None:
            taken = {received.entry: received.version for received in batch if received.entry is not None}
            self._database.intake.note_entries(address, taken, self._clock())


def _with_known(source: Source, database: Database) -> Source:
    known = database.intake.entries(source.address)
    return Source(source.address, source.kind, source.full_text, known, source.validators)


def _batches(delivery: Delivery, tally: "_Tally") -> Iterator[list[Received]]:
    """What is good, some at a time; the rest goes into the tally. What came before a failure under way is given first."""
    items = iter(delivery.items)
    failure: RhymeError | None = None
    while failure is None:
        batch: list[Received] = []
        taken = 0
        try:
            for item in islice(items, BATCH):
                taken += 1
                if isinstance(item, Faulty):
                    tally.failed(item)
                else:
                    batch.append(item)
        except RhymeError as error:
            failure = error
        if batch:
            yield batch
        if failure is None and taken < BATCH:
            return
    raise failure


class _Tally:
    """The counts of a report while it grows."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.articles = 0
        self.failures: Counter[str] = Counter()
        self.error: EntryFailure | None = None
        self._new = 0
        self._known = 0
        self._duplicates = 0
        self._stories: set[str] = set()
        self._begun = 0
        self._named: list[EntryFailure] = []

    def failed(self, item: Faulty) -> None:
        self.failures[item.kind] += 1
        if len(self._named) < NAMED:
            self._named.append(EntryFailure(name=item.name, kind=item.kind, message=item.message))

    def placed(self, placements: Sequence[Placement], *, new: int, known: int) -> None:
        self.articles += new + known
        self._new += new
        self._known += known
        self._stories |= {placement.story_id for placement in placements}
        relations = Counter(placement.relation for placement in placements)
        self._duplicates += relations["reprint"]
        self._begun += relations["first"]

    def report(self, delivery: Delivery | None) -> SourceReport:
        before = delivery.known if delivery else 0
        return SourceReport(
            source=self.source,
            articles=self.articles + before,
            new=self._new,
            known=self._known + before,
            stories=len(self._stories),
            new_stories=self._begun,
            duplicates=self._duplicates,
            unchanged=delivery.unchanged if delivery else False,
            failures=dict(sorted(self.failures.items())),
            failed=tuple(self._named),
            warnings=tuple(delivery.warnings) if delivery else (),
            error=self.error,
        )
