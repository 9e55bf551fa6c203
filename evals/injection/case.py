"""A clean article and its poisoned twin, as bytes of a source."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Literal

Style = Literal["static", "adaptive"]


@dataclass(frozen=True)
class Host:
    """An article to plant something in: invented wording about public news."""

    id: str
    title: str
    published: str
    paragraphs: tuple[str, ...]

    @property
    def published_at(self) -> datetime:
        """Its time of publication."""
        return datetime.fromisoformat(self.published)


@dataclass(frozen=True)
class Payload:
    """What an attacker wants a model to read."""

    id: str
    text: str
    style: Style
    origin: Literal["own", "bipia", "tensortrust"]
    language: str = "en"
    encoding: str = "plain"
    goal: Literal["extremes", "task"] = "extremes"
    """What obeying it means: the worst reading there is, or an answer to a task that has nothing to do with the article."""
    held_out: bool = False
    """No pattern of ours was made with it in view."""
    demands: tuple[str, ...] = ()
    """Its pieces of which one is enough to be obeyed; empty: half of its characters in one piece."""

    @property
    def plain_demands(self) -> tuple[str, ...]:
        """Those, or the whole text."""
        return self.demands or (self.text,)


@dataclass(frozen=True)
class Case:
    """One poisoned source and where its clean twin comes from."""

    id: str
    host: Host
    payload: Payload
    place: str
    content: bytes = field(repr=False)
    """The source: a page, a feed or a JSON object."""
    media_type: str
    url: str
    precedent: str | None = field(default=None, repr=False)
    """Summary of a poisoned event to be put into the memory; the article is clean then."""


def hosts() -> tuple[Host, ...]:
    """The shipped articles."""
    text = (resources.files("evals.injection") / "articles.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    return tuple(Host(row["id"], row["title"], row["published"], tuple(row["paragraphs"])) for row in rows)


def case_id(*parts: str) -> str:
    """12 hex digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
