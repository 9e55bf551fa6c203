"""Imported files are held until a person releases them; a flood of them starves no honest precedent."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from records.database import Database
from records.defences import Defence, without
from records.errors import NotFound
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from tests.vectorstore.hashing import HashingEmbedder
from vectorstore import EventMemory
from vectorstore.sources import NOTE, QUARANTINE, imported, overwriting, speaking, unit_of

AT = datetime(2023, 5, 2, 14, 0, tzinfo=UTC)
AS_OF = datetime(2024, 5, 2, tzinfo=UTC)
TEXT = "The justice department sued a company over an illegal monopoly"
FILE = "import:poison.csv"


def event(number: int, source: str | None, z: float = 0.5) -> Event:
    """A lawsuit of its own share."""
    return Event(
        id=f"{source or 'own'}-{number}".replace("/", "-")[:60],
        summary=f"{TEXT} in the market of goods number {number}.",
        event_type=EventType.LITIGATION,
        tickers=(f"T{number}",),
        published_at=AT - timedelta(days=number % 300),
        source=source,
        reaction=Reaction(
            ticker=f"T{number}",
            window="one_session",
            session_on=AT.date(),
            abnormal_return=0.01 * z,
            beta=1.0,
            sigma=0.01,
            z=z,
            known_at=AT + timedelta(days=1),
        ),
    )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[EventMemory]:
    with (
        Database.open(tmp_path / "rhyme.db") as database,
        EventMemory.open(tmp_path / "memory", database, HashingEmbedder()) as opened,
    ):
        yield opened


def test_a_flood_of_a_thousand_poisoned_events_changes_nothing_before_its_release(memory: EventMemory) -> None:
    memory.add([event(number, "starter") for number in range(20)])
    before = memory.recall(TEXT, AS_OF, 20, min_similarity=0.1)
    poison = [event(1_000 + number, imported("poison.csv", f"wire {number}"), z=10.0) for number in range(1_000)]
    assert memory.sources.note(poison, AS_OF) == [FILE]
    memory.add(poison)
    after = memory.recall(TEXT, AS_OF, 20, min_similarity=0.1)
    assert {one.event_id for one in after.precedents} == {one.event_id for one in before.precedents}
    assert len(after.precedents) == 20
    with without({Defence.QUARANTINE}):
        flooded = memory.recall(TEXT, AS_OF, 15, min_similarity=0.1)
    assert any(one.source == FILE for one in flooded.precedents)
    seen = memory.recall(TEXT, AS_OF, 15, min_similarity=0.1, held=True)
    assert any(one.source == FILE for one in seen.precedents)


def test_release_lets_a_file_in_under_its_cap_and_trust_without_one(memory: EventMemory) -> None:
    poison = [event(number, imported("poison.csv", None)) for number in range(3)]
    memory.sources.note(poison, AS_OF)
    memory.add(poison)
    assert memory.recall(TEXT, AS_OF, 5, min_similarity=0.1).precedents == ()
    memory.sources.release(FILE, AS_OF)
    assert {one.source for one in memory.recall(TEXT, AS_OF, 5, min_similarity=0.1).precedents} == {FILE}
    memory.sources.release(FILE, AS_OF, trusted=True)
    assert {one.source for one in memory.recall(TEXT, AS_OF, 5, min_similarity=0.1).precedents} == {None}
    with pytest.raises(NotFound, match=r"poison\.csv"):
        memory.sources.release("import:other.csv", AS_OF)


def test_time_alone_releases_only_files_that_name_their_sources(memory: EventMemory) -> None:
    memory.sources.note([event(1, imported("named.csv", "wire"))], AS_OF)
    memory.sources.note([event(2, imported("nameless.csv", None))], AS_OF)
    later = AS_OF + QUARANTINE
    known = memory.sources.all()
    assert known["import:named.csv"].held(later - timedelta(seconds=1))
    assert not known["import:named.csv"].held(later)
    assert known["import:nameless.csv"].held(later)


def test_what_is_not_in_the_register_is_held_and_our_own_is_not(memory: EventMemory) -> None:
    admits, _ = speaking(memory.note(NOTE), AS_OF)
    assert not admits(event(1, imported("lost.csv", "wire")))
    assert admits(event(1, "starter"))
    assert admits(event(1, "analysis"))


def test_a_row_cannot_claim_to_be_shipped_nor_replace_anothers_event() -> None:
    assert unit_of(imported("events.csv", "starter")) == "import:events.csv"
    mine = event(1, "starter")
    theirs = mine.model_copy(update={"source": imported("events.csv", "starter")})
    assert overwriting([theirs], [mine]) == {mine.id}
    assert overwriting([theirs], [theirs]) == set()
