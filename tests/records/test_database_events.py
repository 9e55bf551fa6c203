"""Events, their texts and their vectors: what goes in comes out, as of a time, on both engines."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import text

from records.database import AddResult, Database, EmbedderIdentity, terms_of
from records.errors import StoreCorrupt, StoreMismatch
from records.event import Event
from records.taxonomy import EventType, Tag

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
    assert [hit.event_id for hit in database.lexical_search("copper", LATE, 9).hits] == ["2"]
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


# full text


def test_lexical_search_finds_stems_and_ranks_rare_words_first(database: Database, make_event: MakeEvent) -> None:
    summaries = {
        "both": "Regulators rejected the merger of two railways.",
        "rare": "A railway reported a loss.",
        "frequent": "A merger of two grocers was agreed.",
        "frequent2": "A merger of two banks was agreed.",
        "neither": "A bakery opened a shop.",
    }
    database.add_events([make_event(name, words) for name, words in summaries.items()])
    result = database.lexical_search("The railways' MERGERS?", LATE, 9)
    assert [hit.event_id for hit in result.hits] == ["both", "rare", "frequent", "frequent2"]
    assert result.hits[0].terms == ("railways", "mergers")
    assert result.weights["railways"] > result.weights["mergers"]
    assert list(result.terms_by_event["rare"]) == ["railways"]


def test_lexical_search_sees_only_reactions_known_by_then(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event(str(day), "Copper fell.", day=day) for day in range(5)])
    database.add_events([make_event("open", "Copper fell.", reaction=None)])
    known = database.lexical_search("copper", START + timedelta(days=4), 9)
    assert [hit.event_id for hit in known.hits] == ["2", "1", "0"]
    assert not database.lexical_search("copper", START, 9).hits


def test_later_events_change_neither_order_nor_weights_of_an_earlier_search(
    database: Database, make_event: MakeEvent
) -> None:
    words = random.Random(3)
    vocabulary = ["copper", "strike", "mine", "union", "refinery", "tariff", "smelter", "output"]

    def sentence() -> str:
        return " ".join(words.sample(vocabulary, 3))

    database.add_events([make_event(f"past{number}", sentence(), day=number / 10) for number in range(60)])
    as_of = START + timedelta(days=20)
    query = "copper mine strike: union halts smelter output"
    before = database.lexical_search(query, as_of, 20)
    database.add_events([make_event(f"future{number}", sentence(), day=30) for number in range(200)])
    assert database.lexical_search(query, as_of, 20) == before
    assert len(database.lexical_search(query, LATE, 500).terms_by_event) > 200


HOSTILE = (
    "",
    "  ",
    "the of",
    '"',
    "a* OR (b",
    "NEAR(copper)",
    "copper' OR '1'='1",
    "summary:copper",
    "\x00 %",
    "^copper -x",
)


@pytest.mark.parametrize("query", HOSTILE)
def test_any_text_is_a_valid_query(database: Database, make_event: MakeEvent, query: str) -> None:
    database.add_events([make_event("1", "Copper fell.")])
    found = [hit.event_id for hit in database.lexical_search(query, LATE, 9).hits]
    assert found == (["1"] if "copper" in query else [])


def test_a_changed_summary_is_found_by_its_new_words_only(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event("1", "Copper fell.")])
    database.add_events([make_event("1", "Nickel rose.")])
    assert not database.lexical_search("copper", LATE, 9).hits
    assert [hit.event_id for hit in database.lexical_search("nickel", LATE, 9).hits] == ["1"]


def test_terms_are_informative_words_once_each_in_order() -> None:
    assert terms_of("The AI deal: OpenAI's AI ＡＩ in the UK, 2025 & 5G, s&p") == ("ai", "deal", "openai", "uk", "5g")


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


def test_known_vectors_are_those_with_a_reaction_by_the_time_it_was_known(
    database: Database, make_event: MakeEvent
) -> None:
    batch = [
        make_event("late", day=9),
        make_event("open", reaction=None),
        make_event("b", day=1),
        make_event("a", day=1),
    ]
    database.add_events(batch, embedder=MINI, embeddings=_axes("late", "open", "b", "a"))
    known = database.known_vectors(MINI)
    assert known.event_ids == ("a", "b", "late")
    assert known.known_at.tolist() == sorted(known.known_at.tolist())
    assert known.matrix.tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0]]
    assert database.known_vectors(EmbedderIdentity("other", "none", 4)).matrix.shape == (0, 4)


def test_a_changed_summary_drops_the_vector_and_a_settled_reaction_keeps_it(
    database: Database, make_event: MakeEvent
) -> None:
    settled = make_event("1", "Copper fell.")
    database.add_events([settled.model_copy(update={"reaction": None})], embedder=MINI, embeddings=_axes("1"))
    database.mark_indexed(MINI, ["1"], "collection")
    database.add_events([settled])
    assert database.vectors_not_indexed(MINI, "collection") == []
    assert database.known_vectors(MINI).event_ids == ("1",)
    database.add_events([make_event("1", "Nickel rose.")])
    assert database.events_without_vector(MINI) == ["1"]


def test_vectors_await_indexing_until_marked_for_that_collection(database: Database, make_event: MakeEvent) -> None:
    database.add_events([make_event(name) for name in "abc"], embedder=MINI, embeddings=_axes(*"abc"))
    assert database.vectors_not_indexed(MINI, "one") == ["a", "b", "c"]
    database.mark_indexed(MINI, ["a", "b"], "one")
    assert database.vectors_not_indexed(MINI, "one") == ["c"]
    assert database.vectors_not_indexed(MINI, "two") == ["a", "b", "c"]
    assert database.sample_indexed(MINI, "one", 5) == ["a", "b"]
    database.put_embeddings(MINI, ["a"], np.eye(4)[3:])
    assert database.vectors_not_indexed(MINI, "one") == ["a", "c"]


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
    assert database.known_vectors(identity).event_ids == ("a",)


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
