"""Sentences of an article with their places in it: the facts a small model's analysis may cite."""

import re
from collections.abc import Iterable
from functools import lru_cache

from records.reading import Span

_BOUNDARY = re.compile(r"[.!?][\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9£$€])|\n+")
_ABBREVIATIONS = frozenset(
    """
    U.S U.K U.N E.U Inc Corp Co Ltd Plc No vs Mr Mrs Ms Dr Sen Rep Gov Gen St Jr Sr Jan Feb Mar Apr Jun Jul Aug Sep
    Sept Oct Nov Dec a.m p.m e.g i.e approx est Bros Dept Prof Lt Capt Rev
    """.split()
)
"""Words whose full stop ends no sentence."""

TEXTS_KEPT = 512
"""Texts whose sentences are kept: an article, and each part of it that is cited, is parted again and again while it is analysed."""

_BULLET = re.compile(r"(?:[*•·▪‣◦●■]\s+(?=\S)|[-–—]{1,2}\s+(?=[^\s\d.,$£€¥]))")  # "- 3 percent" may be a minus
_ENDED = re.compile(r"[.!?][\"'”’)]*$")
_INITIAL = re.compile(r"(?:^|[\s(\"'“‘])[A-Z]$")


def split_sentences(text: str) -> list[tuple[Span, str]]:
    """(span, sentence) in order; spans index `text`, sentences are stripped and never empty."""
    return list(_parted(text))


def sentences_of(text: str) -> tuple[str, ...]:
    """As `split_sentences`, without their places."""
    return tuple([words for _, words in _parted(text)])


def without_bullet(span: Span, sentence: str) -> tuple[Span, str]:
    """The sentence, and its place, without the mark of a list before it ("* Profit fell")."""
    mark = _BULLET.match(sentence)
    return (Span(start=span.start + mark.end(), end=span.end), sentence[mark.end() :]) if mark else (span, sentence)


@lru_cache(maxsize=TEXTS_KEPT)
def _parted(text: str) -> tuple[tuple[Span, str], ...]:
    found: list[tuple[Span, str]] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if "\n" not in boundary.group() and _is_abbreviation(text[start : boundary.start()]):
            continue
        _append(found, text, start, boundary.end())
        start = boundary.end()
    _append(found, text, start, len(text))
    return tuple(found)


def joined(sentences: Iterable[str]) -> str:
    """One after the other, each with an end by which it is told from the next."""
    return " ".join(one if _ENDED.search(one) else f"{one}." for one in sentences)


def _is_abbreviation(before: str) -> bool:
    words = before.split()
    return bool(words) and (words[-1].lstrip("(\"'“‘") in _ABBREVIATIONS or bool(_INITIAL.search(before)))


def _append(found: list[tuple[Span, str]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        begin = start + piece.index(stripped)
        found.append((Span(start=begin, end=begin + len(stripped)), stripped))
