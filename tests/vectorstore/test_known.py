"""The copy of the recallable events: columns, what is newer than they, and when they are written anew."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.event import Event
from records.times import to_epoch
from vectorstore import known as known_module
from vectorstore.known import Known, KnownEvents
from vectorstore.rows import LONE, EventRows, story_code

START = datetime(2020, 1, 1, tzinfo=UTC)
MakeEvent = Callable[..., Event]


@pytest.fixture
def add(database: Database, embedder: Embedder) -> Callable[..., None]:
    """Keeps events with their vectors in the database."""
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)

    def keep(*events: Event) -> None:
        rows = embedder.embed([event.summary for event in events])
        vectors = {event.id: row for event, row in zip(events, rows, strict=True)}
        database.add_events(events, embedder=identity, embeddings=vectors)

    return keep


@pytest.fixture
def copy(tmp_path: Path, database: Database, embedder: Embedder) -> Callable[[], KnownEvents]:
    """A fresh start on one folder."""
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
    return lambda: KnownEvents(tmp_path / "known", database, identity)


def _ids(known: Known) -> list[str]:
    base = [known.base.id_of(row) for row in range(len(known.base)) if not known.dead[row]]
    return sorted([*base, *(known.recent.id_of(row) for row in range(len(known.recent)))])


def test_rows_are_found_by_id_whatever_its_length_or_letters() -> None:
    ids = ["b", "a", "ccc", "é"]
    rows = EventRows.of(ids, np.arange(4), [None, "s", "s", None], np.eye(4, dtype=np.float32), ["x"] * 4)
    assert rows.rows_of(["a", "ccc", "cccc", "é", "zz", "", "cc"]).tolist() == [1, 2, -1, 3, -1, -1, -1]
    assert rows.rows_of([]).tolist() == []
    assert EventRows.empty(4).rows_of(["a"]).tolist() == [-1]
    assert [rows.id_of(row) for row in range(4)] == ids
    assert rows.story.tolist() == [LONE, story_code("s"), story_code("s"), LONE]


def test_columns_come_back_from_their_files_as_they_were(tmp_path: Path) -> None:
    rows = EventRows.of(
        ["a", "b"], np.array([3, 9]), [None, "s"], np.eye(2, dtype=np.float32), ["copper fell", "nickel"]
    )
    rows.save(tmp_path / "rows", revision=7)
    again, revision = EventRows.open(tmp_path / "rows")
    assert revision == 7
    assert [again.id_of(0), again.id_of(1)] == ["a", "b"]
    np.testing.assert_array_equal(again.vectors, rows.vectors)
    assert (again.visible(2), again.visible(3), again.visible(9)) == (0, 1, 2)
    assert (again.starting(3), again.starting(4)) == (0, 1)


def test_what_is_written_later_is_taken_in_without_writing_the_copy_anew(
    database: Database, make_event: MakeEvent, add: Callable[..., None], copy: Callable[[], KnownEvents]
) -> None:
    add(*(make_event(f"e{n}", f"Copper {n}", day=n) for n in range(6)))
    events = copy()
    first = events.refresh()
    assert events.refresh() is first
    add(make_event("new", "Nickel", day=2), make_event("open", "Zinc", lag=None))
    add(make_event("e1", "Tin instead", day=1), make_event("e2", "Copper 2", day=40))
    database.remove_events(["e3", "never there"])
    for known in (events.refresh(), copy().refresh()):  # in the same process, and after a start
        assert known.base.known_at.tolist() == first.base.known_at.tolist()
        assert _ids(known) == ["e0", "e1", "e2", "e4", "e5", "new"]
        assert len(known) == 6
        assert known.visible(to_epoch(START + timedelta(days=4))) == 3  # e0, e1, new
        assert known.visible(to_epoch(START + timedelta(days=99))) == 6
    settled = make_event("open", "Zinc", lag=3)
    database.add_reactions([settled])
    assert "open" in _ids(events.refresh())


def test_each_of_the_ways_to_leave_is_seen_by_itself(
    add: Callable[..., None], copy: Callable[[], KnownEvents], database: Database, make_event: MakeEvent
) -> None:
    add(make_event("1", "one"), make_event("2", "two"))
    events = copy()
    assert _ids(events.refresh()) == ["1", "2"]
    add(make_event("3", "three"), make_event("4", "four"))
    assert _ids(events.refresh()) == ["1", "2", "3", "4"]
    database.remove_events(["3"])  # known from memory alone
    assert _ids(events.refresh()) == ["1", "2", "4"]
    database.remove_events(["1"])  # from the files
    assert _ids(events.refresh()) == ["2", "4"]
    database.add_events([make_event("2", "two again")])  # another text, which has no vector yet
    assert _ids(events.refresh()) == ["4"]
    before = events.refresh()
    add(make_event("5", "five", lag=None))  # without an outcome: nothing is found anew
    after = events.refresh()
    assert after.recent is before.recent
    assert after.dead is before.dead
    assert after.revision == database.revision() > before.revision


def test_a_copy_is_written_anew_once_much_is_newer(
    tmp_path: Path,
    make_event: MakeEvent,
    add: Callable[..., None],
    copy: Callable[[], KnownEvents],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_module, "COMPACT_FLOOR", 4)
    add(*(make_event(f"e{n}", f"Copper {n}", day=n) for n in range(50)))
    events = copy()
    events.refresh()
    add(*(make_event(f"f{n}", f"Nickel {n}", day=n) for n in range(5)))
    assert (len(events.refresh().base), len(events.refresh().recent)) == (50, 5)
    add(make_event("f5", "Nickel 5", day=5))
    known = events.refresh()
    assert (len(known.base), len(known.recent)) == (56, 0)
    assert [path.name for path in (tmp_path / "known").iterdir()] == ["rows-2"]


def test_a_copy_of_a_database_that_was_put_back_to_an_earlier_state_is_written_anew(
    tmp_path: Path, make_event: MakeEvent, add: Callable[..., None], copy: Callable[[], KnownEvents], embedder: Embedder
) -> None:
    add(*(make_event(f"e{n}", f"Copper {n}", day=n) for n in range(6)))
    add(make_event("late", "Nickel"))
    copy().refresh()
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
    with Database.open(tmp_path / "other.sqlite3") as other:
        event = make_event("only", "Zinc")
        other.add_events([event], embedder=identity, embeddings={"only": embedder.embed(["Zinc"])[0]})
        assert _ids(KnownEvents(tmp_path / "known", other, identity).refresh()) == ["only"]
