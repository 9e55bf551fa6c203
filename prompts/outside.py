"""Outside text inside a prompt is data: it may not close its own delimiters nor speak a chat template's control words."""

import re

from records.defences import Defence, holds

DELIMITERS = ("article", "facts", "precedents", "candidates", "score", "sentences")
"""The names of the marks our prompts put around data: `<article> … </article>`."""

_OPENING = re.compile(r"<(?=\s*/?\s*(?:" + "|".join(DELIMITERS) + r")\b|\|)", re.IGNORECASE)
_CLOSING = re.compile(r"(?<=\|)>")


def neutralise(value: object) -> object:
    """`value` with the angle brackets of our delimiters and of control words (`<|im_end|>`) made harmless.

    Each bracket is replaced by one look-alike character, so that character offsets stay. Strings inside lists, tuples and
    dicts are treated too; other values pass unchanged.
    """
    if not holds(Defence.DELIMITERS):
        return value
    if isinstance(value, str):
        return _CLOSING.sub("›", _OPENING.sub("‹", value))
    if isinstance(value, list | tuple):
        return [neutralise(item) for item in value]
    if isinstance(value, dict):
        return {key: neutralise(item) for key, item in value.items()}
    return value
