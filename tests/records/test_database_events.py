"""Events, their texts and their vectors: what goes in comes out, as of a time, on both engines."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import text

from records.database import AddResult, Database, EmbedderIdentity, IndexPart
from records.database.prepared import PIECE
from records.errors import StoreCorrupt, StoreMismatch
from records.event import Event
from records.taxonomy import EventType, Tag
from records.times import to_epoch

START = datetime(2020, 1, 1, tzinfo=UTC)
LATE = START + timedelta(days=10_000)
MINI = EmbedderIdentity("mini", "d1", 4)
MakeEvent = Callable[..., Event]


def _axes(*event_ids: str) -> dict[str, NDArray[np.float64]]:
    """Vectors of MINI: the first event along the first axis, the second along the second, …"""
    return dict(zip(event_ids, np.eye(4), strict=False))


def test_events_come_back_equal_with_every_field(database: Database, make_event: MakeEvent) -> None:
    full = make_event(
        "full", "Naïve – 合併 – summary.", day=1.123456789, tickers=("BRK.B", "^GSPC"), tags=(Tag.MACRO, Tag.TRADE),
        story_id="s", source="starter", date_only=True, event_type=EventType.MACRO_DATA,
    )  # fmt: skip
    index = full.model_copy(update={"id": "index", "reaction": full.reaction.model_copy(update={"beta": None})})
    open_event = make_event("open", reaction=None, tickers=())
    database.add_events([full, index, open_event])
    assert database.events(["open", "full", "missing", "index"]) == [open_event, full, index]
    assert list(database.every_event()) == [full, index, open_event]


def test_adding_tells_new_from_unchanged_from_changed(database: Database, make_event: MakeEvent) -> None:
    one, two = make_event("1"), make_event("2")
    assert database.add_events([one, two]) == AddResult(added=2, unchanged=0, changed=0)
    assert database.add_events([one, two]) == AddResult(added=0, unchanged=2, changed=0)
    later = two.model_copy(update={"source": "corrected"})
    assert database.add_events([one, later, make_event("3")]) == AddResult(added=1, unchanged=1, changed=1)
    assert database.events(["2"]) == [later]
    assert database.count_events() == 3


def test_of_two_events_with_one_id_in_a_batch_the_last_counts(database: Database, make_event: MakeEvent) -> None:
    batch = [make_event("1", "First."), make_event("2"), make_event("1", "Last.")]
    assert database.add_events(batch).added == 2
    assert database.events(["1"])[0].summary == "Last."


def test_an_addition_that_fails_keeps_nothing_of_it(database: Database, make_event: MakeEvent) -> None:
    with pytest.raises(ValueError, match="vectors have shape"):
        database.add_events([make_event("1")], embedder=MINI, embeddings={"1": np.zeros(3)})
    assert database.count_events() == 0
    assert str(database.snapshot()) == "0 events, 0000000000000000"


def test_events_of_a_ticker_are_those_published_before_the_moment_newest_first(
    database: Database, make_event: MakeEvent
) -> None:
    database.add_events([make_event(str(day), day=day, tickers=("A", "B", "A")) for day in range(4)])
    database.add_events([make_event("other", day=1, tickers=("C",))])
    found = database.events_of_ticker("B", before=START + timedelta(days=3), limit=2)
    assert [event.id for event in found] == ["2", "1"]
    moved = make_event("2", day=2, tickers=("C",))
    database.add_events([moved])
    assert [event.id for event in database.events_of_ticker("A", before=LATE, limit=9)] == ["3", "1", "0"]


def test_removed_events_are_gone_with_their_texts_and_vectors(database: Database, make_event: MakeEvent) -> None:
    batch = [make_event("1", "Copper prices rose."), make_event("2", "Copper prices fell.")]
    database.add_events(batch, embedder=MINI, embeddings=_axes("1", "2"))
    assert database.remove_events(["1", "1", "missing"]) == 1
    assert list(database.get_embeddings(MINI, ["1", "2"])) == ["2"]
    assert database.events_of_ticker("ACME", before=LATE, limit=9) == [batch[1]]
    assert database.check() == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x", "y", None])), max_size=12))
def test_the_snapshot_depends_on_the_contents_alone(
    postgres_free_path: str, make_event: MakeEvent, moves: list[tuple[str, str | None]]
) -> None:
    contents: dict[str, Event] = {}
    with Database.open(postgres_free_path) as database:
        database.remove_events(["a", "b", "c", "d"])
        for event_id, source in moves:
            if source is None:
                contents.pop(event_id, None)
                database.remove_events([event_id])
            else:
                contents[event_id] = make_event(event_id, source=source)
                database.add_events([contents[event_id]])
        reached = database.snapshot()
        assert database.check() == []
        database.remove_events(list(contents))
        assert str(database.snapshot()) == "0 events, 0000000000000000"
        database.add_events(list(reversed(contents.values())))
        assert database.snapshot() == reached
        assert reached.events == len(contents)


@pytest.fixture(scope="module")
def postgres_free_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("snapshot") / "rhyme.sqlite3")


def test_check_notices_rows_changed_behind_the_totals(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1"), make_event("2")])
    with database._engine.begin() as connection:
        connection.execute(text("DELETE FROM events WHERE id = '1'"))
    assert len(database.check()) == 1


def test_an_event_of_an_unknown_type_is_reported_with_its_id(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1")])
    with database._engine.begin() as connection:
        connection.execute(text("UPDATE events SET event_type = 'teleportation'"))
    with pytest.raises(StoreCorrupt, match="event '1' is no valid event"):
        database.events(["1"])


# vectors


def test_vectors_come_back_as_unit_vectors_near_the_originals(database: Database, make_event: MakeEvent) -> None:
    wide = EmbedderIdentity("wide", "w", 384)
    originals = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    originals /= np.linalg.norm(originals, axis=1, keepdims=True)
    database.add_events([make_event(name) for name in "abc"])
    assert database.put_embeddings(wide, ["a", "b", "c", "missing"], np.vstack([originals, originals[:1]])) == 3
    back = database.get_embeddings(wide, ["c", "a", "missing"])
    assert set(back) == {"a", "c"}
    assert back["a"].dtype == np.float32
    assert np.linalg.norm(back["a"]) == pytest.approx(1, abs=1e-6)
    assert back["a"] @ originals[0] == pytest.approx(1, abs=1e-5)
    assert database.put_embeddings(wide, ["a", "b", "c"], originals) == 0


def test_known_events_are_those_with_a_reaction_and_a_vector_by_the_time_it_was_known(
    database: Database, make_event: MakeEvent
) -> None:
    batch = [
        make_event("late", day=9, story_id="s"),
        make_event("open", reaction=None),
        make_event("b", day=1),
        make_event("a", day=1),
    ]
    database.add_events(batch, embedder=MINI, embeddings=_axes("late", "open", "b", "a"))
    database.add_events([make_event("unembedded", day=2)])
    known = database.known_events(MINI)
    assert known.ids == ("a", "b", "late")
    assert known.stories == (None, None, "s")
    assert known.known_at.tolist() == sorted(known.known_at.tolist())
    assert known.revision == database.revision() == 2
    (numbers, matrix) = next(database.stream_vectors(MINI, 10))
    by_number = dict(zip(numbers.tolist(), matrix.tolist(), strict=True))
    assert [by_number[number] for number in known.numbers.tolist()] == [[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
    summaries = dict(row for page in database.stream_summaries(2) for row in page)
    assert len(summaries) == 5
    assert database.known_events(EmbedderIdentity("other", "none", 4)).ids == ()
    assert (database.count_vectors(MINI), database.count_vectors(MINI, known=True)) == (4, 3)


def test_changes_are_what_was_written_after_a_revision_and_nothing_else(
    database: Database, make_event: MakeEvent
) -> None:
    database.add_events([make_event(name) for name in "abc"], embedder=MINI, embeddings=_axes("a", "b"))
    before = database.revision()
    assert database.changes(MINI, before).events == ()
    database.add_events([make_event("a"), make_event("d", reaction=None)])  # a is as it was
    database.put_embeddings(MINI, ["c"], np.eye(4)[:1])
    database.remove_events(["b", "never there"])
    changes = database.changes(MINI, before)
    assert {event.id: (event.known_at is None, event.vector is None) for event in changes.events} == {
        "c": (False, False),
        "d": (True, True),
    }
    assert (changes.removed, changes.revision) == (("b",), database.revision())
    database.add_events([make_event("b")])
    again = database.changes(MINI, before)
    assert again.removed == ()
    assert {event.id for event in again.events} == {"b", "c", "d"}
    assert database.changes(MINI, 0).events[0].summary == make_event("a").summary


def test_a_changed_summary_drops_the_vector_and_a_settled_event_awaits_its_place_in_the_index(
    database: Database, make_event: MakeEvent
) -> None:
    settled = make_event("1", "Copper fell.")
    database.add_events([settled.model_copy(update={"reaction": None})], embedder=MINI, embeddings=_axes("1"))
    assert database.waiting_for_index(MINI, ["collection"]) == []  # nobody may recall it yet
    database.add_events([settled])
    assert settled.reaction is not None
    assert database.waiting_for_index(MINI, ["collection"]) == [("1", to_epoch(settled.reaction.known_at))]
    database.mark_indexed(MINI, ["1"], "collection")
    assert database.waiting_for_index(MINI, ["collection"]) == []
    database.add_events([make_event("1", "Nickel rose.")])
    assert database.events_without_vector(MINI) == ["1"]


def test_vectors_await_indexing_until_marked_for_one_of_the_collections(
    database: Database, make_event: MakeEvent
) -> None:
    def waiting(*collections: str) -> list[str]:
        return [event_id for event_id, _ in database.waiting_for_index(MINI, collections)]

    days = {"a": 2, "b": 1, "c": 3}
    events = [make_event(name, day=day) for name, day in days.items()]
    database.add_events(events, embedder=MINI, embeddings=_axes(*"abc"))
    assert waiting("one") == ["b", "a", "c"]  # by the time the reaction was known
    database.mark_indexed(MINI, ["a", "b"], "one")
    database.mark_indexed(MINI, ["c"], "two")
    assert waiting("one") == ["c"]
    assert waiting("one", "two") == []
    assert waiting("three") == waiting() == ["b", "a", "c"]
    many = [f"part {place}" for place in range(PIECE)]
    assert (waiting("one", *many), waiting(*many, "two"), waiting("one", *many, "two")) == (["c"], ["b", "a"], [])
    assert database.sample_indexed(MINI, "one", 5) == ["a", "b"]
    assert (database.count_indexed(MINI, "one"), database.events_indexed(MINI, "two")) == (2, {"c"})
    newest = events[0].reaction
    assert newest is not None
    assert database.newest_indexed(MINI, "one") == to_epoch(newest.known_at)
    assert database.newest_indexed(MINI, "three") is None
    database.put_embeddings(MINI, ["a"], np.eye(4)[3:])
    assert waiting("one", "two") == ["a"]
    assert [name for name, _ in database.known_between(MINI, 0, to_epoch(newest.known_at))] == ["b"]
    assert [name for name, _ in database.known_between(MINI, to_epoch(newest.known_at), None)] == ["a", "c"]


def test_parts_of_an_index_are_replaced_all_or_nothing_and_once(database: Database) -> None:
    first, second, third = IndexPart(-9, "one"), IndexPart(-9, "two"), IndexPart(5, "three")
    assert database.replace_index_parts(MINI, [], [first])
    assert not database.replace_index_parts(MINI, [], [second])  # another process made its own meanwhile
    assert database.replace_index_parts(MINI, [first], [second, third])
    assert not database.replace_index_parts(MINI, [first], [IndexPart(-9, "four")])
    assert database.index_parts(MINI) == (second, third)
    assert database.index_parts(EmbedderIdentity("other", "none", 4)) == ()


def test_one_digest_with_two_widths_is_refused(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1")], embedder=MINI, embeddings=_axes("1"))
    with pytest.raises(StoreMismatch, match="two embedders claim one digest"):
        database.put_embeddings(EmbedderIdentity("mini", "d1", 3), ["1"], np.eye(3)[:1])
    assert database.embedders() == {MINI: 1}


def test_a_reaction_reaches_only_the_event_it_was_measured_for(database: Database, make_event: MakeEvent) -> None:
    known = make_event("x").reaction
    waiting = [make_event(name, day=day, reaction=None) for day, name in enumerate("abcd")]
    database.add_events([*waiting, make_event("settled")])
    assert database.events_without_reaction() == ["a", "b", "c", "d"]
    database.add_events([make_event("b", "Another summary.", day=1, reaction=None)])
    database.remove_events(["c"])
    settled = [event.model_copy(update={"reaction": known}) for event in waiting]
    other = make_event("settled", day=9).model_copy(update={"reaction": known})
    assert database.add_reactions([*settled, other]) == 2
    assert database.events_without_reaction() == ["b"]
    assert database.events(["a", "c", "settled"]) == [settled[0], make_event("settled")]
    assert database.add_reactions(settled) == 0
    assert database.check() == []


def test_a_new_reaction_keeps_the_vector(database: Database, make_event: MakeEvent) -> None:
    identity, waiting = EmbedderIdentity("e", "d" * 16, 2), make_event("a", reaction=None)
    database.add_events([waiting], embedder=identity, embeddings={"a": np.array([1.0, 0.0])})
    assert database.add_reactions([make_event("a")]) == 1
    assert database.known_events(identity).ids == ("a",)


def test_an_event_told_again_without_its_outcome_keeps_the_reaction_measured_for_it(
    database: Database, make_event: MakeEvent
) -> None:
    measured = make_event("e", "First words.")
    assert measured.reaction is not None
    database.add_events([measured])
    again = measured.model_copy(update={"summary": "Other words.", "reaction": None})
    assert database.add_events([again]).changed == 1
    assert database.events(["e"]) == [again.model_copy(update={"reaction": measured.reaction})]
    assert database.add_events([again]).unchanged == 1
    elsewhere = again.model_copy(update={"tickers": ("OTHER",)})
    database.add_events([elsewhere])
    assert database.events(["e"])[0].reaction is None
    assert database.check() == []
