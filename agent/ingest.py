"""Sources → articles kept, placed in their stories and put in line, each once, whatever is read twice or killed half-way.

Nothing is analysed here. What says something new (the first of its story, an update, a correction) becomes a job; a reprint joins
its story and becomes none. An article is first kept, then placed, its job made in the same transaction, then its entry is noted as
taken in; whatever was cut off between these steps is taken up again by the next run, and by a worker what its queue lacks.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Protocol

from pydantic import Field

from feeds import Delivery, Faulty, Reader, Received, Source, Validators
from records.article import Article
from records.base import Record
from records.database import Database
from records.database.jobs import Turn
from records.database.stories import StoryShelf
from records.errors import RhymeError, SourceUnreachable, StoreError
from records.story import Placement
from records.times import Clock

BATCH = 250
"""Articles kept and placed in one transaction: half a second or so of work, which is all that a killed run repeats."""
BATCH_SECONDS = 5.0
"""A batch is not waited for any longer: a source that gives its articles slowly has them kept as they come."""
NAMED = 50
"""Failures named in a report; all are counted."""
NOTED = 5
"""Articles named in a report whose notes say that something had to be changed or assumed; all are counted."""


class Threads(Protocol):
    """Where articles are placed (`vectorstore.threads.StoryThreads`)."""

    def place_all(
        self,
        articles: Sequence[Article],
        *,
        tickers: Mapping[str, Collection[str]] = ...,
        then: Callable[[StoryShelf], None] | None = ...,
    ) -> list[Placement]: ...


class Line(Protocol):
    """The queue of the workers, as who takes articles in uses it."""

    @property
    def priority(self) -> int: ...
    def put(self, turns: Sequence[Turn]) -> None:
        """Tells the queue of jobs that are kept. What it is not told, a worker finds."""


class EntryFailure(Record):
    """One entry of a source that is no article."""

    name: Annotated[str, Field(description="as a person finds it: a row's number, a file's name, an entry's title")]
    kind: str
    message: str


class ArticleNote(Record):
    """What had to be changed or assumed of one article that was kept."""

    name: Annotated[str, Field(description="its title")]
    note: str


class SourceReport(Record):
    """What one reading of a source came to. articles = new + known."""

    source: Annotated[str, Field(description="as it was given, or the feed's name")]
    articles: Annotated[int, Field(ge=0, description="read, known ones included")] = 0
    new: Annotated[int, Field(ge=0, description="kept for the first time")] = 0
    known: Annotated[int, Field(ge=0, description="taken in before, or twice in this source")] = 0
    stories: Annotated[int, Field(ge=0, description="different stories that articles placed now belong to")] = 0
    new_stories: Annotated[int, Field(ge=0, description="of these, begun by them")] = 0
    duplicates: Annotated[int, Field(ge=0, description="placed now as reprints of what their story had")] = 0
    jobs: Annotated[int, Field(ge=0, description="put in line now, to be analysed")] = 0
    unchanged: Annotated[bool, Field(description="the server says that nothing is new since the last reading")] = False
    failures: Annotated[dict[str, int], Field(description="entries that are no article, by kind")] = Field(
        default_factory=dict
    )
    failed: Annotated[tuple[EntryFailure, ...], Field(description="the first of them, by name")] = ()
    warnings: Annotated[tuple[str, ...], Field(description="what was wrong and read nevertheless")] = ()
    notes: Annotated[
        dict[str, int], Field(description="what had to be changed or assumed of articles kept now; figures and quotations left out")
    ] = Field(default_factory=dict)  # fmt: skip
    noted: Annotated[tuple[ArticleNote, ...], Field(description="the first of them, by title")] = ()
    error: Annotated[EntryFailure | None, Field(description="why the source itself failed; None: it did not")] = None
    stopped: Annotated[bool, Field(description="broken off by whoever asked for it; the next reading goes on")] = False


@dataclass(frozen=True)
class Ingested:
    """A report, and what is needed besides."""

    report: SourceReport
    story_ids: frozenset[str]
    """Those that `report.stories` counts, so that several sources may be counted together."""
    validators: Validators | None
    """To be kept; None: ask for everything again next time, since something of this reading failed."""
    retry_after: str | None = None


OnProgress = Callable[[int], None]
OnKept = Callable[[Sequence[str]], None]
"""Receives the ids of articles that are kept and placed now, new and known ones."""
GoOn = Callable[[], bool]
"""Asked before each batch; False ends the reading there."""


def to_analyse(database: Database, limit: int = 1_000) -> list[Article]:
    """What was taken in, says something new (the first of its story, an update or a correction) and has no analysis yet,
    newest first. The queue of analyses begins here."""
    return database.intake.articles_to_analyse(limit)


class Ingest:
    """Takes sources in. Several may work on one database, and one in several threads."""

    def __init__(
        self, reader: Reader, database: Database, threads: Threads, clock: Clock, *, line: Line | None = None
    ) -> None:
        """`line`: where what says something new is put in line; None: nowhere."""
        self._reader = reader
        self._database = database
        self._threads = threads
        self._clock = clock
        self._line = line

    def take(
        self,
        source: Source,
        *,
        name: str | None = None,
        remember: bool = True,
        on_progress: OnProgress | None = None,
        on_kept: OnKept | None = None,
        go_on: GoOn | None = None,
    ) -> Ingested:
        """Reads a source to its end. A source that fails is a report with an `error`, and what came before that is kept. Ctrl-C
        ends it where it is, with a report that says `stopped`.

        `remember`: leave out entries taken in before, and note new ones. `on_progress`: articles so far. Raises StoreError.
        """
        tally = _Tally(name or source.address)
        delivery, retry_after = None, None
        try:
            if remember:
                source = _with_known(source, self._database)
            delivery = self._reader.read(source)
            for batch in _batches(delivery, tally):
                if go_on is not None and not go_on():
                    tally.stopped = True
                    break
                self._keep(batch, source.address if remember else None, tally)
                if on_kept is not None:
                    on_kept([received.article.id for received in batch])
                if on_progress is not None:
                    on_progress(tally.articles)
        except StoreError:
            raise
        except RhymeError as error:
            retry_after = error.retry_after if isinstance(error, SourceUnreachable) else None
            tally.error = EntryFailure(name=tally.source, kind=error.kind, message=str(error))
        except KeyboardInterrupt:
            tally.stopped = True
        report = tally.report(delivery)
        whole = delivery is not None and tally.error is None and not tally.failures and not tally.stopped
        validators = delivery.validators if delivery is not None and whole else None
        return Ingested(report, frozenset(tally.stories), validators, retry_after)

    def _keep(self, batch: Sequence[Received], address: str | None, tally: "_Tally") -> None:
        articles = [received.article for received in batch]
        ids = [article.id for article in articles]
        with self._database.intake.turn():
            new = self._database.intake.save_articles(articles)
            waiting = self._waiting(articles, new)
            tickers = {received.article.id: received.tickers for received in batch if received.tickers}
            placements, turns = self._placed(waiting, ids, tickers)
            tally.placed(placements, known=len(batch) - len(new), new=len(new), jobs=len(turns))
            tally.noted(article for article in articles if article.id in new)
            if self._line is not None and turns:
                self._line.put(turns)
            if address is not None:
                taken = {received.entry: received.version for received in batch if received.entry is not None}
                self._database.intake.note_entries(address, taken, self._clock())

    def _waiting(self, articles: Sequence[Article], new: Collection[str]) -> list[Article]:
        """Those not placed yet, each once, as they were first seen: kept by now, or by a run that was cut off."""
        before = [article.id for article in articles if article.id not in new]
        found = {article.id: article for article in self._database.intake.articles_without_story(before)}
        for article in articles:
            if article.id in new:
                found.setdefault(article.id, article)
        return [found[one] for one in dict.fromkeys(article.id for article in articles) if one in found]

    def _placed(
        self, waiting: Sequence[Article], ids: Sequence[str], tickers: Mapping[str, Collection[str]]
    ) -> tuple[list[Placement], list[Turn]]:
        """Places what waits and makes the jobs of the whole batch, those that an earlier run did not make included."""
        line, turns = self._line, list[Turn]()
        if not waiting and (line is None or not self._database.intake.articles_without_job(ids)):
            return [], turns

        def put_in_line(shelf: StoryShelf) -> None:
            if line is not None:
                turns.extend(shelf.put_in_line(ids, line.priority, self._clock()))

        return self._threads.place_all(waiting, tickers=tickers, then=put_in_line), turns


def _with_known(source: Source, database: Database) -> Source:
    known = database.intake.entries(source.address)
    return Source(source.address, source.kind, source.full_text, known, source.validators)


def _batches(delivery: Delivery, tally: "_Tally") -> Iterator[list[Received]]:
    """What is good, some at a time; the rest goes into the tally. What came before a failure under way is given first."""
    items = iter(delivery.items)
    failure: RhymeError | None = None
    while failure is None:
        batch: list[Received] = []
        taken, ended = 0, False
        until = time.monotonic() + BATCH_SECONDS
        try:
            for item in islice(items, BATCH):
                taken += 1
                if isinstance(item, Faulty):
                    tally.failed(item)
                else:
                    batch.append(item)
                if time.monotonic() >= until:
                    break
            else:
                ended = taken < BATCH
        except RhymeError as error:
            failure = error
        if batch:
            yield batch
        if failure is None and ended:
            return
    raise failure


class _Tally:
    """The counts of a report while it grows."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.articles = 0
        self.failures: Counter[str] = Counter()
        self.error: EntryFailure | None = None
        self.stopped = False
        self.stories: set[str] = set()
        self._new = 0
        self._known = 0
        self._duplicates = 0
        self._begun = 0
        self._jobs = 0
        self._notes: Counter[str] = Counter()
        self._named: list[EntryFailure] = []
        self._noted: list[ArticleNote] = []

    def failed(self, item: Faulty) -> None:
        self.failures[item.kind] += 1
        if len(self._named) < NAMED:
            self._named.append(EntryFailure(name=item.name, kind=item.kind, message=item.message))

    def placed(self, placements: Sequence[Placement], *, new: int, known: int, jobs: int) -> None:
        self.articles += new + known
        self._new += new
        self._known += known
        self._jobs += jobs
        self.stories |= {placement.story_id for placement in placements}
        relations = Counter(placement.relation for placement in placements)
        self._duplicates += relations["reprint"]
        self._begun += relations["first"]

    def noted(self, articles: Iterable[Article]) -> None:
        for article in {one.id: one for one in articles}.values():
            self._notes.update({kind_of_note(note) for note in article.notes})
            if article.notes and len(self._noted) < NOTED:
                self._noted += [ArticleNote(name=article.title, note=note) for note in article.notes]

    def report(self, delivery: Delivery | None) -> SourceReport:
        before = delivery.known if delivery else 0
        return SourceReport(
            source=self.source,
            articles=self.articles + before,
            new=self._new,
            known=self._known + before,
            stories=len(self.stories),
            new_stories=self._begun,
            duplicates=self._duplicates,
            jobs=self._jobs,
            unchanged=delivery.unchanged if delivery else False,
            failures=dict(sorted(self.failures.items())),
            failed=tuple(self._named),
            warnings=tuple(delivery.warnings) if delivery else (),
            notes=dict(sorted(self._notes.items())),
            noted=tuple(self._noted[:NOTED]),
            error=self.error,
            stopped=self.stopped,
        )


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”")
_FIGURE = re.compile(r"\d[\d,.:/-]*(?: \d[\d:]*)*")


def kind_of_note(note: str) -> str:
    """A note without what differs from article to article: "publication time '…' is not understood"."""
    return _FIGURE.sub("N", _QUOTED.sub("'…'", note))
