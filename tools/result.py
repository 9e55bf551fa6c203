"""What every tool gives back: found, nothing found, or unavailable, which are three different answers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from records.base import Record

Kind = Literal["article", "analysis", "claim", "story", "event", "reaction", "record", "activity", "position", "alert"]
MOST_TEXT = 2_000
"""Characters of one item that a model reads; the rest is named by id."""


class Item(Record):
    """One thing that a sentence may cite."""

    id: Annotated[str, Field(description="kind:name, to be cited and to be given to `show`")]
    kind: Kind
    text: Annotated[
        str, Field(description="what it says, in one line or a few: the only thing a citation of it can rest on")
    ]
    data: Annotated[dict[str, Any], Field(description="the same and more, for programs")] = Field(default_factory=dict)


class Result(Record):
    """Of one call. `unavailable` says that nobody looked, or nobody could; never to be read as `nothing_found`."""

    status: Literal["found", "nothing_found", "unavailable"]
    note: Annotated[str, Field(description="what was asked in the end, what was left out, or why there is nothing")]
    items: tuple[Item, ...] = ()
    more: Annotated[
        int, Field(ge=0, description="how many fit and are not shown; at least 1 when the number is not known")
    ] = 0


def found(items: Sequence[Item], note: str, *, more: int = 0) -> Result:
    """`nothing_found` when there are no items."""
    return Result(status="found" if items else "nothing_found", note=note, items=tuple(items), more=more)


def unavailable(why: str) -> Result:
    """`why`: with what a person can do about it."""
    return Result(status="unavailable", note=why)


def cut(text: str, length: int = MOST_TEXT) -> str:
    """A text of at most about `length` characters, cut at a space and marked."""
    if len(text) <= length:
        return text
    end = text.rfind(" ", 0, length)
    return f"{text[: end if end > length // 2 else length]} … [cut]"
