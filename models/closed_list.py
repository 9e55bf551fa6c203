"""Forms with one closed list that differs from call to call, such as the tickers that an answer may name.

pydantic takes milliseconds to build such a type and as long to say its JSON schema. So the schema is made for a list of
placeholders once and the values are put in, an answer is read by the form that is open to any value and its values are looked
up; only an answer that has a fault needs the type itself, which pydantic builds when it is first used.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel

_PLACEHOLDERS = ("\x00first", "\x00second")
"""Two stand for any more: pydantic writes a list of one in another way, and none in a third."""

Make = Callable[[tuple[str, ...]], type[BaseModel]]


@dataclass(frozen=True)
class ClosedList:
    """What a type with a closed list is, known before it is built."""

    open_form: type[BaseModel]
    """The same form, open to any text or null where the list stands."""
    make: Make
    """Builds the type for a list, by pydantic."""
    values: tuple[str, ...]
    found: Callable[[Any], Iterable[str | None]]
    """The values in an answer of the open form."""

    @property
    def pattern(self) -> type[BaseModel]:
        """The type for as many placeholders as are needed."""
        return _pattern(self.make, len(self.placeholders))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What stands for the values in it."""
        return _PLACEHOLDERS[: len(self.values)]

    def holds(self, answer: object) -> bool:
        """Whether an answer of the open form is one of the type: null is always allowed."""
        return all(value is None or value in self.values for value in self.found(answer))


class ClosedForm(BaseModel):
    """A form that may have one."""

    closed: ClassVar[ClosedList | None] = None


def with_values(node: Any, placeholders: Collection[str], values: tuple[str, ...]) -> Any:
    """A JSON schema with `values` for the placeholders; what holds none of them is shared, not copied."""
    if isinstance(node, Mapping):
        changed = {key: new for key, old in node.items() if (new := with_values(old, placeholders, values)) is not old}
        return {**node, **changed} if changed else node
    if isinstance(node, list):
        if placeholders and node == list(placeholders):
            return list(values)
        new = [with_values(one, placeholders, values) for one in node]
        return new if any(one is not old for one, old in zip(new, node, strict=True)) else node
    return node


@cache
def _pattern(make: Make, count: int) -> type[BaseModel]:
    return make(_PLACEHOLDERS[:count])
