"""Splits a text into the words that names are matched on, each with its place and what its capitals can tell."""

import re
import unicodedata
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+|&")
_SENTENCE_END = re.compile(r"[.!?:;•*|\n>]|^\s*-|--|(?:^|\s)[-–—]\s|[A-Z0-9]-$|[\"“'‘(\[]$")
_GAPS = frozenset(
    {"", " ", "-", "–", "'", "’", ".", "/", "*", "!", "! ", ". ", ", ", ".,", "\n", "\u00a0", " -", "- ", "+", "·"}
)
"""What may stand between two words of one name: "T. Rowe", "Coca-Cola", "Yum! Brands", "AT&T", "Apple, Inc."."""

LEGAL_FORMS = frozenset(
    {
        "inc", "incorporated", "corp", "corporation", "co", "company", "companies", "ltd", "limited", "plc", "llc", "lp",
        "nv", "sa", "spa", "ag", "se", "ab", "asa", "kgaa", "kk", "oyj", "sab", "tbk", "holdings", "holding", "group", "cos",
    }
)  # fmt: skip
"""Words after a name that say it is a company's."""

_PREFIX = re.compile(r"(?:^|\s)[A-Z]{4,}(?: \d)?-$")
_PREFIX_REACH = 16
"""Letters of the longest wire prefix: 'CORRECTED-UPDATE' is read in two."""

_TITLE_CASE_SHARE = 0.6
"""A headline where more of its longer words than this begin with a capital is in title case; sentence-case ones stay under .5."""
_TITLE_CASE_WORD = 4
"""Shorter words ("of", "the") stay small in title case too, so they tell nothing."""


class Token(NamedTuple):
    """One word of the text."""

    text: str
    key: str
    """Case-folded, accents removed, "and" written "&": what names are looked up by."""
    start: int
    end: int
    capitals_tell: bool
    """A capital here marks a name: not the start of a sentence, not a title-case or upper-case line."""
    upper_line: bool
    """Its whole line is in capitals."""


def fold(word: str) -> str:
    """The lookup key of one word."""
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(c for c in decomposed if not unicodedata.combining(c))
    key = word.casefold()
    return "&" if key == "and" else key


def split_words(text: str) -> tuple[str, ...]:
    """Words of a name, in the same cuts as an article's: 'AT&T' → ('AT', '&', 'T')."""
    return tuple(_WORD.findall(text))


def name_key(name: str) -> tuple[str, ...]:
    """The lookup key of a whole name."""
    return tuple(fold(word) for word in _WORD.findall(name))


def tokenize(body: str) -> list[Token]:
    """All words of `body` in order, with offsets into it."""
    tokens: list[Token] = []
    offset = 0
    for line in body.splitlines(keepends=True):
        _add_line(tokens, line, offset)
        offset += len(line)
    return tokens


def joins(body: str, left: Token, right: Token) -> bool:
    """Whether two neighbouring words may belong to one name."""
    gap = body[left.end : right.start]
    if gap not in _GAPS:
        return False
    if gap == ". ":
        return len(left.text) <= 2 or left.key in LEGAL_FORMS or left.key in {"st", "mt", "dr", "bros"}
    if gap in {", ", ".,"}:
        return right.key in LEGAL_FORMS or right.key in {"l", "n", "s"}
    return True


def adjacent(body: str, left: Token, right: Token) -> bool:
    """Whether only a space or hyphen stands between: a longer name could run on here."""
    return body[left.end : right.start] in {" ", "-", "\u00a0", "–"}


def _add_line(tokens: list[Token], line: str, offset: int) -> None:
    found = list(_WORD.finditer(line))
    if not found:
        return
    letters = [match.group() for match in found if match.group()[0].isalpha()]
    long_words = [word for word in letters if len(word) >= _TITLE_CASE_WORD] or letters
    upper = sum(word.isupper() for word in long_words) > _TITLE_CASE_SHARE * max(1, len(long_words))
    capitals = sum(word[0].isupper() for word in long_words)
    heading = not line.rstrip().endswith(".")
    title = heading and len(long_words) > 2 and capitals > _TITLE_CASE_SHARE * len(long_words)
    previous = 0
    for match in found:
        gap = line[previous : match.start()]
        starts = previous == 0 or (
            gap != " " and (_SENTENCE_END.search(gap) is not None or _ends_prefix(line, match.start()))
        )
        word = match.group()
        tokens.append(
            Token(
                word,
                fold(word),
                offset + match.start(),
                offset + match.end(),
                not (starts or title or upper),
                upper,
            )
        )
        previous = match.end()


def _ends_prefix(line: str, start: int) -> bool:
    """After a wire's prefix such as "BRIEF-" or "UPDATE 2-" a sentence starts."""
    before = line[max(0, start - _PREFIX_REACH) : start]
    return before.endswith("-") and _PREFIX.search(before) is not None
