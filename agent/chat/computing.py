"""What a question wants worked out of one row of a table: a change, a percentage, an average, a sum, the larger year."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from agent.chat.passages import Passage, years_in

Work = Literal["percent", "change", "average", "sum", "largest", "smallest"]

_YEAR_WORDS = r"\b(?:which|what) (?:fiscal )?(?:years?|fy)\b.*\b"
_WORKS: tuple[tuple[Work, str], ...] = (
    ("percent", r"(?:\b(?:percent|percentage|per cent)|%)\s(?:change|increase|decrease|growth|difference)\b"),
    ("average", r"(?<!weighted[ -])\baverage\b"),
    ("largest", rf"{_YEAR_WORDS}(?:larg(?:er|est)|high(?:er|est)|great(?:er|est)|most)\b"),
    ("smallest", rf"{_YEAR_WORDS}(?:small(?:er|est)|low(?:er|est)|least)\b"),
    ("change", r"\b(?:change|increase|decrease|difference)\b"),
    ("sum", r"\b(?:total|sum)\b"),
)
_SAYS_THE_WORK = re.compile(
    r"\b(?:percentage|percent|per cent|change|increase|decrease|growth|difference|(?<!weighted[ -])average|sum|larger|largest|"
    r"higher|highest|greater|greatest|smaller|smallest|lower|lowest|least|most)\b|%|\((?:decrease|increase)\)|/",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\b((?:19|20)\d\d)\s?(?:-|–|to|through)\s?((?:19|20)\d\d)\b")
_OTHER_QUESTION = re.compile(r"\b(?:why|reasons?|driv\w+|due to|explain\w*|how does)\b", re.IGNORECASE)
_ONE_WAY = re.compile(r"\b(?:decreas\w+|declin\w+|reduc\w+)\b", re.IGNORECASE)
"""A fall that is asked for may be meant with its sign or without: not answered, unless a rise is asked for in the same breath."""
_BETWEEN_TWO_THINGS = re.compile(
    r"\bdifference between (?!(?:fiscal )?(?:FY)?(?:19|20)\d\d)|\bas compared to\b|\bthan\b", re.IGNORECASE
)


def work_wanted(question: str) -> Work | None:
    """None: nothing is to be worked out, or nothing that is done here."""
    if _BETWEEN_TWO_THINGS.search(question) or _OTHER_QUESTION.search(question):
        return None
    work = next((name for name, pattern in _WORKS if re.search(pattern, question, re.IGNORECASE)), None)
    if work == "change" and _ONE_WAY.search(question) and "increase" not in question.lower():
        return None
    years = len(years_in(question))
    if work in ("largest", "smallest"):
        return work
    if work == "sum" and "respective" in question.lower():
        return None
    return work if years == 2 or (years > 2 and work in ("average", "sum")) else None


def years_wanted(question: str, work: Work) -> tuple[str, ...]:
    """Those named; of an average or a sum "from 2015 to 2019" all between."""
    named = years_in(question)
    span = _RANGE.search(question)
    if span is None or work not in ("average", "sum"):
        return named
    return tuple(str(year) for year in range(int(span[1]), int(span[2]) + 1)) or named


def row_asked_for(question: str) -> str:
    """The question without the words of the work."""
    return " ".join(_SAYS_THE_WORK.sub(" ", question).split())


def worked_out(
    work: Work, label: str, about: str, cells: Mapping[str, Passage], years: Sequence[str]
) -> Passage | None:
    """`cells`: of one row, by year. None where a year or a figure is missing."""
    wanted = sorted(cells if work in ("largest", "smallest") else years)
    values = {year: _number(cells[year].value) for year in wanted if year in cells}
    known = {year: value for year, value in values.items() if value is not None}
    if len(known) != len(wanted) or len(known) < 2:
        return None
    unit = "%" if all(cells[year].value.rstrip(")").endswith("%") for year in known) else ""
    text = _told(work, label, known, unit)
    return Passage(text, about, label, " ".join(wanted), text, is_worked=True) if text else None


def _told(work: Work, label: str, values: Mapping[str, float], unit: str) -> str | None:
    years, figures = list(values), list(values.values())
    decimals = _decimals(*figures)

    def shown(value: float, places: int | None = None) -> str:
        return f"{value:,.{_decimals(value) if places is None else places}f}{unit}"

    if max(figures) < 0 and work != "percent":
        return None  # costs in brackets: larger, or a change of them, may be meant with the sign or without
    if work in ("largest", "smallest"):
        best = (max if work == "largest" else min)(figures)
        leading = [year for year, value in values.items() if value == best]
        return f"{label} was {work} in {leading[0]}: {shown(best)}" if len(leading) == 1 else None
    first, last = figures[0], figures[-1]
    if work == "percent":
        if first == 0 or unit:
            return None
        share = 100 * (last - first) / first
        return (
            f"{label}: {years[-1]} against {years[0]}: ({shown(last)} - {shown(first)}) / {shown(first)} = {share:.2f}%"
        )
    if work == "change":
        return f"{label}: {years[-1]} less {years[0]}: {shown(last)} - {shown(first)} = {shown(last - first, decimals)}"
    added, whole, named = " + ".join(map(shown, figures)), sum(figures), " and ".join(years)
    if work == "sum":
        return f"{label}: {named} together: {added} = {shown(whole, decimals)}"
    mean = shown(whole / len(figures), max(2, decimals))
    return f"{label}: average of {named}: ({added}) / {len(figures)} = {mean}"


def _number(cell: str) -> float | None:
    found = re.fullmatch(r"[$€£\s]*(\()?[$€£\s]*([-−–])?[$€£\s]*(\d[\d,]*(?:\.\d+)?)\s?%?\)?", cell.strip())
    if found is None:
        return None
    value = float(found[3].replace(",", ""))
    return -value if found[1] or found[2] else value


def _decimals(*values: float) -> int:
    return max(len(f"{value:.4f}".rstrip("0").partition(".")[2]) for value in values)
