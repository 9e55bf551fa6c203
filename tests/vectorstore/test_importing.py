"""A user's own events: every good row is kept as it is meant, every bad one is reported so that it can be mended."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.errors import SourceUnreadable, UsageError
from records.taxonomy import EventType, Tag
from vectorstore.importing import ImportResult, read_events

ROW = {"summary": "Acme cut its forecast.", "event_type": "guidance", "published_at": "2024-05-31T16:30:00-04:00"}
OUTCOME = {
    "reaction_session_on": "2024-06-03",
    "reaction_abnormal_return": "-0.05",
    "reaction_sigma": "0.02",
    "reaction_known_at": "2024-06-03T20:00:00Z",
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ImportResult]:
    """Writes rows as JSONL and reads them."""

    def write_and_read(*rows: object, strict: bool = False) -> ImportResult:
        path = tmp_path / "events.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return read_events(path, strict=strict)

    return write_and_read


Read = Callable[..., ImportResult]


def test_a_full_row_becomes_the_event_it_describes(read: Read) -> None:
    result = read(
        {**ROW, **OUTCOME, "id": "x", "tickers": "acme; brk.b", "tags": ["Corporate Guidance"], "story_id": "s"}
    )
    assert result.errors == ()
    (event,) = result.events
    assert (event.id, event.tickers, event.tags, event.story_id) == ("x", ("ACME", "BRK.B"), (Tag.GUIDANCE,), "s")
    assert event.event_type is EventType.GUIDANCE
    assert event.published_at == datetime(2024, 5, 31, 20, 30, tzinfo=UTC)
    assert event.source == "import:events.jsonl"
    assert event.reaction is not None
    assert event.reaction.z == pytest.approx(-2.5)
    assert (event.reaction.ticker, event.reaction.window) == ("ACME", "one_session")
    assert event.reaction.session_on == date(2024, 6, 3)
    assert event.reaction.beta is None


def test_a_bare_date_is_the_end_of_that_day_in_new_york_and_a_two_session_window(read: Read) -> None:
    (event,) = read({**ROW, **OUTCOME, "published_at": "2024-05-31", "tickers": ["ACME"]}).events
    assert event.published_at == datetime(2024, 6, 1, 3, 59, 59, tzinfo=UTC)
    assert event.date_only
    assert event.reaction is not None
    assert (event.reaction.window, event.reaction.date_only) == ("two_session", True)
    assert event.reaction.z == pytest.approx(-0.05 / 0.02 / 2**0.5)


def test_events_without_a_reaction_are_counted(read: Read) -> None:
    result = read({**ROW, "id": "1"}, {**ROW, **OUTCOME, "id": "2", "tickers": ["ACME"]})
    assert (result.rows, len(result.events), result.without_reaction) == (2, 2, 1)


def test_a_missing_id_is_made_from_the_content_and_stays_the_same(read: Read) -> None:
    (first,) = read({**ROW, "tickers": "ACME"}).events
    (again,) = read({**ROW, "tickers": ["acme"], "published_at": "2024-05-31T20:30:00Z", "source": "elsewhere"}).events
    (other,) = read({**ROW, "tickers": ["OTHER"]}).events
    assert first.id == again.id
    assert first.id != other.id


BAD = {
    "naive time": ({"published_at": "2024-05-31T16:30:00"}, r"no time zone: write 2024-05-31T16:30:00-04:00"),
    "no time": ({"published_at": "yesterday"}, "'yesterday' is no ISO 8601 time"),
    "unknown type": ({"event_type": "mergers"}, "unknown event type 'mergers': did you mean 'merger_acquisition'"),
    "far-off type": ({"event_type": "xqzj"}, "unknown event type 'xqzj': use one of accident_disaster"),
    "unknown tag": ({"tags": ["Artificial Inteligence"]}, "did you mean 'Artificial Intelligence'"),
    "no summary": ({"summary": "  "}, "summary is missing"),
    "long summary": ({"summary": "x" * 2001}, "summary: String should have at most 2000"),
    "half a reaction": ({"reaction_z": 2.0}, "incomplete: reaction_session_on, .*reaction_ticker missing"),
    "bare close": ({**OUTCOME, "tickers": "A", "reaction_known_at": "2024-06-03"}, "reaction_known_at is a bare date"),
    "naive close": (
        {**OUTCOME, "tickers": "A", "reaction_known_at": "2024-06-03T16:00:00"},
        "reaction_known_at .*no time",
    ),
    "known too early": (
        {**OUTCOME, "tickers": "A", "reaction_known_at": "2024-05-31T20:00:00Z"},
        "before the event was",
    ),
    "wrong z": ({**OUTCOME, "tickers": "A", "reaction_z": 25}, "reaction_z is 25, but .* make it -2.500"),
    "no sigma": ({**OUTCOME, "tickers": "A", "reaction_sigma": 0}, "must be above 0"),
    "text sigma": ({**OUTCOME, "tickers": "A", "reaction_sigma": "2%"}, "'2%' is no number"),
    "infinite": ({**OUTCOME, "tickers": "A", "reaction_abnormal_return": "inf"}, "is inf: leave it empty"),
    "no flag": ({"date_only": "maybe"}, "'maybe' is neither true nor false"),
    "unknown window": ({**OUTCOME, "tickers": "A", "reaction_window": "one session"}, "did you mean 'one_session'"),
    "unknown column": ({"sumary": "x"}, "unknown column 'sumary': did you mean 'summary'"),
    "half a character": ({"summary": "\ud800"}, "summary: Input should be a valid string"),
    "NUL": ({"summary": "a\x00b"}, "contains a NUL character"),
    "tickers as object": ({"tickers": {"a": 1}}, "is no list"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_reported_with_its_number_and_the_good_ones_kept(read: Read, name: str) -> None:
    change, reason = BAD[name]
    result = read({**ROW, "id": "good"}, {**ROW, **change}, {**ROW, "id": "also good"})
    assert [event.id for event in result.events] == ["good", "also good"]
    assert result.rows == 3
    (error,) = result.errors
    assert error.row == 2
    with pytest.raises(UsageError, match=reason):
        raise UsageError(str(error))


def test_strict_stops_at_the_first_bad_row_and_names_it(read: Read) -> None:
    with pytest.raises(UsageError, match=r"events\.jsonl, row 2: .*'x' is no ISO.*Nothing was imported"):
        read(ROW, {**ROW, "published_at": "x"}, {**ROW, "event_type": "y"}, strict=True)


def test_broken_lines_and_repeated_ids_are_bad_rows(read: Read) -> None:
    result = read({**ROW, "id": "1"}, "{not json", "[1]", "", {**ROW, "id": "1"})
    assert [error.row for error in result.errors] == [2, 3, 5]
    assert "is not valid JSON" in result.errors[0].reason
    assert "a JSON list, not an object" in result.errors[1].reason
    assert "'1' was given to an earlier row" in result.errors[2].reason


def test_csv_counts_lines_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "events.CSV"
    path.write_bytes(
        '\ufeffsummary, event_type,published_at,tickers\n'
        '"Acme, of Ohio,\ncut its forecast.",guidance,2024-05-31,ACME|B\n'
        "Acme cut.,guidance,2024-05-31,A,B,C\n"
        "Acme cut.,guidance\n"
        'Acme "cut".,merger_acquisition,2024-05-31T00:00:00Z,\n'.encode()
    )  # fmt: skip
    result = read_events(path)
    assert [event.summary for event in result.events] == ["Acme, of Ohio,\ncut its forecast.", 'Acme "cut".']
    assert result.events[0].tickers == ("ACME", "B")
    assert [(error.row, error.reason.split(" than")[0]) for error in result.errors] == [
        (4, "it has more fields"),
        (5, "it has fewer fields"),
    ]


def test_parquet_with_typed_columns_is_read(tmp_path: Path) -> None:
    rows = [
        {"summary": "Acme cut.", "event_type": "guidance", "published_at": datetime(2024, 5, 31, tzinfo=UTC),
         "tickers": ["A"], "reaction_z": None, "taxonomy_version": 1},
        {"summary": "Acme cut.", "event_type": "guidance", "published_at": datetime(2024, 5, 31, 1, tzinfo=UTC),
         "tickers": None, "reaction_z": 2.0, "taxonomy_version": 1},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "events.parquet")
    result = read_events(tmp_path / "events.parquet")
    assert [event.tickers for event in result.events] == [("A",)]
    assert [error.row for error in result.errors] == [2]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"summary,when\nx,y\n", "lacks the columns event_type, published_at; unknown column 'when'"),
        ("b.csv", b"", "lacks the columns summary, event_type, published_at"),
        ("c.csv", b"\xff\xfe\x00binary", "cannot be read as UTF-8"),
        ("d.parquet", b"not parquet", "cannot be read as Parquet"),
        ("e.csv", b'summary,event_type,published_at\n"x,guidance,2024-05-31\n', "not valid CSV near line"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceUnreadable, match=reason):
        read_events(tmp_path / name)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"events\.xlsx is no \.csv, \.jsonl or \.parquet"):
        read_events(tmp_path / "events.xlsx")
    with pytest.raises(SourceUnreadable, match="There is no file"):
        read_events(tmp_path / "missing.csv")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(
            sorted({**ROW, **OUTCOME, "tickers": "", "tags": "", "date_only": "", "reaction_z": "", "id": ""})
        ),
        st.one_of(
            st.none(), st.text(max_size=30), st.floats(), st.integers(), st.lists(st.text(max_size=5), max_size=2)
        ),
        max_size=4,
    )
)
def test_any_values_give_an_event_or_a_reason_never_another_error(read: Read, changes: dict[str, object]) -> None:
    result = read({**ROW, **OUTCOME, "tickers": "A", **changes})
    assert len(result.events) + len(result.errors) == 1
