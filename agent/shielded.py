"""What the tools gave, without passages that address a model: nothing of it is read by a model or shown."""

from typing import Any

from agent.guard import UNTITLED, without_passages
from records.defences import Defence, holds
from tools.result import Item, Result

CUT = "(withheld: it addresses a model)"


def shielded(result: Result) -> Result:
    """The same result with such passages left out of texts and data; ids stay, so that a person can look."""
    if not holds(Defence.WITHHOLDING):
        return result
    return result.model_copy(update={"items": tuple(map(_item, result.items))})


def shielded_title(title: str) -> str:
    """A headline as it may be shown."""
    return (without_passages(title) or UNTITLED) if holds(Defence.WITHHOLDING) else title


def _item(item: Item) -> Item:
    text = without_passages(item.text) or CUT
    # what stands in a text that was judged as a whole, and is read as it is, need not be judged once more
    told = item.text if text == item.text else ""
    return item.model_copy(update={"text": text, "data": _values(item.data, told)})


def _values(data: Any, told: str) -> Any:
    if isinstance(data, str):
        return data if len(data) < len(CUT) or data in told else without_passages(data) or CUT
    if isinstance(data, list):
        return [_values(one, told) for one in data]
    if isinstance(data, dict):
        return {name: _values(value, told) for name, value in data.items()}
    return data
