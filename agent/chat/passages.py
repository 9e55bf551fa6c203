"""A text → what of it can be told by itself: sentences, and cells of tables with their row and column.

Tables come in two forms: rows with ` | ` between cells, and the lines of a printed page, a label and then its figures, under a line
of years. A figure whose column is not certain is no passage.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.sentences import split_sentences

MOST_LABEL = 140
"""Characters of a row's label; what is longer is a paragraph before a table."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SPACED_YEAR = re.compile(r"\b2 0 (\d) (\d)\b")
_FISCAL = re.compile(r"\b(?:FY|fiscal(?: year)?|Q[1-4](?: of)?)\s?(?:FY)?\s?(?:20)?(\d\d)\b", re.IGNORECASE)
_FIGURE = re.compile(
    r"\(?[-−–]?\s?(?:[$€£]|US\$|A\$)?\s?\(?[-−]?\d[\d,]*(?:\.\d+)?\s?%?\)?(?:\s?(?:million|billion|thousand))?"
)
_ONLY_FIGURES = re.compile(r"[\s$€£%(),.\d—–-]+")
_UNIT = re.compile(r"thousand|million|billion|[’']000|%", re.IGNORECASE)
_UNIT_SAID = re.compile(r"\b(?:[A-Za-z]+ )?in (?:thousands|millions|billions)\b", re.IGNORECASE)
_SHORTEST = 4
"""Words of a sentence; less is a heading."""


@dataclass(frozen=True)
class Passage:
    """One thing a text says."""

    text: str
    """As it is told."""
    about: str
    """What it is about: the sentence itself, or the row's label with the heading it stands under."""
    label: str = ""
    """Of the row; empty for a sentence."""
    column: str = ""
    value: str = ""
    """The cell as it stands."""

    is_worked: bool = False
    """Whether it is worked out of a row."""

    @property
    def is_cell(self) -> bool:
        """Whether it is a figure of a table."""
        return bool(self.label)


@dataclass(frozen=True)
class Row:
    """A row of a table."""

    heading: str
    label: str
    columns: tuple[str, ...]
    cells: tuple[str, ...]


def passages_of(text: str) -> list[Passage]:
    """In the order of the text."""
    found: list[Passage] = []
    unit = _UNIT_SAID.search(text)
    for row in (*_piped_rows(text), *_printed_rows(text)):
        for column, cell in zip(row.columns, row.cells, strict=True):
            if column and _is_figure(cell):
                found.append(_cell(row, column, cell, unit[0] if unit else ""))
    prose = "\n".join(line for line in text.splitlines() if "|" not in line and not _ONLY_FIGURES.fullmatch(line))
    found += [
        Passage(one, one) for _, one in split_sentences(prose) if len(one.split()) >= _SHORTEST and one[-1] != ":"
    ]
    return found


def _cell(row: Row, column: str, cell: str, unit: str) -> Passage:
    """A row that bears a year is a column of the others: both ways a table is printed are told alike."""
    label = row.label
    if _is_plain_year(label):
        label, column = column, label
    own = "%" in cell or _UNIT.search(column) or "per share" in label.lower()
    shown = cell if own or not unit else f"{cell} ({unit})"
    return Passage(f"{label} ({column}): {shown}", f"{row.heading} {label}".strip(), label, column, cell)


def years_in(text: str) -> tuple[str, ...]:
    """Years of four digits, fiscal ones such as FY22 too, each once in order."""
    text = _SPACED_YEAR.sub(r"20\1\2", text)
    years = [(match.start(), match[0]) for match in _YEAR.finditer(text)]
    years += [(match.start(), f"20{match[1]}") for match in _FISCAL.finditer(text)]
    return tuple(dict.fromkeys(year for _, year in sorted(years)))


def _is_figure(cell: str) -> bool:
    return _FIGURE.fullmatch(cell.strip()) is not None


def _is_plain_year(cell: str) -> bool:
    return _YEAR.fullmatch(_SPACED_YEAR.sub(r"20\1\2", cell.strip())) is not None


def _piped_rows(text: str) -> Iterator[Row]:
    table: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if "|" in line:
            table.append([cell.strip() for cell in line.split("|")])
        elif table:
            yield from _rows(table)
            table = []


def _rows(table: Sequence[list[str]]) -> Iterator[Row]:
    """A row without figures before the first figures names the columns; one after them is a heading."""
    width = max(len(row) for row in table)
    names: list[list[str]] = [[] for _ in range(width - 1)]
    heading, begun = "", False
    for row in table:
        label, cells = row[0], [*row[1:], *[""] * (width - len(row))]
        filled = [cell for cell in cells if cell]
        if filled and all(map(_is_plain_year, filled)) and begun:
            names, begun = [[] for _ in range(width - 1)], False
        if not any(_is_figure(cell) and not _is_plain_year(cell) for cell in filled):
            if begun or not filled:
                heading = label or heading
            else:
                over = filled[0] if len(filled) == 1 and _UNIT.search(filled[0]) else ""
                for name, cell in zip(names, cells, strict=False):
                    name += [over or cell] if over or cell else []
            continue
        begun = True
        columns = tuple(map(_column, names))
        if label and len(label) <= MOST_LABEL:
            yield Row(heading, label, columns, tuple(cells))


def _column(names: Sequence[str]) -> str:
    """The heading that bears the year, with a unit; what spans several columns ("Year ended December 31,") is no part of one."""
    dated = [name for name in names if years_in(name)]
    kept = [*dated[-1:], *(name for name in names if _UNIT.search(name) and name not in dated[-1:])] if dated else names
    return _SPACED_YEAR.sub(r"20\1\2", " ".join(kept))


def _printed_rows(text: str) -> Iterator[Row]:
    """The lines of a printed page: years, then labels each with as many figures as there are years."""
    years: list[str] = []
    run: list[str] = []
    label = ""
    for line in [*(line.strip() for line in text.splitlines() if "|" not in line), "end"]:
        if not line or line in ("$", "€", "£"):
            continue
        if _is_plain_year(line):
            run = [*run, line]
            continue
        if _ONLY_FIGURES.fullmatch(line):
            run = [*run, *_figures(line)]
            continue
        if run and all(map(_is_plain_year, run)):
            years = run if len(run) > 1 or not years else years
        elif run and label and len(run) == len(years) and len(label) <= MOST_LABEL:
            yield Row("", label, tuple(years), tuple(run))
        run = []
        label = line


def _figures(line: str) -> list[str]:
    """`(16,135) (16,048)` and `$ 2,853` as single figures; a dash is one too: nothing."""
    found = re.findall(r"\([\d,.]+\)|[\d,]*\d(?:\.\d+)?\s?%?|—|–", line)
    return [one.strip() for one in found]
