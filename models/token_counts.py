"""Tokens of texts by tiktoken, counted once for what comes again: instructions, schemas, an article that is asked about twice."""

import re
from functools import lru_cache

import tiktoken

TEXTS_KEPT = 256
LONGEST_KEPT_CHARACTERS = 16_384
"""A longer text is counted each time, lest those that are kept fill the memory."""
_SEAM = re.compile(r'(?<=[:,])(?= \{")')
"""Where JSON may be parted so that the tokens of its parts are its own: tiktoken's patterns for o200k_base and cl100k_base
begin a new word at every space that follows something else, and no token spans two words."""


def tokens_of(text: str, encoding: tiktoken.Encoding) -> int:
    """Tokens of `text`; what looks like a special token counts as text."""
    return _kept(text, encoding) if len(text) <= LONGEST_KEPT_CHARACTERS else _counted(text, encoding)


def tokens_of_json(text: str, encoding: tiktoken.Encoding) -> int:
    """The same number for JSON as `json.dumps` writes it, object by object."""
    return sum(tokens_of(part, encoding) for part in _SEAM.split(text))


def _counted(text: str, encoding: tiktoken.Encoding) -> int:
    return len(encoding.encode(text, disallowed_special=()))


_kept = lru_cache(maxsize=TEXTS_KEPT)(_counted)
