"""JSONL, CSV and Parquet, plain or compressed with gzip → articles, a row at a time; a bad row is named by its number.

Columns are found by their usual names, in any case: title, headline; text, body, content, article, lead, lede, summary,
description; url, link; source, publisher; published_at, published, date, datetime, time, timestamp; tickers, ticker,
symbols, symbol. Others are ignored. A file of any length is read in the memory of one row (Parquet: of some hundred).
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from feeds.document import read_json
from feeds.finish import clipped, finish
from feeds.limits import Limits
from feeds.received import Faulty, Item, Received, faulty
from records.errors import SourceUnreadable
from records.times import Clock

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")
_FIELDS = {
    "title": ("title", "headline"),
    "text": ("text", "body", "content", "article", "lead", "lede", "summary", "description"),
    "url": ("url", "link"),
    "source": ("source", "publisher"),
    "published_at": ("published_at", "publishedat", "published", "datepublished", "datetime", "timestamp"),
}
_DAY, _CLOCK = "date", "time"
_TICKERS = ("tickers", "ticker", "symbols", "symbol")
_TICKER = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.\-=^]{0,14}")
_BATCH = 256  # rows of a Parquet file held at once
_ROW_BROKEN = SourceUnreadable("").kind

Row = Mapping[str, Any] | SourceUnreadable
"""Column → value, or why there is none."""


def is_table(path: str | Path) -> bool:
    """Whether the name is that of a file of rows."""
    return Path(str(path).lower().removesuffix(".gz")).suffix in SUFFIXES


def read_table(path: str, clock: Clock, limits: Limits) -> Iterator[Item]:
    """The articles of a file. Raises SourceUnreadable, also under way, for what makes the rest of it unreadable."""
    bare = path.lower().removesuffix(".gz")
    suffix = Path(bare).suffix
    packed = bare != path.lower()
    try:
        with ExitStack() as opened:
            if suffix == ".parquet":
                yield from _items(_parquet_rows(path), path, clock, limits)
                return
            raw: BinaryIO = opened.enter_context(Path(path).open("rb"))
            file = cast(BinaryIO, opened.enter_context(gzip.GzipFile(fileobj=raw))) if packed else raw
            rows = _csv_rows(file, path, limits) if suffix in (".csv", ".tsv") else _json_rows(file, limits)
            yield from _items(rows, path, clock, limits)
    except FileNotFoundError as error:
        raise SourceUnreadable(f"There is no file {path!r}. Check the path.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceUnreadable(
            f"{path} is not whole: its compressed data ends early or is damaged ({error}). The rows before that were read."
        ) from error
    except OSError as error:
        raise SourceUnreadable(f"{path!r} cannot be read: {error}. Check the path and its permissions.") from error


def read_lines(first: bytes, rest: BinaryIO, name: str, clock: Clock, limits: Limits) -> Iterator[Item]:
    """JSONL of which one line was read already, such as standard input."""
    return _items(chain(_json_line(1, first), _json_rows(rest, limits, start=2)), name, clock, limits)


def is_json_line(line: bytes) -> bool:
    """Whether a line is a whole JSON object of its own."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _items(rows: Iterator[tuple[int, Row]], path: str, clock: Clock, limits: Limits) -> Iterator[Item]:
    for number, row in rows:
        name = f"row {number:,}"
        if isinstance(row, SourceUnreadable):
            yield faulty(name, row)
            continue
        try:
            lower = {str(key).strip().lower(): value for key, value in row.items() if key is not None}
            named = _named(lower)
            if not named.keys() & {"title", "text"}:
                yield Faulty(name, _ROW_BROKEN, "The row has neither a title nor a text.")
                continue
            draft = read_json(named, f"{path}, {name}")
            article = clipped(finish(draft, clock(), limits, name=f"{path}, {name}"))
        except SourceUnreadable as error:
            yield faulty(name, error)
        except (ValueError, TypeError, RecursionError, OverflowError) as error:  # whatever a row may hold
            yield Faulty(name, _ROW_BROKEN, f"{path}, {name} cannot be read: {error}.")
        else:
            yield Received(article, _tickers(lower))


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row under the names that `document.read_json` knows."""
    found = {field: _first(row, names) for field, names in _FIELDS.items()}
    found["published_at"] = found["published_at"] or _moment(row.get(_DAY), row.get(_CLOCK))
    for field in ("title", "text", "url"):
        if isinstance(found[field], bool | int | float):  # a headline such as 2024 that a reader took for a number
            found[field] = str(found[field])
    return {field: _said(value) for field, value in found.items() if value is not None}


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if _given(row.get(name))), None)


def _given(value: Any) -> bool:
    missing = value is None or value == "" or value == [] or (isinstance(value, float) and value != value)
    return not missing and not (isinstance(value, str) and not value.strip())


def _moment(day: Any, clock: Any) -> Any:
    """One statement of a date column and a time column; either may hold the whole."""
    if _given(day) and _given(clock) and isinstance(clock, str) and re.match(r"\d{1,2}:\d{2}", clock):
        shown = day.isoformat()[:10] if isinstance(day, date) else str(day).strip()
        return f"{shown} {clock.strip()}" if len(shown) == len("2026-11-23") else shown
    return day if _given(day) else (clock if _given(clock) else None)


def _said(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _tickers(row: Mapping[str, Any]) -> tuple[str, ...]:
    value = _first(row, _TICKERS)
    parts = (
        re.split(r"[\s,;|\[\]'\"]+", value)
        if isinstance(value, str)
        else list(value)
        if isinstance(value, list)
        else []
    )
    return tuple(dict.fromkeys(str(part).upper() for part in parts if _TICKER.fullmatch(str(part))))[:50]


def _json_rows(file: BinaryIO, limits: Limits, *, start: int = 1) -> Iterator[tuple[int, Row]]:
    number, most = start - 1, limits.max_bytes
    while line := file.readline(most + 1):
        number += 1
        if len(line) > most:
            while line and not line.endswith(b"\n"):
                line = file.readline(most)
            yield number, SourceUnreadable(f"The row has more than {most:,} bytes. Cut it down to one article.")
        else:
            yield from _json_line(number, line)


def _json_line(number: int, line: bytes) -> Iterator[tuple[int, Row]]:
    if not line.strip():
        return
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        yield number, SourceUnreadable(f"The row is not UTF-8: {error.reason} at byte {error.start}. Convert the file.")
    except (ValueError, RecursionError) as error:
        yield number, SourceUnreadable(f"The row is no valid JSON: {error}. Correct it there.")
    else:
        shown = type(value).__name__
        yield (
            number,
            value if isinstance(value, dict) else SourceUnreadable(f"The row is no JSON object but a {shown}."),
        )


def _csv_rows(file: BinaryIO, path: str, limits: Limits) -> Iterator[tuple[int, Row]]:
    """Row 1 is the first after the header."""
    csv.field_size_limit(limits.max_bytes)
    text: IO[str] = TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    head = text.readline(limits.max_bytes)
    delimiter = max(",;\t|", key=head.count)
    header = next(csv.reader([head], delimiter=delimiter), [])
    known = {*chain.from_iterable(_FIELDS.values())}
    if not {name.strip().lower() for name in header} & known:
        raise SourceUnreadable(
            f"{path} has no column of a title or a text; its first line is {head[:120].strip()!r}. Name them title and text."
        )
    reader = csv.reader(text, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, SourceUnreadable(f"The row is no valid CSV: {error}. A quotation mark may be open.")
            continue
        if not cells:
            continue
        if re.search("[\udc80-\udcff]", "".join(cells)):
            yield number, SourceUnreadable("The row is not UTF-8. Convert the file, for example with iconv.")
        elif len(cells) > len(header):
            yield (
                number,
                SourceUnreadable(f"The row has {len(cells)} cells and the header {len(header)}. Quote its text."),
            )
        else:
            yield number, dict(zip(header, cells, strict=False))


def _parquet_rows(path: str) -> Iterator[tuple[int, Row]]:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    wanted = {*chain.from_iterable(_FIELDS.values()), *_TICKERS, _DAY, _CLOCK}
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in file.schema_arrow.names if name.strip().lower() in wanted]
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise SourceUnreadable(f"{path} is no Parquet file that can be read: {error}. Write it anew.") from error
