"""What a source hands over: articles, and entries that are none, each with a name."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from feeds.response import NO_VALIDATORS, Validators
from records.article import Article
from records.errors import RhymeError


@dataclass(frozen=True)
class Received:
    """One article as it came in."""

    article: Article
    tickers: tuple[str, ...] = ()
    """As the source gives them, for threading; empty: it names none."""
    entry: str | None = None
    """Digest of the entry's id in its source; None: it has none and is told apart by its text alone."""
    version: str = ""
    """Digest of what the entry said, or of the file's size and time: an edited one is taken in again."""


@dataclass(frozen=True)
class Faulty:
    """One entry that is no article. It stops nothing."""

    name: str
    """As a person finds it: "row 12", a file's path, an entry's title."""
    kind: str
    """`RhymeError.kind`, or "unfinished" for a file that is still being written."""
    message: str


Item = Received | Faulty


@dataclass
class Delivery:
    """One reading of a source. What is said besides the items is whole when they were all taken."""

    items: Iterator[Item]
    """Read as they are taken. Raises SourceError when the source fails under way; what came before it counts."""
    unchanged: bool = False
    """The server says that nothing is new since the validators it gave."""
    validators: Validators = NO_VALIDATORS
    """For the next reading; to be kept only when every item of this one was."""
    warnings: list[str] = field(default_factory=list)
    known: int = 0
    """Entries left out because they were taken in before."""


def faulty(name: str, error: RhymeError) -> Faulty:
    """The entry that the error is about."""
    return Faulty(name, error.kind, str(error))


def digest(*parts: str) -> str:
    """32 hex digits of a few strings."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
