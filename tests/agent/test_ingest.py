"""Sources into a database: each article once, each in its story, whatever is read twice."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.ingest import BATCH, Ingest, to_analyse
from agent.watch import Turn, Watch
from feeds import Delivery, Faulty, Fetcher, Item, Reader, Received, Source, Validators
from records.article import Article
from records.database import Database
from records.errors import RhymeError, SourceUnreachable, StoreLocked
from records.feed import Feed
from records.story import Placement
from vectorstore.threads import StoryThreads

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALCOA = "Alcoa cuts its outlook for the year after weak demand"
TEXT = "Alcoa said on Monday that it cut its outlook for the year, since demand for aluminium in Europe was weak."


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.sqlite3") as opened:
        yield opened


@pytest.fixture
def ingest(database: Database, clock: Clock) -> Ingest:
    return Ingest(Reader(Fetcher(), clock, pause=lambda _: None), database, StoryThreads(database), clock)


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Source]:
    """A JSONL file of rows, dicts or raw lines."""

    def write(*given: object, name: str = "a.jsonl") -> Source:
        path = tmp_path / name
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in given))
        return Source(str(path))

    return write


class Scripted(Reader):
    """Answers each reading with the next of a list."""

    def __init__(self, *answers: list[Item] | RhymeError | Delivery) -> None:
        super().__init__(Fetcher())
        object.__setattr__(self, "answers", list(answers))
        object.__setattr__(self, "asked", [])

    def read(self, source: Source) -> Delivery:
        self.asked.append(source)  # type: ignore[attr-defined]
        answer = self.answers.pop(0)  # type: ignore[attr-defined]
        if isinstance(answer, RhymeError):
            raise answer
        return answer if isinstance(answer, Delivery) else Delivery(iter(answer), validators=Validators("new"))


def received(number: int) -> Received:
    article = Article(id=f"{number:016x}", title=f"Company {number} names a chair", text="", first_seen_at=START)
    return Received(article, entry=f"e{number}", version="1")


def test_articles_are_kept_and_placed_and_the_report_counts_them(
    ingest: Ingest, database: Database, rows: Callable[..., Source]
) -> None:
    source = rows(
        {"title": ALCOA, "text": TEXT, "source": "One"},
        {"title": ALCOA, "text": TEXT + " Shares fell.", "source": "Two"},
        {"title": ALCOA, "text": TEXT, "source": "Three"},
        "{broken",
        {"title": "Fed holds rates steady", "text": "The Federal Reserve left rates where they are."},
    )
    report = ingest.take(source).report
    assert (report.articles, report.new, report.known) == (4, 3, 1)
    assert (report.stories, report.new_stories, report.duplicates) == (2, 2, 1)
    assert (report.failures, report.failed[0].name, report.error) == ({"source_unreadable": 1}, "row 4", None)
    assert {one.title for one in to_analyse(database)} == {ALCOA, "Fed holds rates steady"}


def test_what_takes_articles_in_loads_neither_the_event_memory_nor_the_analysis() -> None:
    wanted = "import sys, agent.ingest, agent.jobs.engine, vectorstore.threads"
    heavy = {"chromadb", "scipy", "datasketch", "exchange_calendars", "trafilatura", "agent.analyze"}
    code = f"{wanted}; print(*({heavy!r} & sys.modules.keys()))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == []


def test_the_same_source_twice_adds_nothing(ingest: Ingest, database: Database, rows: Callable[..., Source]) -> None:
    source = rows({"title": ALCOA, "text": TEXT}, {"title": "Fed holds rates steady"})
    ingest.take(source)
    waiting = to_analyse(database)
    again = ingest.take(source).report
    assert (again.articles, again.new, again.known, again.stories, again.duplicates) == (2, 0, 2, 0, 0)
    assert to_analyse(database) == waiting


def test_a_folder_is_read_once_and_then_only_what_is_new(ingest: Ingest, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.txt").write_text(f"{ALCOA}\n\n{TEXT}")
    assert ingest.take(Source(str(inbox))).report.new == 1
    (inbox / "b.txt").write_text("Fed holds rates steady\n\nThe Federal Reserve left rates where they are.")
    report = ingest.take(Source(str(inbox))).report
    assert (report.articles, report.new, report.known) == (2, 1, 1)


def test_an_article_kept_but_not_placed_is_placed_by_the_next_run_as_it_was_first_seen(
    ingest: Ingest, database: Database, clock: Clock, rows: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreLocked("cut off here")

    source = rows({"title": ALCOA, "text": TEXT})
    with monkeypatch.context() as patch:
        patch.setattr(StoryThreads, "place_all", fail)
        with pytest.raises(StoreLocked):
            ingest.take(source)
    assert to_analyse(database) == []
    clock.now = START + timedelta(hours=2)
    report = ingest.take(source).report
    assert (report.new, report.known, report.new_stories) == (0, 1, 1)
    assert [one.first_seen_at for one in to_analyse(database)] == [START]


def test_tickers_of_the_source_serve_the_threads(
    ingest: Ingest, database: Database, rows: Callable[..., Source]
) -> None:
    ingest.take(rows({"title": ALCOA, "text": TEXT, "tickers": ["AA"]}))
    (article,) = to_analyse(database)
    assert database.story(f"S{article.id}").tickers == ("AA",)


def test_a_source_that_fails_under_way_keeps_what_came_before_and_says_why(database: Database, clock: Clock) -> None:
    def items() -> Iterator[Item]:
        yield from (received(number) for number in range(BATCH + 3))
        raise SourceUnreachable("the line broke", retry_after="60")

    done = Ingest(Scripted(Delivery(items())), database, StoryThreads(database), clock).take(Source("x"))
    assert (done.report.new, done.validators, done.retry_after) == (BATCH + 3, None, "60")
    assert done.report.error is not None
    assert done.report.error.kind == "source_unreachable"
    assert len(database.intake.entries("x")) == BATCH + 3


def test_a_source_that_gives_its_articles_slowly_has_them_kept_as_they_come(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.ingest.BATCH_SECONDS", 0.0)  # whatever comes took longer
    kept: list[int] = []

    def items() -> Iterator[Item]:
        for number in range(3):
            yield received(number)
            kept.append(len(database.intake.entries("x")))

    done = Ingest(Scripted(Delivery(items())), database, StoryThreads(database), clock).take(Source("x"))
    assert (done.report.new, kept) == (3, [1, 2, 3])


def test_an_article_kept_by_a_run_that_was_cut_off_is_placed_between_new_ones_in_the_order_of_the_source(
    database: Database, clock: Clock
) -> None:
    given = [received(number) for number in range(4)]
    database.intake.save_articles([given[1].article, given[2].article])
    placed: list[str] = []

    class Noted(StoryThreads):
        def place_all(self, articles: Sequence[Article], **options: object) -> list[Placement]:
            placed.extend(article.id for article in articles)
            return super().place_all(articles, **options)  # type: ignore[arg-type]

    Ingest(Scripted([*given, given[0]]), database, Noted(database), clock).take(Source("x"))
    assert placed == [one.article.id for one in given]


def test_a_source_that_cannot_be_had_is_an_error_with_a_name_not_no_news(ingest: Ingest, tmp_path: Path) -> None:
    report = ingest.take(Source(str(tmp_path / "gone.jsonl")), name="gone.jsonl").report
    assert report.error is not None
    assert (report.error.name, report.error.kind, report.articles) == ("gone.jsonl", "source_unreadable", 0)


def test_validators_are_not_kept_when_an_entry_failed_so_that_it_is_asked_for_again(
    database: Database, clock: Clock
) -> None:
    fault = Faulty("e2", "source_unreachable", "no page")
    reader = Scripted([received(1), fault], [received(2)])
    ingest = Ingest(reader, database, StoryThreads(database), clock)
    assert ingest.take(Source("x")).validators is None
    assert ingest.take(Source("x")).validators == Validators("new")


def feed(name: str, **changes: object) -> Feed:
    fields: dict[str, object] = {
        "name": name, "kind": "feed", "address": f"https://{name}/", "added_at": START, "due_at": START,
    }  # fmt: skip
    return Feed.model_validate(fields | changes)


def watch_of(database: Database, clock: Clock, *answers: list[Item] | RhymeError | Delivery) -> tuple[Watch, Scripted]:
    reader = Scripted(*answers)
    return Watch(Ingest(reader, database, StoryThreads(database), clock), database, clock, lambda: 0.0), reader


def run(watch: Watch, clock: Clock, minutes: int) -> list[tuple[int, Turn]]:
    """(minute, turn) of every reading until then, in the clock's own time."""
    end = START + timedelta(minutes=minutes)

    def wait(seconds: float) -> bool:
        clock.now += timedelta(seconds=seconds)
        return clock.now > end

    return [(int((clock.now - START).total_seconds() // 60), turn) for turn in watch.run(wait)]


def test_feeds_are_read_on_their_schedules_and_a_failing_one_stops_no_other(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("bad", every_seconds=600))
    database.intake.add_feed(feed("good", every_seconds=1_200, due_at=START + timedelta(minutes=1)))
    refusal = SourceUnreachable("no answer")
    watch, _ = watch_of(database, clock, refusal, [received(1)], refusal, [received(2)], refusal, [], refusal)
    turns = run(watch, clock, 45)
    assert [(minute, turn.feed.name, turn.report.error is None) for minute, turn in turns] == [
        (0, "bad", False), (1, "good", True), (10, "bad", False), (21, "good", True), (30, "bad", False), (41, "good", True),
    ]  # fmt: skip
    bad = database.intake.feed("bad")
    assert (bad.failures, bad.error, bad.succeeded_at) == (3, "no answer", None)


def test_a_feed_that_recovers_forgets_its_failures_and_keeps_its_validators(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("wire", failures=4, error="no answer", etag="old"))
    watch, reader = watch_of(database, clock, [received(1)])
    watch.turn(database.intake.feed("wire"))
    kept = database.intake.feed("wire")
    assert (kept.failures, kept.error, kept.etag, kept.succeeded_at) == (0, None, "new", START)
    assert reader.asked[0].validators == Validators("old")  # type: ignore[attr-defined]


def test_an_unchanged_feed_is_a_reading_that_went_well(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("wire", etag="old"))
    unchanged = Delivery(iter(()), unchanged=True, validators=Validators("old"))
    watch, _ = watch_of(database, clock, unchanged)
    turn = watch.turn(database.intake.feed("wire"))
    assert (turn.report.unchanged, turn.report.error, turn.feed.failures, turn.feed.etag) == (True, None, 0, "old")


def test_retry_after_puts_a_feed_off(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("wire"))
    watch, _ = watch_of(database, clock, SourceUnreachable("busy", retry_after="7200"))
    assert watch.turn(database.intake.feed("wire")).feed.due_at == START + timedelta(hours=2)


def test_a_feed_removed_while_it_was_read_stays_removed(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("wire"))
    watch, _ = watch_of(database, clock, [received(1)])
    kept = database.intake.feed("wire")
    database.intake.remove_feed("wire")
    watch.turn(kept)
    assert database.intake.feeds() == []


def test_a_feed_added_meanwhile_is_noticed_within_a_minute(database: Database, clock: Clock) -> None:
    database.intake.add_feed(feed("wire", every_seconds=86_400, due_at=START + timedelta(days=1)))
    watch, _ = watch_of(database, clock)
    assert watch.seconds_to_next() == 60.0
