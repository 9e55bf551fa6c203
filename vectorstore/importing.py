"""Your own dated events from CSV, JSONL or Parquet, as `Event`s: good rows are kept, bad ones reported by number.

Columns (others are refused, so that a misspelt one is not silently lost):

    summary                 one factual sentence; required
    event_type              one of records.taxonomy.EventType; required
    published_at            ISO 8601 with a time zone, or a bare date (end of that day in New York); required
    id                      made from date, tickers and summary when missing
    tickers, tags           a list, or text parted by ";" or "|"
    story_id, source        source: kept behind the file's name, as import:events.csv/reuters
    date_only               true for a bare date

and the reaction, all seven or none (then the event waits for its outcome):

    reaction_ticker         the first ticker when missing
    reaction_window         one_session (default) or two_session (default for a bare date)
    reaction_session_on     date of the session
    reaction_abnormal_return, reaction_sigma     fractions in log: a fall of 47.5 % is -0.644
    reaction_z              abnormal_return / sigma (/√2) when missing
    reaction_known_at       ISO 8601 with a time zone
    reaction_beta, reaction_intraday, reaction_date_only     may be missing
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from rapidfuzz import fuzz, process, utils

from records.errors import SourceUnreadable, UsageError
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType, Tag
from vectorstore.sources import imported

EVENT_COLUMNS = frozenset(Event.model_fields) - {"reaction", "taxonomy_version"}
REACTION_COLUMNS = frozenset(f"reaction_{name}" for name in Reaction.model_fields)
REQUIRED = ("summary", "event_type", "published_at")
OUTCOME = ("reaction_session_on", "reaction_abnormal_return", "reaction_sigma", "reaction_known_at")

NEW_YORK = ZoneInfo("America/New_York")
END_OF_DAY = time(23, 59, 59)
"""A bare date is taken as the day's end, as for articles: nobody is credited with knowing it earlier."""

Z_TOLERANCE = 0.01
"""A given z must agree with abnormal_return / sigma to a hundredth, or one of the three is wrong."""

SUGGEST_FROM = 60.0
"""rapidfuzz score (0-100) from which a legal value is worth suggesting."""


@dataclass(frozen=True)
class RowError:
    """A row that was left out."""

    row: int
    """As a person counts: for CSV the line, its header being 1; for JSONL the line; for Parquet the row from 1."""
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.reason}"


@dataclass(frozen=True)
class ImportResult:
    """The events of a file, and what was wrong with the rest."""

    events: tuple[Event, ...]
    errors: tuple[RowError, ...]
    rows: int
    without_reaction: int


class _BadRowError(Exception):
    """Why one row is no event."""


def read_events(path: Path, *, strict: bool = False) -> ImportResult:
    """Events of a .csv, .jsonl/.ndjson or .parquet file, in the file's order; of two rows with one id the second is an error.

    Raises SourceUnreadable (no such file, not that format, unknown or missing columns), UsageError for another kind of file,
    and, if `strict`, UsageError at the first bad row.
    """
    events: dict[str, Event] = {}
    errors: list[RowError] = []
    total = 0
    for number, row in _rows(path):
        total += 1
        try:
            event = _new_event(row, path.name, events)
            events[event.id] = event
        except _BadRowError as error:
            errors.append(RowError(number, str(error)))
            if strict:
                raise UsageError(
                    f"{path.name}, {errors[-1]}. Nothing was imported. Correct the row, or import without --strict to leave "
                    "such rows out."
                ) from error
    waiting = sum(event.reaction is None for event in events.values())
    return ImportResult(tuple(events.values()), tuple(errors), total, waiting)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRowError]]:
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path.name} is no .csv, .jsonl or .parquet file: save the events as one of these.")
    if not path.is_file():
        raise SourceUnreadable(f"There is no file {path}: check the path.")
    return reader(path)


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRowError]]:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        _check_columns(path, names)
        reader.fieldnames = names
        for row in reader:
            if None in row:
                yield (
                    reader.line_num,
                    _BadRowError("it has more fields than the header: quote text that contains a comma"),
                )
            elif None in row.values():
                yield reader.line_num, _BadRowError("it has fewer fields than the header")
            else:
                yield reader.line_num, row
    except csv.Error as error:
        raise SourceUnreadable(f"{path.name} is not valid CSV near line {reader.line_num}: {error}.") from error


def _json_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRowError]]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            yield number, _BadRowError(f"it is not valid JSON ({error})")
            continue
        if not isinstance(row, dict):
            yield number, _BadRowError(f"it is a JSON {type(row).__name__}, not an object")
        elif unknown := sorted(row.keys() - EVENT_COLUMNS - REACTION_COLUMNS):
            yield number, _BadRowError(_unknown_columns(unknown))
        else:
            yield number, row


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | _BadRowError]]:
    import pyarrow  # type: ignore[import-untyped]  # here: most imports are CSV, and it is slow to load
    import pyarrow.parquet  # type: ignore[import-untyped]

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise SourceUnreadable(f"{path.name} cannot be read as Parquet: {str(error).splitlines()[0]}.") from error
    if "taxonomy_version" in table.column_names:  # as our own files have it
        table = table.drop_columns(["taxonomy_version"])
    _check_columns(path, table.column_names)
    yield from enumerate(table.to_pylist(), start=1)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError) as error:
        raise SourceUnreadable(
            f"{path.name} cannot be read as UTF-8 text ({error}): save it in that encoding."
        ) from error


def _check_columns(path: Path, names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = sorted(set(names) - EVENT_COLUMNS - REACTION_COLUMNS)
    faults = [f"it lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}"] if missing else []
    faults += [_unknown_columns(unknown)] if unknown else []
    if faults:
        raise SourceUnreadable(f"{path.name} cannot be imported: {'; '.join(faults)}.")


def _unknown_columns(unknown: list[str]) -> str:
    legal = sorted(EVENT_COLUMNS | REACTION_COLUMNS)
    return "; ".join(f"unknown column {name!r}{_suggestion(name, legal)}" for name in unknown)


def _new_event(row: Mapping[str, Any] | _BadRowError, file_name: str, known: Mapping[str, Event]) -> Event:
    if isinstance(row, _BadRowError):
        raise row
    event = _event(row, file_name)
    if event.id in known:
        raise _BadRowError(f"its id {event.id!r} was given to an earlier row, too")
    return event


def _event(row: Mapping[str, Any], file_name: str) -> Event:
    fields = {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}
    fields = {name: value for name, value in fields.items() if value is not None and value != "" and value == value}
    if any("\x00" in value for value in fields.values() if isinstance(value, str)):
        raise _BadRowError("it contains a NUL character, which PostgreSQL cannot keep")
    absent = [name for name in REQUIRED if name not in fields]
    if absent:
        raise _BadRowError(f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing")
    published_at, bare_date = _moment("published_at", fields["published_at"])
    date_only = _flag("date_only", fields.get("date_only", False)) or bare_date
    tickers = tuple(ticker.upper() for ticker in _list(fields.get("tickers", ())))
    try:
        return Event(
            id=str(fields.get("id") or _made_id(published_at, tickers, str(fields["summary"]))),
            summary=str(fields["summary"]),
            event_type=EventType(_legal("event_type", fields["event_type"], [each.value for each in EventType])),
            tickers=tickers,
            tags=tuple(Tag(_legal("tag", tag, [t.value for t in Tag])) for tag in _list(fields.get("tags", ()))),
            published_at=published_at,
            date_only=date_only,
            story_id=str(fields["story_id"]) if "story_id" in fields else None,
            source=imported(file_name, str(fields["source"]) if "source" in fields else None),
            reaction=_reaction(fields, tickers, published_at, date_only),
        )
    except ValidationError as error:
        raise _BadRowError(first_fault(error)) from error


def _reaction(
    fields: Mapping[str, Any], tickers: tuple[str, ...], published_at: datetime, date_only: bool
) -> Reaction | None:
    if not any(name in REACTION_COLUMNS for name in fields):
        return None
    absent = [name for name in OUTCOME if name not in fields]
    ticker = str(fields.get("reaction_ticker", tickers[0] if tickers else "")).upper()
    absent += [] if ticker else ["reaction_ticker"]
    if absent:
        raise _BadRowError(f"the reaction is incomplete: {', '.join(absent)} missing (give all of it or none)")
    known_at, bare_date = _moment("reaction_known_at", fields["reaction_known_at"])
    if bare_date:
        raise _BadRowError("reaction_known_at is a bare date: give the moment of the close, with its time zone")
    if known_at <= published_at and not date_only:
        raise _BadRowError(f"the reaction was known at {known_at.isoformat()}, before the event was published")
    window = _legal(
        "window", fields.get("reaction_window", "two_session" if date_only else "one_session"), list(_WINDOWS)
    )
    abnormal, sigma = (_number(name, fields[name]) for name in ("reaction_abnormal_return", "reaction_sigma"))
    if sigma <= 0:
        raise _BadRowError(f"reaction_sigma is {sigma:g}: it must be above 0")
    expected = abnormal / sigma / math.sqrt(_WINDOWS[window])
    z = _number("reaction_z", fields["reaction_z"]) if "reaction_z" in fields else expected
    if abs(z - expected) > Z_TOLERANCE * max(1.0, abs(expected)):
        raise _BadRowError(f"reaction_z is {z:g}, but abnormal return, sigma and window make it {expected:.3f}")
    return Reaction.model_validate(
        {
            "ticker": ticker,
            "window": window,
            "session_on": _day("reaction_session_on", fields["reaction_session_on"]),
            "intraday": _flag("reaction_intraday", fields.get("reaction_intraday", False)),
            "date_only": _flag("reaction_date_only", fields.get("reaction_date_only", date_only)),
            "abnormal_return": abnormal,
            "beta": _number("reaction_beta", fields["reaction_beta"]) if "reaction_beta" in fields else None,
            "sigma": sigma,
            "z": z,
            "known_at": known_at,
        }
    )


_WINDOWS = {"one_session": 1, "two_session": 2}


def _moment(name: str, value: Any) -> tuple[datetime, bool]:
    """The moment, and whether it was a bare date."""
    parsed = value
    if isinstance(value, str):
        try:
            parsed = date.fromisoformat(value) if len(value) <= len("2024-05-31") else datetime.fromisoformat(value)
        except ValueError as error:
            raise _BadRowError(f"{name} {value!r} is no ISO 8601 time, such as 2024-05-31T16:30:00-04:00") from error
    if isinstance(parsed, datetime):
        if parsed.tzinfo is None:
            raise _BadRowError(
                f"{name} {str(value)!r} has no time zone: write 2024-05-31T16:30:00-04:00, or …Z for UTC, or a bare date"
            )
        return parsed, False
    if isinstance(parsed, date):
        return datetime.combine(parsed, END_OF_DAY, NEW_YORK), True
    raise _BadRowError(f"{name} {value!r} is no time")


def _day(name: str, value: Any) -> date:
    try:
        return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))
    except ValueError as error:
        raise _BadRowError(f"{name} {value!r} is no ISO date, such as 2024-05-31") from error


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise _BadRowError(f"{name} {value!r} is no number") from error
    if not math.isfinite(number):
        raise _BadRowError(f"{name} is {number}: leave it empty if it is unknown")
    return number


def _flag(name: str, value: Any) -> bool:
    word = str(value).casefold()
    if word in ("true", "1", "yes"):
        return True
    if word in ("false", "0", "no"):
        return False
    raise _BadRowError(f"{name} {value!r} is neither true nor false")


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.replace("|", ";").split(";")
    if not isinstance(value, (list, tuple)):
        raise _BadRowError(f'{value!r} is no list: part several by ";"')
    return [str(each).strip() for each in value if str(each).strip()]


def _legal(kind: str, value: Any, legal: list[str]) -> str:
    found = {each.casefold(): each for each in legal}.get(str(value).casefold())
    if found is None:
        raise _BadRowError(f"unknown {kind.replace('_', ' ')} {value!r}{_suggestion(str(value), legal)}")
    return found


def _suggestion(value: str, legal: list[str]) -> str:
    best = process.extractOne(
        value, legal, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=SUGGEST_FROM
    )
    return f": did you mean {best[0]!r}?" if best is not None else f": use one of {', '.join(sorted(legal))}"


def _made_id(published_at: datetime, tickers: tuple[str, ...], summary: str) -> str:
    """The same event in another file, or in this one again, gets the same id."""
    content = "\n".join([published_at.astimezone(ZoneInfo("UTC")).isoformat(), *tickers, " ".join(summary.split())])
    return hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()[:16]


def first_fault(error: ValidationError) -> str:
    """The first thing wrong with a row, for its owner."""
    fault = error.errors()[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
