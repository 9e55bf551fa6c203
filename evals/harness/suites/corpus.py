"""The self-written stories, as the suites use them: each told twice, with event type and tags. `data/README.md` describes them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evals.harness.datasets import SHIPPED
from records.taxonomy import EventType, Tag

STORIES_FILE = Path("dup") / "self_written.jsonl"


@dataclass(frozen=True)
class Story:
    """One invented story."""

    id: str
    day: str
    """ISO."""
    event_type: EventType
    tags: frozenset[Tag]
    title: str
    body: str

    @property
    def text(self) -> str:
        """Title and body."""
        return f"{self.title}\n\n{self.body}"


@cache
def stories() -> tuple[Story, ...]:
    """Those of the shipped file that are told twice, by their first telling."""
    lines = (SHIPPED / STORIES_FILE).read_text(encoding="utf-8").splitlines()
    return tuple(
        Story(
            row["id"],
            row["date"],
            EventType(row["event_type"]),
            frozenset(map(Tag, row["tags"])),
            row["a"],
            row["a_body"],
        )
        for row in map(json.loads, lines)
        if row["label"] == 1
    )
