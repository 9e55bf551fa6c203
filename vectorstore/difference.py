"""What `rhyme memory verify` finds, as records."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from records.database import IndexPart
from records.times import from_epoch
from vectorstore.parts import BEGINNING

EXAMPLES = 5
"""Ids shown with a difference."""

SAMPLE = 256
"""Vectors of a part, and of the copy, compared with the database: a fault in one of a hundred is missed once in 13 times."""

Say = Callable[[str], None]
"""Receives a line for the person who waits."""


@dataclass(frozen=True)
class Difference:
    """Something that is not as the database says."""

    kind: str
    """A stable word, see docs/memory.md."""
    text: str
    """A sentence with counts and example ids."""
    ids: frozenset[str] = field(default=frozenset(), repr=False)
    """All the ids concerned; empty when it is not about single events."""
    part: IndexPart | None = None
    """The part of the index concerned; None: none, or the copy."""

    @classmethod
    def of(cls, kind: str, text: str, ids: Collection[str], part: IndexPart | None = None) -> "Difference":
        """`text` may hold {count} and {ids}."""
        first = sorted(ids)[:EXAMPLES]
        shown = ", ".join(first) + (f" and {len(ids) - len(first):,} more" if len(ids) > len(first) else "")
        return cls(kind, text.format(count=f"{len(ids):,}", ids=shown), frozenset(ids), part)


@dataclass(frozen=True)
class Checked:
    """One look at everything."""

    events: int
    parts: int
    sampled: int
    """Vectors compared with the database's."""
    unembedded: int
    """Events that wait to be embedded: the next opening does it."""
    waiting: int
    """Events that wait to be indexed: the next opening does it."""
    copy_rows: int | None
    """Events of the copy on disk; None: there is none, the next recall makes it."""
    differences: tuple[Difference, ...]

    @property
    def whole(self) -> bool:
        """Nothing differs."""
        return not self.differences


def still(first: Collection[Difference], second: Collection[Difference]) -> tuple[Difference, ...]:
    """What both looks found. In a shared place another writer's unfinished work looks like a difference, but not for long."""
    before = {(each.kind, each.part): each for each in first}
    found = []
    for each in second:
        former = before.get((each.kind, each.part))
        if former is None:
            continue
        both = each.ids & former.ids
        if both or not each.ids:
            found.append(Difference(each.kind, each.text, both, each.part))
    return tuple(found)


def named(part: IndexPart, until: int | None) -> str:
    """For messages: 'the part of the index from 2020-01-01 to 2021-03-05'."""
    start = "the beginning" if part.known_from == BEGINNING else f"{from_epoch(part.known_from):%Y-%m-%d %H:%M}"
    end = "today" if until is None else f"{from_epoch(until):%Y-%m-%d %H:%M}"
    return f"the part of the index from {start} to {end}"
