"""Quotations: what stands between quotation marks stands word for word in what is cited."""

import re

from agent.anycase import has_any

_SHORTEST_WORDS = 2
"""A single word between marks is a manner of speaking ("so-called")."""
_MARKS = {"“": "”", "«": "»", "„": "“"}
_OPENING = ('"', *_MARKS)
_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "}
)
_LEFT_OUT = re.compile(r"\s*(?:\[[^\]]*\]|\(?\.\s?\.\s?\.\)?|…)\s*")


def quotations_of(text: str) -> list[str]:
    """The words between double quotation marks, typographic or plain, each pair at its outermost."""
    if not has_any(text, _OPENING):
        return []
    found: list[str] = []
    place = 0
    while place < len(text):
        opening = text[place]
        end = _closing(text, place) if opening in _MARKS or opening == '"' else -1
        if end > 0:
            found.append(text[place + 1 : end])
            place = end
        place += 1
    return [one for one in found if len(re.findall(r"\w+", one)) >= _SHORTEST_WORDS]


def _closing(text: str, start: int) -> int:
    if text[start] == '"':
        return text.find('"', start + 1)
    opening, closing, depth = text[start], _MARKS[text[start]], 0
    for place in range(start, len(text)):
        depth += (text[place] == opening) - (text[place] == closing)
        if depth == 0:
            return place
    return -1


def stands_verbatim(quotation: str, source: str) -> bool:
    """Whether every piece of the quotation, parted at ellipses and brackets, stands in `source`, in order. Marks, dashes, spaces
    and the case of the first letter are free, and so is the punctuation at either end."""
    text = _levelled(source)
    place = 0
    for piece in _LEFT_OUT.split(quotation):
        words = _levelled(piece).strip(" .,;:!?\"'")
        if not words:
            continue
        at = _find(text, words, place)
        if at < 0:
            return False
        place = at + len(words)
    return True


def _find(text: str, words: str, place: int) -> int:
    ends = (r"(?<!\w)" if words[0].isalnum() else "", r"(?!\w)" if words[-1].isalnum() else "")
    first = re.escape(words[0])
    if words[0].isalpha():
        first = f"[{re.escape(words[0].lower())}{re.escape(words[0].upper())}]" if len(words[0].upper()) == 1 else first
    found = re.compile(ends[0] + first + re.escape(words[1:]) + ends[1]).search(text, place)
    return found.start() if found else -1


def _levelled(text: str) -> str:
    return " ".join(text.translate(_PLAIN).split())
