"""Figures, dates and periods as another language writes them: "$1.2 billion" is "1,2 Milliarden $" in German.

Names of numbers, months, quarters and currencies are those of the Unicode CLDR, by Babel. Every digit that is shown stays, no more
and no fewer, so that a figure keeps its precision.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date, format_skeleton, get_day_names, get_month_names, get_quarter_names
from babel.numbers import format_compact_decimal, format_decimal, get_currency_symbol

from agent.anycase import Anycase
from agent.values import Figure, values_of
from agent.values import lexicon as lx
from agent.values.dates import WEEKDAYS, Day

_SPACE = "\u00a0"
_BASIS_POINTS = {
    "de": "Basispunkte", "fr": "points de base", "es": "puntos básicos", "it": "punti base", "pt": "pontos-base",
    "nl": "basispunten",
}  # fmt: skip
_POINTS = {
    "de": "Prozentpunkte", "fr": "points de pourcentage", "es": "puntos porcentuales", "it": "punti percentuali",
    "pt": "pontos percentuais", "nl": "procentpunten",
}  # fmt: skip
_HALVES = {
    "de": ("1. Halbjahr", "2. Halbjahr"), "fr": ("1er semestre", "2e semestre"), "es": ("1.er semestre", "2.º semestre"),
    "it": ("1º semestre", "2º semestre"), "pt": ("1º semestre", "2º semestre"), "nl": ("1e halfjaar", "2e halfjaar"),
}  # fmt: skip
"""CLDR names no halves of a year."""
_BORROWED = 999.0
"""A figure this many times its digits has its scale from the other end of a range: "$45 to $50 million"."""
_SYMBOL_FIRST = frozenset({"pt", "nl"})
_SHOWN = Anycase(
    rf"(?P<minus>(?:minus|negative)\s)?(?P<sign>[+\-−])?(?P<currency>{lx.SYMBOL})?\s?(?P<after>[+\-−])?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)"
    rf"(?:(?:\s|-)?(?P<scale>{lx.SCALE})\b(?:\s+of)?(?:\s(?:million|billion|trillion))?)?"
    rf"(?:[\s-]{{0,2}}(?:(?P<percent>{lx.PERCENT})|(?P<bps>{lx.BASIS})|(?P<sigma>{lx.SIGMA})|(?P<money>{lx.MONEY})))?"
)
_WORDS = sorted((*lx.NUMBER_WORDS, *lx.SCALES, "half", "an", "a"), key=len, reverse=True)
_NUMBER_WORDS = Anycase(rf"(?:(?:{'|'.join(_WORDS)})(?:[\s-]+(?:and\s+)?)?)+(?<![\s-])(?!\w)")
_QUARTER = Anycase(
    r"\b(?:(?P<short>q[1-4]|[1-4]q)|(?P<long>first|second|third|fourth|1st|2nd|3rd|4th)[\s-]quarter)\b", hints=("q",)
)
_HALF = Anycase(r"\b(?:(?P<short>h[12])|(?P<long>first|second|1st|2nd)[\s-]half)\b", hints=("h",))


@dataclass(frozen=True)
class Form:
    """A place in an English text and what stands for it in the other language."""

    start: int
    end: int
    shown: str
    kind: str
    """"figure" with its kind, "date", "period", "name"."""


def forms_of(text: str, language: str) -> Iterator[Form]:
    """Every figure, date and period of `text` that can be written in `language` without its sentence; places may overlap."""
    values = values_of(text)
    for day in values.days:
        yield from _day(day, text, language)
    yield from _periods(text, language)
    for figure in (*values.figures, *values.few):
        form = _figure(figure, text, language)
        if form is not None:
            yield form


def _figure(figure: Figure, text: str, language: str) -> Form | None:
    """None for what goes into the grammar of a sentence: "doubled", "a third", "one"."""
    if figure.spelled:
        return None
    kind = f"figure {figure.kind}"
    if figure.text[:1].isalpha() and not re.search(r"\d", figure.text):
        return _spelled(figure, text, language, kind)
    found = _SHOWN.match(text, figure.start)
    if found is None:
        return None
    end = found.end("scale") if found["scale"] else found.end("digits")
    return _written(figure, found, end, language, kind)


def _spelled(figure: Figure, text: str, language: str, kind: str) -> Form | None:
    """The number of "forty-two employees", without what is counted."""
    found = _NUMBER_WORDS.match(text, figure.start)
    if found is None or figure.number <= 1:
        return None
    worth = 0.01 if figure.kind == "percent" else 1.0
    number, step = figure.number / worth, figure.step / worth
    shown = _scaled(number, step, language) if number >= 1e6 else _number(number, step, language, True)
    return Form(figure.start, found.end(), shown, kind)


def _written(figure: Figure, found: re.Match[str], end: int, language: str, kind: str) -> Form:
    sign = (
        "-" if found["minus"] or "-" in _signs(found) or "−" in _signs(found) else "+" if "+" in _signs(found) else ""
    )
    grouped = "," in found["digits"] or figure.number >= 10_000
    scaled = bool(found["scale"]) or figure.number > _BORROWED * float(found["digits"].replace(",", ""))
    if found["percent"] or found["bps"] or found["sigma"]:
        end = max(found.end("percent"), found.end("bps"), found.end("sigma"))
    if figure.kind == "money" and (found["currency"] or found["money"]):
        end = max(end, found.end("money"))
        shown = _money(figure, found["currency"], scaled, grouped, language)
    elif found["bps"]:
        shown = f"{_number(figure.number * 10_000, figure.step * 10_000, language, grouped)} {_BASIS_POINTS[language]}"
    elif found["percent"] and figure.kind == "points":
        shown = f"{_number(figure.number * 100, figure.step * 100, language, grouped)} {_POINTS[language]}"
    elif found["percent"]:
        shown = _percent(figure, language)
    else:
        shown = _plain(figure, found, scaled, grouped, language) + ("σ" if found["sigma"] else "")
    return Form(figure.start, end, sign + shown, kind)


def _signs(found: re.Match[str]) -> tuple[str, str]:
    return found["sign"] or "", found["after"] or ""


def _plain(figure: Figure, found: re.Match[str], scaled: bool, grouped: bool, language: str) -> str:
    if scaled:
        return _scaled(figure.number, figure.step, language)
    digits = found["digits"].replace(",", "")
    step = 10.0 ** -len(digits.partition(".")[2])
    return _number(float(digits), step, language, grouped)


def _money(figure: Figure, symbol: str | None, scaled: bool, grouped: bool, language: str) -> str:
    number = (
        _scaled(figure.number, figure.step, language)
        if scaled
        else _number(figure.number, figure.step, language, grouped)
    )
    code = figure.currency
    sign = (symbol or "").strip() if code in (None, "¥") else get_currency_symbol(code, locale=language)
    return f"{sign}{_SPACE}{number}" if language in _SYMBOL_FIRST else f"{number}{_SPACE}{sign}"


def _percent(figure: Figure, language: str) -> str:
    sign: str = Locale(language).percent_formats[None].suffix[0]
    return _number(figure.number * 100, figure.step * 100, language, True) + sign


def _number(number: float, step: float, language: str, grouped: bool) -> str:
    """With as many decimals as `step` has."""
    digits = _decimals(step)
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    shown: str = format_decimal(_exact(number, digits), format=pattern, locale=language, group_separator=grouped)
    return shown


def _scaled(number: float, step: float, language: str) -> str:
    """ "1,2 Milliarden": in the language's own thousands, millions and so on."""
    base = 10.0 ** (3 * math.floor(math.log10(number) / 3)) if number >= 1_000 else 1.0
    if base == 1.0:
        return _number(number, step, language, True)
    digits = max(0, round(math.log10(base) - math.log10(step)))
    words: str = format_compact_decimal(_exact(number, 6), format_type="long", locale=language, fraction_digits=digits)
    return f"{_number(number / base, 10.0**-digits, language, True)} {re.sub(r'^[^A-Za-z]*', '', words)}"


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 0.5)) if step > 0 else 0


def _exact(number: float, digits: int) -> Decimal:
    return round(Decimal(repr(number)), digits)


def _day(day: Day, text: str, language: str) -> Iterator[Form]:
    written = text[day.start : day.end]
    if day.named:
        at = next((written.lower().find(name) for name in WEEKDAYS if name in written.lower()), -1)
        if at >= 0 and day.weekday is not None:
            yield Form(day.start + at, day.end, str(get_day_names("wide", locale=language)[day.weekday]), "date")
    elif day.month is None:
        for year in re.finditer(r"(?:19|20)\d\d", written):
            yield Form(day.start + year.start(), day.start + year.end(), year.group(), "date")
    else:
        yield Form(day.start, day.end, _date(day, day.month, language), "date")


def _date(day: Day, month: int, language: str) -> str:
    if day.day is None and day.year is None:
        return str(get_month_names("wide", locale=language)[month])
    try:
        on = date(day.year or 2024, month, day.day or 1)
    except ValueError:  # "February 30": as it is written
        return day.text
    if day.year is None:
        return str(format_skeleton("MMMMd", on, locale=language))
    if day.day is None:
        return str(format_skeleton("yMMMM", on, locale=language))
    return str(format_date(on, "long", locale=language))


def _periods(text: str, language: str) -> Iterator[Form]:
    for found in _QUARTER.finditer(text):
        number = _ordinal(found["short"] or found["long"])
        names = get_quarter_names("abbreviated" if found["short"] else "wide", locale=language)
        yield Form(*found.span(), str(names[number]), "period")
    for found in _HALF.finditer(text):
        yield Form(*found.span(), _HALVES[language][_ordinal(found["short"] or found["long"]) - 1], "period")


def _ordinal(word: str) -> int:
    digit = re.search(r"\d", word)
    return int(digit.group()) if digit else lx.ORDINALS[word]
