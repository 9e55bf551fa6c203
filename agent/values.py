"""Figures and dates in running text, brought to one form so that two texts can be compared.

"3.5 million", "3,500,000" and "3.5m" are one number; "75 basis points" and "0.75 percent" are one percentage; "May 24, 2023"
and "2023-05-24" are one date. "A quarter" and "the first half" are no numbers.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "money", "percent", "multiple", "sigma"]

_SCALES = {
    "thousand": 1e3, "k": 1e3, "million": 1e6, "mln": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bln": 1e9, "bn": 1e9,
    "b": 1e9, "trillion": 1e12, "tn": 1e12, "trn": 1e12,
}  # fmt: skip
_WORDS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
}  # fmt: skip
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = "|".join(f"{name}|{name[:3]}\\.?" for name in _MONTHS) + "|sept\\.?"

_SCALE = r"(?:thousand|million|billion|trillion|mln|bln|trn|mn|bn|tn|[kmb](?![a-z]))"
_UNIT = (
    r"(?P<percent>%|percent\b|per\s+cent\b|percentage\s+points?\b|pct\b)|(?P<bps>basis\s+points?\b|bps?\b)"
    r"|(?P<fold>-?fold\b|×|x\b|times\b)|(?P<sigma>σ|sigmas?\b|standard\s+deviations?\b)"
    r"|(?P<money>(?:us\s+|u\.s\.\s+)?dollars?\b|euros?\b|pounds?\b|yen\b|yuan\b|cents?\b|pence\b)"
)
_FIGURE = re.compile(
    rf"(?<![\w.,/^-])(?P<open>\()?(?P<sign>[+\-−–])?\s?(?P<currency>(?:us|c|a|hk)?[$£€¥])?\s?"
    rf"(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:(?:\s|-)?(?P<scale>{_SCALE})\b)?(?:[\s-]?(?:{_UNIT}))?(?!\w)",
    re.IGNORECASE,
)
_WORD_FIGURE = re.compile(
    rf"\b(?P<word>{'|'.join(_WORDS)})(?:[\s-](?P<scale>hundred|thousand|million|billion|trillion))?(?:[\s-](?:{_UNIT}))?(?!\w)",
    re.IGNORECASE,
)
_DATES = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?!\d)"),
    re.compile(
        rf"\b(?P<month>{_MONTH})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>(?:19|20)\d\d)\b)?", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<month>{_MONTH})\b(?:,?\s+(?P<y>(?:19|20)\d\d)\b)?", re.IGNORECASE
    ),
    re.compile(rf"\b(?P<month>{_MONTH})\s+(?P<y>(?:19|20)\d\d)\b", re.IGNORECASE),
    re.compile(r"(?<![\w.,$£€-])(?P<y>(?:19|20)\d\d)(?![\w%]|[.,]\d)"),
)
_NAMES_WITH_DIGITS = re.compile(
    r"\b(?:S&P\s?500|Nasdaq[\s-]100|Russell\s(?:1000|2000|3000)|FTSE\s100|Stoxx\s600|Fortune\s500|G20|G7|[AP]\d+)\b"
)
ROUNDING_LIMIT = 0.02
"""A rounded figure may be at most 2 % off what it rounds: "$35 billion" for 35.3, but not "$1" for 1.09."""


@dataclass(frozen=True)
class Figure:
    """A number as written, in its base unit (dollars, fractions of 1 for per cent)."""

    kind: Kind
    number: float
    sign: Literal[-1, 0, 1]
    """0 when the text shows none."""
    step: float
    """Value of one unit of the last digit shown."""
    text: str


@dataclass(frozen=True)
class Day:
    """A date with the parts the text gives."""

    year: int | None
    month: int | None
    day: int | None
    text: str


@dataclass(frozen=True)
class Values:
    """All figures and dates of one text."""

    figures: tuple[Figure, ...]
    days: tuple[Day, ...]


def values_of(text: str) -> Values:
    """The figures and dates in `text`, in order; names such as "S&P 500" are no figures."""
    text = _NAMES_WITH_DIGITS.sub(lambda match: " " * len(match.group()), text)
    days: list[Day] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            days.append(_day(match))
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    figures = [_figure(match) for match in _FIGURE.finditer(text)]
    words = [_word_figure(match) for match in _WORD_FIGURE.finditer(text) if _is_figure(match)]
    return Values((*figures, *words), tuple(days))


def supports(evidence: Values, figure: Figure) -> bool:
    """Whether `evidence` has this figure, exactly or as a fair rounding of it."""
    return any(_same(known, figure) for known in evidence.figures)


def supports_day(evidence: Values, day: Day) -> bool:
    """Whether `evidence` has a date with every part of `day`."""
    return any(
        (day.year is None or day.year == known.year)
        and (day.month is None or day.month == known.month)
        and (day.day is None or day.day == known.day)
        for known in evidence.days
    )


def _same(known: Figure, figure: Figure) -> bool:
    if known.kind != figure.kind and "number" not in (known.kind, figure.kind):
        return False
    if known.sign and figure.sign and known.sign != figure.sign:
        return False
    difference = abs(known.number - figure.number)
    if difference <= 1e-9 * max(1.0, abs(known.number)):
        return True
    rounds = difference <= figure.step / 2 * (1 + 1e-9) and known.step < figure.step
    return rounds and difference <= ROUNDING_LIMIT * abs(known.number)


def _figure(match: re.Match[str]) -> Figure:
    digits = match["digits"].replace(",", "")
    decimals = len(digits.partition(".")[2])
    return _build(match, float(digits), 10.0**-decimals, match["currency"] is not None, match["sign"])


def _word_figure(match: re.Match[str]) -> Figure:
    return _build(match, float(_WORDS[match["word"].lower()]), 1.0, False, None)


def _build(match: re.Match[str], number: float, step: float, currency: bool, sign: str | None) -> Figure:
    scale = (match["scale"] or "").lower()
    factor = _SCALES.get(scale, 100.0 if scale == "hundred" else 1.0)
    kind: Kind = "money" if currency or match["money"] else "number"
    if match["percent"]:
        kind, factor = "percent", factor / 100
    elif match["bps"]:
        kind, factor = "percent", factor / 10_000
    elif match["fold"]:
        kind = "multiple"
    elif match["sigma"]:
        kind = "sigma"
    elif (match["money"] or "").lower().startswith(("cent", "pence")):
        factor /= 100
    direction: Literal[-1, 0, 1] = 0 if not sign or sign == "–" else 1 if sign == "+" else -1
    return Figure(kind, number * factor, direction, step * factor, match.group().strip(" ("))


def _is_figure(match: re.Match[str]) -> bool:
    """ "two companies" counts nothing that could be looked up; "two million" and "two percent" do."""
    return bool(match["scale"] or match["percent"] or match["bps"] or match["fold"] or match["sigma"] or match["money"])


def _day(match: re.Match[str]) -> Day:
    parts = match.groupdict()
    month = int(parts["m"]) if parts.get("m") else None
    if parts.get("month"):
        month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(parts["month"].lower()[:3]))
    number = {key: int(parts[key]) if parts.get(key) else None for key in ("y", "d")}
    return Day(number["y"], month, number["d"], match.group())
