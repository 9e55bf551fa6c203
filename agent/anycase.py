"""Patterns of words in any case, searched in small letters: `re` does that several times faster than with IGNORECASE."""

import re
from collections.abc import Collection, Iterable, Iterator

_CAPITAL = re.compile(r"\\.|\(\?P<\w+>|\(\?P=\w+\)|\(\?\(\w+\)|[A-Z]|[^\x00-\x7f]", re.DOTALL)
"""A letter of a pattern that is none of its escapes and of its groups' names."""


def folded(text: str) -> str:
    """`text` in small letters, of the same length: a letter that would become two stays as it is."""
    if text.isascii():
        return text.lower()
    small = text.casefold()
    return small if len(small) == len(text) else "".join(map(_folded_letter, text))


def _folded_letter(letter: str) -> str:
    small = letter.casefold()
    return small if len(small) == 1 else letter


class Anycase:
    """A regular expression over folded text. A match's places are those of the text given, its words are in small letters."""

    __slots__ = ("expression", "hints")

    def __init__(self, pattern: str, flags: int = 0, hints: Collection[str] = ()) -> None:
        """`pattern`: without inline flags of case. `hints`: pieces in small letters of which every match has one; looking for
        them costs a fraction of a search that finds nothing. Raises re.error."""
        self.expression = re.compile(_CAPITAL.sub(_small, pattern), flags)
        self.hints = tuple(hints)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """As re.Pattern.search."""
        small = folded(text)
        if not self._may_match(small):
            return None
        return self.expression.search(small, start, len(text) if end is None else end)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """As re.Pattern.match."""
        return self.expression.match(folded(text), start)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """As re.Pattern.fullmatch."""
        return self.expression.fullmatch(folded(text))

    def finditer(self, text: str, start: int = 0, end: int | None = None) -> Iterator[re.Match[str]]:
        """As re.Pattern.finditer."""
        small = folded(text)
        if not self._may_match(small):
            return iter(())
        return self.expression.finditer(small, start, len(text) if end is None else end)

    def all_in(self, small: str) -> list[re.Match[str]]:
        """As re.Pattern.finditer, of a text that is folded already."""
        return list(self.expression.finditer(small)) if self._may_match(small) else []

    def split(self, text: str) -> list[str]:
        """As re.Pattern.split; the parts are in small letters."""
        return self.expression.split(folded(text))

    def _may_match(self, small: str) -> bool:
        return not self.hints or has_any(small, self.hints)


def has_any(text: str, pieces: Collection[str]) -> bool:
    """Whether one of `pieces` stands in `text`. A plain loop: it is asked hundreds of times an article."""
    for piece in pieces:  # noqa: SIM110
        if piece in text:
            return True
    return False


def blanked(text: str, matches: Iterable[re.Match[str]]) -> str:
    """`text` with blanks in the place of each match."""
    at = 0
    parts: list[str] = []
    for match in matches:
        start, end = match.span()
        parts += (text[at:start], " " * (end - start))
        at = end
    return "".join((*parts, text[at:])) if parts else text


def _small(found: re.Match[str]) -> str:
    token = found.group()
    return _folded_letter(token) if len(token) == 1 else token
