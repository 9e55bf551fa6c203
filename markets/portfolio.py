"""A portfolio file: CSV or TSV with a header, one position a row.

Columns, found by their usual names in any case: ticker (symbol), and if there are any weight (share, "4.2%" or .042), quantity
(shares, units), name (company, description). Other columns are ignored. Where no row has a weight they are not made up: sizes
then need prices.
"""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from records.errors import SourceUnreachable, SourceUnreadable
from records.portfolio import Position

NAMES: Mapping[str, tuple[str, ...]] = {
    "ticker": ("ticker", "symbol"),
    "weight": ("weight", "share", "allocation", "% of portfolio"),
    "quantity": ("quantity", "shares", "units", "qty"),
    "name": ("name", "company", "description"),
}
MOST_BYTES = 5_000_000


def read_portfolio(path: Path) -> tuple[Position, ...]:
    """Rows of one ticker are added up. Raises SourceUnreachable, SourceUnreadable, with the row and what to do."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceUnreadable(
                f"The portfolio file {path} is larger than {MOST_BYTES // 1_000_000} MB: give one row a position."
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceUnreachable(
            f"The portfolio file {path} cannot be read ({error.strerror}). Set `portfolio` to a CSV file."
        ) from error
    except UnicodeDecodeError as error:
        raise SourceUnreadable(f"The portfolio file {path} is not UTF-8 text. Save it as CSV in UTF-8.") from error
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ";" if ";" in text.partition("\n")[0] else ","
    return tuple(_added_up(_positions(path, csv.reader(text.splitlines(), delimiter=delimiter))))


def _positions(path: Path, rows: Iterable[list[str]]) -> Iterable[Position]:
    listed = iter(rows)
    header = [name.strip().lower() for name in next(listed, [])]
    places = {
        field: next((header.index(name) for name in names if name in header), None) for field, names in NAMES.items()
    }
    if places["ticker"] is None:
        raise SourceUnreadable(
            f"The portfolio file {path} has no column ticker or symbol in its first row. Name one so."
        )
    for number, row in enumerate(listed, 2):
        found = {field: row[place].strip() for field, place in places.items() if place is not None and place < len(row)}
        if not found.get("ticker"):
            if any(cell.strip() for cell in row):
                raise SourceUnreadable(f"Row {number} of {path} has no ticker. Give it one or take the row out.")
            continue
        yield Position(
            ticker=found["ticker"].upper(),
            weight=_number(path, number, "weight", found.get("weight", "")),
            quantity=_number(path, number, "quantity", found.get("quantity", "")),
            name=found.get("name") or None,
        )


def _number(path: Path, row: int, column: str, text: str) -> float | None:
    if not text:
        return None
    plain = text.replace(",", "").replace("_", "").replace(" ", "")
    try:
        value = float(plain.rstrip("%"))
    except ValueError:
        raise SourceUnreadable(
            f"Row {row} of {path}: the {column} {text!r} is no number. Write it like 1200 or 4.2%."
        ) from None
    if value != value or abs(value) == float("inf"):
        raise SourceUnreadable(f"Row {row} of {path}: the {column} {text!r} is no number. Write it like 1200 or 4.2%.")
    return value / 100 if plain.endswith("%") else value


def _added_up(positions: Iterable[Position]) -> Iterable[Position]:
    kept: dict[str, Position] = {}
    for one in positions:
        former = kept.get(one.ticker)
        if former is not None:
            sums = {name: _sum(getattr(former, name), getattr(one, name)) for name in ("weight", "quantity")}
            one = former.model_copy(update=sums)
        kept[one.ticker] = one
    return kept.values()


def _sum(first: float | None, second: float | None) -> float | None:
    """Unknown with anything is unknown: a part is not the whole."""
    return None if first is None or second is None else first + second
