"""What an ingest puts in line, what it says of its articles' notes, and how it is broken off."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.ingest import BATCH, Ingest, kind_of_note
from agent.jobs import JobDesk, JobQueue
from feeds import Fetcher, Reader, Source
from records.database import Database
from records.database.jobs import Turn
from records.times import utc_now
from vectorstore.threads import StoryThreads

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALCOA = "Alcoa to take a charge of $900 million for its closed smelters in Europe"
TEXT = (
    "Alcoa said on Monday that it will take a charge of $900 million for its closed smelters in Europe, since demand for aluminium "
    "was weak and power was dear. Some 600 people worked there. The company had warned of the closure in the spring."
)
FED = "Fed holds rates steady"


class PlainLine:
    """Notes what the queue is told."""

    priority = 10

    def __init__(self) -> None:
        self.told: list[Turn] = []

    def put(self, turns: Sequence[Turn]) -> None:
        self.told += turns


class BrokenLine(PlainLine):
    """Ends the process's work as a kill would, before the queue is told."""

    def put(self, turns: Sequence[Turn]) -> None:
        raise SystemExit(len(turns))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


@pytest.fixture
def rows(tmp_path: Path) -> Callable[..., Source]:
    def write(*given: dict[str, object]) -> Source:
        path = tmp_path / "a.jsonl"
        path.write_text("\n".join(json.dumps(row) for row in given))
        return Source(str(path))

    return write


@pytest.fixture
def source(rows: Callable[..., Source]) -> Source:
    """A story, its reprint and its correction, and another story."""
    corrected = {"title": f"CORRECTED-{ALCOA}", "text": TEXT, "source": "One"}
    return rows(
        {"title": ALCOA, "text": TEXT, "source": "One"},
        {"title": ALCOA, "text": f"{TEXT} Shares fell.", "source": "Two"},
        {name: value.replace("$900 million", "$1.2 billion") for name, value in corrected.items()},
        {"title": FED, "text": "The Federal Reserve left rates where they are."},
    )


def ingest_into(database: Database, line: PlainLine | None) -> Ingest:
    reader = Reader(Fetcher(), lambda: START, pause=lambda _: None)
    return Ingest(reader, database, StoryThreads(database), lambda: START, line=line)


def in_line(database: Database) -> list[str]:
    """Titles of the jobs, in the order in which they are begun."""
    return [database.jobs.article(turn.article_id).title.split()[0] for turn in database.jobs.turns(("waiting",))]


def test_the_first_of_a_story_and_a_correction_are_put_in_line_and_a_reprint_is_not(
    database: Database, source: Source
) -> None:
    line = PlainLine()
    report = ingest_into(database, line).take(source).report
    assert (report.articles, report.duplicates, report.jobs) == (4, 1, 3)
    assert in_line(database) == ["Alcoa", "CORRECTED-Alcoa", "Fed"]
    assert [turn.article_id for turn in line.told] == [turn.article_id for turn in database.jobs.turns(("waiting",))]


def test_the_same_source_again_puts_nothing_in_line_twice(database: Database, source: Source) -> None:
    ingest_into(database, PlainLine()).take(source)
    line = PlainLine()
    assert ingest_into(database, line).take(source).report.jobs == 0
    assert (len(database.jobs.turns(("waiting",))), line.told) == (3, [])


def test_without_a_line_nothing_is_put_in_and_a_later_run_with_one_does(database: Database, source: Source) -> None:
    assert ingest_into(database, None).take(source).report.jobs == 0
    assert in_line(database) == []
    report = ingest_into(database, PlainLine()).take(source).report
    assert (report.new, report.jobs) == (0, 3)


def test_killed_before_the_queue_is_told_the_jobs_are_there_and_a_worker_finds_them(
    database: Database, source: Source
) -> None:
    with pytest.raises(SystemExit):
        ingest_into(database, BrokenLine()).take(source)
    with JobQueue.open(database.place) as queue:
        assert queue.alive() == set()
        assert JobDesk(database, queue, utc_now).mend() == 3
        assert len(queue.alive()) == 3


def test_killed_as_its_jobs_are_made_an_article_is_neither_placed_nor_in_line_and_the_next_run_does_both(
    database: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    from records.database.stories import StoryShelf

    def killed(*_: object) -> list[Turn]:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(StoryShelf, "put_in_line", killed)
        with pytest.raises(SystemExit):
            ingest_into(database, PlainLine()).take(source)
    assert database.intake.articles_to_analyse(10) == []
    report = ingest_into(database, PlainLine()).take(source).report
    assert (report.new, report.new_stories, report.jobs) == (0, 2, 3)


def test_an_analysed_article_is_not_put_in_line(database: Database, source: Source) -> None:
    ingest_into(database, None).take(source)
    first = database.intake.articles_to_analyse(10)[-1]
    with database._writing() as connection:
        from sqlalchemy import text

        connection.execute(
            text(
                "INSERT INTO analyses (id, article_id, created_at, as_of, schema_version, event_type, evidence, payload)"
                " VALUES ('x', :article, 0, 0, 2, 'guidance', 'grounded', '{}')"
            ),
            {"article": first.id},
        )
    assert ingest_into(database, PlainLine()).take(source).report.jobs == 2
    assert first.id not in {turn.article_id for turn in database.jobs.turns(("waiting",))}


def test_the_notes_of_articles_are_counted_by_kind_and_the_first_are_named(
    database: Database, rows: Callable[..., Source]
) -> None:
    source = rows(
        *(
            {"title": f"{FED} {word}", "published_at": when}
            for word, when in (("again", "yesterday"), ("once", "noonish"))
        ),
        {"title": "Alcoa names a chair", "published_at": "2026-11-20T10:00:00Z"},
    )
    report = ingest_into(database, None).take(source).report
    assert report.notes == {"publication time '…' is not understood": 2}
    assert [(one.name, one.note) for one in report.noted] == [
        (f"{FED} again", "publication time 'yesterday' is not understood"),
        (f"{FED} once", "publication time 'noonish' is not understood"),
    ]
    assert ingest_into(database, None).take(source).report.notes == {}  # told when they are kept


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("removed 3 hidden elements", "removed N hidden elements"),
        ("published 2026-11-20 10:00 UTC by its own account", "published N UTC by its own account"),
        ("title cut from 1,200 to 299 characters", "title cut from N to N characters"),
    ],
)
def test_a_kind_of_note_leaves_out_what_differs(note: str, kind: str) -> None:
    assert kind_of_note(note) == kind


def many(rows: Callable[..., Source]) -> Source:
    words = "alumina bauxite copper dollar euro freight gold helium iron jet kerosene lithium".split()
    return rows(*({"title": f"{words[n % 12]} maker {words[n // 12 % 12]} reports {n}"} for n in range(2 * BATCH)))


def test_told_to_stop_a_reading_keeps_whole_batches_and_the_next_goes_on(
    database: Database, rows: Callable[..., Source]
) -> None:
    source, asked = many(rows), iter([True, False])
    ingest = ingest_into(database, PlainLine())
    report = ingest.take(source, go_on=lambda: next(asked)).report
    assert (report.stopped, report.new) == (True, BATCH)
    report = ingest.take(source).report
    assert (report.stopped, report.new) == (False, BATCH)


def test_ctrl_c_under_way_is_a_report_of_what_was_kept(database: Database, rows: Callable[..., Source]) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    done = ingest_into(database, PlainLine()).take(many(rows), on_progress=interrupted)
    assert (done.report.stopped, done.report.new, done.validators) == (True, BATCH, None)
