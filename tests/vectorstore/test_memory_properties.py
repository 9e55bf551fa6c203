"""Random histories against a plain dictionary: what must hold after any of them (named as in Chroma's own suite)."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from records.database import Database
from records.embedder import Embedder
from records.event import Event
from vectorstore.memory import EventMemory
from vectorstore.recall import Recall

START = datetime(2020, 1, 1, tzinfo=UTC)
WORDS = ("copper", "strike", "output", "forecast", "merger", "union", "recall", "bank", "tariff", "profit")
MakeEvent = Callable[..., Event]

summaries = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
days = st.integers(0, 40)


@st.composite
def plans(draw: st.DrawFn, letter: str = "e", most: int = 12) -> dict:  # type: ignore[type-arg]
    """The arguments of one make_event."""
    return {
        "event_id": f"{letter}{draw(st.integers(0, most - 1))}",
        "summary": draw(summaries),
        "day": draw(days),
        "lag": draw(st.sampled_from([None, 0.5, 1, 5])),
        "instrument": draw(st.sampled_from(["AAA", "BBB", "CCC"])),
        "story_id": draw(st.sampled_from([None, None, "s1", "s2"])),
    }


def knowable(events: dict[str, Event], as_of: datetime) -> list[Event]:
    """The model's answer to: what may be recalled?"""
    return [event for event in events.values() if event.reaction is not None and event.reaction.known_at <= as_of]


def time_is_never_violated(recall: Recall, as_of: datetime) -> None:
    assert all(precedent.reaction.known_at <= as_of for precedent in recall.precedents)


def every_precedent_is_an_event_as_it_is_now(recall: Recall, events: dict[str, Event]) -> None:
    for precedent in recall.precedents:
        event = events[precedent.event_id]
        assert (precedent.summary, precedent.reaction) == (event.summary, event.reaction)


def ids_are_unique_and_numbered(recall: Recall) -> None:
    assert len({precedent.event_id for precedent in recall.precedents}) == len(recall.precedents)
    assert [precedent.id for precedent in recall.precedents] == [f"P{n + 1}" for n in range(len(recall.precedents))]


def one_a_story(recall: Recall, events: dict[str, Event]) -> None:
    stories = [events[precedent.event_id].story_id for precedent in recall.precedents]
    told = [story for story in stories if story is not None]
    assert len(told) == len(set(told))


def never_short(recall: Recall, events: dict[str, Event], as_of: datetime, k: int) -> None:
    """With min_similarity 0 and no reprint near, k precedents stand if k stories are knowable."""
    stories = {event.story_id or f"event {event.id}" for event in knowable(events, as_of)}
    assert len(recall.precedents) == min(k, len(stories))


class MemoryMachine(RuleBasedStateMachine):
    """Adds, changes, removals, reopenings and rebuilds in any order."""

    make_event: MakeEvent
    embedder: Embedder

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rhyme-memory-"))
        self.events: dict[str, Event] = {}

    @initialize()
    def start(self) -> None:
        self.database = Database.open(self.folder / "rhyme.sqlite3")
        self.memory = EventMemory.open(self.folder / "memory", self.database, self.embedder)

    @rule(batch=st.lists(plans(), min_size=1, max_size=8))
    def add(self, batch: list[dict[str, object]]) -> None:
        events = [self.make_event(**plan) for plan in batch]
        new = {event.id: event for event in events}
        result = self.memory.add(events)
        assert result.added == len(new.keys() - self.events.keys())
        assert result.unchanged == sum(self.events.get(name) == event for name, event in new.items())
        self.events |= new

    @rule(batch=st.lists(plans(), min_size=1, max_size=3))
    def add_to_the_database_alone(self, batch: list[dict[str, object]]) -> None:
        events = [self.make_event(**plan) for plan in batch]
        self.database.add_events(events)
        self.events |= {event.id: event for event in events}

    @rule(names=st.sets(st.sampled_from([f"e{n}" for n in range(12)]), min_size=1, max_size=4))
    def remove(self, names: set[str]) -> None:
        assert self.memory.remove(sorted(names)) == len(names & self.events.keys())
        self.events = {name: event for name, event in self.events.items() if name not in names}

    @rule(rebuild=st.booleans())
    def reopen(self, rebuild: bool) -> None:
        self.memory.close()
        self.memory = EventMemory.open(self.folder / "memory", self.database, self.embedder, rebuild=rebuild)
        assert self.memory.report.rebuilt == ("it was asked for" if rebuild else None)

    @rule(text=summaries, day=days, k=st.integers(1, 15), minimum=st.sampled_from([0.0, 0.4]))
    def recall(self, text: str, day: int, k: int, minimum: float) -> None:
        as_of = START + timedelta(days=day)
        recall = self.memory.recall(text, as_of, k, published_at=START - timedelta(days=99), min_similarity=minimum)
        assert recall.searched == len(knowable(self.events, as_of))
        assert (recall.status == "found") == bool(recall.precedents)
        time_is_never_violated(recall, as_of)
        every_precedent_is_an_event_as_it_is_now(recall, self.events)
        ids_are_unique_and_numbered(recall)
        one_a_story(recall, self.events)
        if minimum == 0:
            never_short(recall, self.events, as_of, k)
        assert all(precedent.similarity >= minimum for precedent in recall.precedents)

    @invariant()
    def the_database_holds_what_was_added(self) -> None:
        if hasattr(self, "memory"):
            assert self.database.count_events() == len(self.events)
            assert self.memory.snapshot.startswith(f"{len(self.events)} events, ")

    def teardown(self) -> None:
        if hasattr(self, "memory"):
            self.memory.close()
            assert self.database.check() == []
            self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_no_history_breaks_a_promise(make_event: MakeEvent, make_embedder: Callable[..., Embedder]) -> None:
    machine = type("Machine", (MemoryMachine,), {"make_event": staticmethod(make_event), "embedder": make_embedder()})
    told_at_once = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a history takes longer than a test may
    options = settings(
        phases=told_at_once,
        max_examples=15,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=options)


@pytest.fixture(scope="module")
def shared_memory(
    tmp_path_factory: pytest.TempPathFactory, make_embedder: Callable[..., Embedder]
) -> Iterator[EventMemory]:
    """One memory for many examples, which empty it first."""
    folder = tmp_path_factory.mktemp("shared")
    with (
        Database.open(folder / "rhyme.sqlite3") as database,
        EventMemory.open(folder / "memory", database, make_embedder()) as memory,
    ):
        yield memory


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    past=st.lists(plans(), max_size=12),
    future=st.lists(plans("f", 30), min_size=1, max_size=30),
    text=summaries,
    day=days,
)
def test_what_was_known_later_changes_nothing(
    shared_memory: EventMemory,
    make_event: MakeEvent,
    past: list[dict[str, object]],
    future: list[dict[str, object]],
    text: str,
    day: int,
) -> None:
    """Adding events known after as_of, and deleting them again, leaves every field of every precedent as it was."""
    as_of = START + timedelta(days=day)
    everything = [f"{letter}{n}" for letter in "ef" for n in range(30)]
    shared_memory.remove(everything)
    shared_memory.add([make_event(**plan) for plan in past])
    before = shared_memory.recall(text, as_of, 5, min_similarity=0.0)
    canaries = [make_event(**{**plan, "day": day + 0.5, "lag": 1, "summary": text}) for plan in future]
    shared_memory.add(canaries)
    with_canaries = shared_memory.recall(text, as_of, 5, min_similarity=0.0)
    assert with_canaries.precedents == before.precedents
    assert with_canaries.searched == before.searched
    shared_memory.remove([event.id for event in canaries])
    assert shared_memory.recall(text, as_of, 5, min_similarity=0.0).precedents == before.precedents
