"""Reporting periods: "Q3 FY24" and "third quarter of fiscal 2024" are one, "first half" and "H1" are one."""

import re
from dataclasses import dataclass

from agent.anycase import Anycase, blanked, folded, has_any
from agent.values.lexicon import ORDINALS

_YEAR = r"(?:(?:19|20)\d\d|['’]\d\d)"
_OF = (
    rf"(?:,?\s+(?:of\s+)?(?:the\s+)?(?P<fiscal{{n}}>fiscal|fy|financial)?(?:\s+year)?[\s-]*"
    rf"(?P<year{{n}}>{_YEAR}|(?<=fy)\d\d|(?<=fy )\d\d)\b)?"
)
_Q = ("q1", "q2", "q3", "q4")
_QUARTER = ("quarter", "qtr")
_YEARLY = ("fy", "fiscal", "year")
_PATTERNS = (
    Anycase(r"\bQ(?P<quarter>[1-4])\s?(?P<fiscal1>FY)?\s?['’/-]?(?P<year1>\d\d)(?!\w)", hints=_Q),
    Anycase(r"\bQ(?P<quarter>[1-4])" + _OF.format(n=1) + r"(?!\w)", hints=_Q),
    Anycase(r"(?<![\d.,$£€¥])\b(?P<quarter>[1-4])Q(?:\s?(?P<fiscal1>FY)?\s?['’]?(?P<year1>(?:20)?\d\d))?(?!\w)",
        hints=("1q", "2q", "3q", "4q")),
    Anycase(
        r"\b(?:(?P<fiscal>fiscal|fy)\s+)?(?P<year0>(?:19|20)\d\d\s+)?(?:fiscal[\s-]+)?(?P<ordinal>first|second|third|fourth|1st|2nd|3rd|4th|final)[\s-]+"
        r"(?:fiscal[\s-]+)?(?:quarter|qtr|quarterly)\b" + _OF.format(n=1), hints=_QUARTER),
    Anycase(r"\bquarter\s+(?P<word>one|two|three|four)\b" + _OF.format(n=1), hints=_QUARTER),
    Anycase(r"\bH(?P<half>[12])" + _OF.format(n=1) + r"(?!\w)", hints=("h1", "h2")),
    Anycase(r"(?<![\d.,$£€¥])\b(?P<half>[12])H(?:\s?(?P<fiscal1>FY)?\s?['’]?(?P<year1>(?:20)?\d\d))?(?!\w)", hints=("1h", "2h")),
    Anycase(
        r"\b(?P<halfword>first|second|latter|back|1st|2nd)[\s-]+(?:(?P<six>six[\s-]+months?)|half|fiscal\s+half)\b(?:\s+of\s+(?:the\s+|this\s+)?year\b)?"
        + _OF.format(n=1), hints=("half", "six")),
    re.compile(
        r"\b(?P<nine>(?:first\s+)?nine[\s-]+months?|(?<![\d.,$£€¥])(?-i:9M)(?=\s?20\d\d))\b" + _OF.format(n=1), re.IGNORECASE),
    Anycase(
        r"\b(?:FY|fiscal(?:\s+year)?|financial\s+year|full[\s-]+(?:fiscal\s+)?year)[\s-]*(?:of\s+|for\s+)?(?:fiscal\s+)?['’]?(?P<full>(?:20)?\d\d)(?!\w)",
        hints=_YEARLY),
    Anycase(r"\b(?P<fullyear>full[\s-]+(?:fiscal\s+|financial\s+)?year|FY|for\s+the\s+year|annual)(?!\w)",
        hints=(*_YEARLY, "annual")),
)  # fmt: skip
_HINTS = (
    "quarter", "qtr", "year", "fiscal", "fy", "annual", "half", "six", "nine", "9m", *_Q, "1q", "2q", "3q", "4q", "h1", "h2", "1h",
    "2h", "ı", "İ",
)  # fmt: skip
"""One of these has every text that names a period; the last two are an i to `re` alone."""
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4}


@dataclass(frozen=True)
class Period:
    """A quarter, a half, nine months or a year, with the year where the text gives one."""

    part: str
    """"Q1" … "Q4", "H1", "H2", "9M" or "FY"."""
    year: int | None
    text: str
    start: int = 0
    end: int = 0


def periods_of(text: str) -> tuple[list[Period], str]:
    """The periods in `text` in order, and `text` with blanks in their place but for the years they name."""
    small = folded(text)
    if not has_any(small, _HINTS):
        return [], text
    periods: list[Period] = []
    for pattern in _PATTERNS:
        matches = pattern.all_in(small) if isinstance(pattern, Anycase) else list(pattern.finditer(text))
        if matches:
            periods += [_period(match, text) for match in matches]
            text, small = blanked(text, matches), blanked(small, matches)
    return sorted(periods, key=lambda period: period.start), text


def _period(match: re.Match[str], text: str) -> Period:
    found = {name: value for name, value in match.groupdict().items() if value}
    year = next((found[name] for name in ("year1", "year0", "full") if name in found), None)
    return Period(_part(found), _four_digits(year), text[match.start() : match.end()].strip(), *match.span())


def _part(found: dict[str, str]) -> str:
    if "quarter" in found:
        return f"Q{found['quarter']}"
    if "ordinal" in found:
        return f"Q{ORDINALS.get(found['ordinal'].lower(), 4)}"
    if "word" in found:
        return f"Q{_WORDS[found['word'].lower()]}"
    if "half" in found:
        return f"H{found['half']}"
    if "halfword" in found:
        return "H1" if found["halfword"].lower() in ("first", "1st") else "H2"
    return "9M" if "nine" in found else "FY"


def _four_digits(year: str | None) -> int | None:
    if year is None:
        return None
    digits = int(re.sub(r"\D", "", year))
    return digits if digits > 99 else 2000 + digits


def same_period(known: Period, said: Period) -> bool:
    """Whether they can be one period: the same part, and no two different years."""
    return known.part == said.part and (said.year is None or known.year is None or known.year == said.year)
