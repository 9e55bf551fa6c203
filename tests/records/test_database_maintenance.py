"""Counting, copying, emptying: what maintenance asks of the database."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from records.database import Database, EmbedderIdentity
from records.event import Event
from records.taxonomy import EventType

FORMER, NEW = EmbedderIdentity("former", "f" * 16, 4), EmbedderIdentity("new", "e" * 16, 4)
MakeEvent = Callable[..., Event]


def rows(count: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.tile(np.array([0.6, 0.8, 0, 0], dtype=np.float32), (count, 1))


def test_events_are_counted_by_type_source_and_time(database: Database, make_event: MakeEvent) -> None:
    database.add_events(
        [
            make_event("1", day=3, source="a.csv"),
            make_event("2", day=1, source="a.csv", reaction=None),
            make_event("3", day=2, event_type=EventType.LITIGATION),
        ]
    )
    counted = database.event_counts()
    assert (counted.events, counted.with_reaction) == (3, 2)
    assert list(counted.by_type.items()) == [("guidance", 2), ("litigation", 1)]
    assert list(counted.by_source.items()) == [("a.csv", 2), (None, 1)]
    assert counted.first_published_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert counted.last_published_at == datetime(2020, 1, 4, tzinfo=UTC)
    assert database.size_bytes() > 0


def test_an_empty_database_counts_nothing(database: Database) -> None:
    counted = database.event_counts()
    assert (counted.events, counted.with_reaction, counted.by_type, counted.by_source) == (0, 0, {}, {})
    assert counted.first_published_at is None


def test_a_vector_of_a_text_that_changed_meanwhile_is_not_kept(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1", "old words"), make_event("2", "same words")])
    database.add_events([make_event("1", "new words")])
    kept = database.put_embeddings(FORMER, ["1", "2", "gone"], rows(3), texts=["old words", "same words", "x"])
    assert kept == 1
    assert list(database.get_embeddings(FORMER, ["1", "2"])) == ["2"]


def test_texts_count_as_embedded_by_the_embedder_that_did_it(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1", "one"), make_event("2", "two"), make_event("3", "three")])
    database.put_embeddings(FORMER, ["1", "2"], rows(2))
    database.put_embeddings(NEW, ["2", "3"], rows(2))
    assert database.embedded_summaries(FORMER, ["1", "2", "3", "gone"]) == {"1": "one", "2": "two"}
    assert database.embedded_summaries(NEW, ["1", "3"]) == {"3": "three"}
    assert database.embedded_summaries(NEW, []) == {}


def test_an_addition_says_the_revision_after_it_whatever_it_wrote(database: Database, make_event: MakeEvent) -> None:
    one = make_event("1", "one")
    for embeddings in ({}, {"1": rows(1)[0]}, {"1": -rows(1)[0]}, {"1": -rows(1)[0]}):
        added = database.add_events([one], embedder=NEW, embeddings=embeddings)
        assert added.revision == database.revision() > 0
    before = database.revision()
    both = [make_event("1", "two"), make_event("2", "two")]
    added = database.add_events(both, embedder=NEW, embeddings={"1": rows(1)[0], "2": rows(1)[0]})
    assert before + 1 == added.revision == database.revision()


def test_a_glance_says_revision_snapshot_and_remark(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1", "one")])
    glance = database.glance("sources")
    assert (glance.revision, glance.snapshot, glance.note) == (database.revision(), database.snapshot(), None)
    database.set_note("sources", "{}")
    assert database.glance("sources").note == "{}"
    database.add_events([make_event("2", "two")])
    assert database.glance("sources").revision == glance.revision + 1


def test_unannounced_vectors_leave_the_revision_and_announced_ones_raise_it(
    database: Database, make_event: MakeEvent
) -> None:
    database.add_events([make_event("1")])
    before = database.revision()
    database.put_embeddings(NEW, ["1"], rows(1), announce=False)
    assert database.revision() == before
    database.put_embeddings(FORMER, ["1"], rows(1))
    assert database.revision() == before + 1


def test_dropping_an_embedder_leaves_the_events_and_the_other_embedder(
    database: Database, make_event: MakeEvent
) -> None:
    database.add_events([make_event(str(n)) for n in range(5)])
    for embedder in (FORMER, NEW):
        database.put_embeddings(embedder, [str(n) for n in range(5)], rows(5))
    assert database.drop_embedder(FORMER) == 5
    assert dict(database.embedders()) == {NEW: 5}
    assert database.index_parts(FORMER) == ()
    assert database.drop_embedder(FORMER) == 0
    assert database.check() == []


def test_events_come_with_their_stored_vectors(database: Database, make_event: MakeEvent) -> None:
    events = [make_event("1"), make_event("2", reaction=None), make_event("3")]
    database.add_events(events)
    database.put_embeddings(NEW, ["1", "3"], rows(2))
    (first, second), (third,) = database.events_with_vectors(NEW, 2)
    assert [each[0] for each in (first, second, third)] == events
    assert second[1] is None
    assert third[1] is not None
    assert third[1].tobytes() == rows(1)[0].astype("<f2").tobytes()
    assert [vector for page in database.events_with_vectors(None, 2) for _, vector in page] == [None] * 3


def test_a_copy_is_one_whole_moment_although_others_write(tmp_path: Path, make_event: MakeEvent) -> None:
    """The writer commits while the copying goes on: what it adds then is in the copy wholly or not at all."""
    with Database.open(tmp_path / "live.db") as live:
        live.add_events([make_event(str(n), "word " * 300) for n in range(2_000)])
        copying, stop = threading.Event(), threading.Event()

        def write() -> None:
            copying.wait(60)
            number = 0
            while not stop.is_set():
                live.add_events([make_event(f"later {number} {n}") for n in range(7)])
                number += 1

        def told(done: int, total: int) -> None:
            assert done <= total
            copying.set()
            while live.count_events() == 2_000:  # a writer was let in before the copy ended
                pass

        writer = threading.Thread(target=write)
        writer.start()
        try:
            taken = live.copy_to(tmp_path / "copy.db", told)
        finally:
            copying.set()
            stop.set()
            writer.join()
        assert live.count_events() > 2_000
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    with Database.open(tmp_path / "copy.db") as copy:
        assert copy.check() == []
        assert copy.snapshot() == taken
        assert taken.events == 2_000


def test_a_copy_that_cannot_be_written_is_a_store_error(tmp_path: Path, make_event: MakeEvent) -> None:
    from records.errors import StoreError

    with Database.open(tmp_path / "live.db") as live:
        live.add_events([make_event("1")])
        with pytest.raises(StoreError):
            live.copy_to(tmp_path / "no folder" / "copy.db")


def test_a_negative_zero_counts_as_the_zero_that_is_read_back(database: Database, make_event: MakeEvent) -> None:
    event = make_event("1")
    assert event.reaction is not None
    given = event.model_copy(update={"reaction": event.reaction.model_copy(update={"beta": -0.0})})
    database.add_events([given])
    assert database.add_events(database.events(["1"])).unchanged == 1
