"""Where events come from, and which sources may speak in a score.

Shipped events and those of one's own analyses, whose outcomes the market wrote, are trusted. A file that somebody imports claims
its outcomes itself: nothing of it becomes a precedent of a score before a person releases it or its source has been known for a
while, and even then no single file moves a score far (agent/precedent_weights.py). The register is a remark of the store. A
source that is not in it is held: losing the register opens nothing.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from records.base import Record
from records.defences import Defence, holds
from records.errors import NotFound
from records.event import Event
from records.times import UtcDatetime

NOTE = "event_sources"
PREFIX = "import:"
QUARANTINE = timedelta(days=30)
"""How long a source that names where its rows come from has to be known before it counts unreleased."""


class EventSource(Record):
    """One imported file, by name."""

    first_seen_at: UtcDatetime
    named: bool
    """Every row said where it came from. Without, time alone releases nothing."""
    released_at: UtcDatetime | None = None
    trusted: bool = False
    """A person vouches for it: no cap."""

    def held(self, as_of: datetime) -> bool:
        """Whether its events stay out of a score as of that time."""
        if self.released_at is not None:
            return False
        return not self.named or as_of < self.first_seen_at + QUARANTINE


_REGISTER = TypeAdapter(dict[str, EventSource])


def unit_of(source: str | None) -> str | None:
    """The imported file that a source stands for, whatever the row claims behind it; None for what was not imported."""
    return source.partition("/")[0] if source is not None and source.startswith(PREFIX) else None


def imported(file_name: str, claimed: str | None) -> str:
    """The source of an imported row: the file, then what the row claims."""
    unit = f"{PREFIX}{file_name.replace('/', '_')}"
    return unit if claimed is None else f"{unit}/{claimed}"


class EventSources:
    """The register, over a store's remarks."""

    def __init__(self, note: Callable[[str], str | None], set_note: Callable[[str, str], None]) -> None:
        self._note = note
        self._set_note = set_note

    def all(self) -> Mapping[str, EventSource]:
        """By name, in the order they were first seen."""
        return _register(self._note(NOTE))

    def note(self, events: Sequence[Event], now: datetime) -> list[str]:
        """Registers the imported sources of events; returns their names. What is registered keeps its first sight."""
        known = dict(self.all())
        names = list(dict.fromkeys(unit for event in events if (unit := unit_of(event.source)) is not None))
        for name in names:
            named = all(event.source != name for event in events)
            before = known.get(name)
            known[name] = (
                EventSource(first_seen_at=now, named=named)
                if before is None
                else before.model_copy(update={"named": before.named and named})
            )
        self._keep(known)
        return names

    def release(self, name: str, now: datetime, *, trusted: bool = False) -> EventSource:
        """Lets a source's events into the score. Raises NotFound."""
        known = dict(self.all())
        if name not in known:
            named = ", ".join(known) or "none"
            raise NotFound(f"There is no imported source {name!r}. Those known are: {named}.")
        known[name] = known[name].model_copy(update={"released_at": now, "trusted": trusted})
        self._keep(known)
        return known[name]

    def _keep(self, known: dict[str, EventSource]) -> None:
        self._set_note(NOTE, json.dumps(_REGISTER.dump_python(known, mode="json")))


def speaking(register: str | None, as_of: datetime) -> tuple[Callable[[Event], bool], Callable[[Event], str | None]]:
    """Whether an event may be a precedent of a score as of that time, and the name under which its weight is capped (None:
    without a cap), by the register as it stands in the store's remark."""
    known = _register(register)
    trusted = {name for name, source in known.items() if source.trusted}

    def admits(event: Event) -> bool:
        unit = unit_of(event.source)
        if unit is None or not holds(Defence.QUARANTINE):
            return True
        return unit in known and not known[unit].held(as_of)

    return admits, lambda event: None if (unit := unit_of(event.source)) in trusted else unit


def _register(text: str | None) -> Mapping[str, EventSource]:
    return {} if text is None else _REGISTER.validate_json(text)


def overwriting(new: Sequence[Event], stored: Sequence[Event]) -> set[str]:
    """Ids of imported events that would replace one of another source: a file speaks for itself alone."""
    owners = {event.id: unit_of(event.source) for event in stored}
    return {event.id for event in new if event.id in owners and owners[event.id] != unit_of(event.source)}
