"""What the event memory promises about precedents."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from records.database import AddResult, Database
from records.embedder import Embedder
from records.event import Event
from records.taxonomy import EventType
from vectorstore import parts
from vectorstore.memory import EventMemory

START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
MakeEvent = Callable[..., Event]
GENERIC = ("Acme cut its forecast for the year", "Acme opened a smelter in Chile", "Acme hired a finance chief")


def _ids(memory: EventMemory, text: str, as_of: datetime = LATER, k: int = 9, **options: object) -> list[str]:
    recall = memory.recall(text, as_of, k, **{"min_similarity": 0.0, **options})  # type: ignore[arg-type]
    return [precedent.event_id for precedent in recall.precedents]


def test_recall_finds_the_nearest_first_and_numbers_them(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event(str(day), text, day=day, instrument=f"T{day}") for day, text in enumerate(GENERIC)])
    recall = memory.recall("Acme cut the forecast", LATER, 2, min_similarity=0.0)
    assert recall.status == "found"
    assert recall.searched == 3
    assert [precedent.id for precedent in recall.precedents] == ["P1", "P2"]
    first = recall.precedents[0]
    assert first.event_id == "0"
    assert first.summary == GENERIC[0]
    assert 0.5 < first.similarity < 1
    assert first.reaction.known_at == START + timedelta(days=1)
    assert "shared terms: acme cut, forecast" in first.why or "shared terms: cut, forecast" in first.why


def test_an_outcome_not_yet_known_hides_the_event_to_the_microsecond(
    memory: EventMemory, make_event: MakeEvent
) -> None:
    memory.add([make_event("1", GENERIC[0], lag=2)])
    known_at = START + timedelta(days=2)
    assert _ids(memory, GENERIC[0], known_at - timedelta(microseconds=1)) == []
    assert _ids(memory, GENERIC[0], known_at, published_at=LATER) == ["1"]


def test_an_event_without_a_reaction_is_no_precedent_until_it_is_settled(
    memory: EventMemory, make_event: MakeEvent, embedder: Embedder
) -> None:
    memory.add([make_event("1", GENERIC[0], lag=None)])
    recall = memory.recall(GENERIC[0], LATER, 3)
    assert (recall.status, recall.searched, recall.precedents) == ("no_precedent", 0, ())
    before = embedder.embedded  # type: ignore[attr-defined]
    assert memory.add([make_event("1", GENERIC[0], lag=1)]) == AddResult(added=0, unchanged=0, changed=1)
    assert embedder.embedded == before  # type: ignore[attr-defined]
    assert _ids(memory, GENERIC[0]) == ["1"]


def test_nothing_similar_enough_is_no_precedent_and_says_how_many_were_searched(
    memory: EventMemory, make_event: MakeEvent
) -> None:
    memory.add([make_event("1", "Copper output fell in Chile")])
    recall = memory.recall("Violin recital tonight", LATER, 3, min_similarity=0.5)
    assert (recall.status, recall.searched) == ("no_precedent", 1)


@pytest.mark.parametrize("text", ["", "   \n", "the of and"])
def test_text_without_content_is_answered_without_an_error(
    memory: EventMemory, make_event: MakeEvent, text: str
) -> None:
    memory.add([make_event("1", GENERIC[0])])
    assert memory.recall(text, LATER, 3, min_similarity=0.99).status == "no_precedent"


def test_an_empty_memory_answers_no_precedent(memory: EventMemory) -> None:
    recall = memory.recall("Acme", LATER, 3)
    assert (recall.status, recall.searched) == ("no_precedent", 0)
    assert memory.snapshot == "0 events, 0000000000000000"


def test_naive_times_are_refused(memory: EventMemory) -> None:
    naive = datetime(2020, 1, 1)
    with pytest.raises(ValueError, match="naive"):
        memory.recall("Acme", naive, 3)
    with pytest.raises(ValueError, match="naive"):
        memory.recall("Acme", LATER, 3, published_at=naive)


def test_excluded_stories_and_ids_are_left_out(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event("1", GENERIC[0], story_id="s1"), make_event("2", GENERIC[0]), make_event("3", GENERIC[0])])
    assert _ids(memory, GENERIC[0], exclude_story="s1", exclude_ids=["3"]) == ["2"]


def test_a_story_gives_one_precedent_its_best(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event("far", GENERIC[1], story_id="s"), make_event("near", GENERIC[0], story_id="s")])
    assert _ids(memory, GENERIC[0]) == ["near"]


def test_a_reprint_is_never_its_own_precedent(memory: EventMemory, make_event: MakeEvent) -> None:
    words = "Acme cuts its full year forecast after weak orders from carmakers in Europe"
    memory.add([make_event("original", words, day=0, lag=0.5)])
    two_days_later = START + timedelta(days=2)
    assert _ids(memory, words + ".", two_days_later, tickers=["ACME"]) == []
    assert _ids(memory, words.upper(), two_days_later) == []
    reordered = "After weak orders from European carmakers, Acme cuts its full year forecast"
    assert _ids(memory, reordered, two_days_later, tickers=["ACME"]) == []
    assert _ids(memory, words, two_days_later, tickers=["OTHER"]) == ["original"]
    assert _ids(memory, words, LATER, tickers=["ACME"]) == ["original"]
    assert _ids(memory, words, LATER, tickers=["ACME"], published_at=START) == []


def test_of_the_first_n_at_most_a_third_are_measured_on_one_company_unless_no_other_remains(
    memory: EventMemory, make_event: MakeEvent
) -> None:
    memory.add([make_event(f"a{n}", f"{GENERIC[0]} number {n}", instrument="AAA") for n in range(6)])
    memory.add([make_event(f"b{n}", f"{GENERIC[1]} number {n}", instrument="BBB") for n in range(2)])
    memory.add([make_event("c", GENERIC[2], instrument="CCC")])
    chosen = _ids(memory, GENERIC[0], k=9)
    assert [name[0] for name in chosen[:3]] in (["a", "b", "c"], ["a", "c", "b"])
    assert sum(name.startswith("a") for name in chosen[:4]) == 2
    assert sorted(chosen) == ["a0", "a1", "a2", "a3", "a4", "a5", "b0", "b1", "c"]


def test_an_index_may_measure_every_precedent(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event(f"m{n}", f"Rates were raised, step {n}", instrument="^GSPC") for n in range(4)])
    memory.add([make_event("c", "Raised eyebrows", instrument="CCC")])
    assert all(name.startswith("m") for name in _ids(memory, "Rates were raised, step by step", k=4))


def test_type_and_ticker_are_preferred_among_equals_and_named(memory: EventMemory, make_event: MakeEvent) -> None:
    options = {"instrument": "OTHER", "event_type": EventType.LITIGATION}
    memory.add([make_event(f"plain{n}", f"{GENERIC[0]} {n}", **options) for n in range(3)])
    memory.add([make_event("match", f"{GENERIC[0]} 3", instrument="MSFT", event_type=EventType.CONTRACT_PARTNERSHIP)])
    recall = memory.recall(GENERIC[0], LATER, 1, event_type=EventType.CONTRACT_PARTNERSHIP, tickers=["MSFT", "UK"])
    assert recall.precedents[0].event_id == "match"
    assert recall.precedents[0].why.startswith("same event type (contract or partnership); both concern MSFT")


def test_of_equals_the_newer_comes_first(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event(f"y{year}", GENERIC[0], day=365 * year, instrument=f"T{year}") for year in (2, 5, 0, 9)])
    assert _ids(memory, GENERIC[0], START + timedelta(days=5_000)) == ["y9", "y5", "y2", "y0"]


def test_chroma_and_the_exact_scan_give_the_same_precedents(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add(_varied(make_event, 300))
    text = "Acme cut output of copper after a strike"
    through_chroma = memory.recall(text, LATER, 5, min_similarity=0.0)
    assert through_chroma.strategy.startswith("chroma")
    memory.add([make_event(f"future{n}", text, day=2_000) for n in range(700)])  # now the window is narrow
    by_scan = memory.recall(text, LATER, 5, min_similarity=0.0)
    assert by_scan.strategy.startswith("exact scan of 300")
    assert by_scan.precedents == through_chroma.precedents


def test_neighbours_from_the_future_do_not_leave_the_list_short(memory: EventMemory, make_event: MakeEvent) -> None:
    """Over-fetching alone returns too few when the nearest events are all later: the case design.md warns of."""
    memory.add(_varied(make_event, 300))
    text = "Acme cut output of copper after a strike"
    before = memory.recall(text, LATER, 20, min_similarity=0.0)
    memory.add([make_event(f"future{n}", text, day=2_000) for n in range(250)])  # wide window, every near place taken
    after = memory.recall(text, LATER, 20, min_similarity=0.0)
    assert len(after.precedents) == 20
    assert after.precedents == before.precedents


def test_a_pool_emptied_by_exclusions_is_widened(memory: EventMemory, make_event: MakeEvent) -> None:
    text = "Acme cut output of copper"
    memory.add([make_event(f"same{n}", f"{text} {n}", story_id="one story") for n in range(150)])
    memory.add([make_event(f"far{n}", f"A bakery opened shop {n}", instrument=f"T{n}") for n in range(4)])
    chosen = _ids(memory, text, k=5)
    assert len(chosen) == 5
    assert sum(name.startswith("far") for name in chosen) == 4


def test_events_written_to_the_database_alone_are_taken_in(
    memory: EventMemory, database: Database, make_event: MakeEvent
) -> None:
    memory.add([make_event("1", GENERIC[0])])
    assert _ids(memory, GENERIC[0]) == ["1"]
    database.add_events([make_event("2", GENERIC[0])])
    assert sorted(_ids(memory, GENERIC[0])) == ["1", "2"]


def test_a_corrected_summary_is_found_by_its_new_words(memory: EventMemory, make_event: MakeEvent) -> None:
    memory.add([make_event("1", GENERIC[0]), make_event("2", GENERIC[1])])
    memory.add([make_event("1", "Nickel prices doubled overnight")])
    recall = memory.recall("Nickel prices doubled", LATER, 1)
    assert recall.precedents[0].event_id == "1"
    assert recall.precedents[0].similarity > 0.7


def test_removed_events_are_gone_also_after_reopening(
    memory: EventMemory, database: Database, embedder: Embedder, tmp_path: Path, make_event: MakeEvent
) -> None:
    memory.add([make_event(str(n), text) for n, text in enumerate(GENERIC)])
    assert memory.remove(["1", "missing"]) == 1
    assert "1" not in _ids(memory, GENERIC[1])
    memory.close()
    with EventMemory.open(tmp_path / "memory", database, embedder) as reopened:
        assert sorted(_ids(reopened, GENERIC[1])) == ["0", "2"]


def test_given_vectors_are_used_and_not_made_again(
    memory: EventMemory, embedder: Embedder, make_event: MakeEvent
) -> None:
    vector = np.zeros(embedder.dimensions, dtype=np.float16)
    vector[7] = 1
    memory.add([make_event("1", GENERIC[0])], vectors={"1": vector})
    assert embedder.embedded == 0  # type: ignore[attr-defined]
    assert memory.recall(GENERIC[0], LATER, 1, min_similarity=0.0).precedents[0].similarity < 0.9


def test_progress_reaches_the_total_and_adding_again_is_unchanged(memory: EventMemory, make_event: MakeEvent) -> None:
    events = [make_event(str(n), f"{GENERIC[0]} {n}") for n in range(5)]
    told: list[tuple[int, int]] = []
    assert memory.add(events, on_progress=lambda done, total: told.append((done, total))).added == 5
    assert told[-1] == (5, 5)
    snapshot = memory.snapshot
    assert memory.add(events) == AddResult(added=0, unchanged=5, changed=0)
    assert memory.snapshot == snapshot
    assert memory.embedder.startswith("hashing:")


def _varied(make_event: MakeEvent, count: int) -> list[Event]:
    words = "copper strike output forecast merger union Chile recall bank tariff Acme cut".split()
    random = np.random.default_rng(5)
    return [
        make_event(f"e{n}", " ".join(random.choice(words, 5)), day=n / 2, instrument=f"T{random.integers(30)}")
        for n in range(count)
    ]


def test_more_events_than_a_part_takes_known_at_one_moment_stay_in_one(
    memory: EventMemory, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_EVENTS", 20)
    memory.add([make_event(f"s{n}", f"Copper output {n} fell", instrument=f"T{n}") for n in range(70)])
    memory.add([make_event(f"t{n}", f"Copper output {n} fell", instrument=f"T{n}") for n in range(30)])
    (part,) = memory._upkeep.parts.all
    memory.add([make_event(f"u{n}", f"Copper output {n} fell", day=1, instrument=f"U{n}") for n in range(5)])
    assert [memory._upkeep.parts.marked(each) for each in memory._upkeep.parts.all] == [100, 5]
    memory.add([make_event(f"early{n}", f"Copper output {n} fell", day=-n - 1, instrument=f"V{n}") for n in range(45)])
    held = [memory._upkeep.parts.marked(each) for each in memory._upkeep.parts.all]
    assert sum(held) == 150
    assert len(held) > 3
    assert part.collection not in {each.collection for each in memory._upkeep.parts.all}
    assert len(_ids(memory, "Copper output fell", k=150)) == 150


def test_events_that_come_in_order_of_knowledge_are_never_written_twice(
    memory: EventMemory, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven are known at each moment, so that no part ends just where it is full."""
    monkeypatch.setattr(parts, "PART_EVENTS", 20)
    monkeypatch.setattr(parts.Parts, "_put_in_place", _must_not_be_cut)
    for start in range(0, 140, 35):
        numbers = range(start, start + 35)
        memory.add([make_event(f"e{n}", f"Copper output {n} fell", day=n // 7, instrument=f"T{n}") for n in numbers])
    assert [memory._upkeep.parts.marked(each) for each in memory._upkeep.parts.all] == [21, 21, 21, 21, 21, 21, 14]
    assert len(_ids(memory, "Copper output fell", k=140)) == 140


def _must_not_be_cut(*_: object) -> None:
    raise AssertionError("a part was cut and written again")


def test_what_this_memory_wrote_is_not_counted_again_and_what_another_wrote_between_is_found(
    memory: EventMemory, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, looks = memory._upkeep.database, []
    count = database.count_vectors
    monkeypatch.setattr(database, "count_vectors", lambda *of, **how: looks.append(1) or count(*of, **how))
    memory.add([make_event("1", GENERIC[0])])
    assert (_ids(memory, GENERIC[0]), looks) == (["1"], [])

    database.add_events([make_event("2", GENERIC[1])])  # as another process does, without a vector
    memory.add([make_event("3", GENERIC[2])])
    assert set(_ids(memory, GENERIC[0])) == {"1", "2", "3"}
    assert looks


def test_an_event_without_an_outcome_is_not_looked_for_in_the_index_until_it_has_one(
    memory: EventMemory, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, looks = memory._upkeep.database, []
    waiting = database.waiting_for_index
    monkeypatch.setattr(database, "waiting_for_index", lambda *of: looks.append(1) or waiting(*of))
    settled = make_event("1", GENERIC[0])
    memory.add([settled.model_copy(update={"reaction": None})])
    assert (_ids(memory, GENERIC[0]), looks) == ([], [])

    database.add_events([make_event("2", GENERIC[1])])  # as another process does, without a vector
    memory.add([make_event("3", GENERIC[2]).model_copy(update={"reaction": None})])
    assert _ids(memory, GENERIC[0]) == ["2"]
    memory.add([settled])
    assert set(_ids(memory, GENERIC[0])) == {"1", "2"}
    assert looks


def test_own_events_without_an_outcome_are_passed_over_and_found_once_they_have_one(
    monkeypatch: pytest.MonkeyPatch, memory: EventMemory, database: Database, make_event: MakeEvent
) -> None:
    memory.add([make_event("1", GENERIC[0])])
    assert _ids(memory, GENERIC[0], k=2) == ["1"]
    changes = Database.changes
    looked: list[int] = []
    monkeypatch.setattr(Database, "changes", lambda *given: looked.append(given[-1]) or changes(*given))
    memory.add([make_event("2", GENERIC[1], lag=None)])
    assert (_ids(memory, GENERIC[1], k=2), looked) == (["1"], [])
    settled = make_event("2", GENERIC[1], lag=1)
    database.add_events([settled])
    assert _ids(memory, GENERIC[1], k=2) == ["2", "1"]
    assert len(looked) == 1


def test_an_event_told_anew_without_its_outcome_is_not_passed_over(
    memory: EventMemory, database: Database, make_event: MakeEvent
) -> None:
    memory.add([make_event("1", GENERIC[0])])
    assert _ids(memory, GENERIC[0], k=3) == ["1"]
    database.add_events([make_event("2", GENERIC[1])])  # by another program, which embeds nothing
    memory.add([make_event("2", GENERIC[1], lag=None), make_event("3", GENERIC[2], lag=None)])
    assert sorted(_ids(memory, GENERIC[1], k=3)) == ["1", "2"]


def test_a_recall_says_which_store_it_searched(memory: EventMemory, make_event: MakeEvent) -> None:
    assert memory.recall(GENERIC[0], LATER, 1).snapshot == memory.snapshot
    memory.add([make_event("1", GENERIC[0]), make_event("2", GENERIC[1])])
    recalled = memory.recall(GENERIC[0], LATER, 1)
    memory.add([make_event("3", GENERIC[2], lag=None)])
    assert recalled.snapshot.startswith("2 events, ")
    assert recalled.snapshot != memory.snapshot == memory.recall(GENERIC[0], LATER, 1).snapshot
