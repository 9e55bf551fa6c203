"""JSONL, CSV and Parquet: a row at a time, columns by their usual names, a bad row named by its number."""

import gzip
import io
import json
import tracemalloc
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feeds import Faulty, Limits, Reader, Source
from feeds.tables import read_table
from records.errors import SourceUnreadable

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def read(path, **limits):
    return list(read_table(str(path), lambda: NOW, Limits(**limits)))


def names(items):
    return [item.name if isinstance(item, Faulty) else item.article.title for item in items]


def test_jsonl_columns_have_their_usual_names_in_any_case(tmp_path):
    rows = [
        {"Headline": "Alcoa cuts", "LEAD": "Weak demand.", "Link": "https://example.com/a", "publisher": "Wire",
         "date": "2026-11-20", "time": "10:00", "symbols": "aa, BRK.B"},
        {"title": "Fed holds", "published_at": 1763640000, "tickers": ["^GSPC", "not a ticker!"]},
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    alcoa, fed = read(tmp_path / "a.jsonl")
    article = alcoa.article
    assert (article.title, article.text, article.url, article.source) == (
        "Alcoa cuts", "Weak demand.", "https://example.com/a", "Wire",
    )  # fmt: skip
    assert article.date_only  # a time without a zone is no time
    assert (alcoa.tickers, fed.tickers) == (("AA", "BRK.B"), ("^GSPC",))
    assert fed.article.published_at == datetime.fromtimestamp(1763640000, UTC)
    assert fed.article.first_seen_at == NOW


def test_bad_rows_of_jsonl_are_named_by_their_number_and_stop_nothing(tmp_path):
    lines = [
        b'{"title": "one"}',
        b"",
        b"{oops",
        b"[1]",
        b'{"x": 1}',
        b'{"title": "\xff"}',
        b'{"title": {"a": 1}}',
        b'{"title": "last"}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    items = read(tmp_path / "a.jsonl")
    assert names(items) == ["one", "row 3", "row 4", "row 5", "row 6", "row 7", "last"]
    assert {item.kind for item in items if isinstance(item, Faulty)} == {"source_unreadable"}


def test_a_row_without_end_is_named_and_the_next_one_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"title": "' + b"x" * 50_000 + b'"}\n{"title": "after it"}\n')
    assert names(read(tmp_path / "a.jsonl", max_bytes=1_000)) == ["row 1", "after it"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_with_its_delimiter_quotes_and_line_breaks(tmp_path, delimiter):
    text = f'﻿Title{delimiter}Body{delimiter}Date\n"Alcoa{delimiter} cuts"{delimiter}"Weak\n\ndemand"{delimiter}2026-11-20T10:00Z\n'
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    (row,) = read(tmp_path / "a.csv")
    assert (row.article.title, row.article.text) == (
        f"Alcoa{' ' if delimiter == chr(9) else delimiter} cuts".replace("  ", " "),
        "Weak\n\ndemand",
    )
    assert row.article.published_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_bad_rows_of_csv_are_named_by_their_number_and_stop_nothing(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"title,text\none,a\ntoo,many,cells\n\xff,b\n,\nlast,c\n")
    assert names(read(tmp_path / "a.csv")) == ["one", "row 2", "row 3", "row 4", "last"]


def test_an_open_quotation_mark_does_not_swallow_the_file_into_memory(tmp_path):
    (tmp_path / "a.csv").write_text('title,text\none,a\n"open,b\n' + "x,y\n" * 5_000 + "last,c\n")
    items = names(read(tmp_path / "a.csv", max_bytes=2_000))
    assert items[:2] == ["one", "row 2"]
    assert items[-1] == "last"


def test_a_csv_without_a_title_or_text_column_is_an_error_that_shows_its_first_line(tmp_path):
    (tmp_path / "a.csv").write_text("open,close\n1,2\n")
    with pytest.raises(SourceUnreadable, match="'open,close'"):
        read(tmp_path / "a.csv")


def test_parquet_is_read_with_its_times_and_lists(tmp_path):
    table = pa.table({
        "headline": ["Alcoa cuts", None, "Fed holds"],
        "time": [datetime(2026, 11, 20, 10, tzinfo=UTC), None, None],
        "tickers": [["AA"], [], None],
        "unused": [1, 2, 3],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    items = read(tmp_path / "a.parquet")
    assert names(items) == ["Alcoa cuts", "row 2", "Fed holds"]
    assert (items[0].article.published_at, items[0].tickers) == (datetime(2026, 11, 20, 10, tzinfo=UTC), ("AA",))


def test_what_is_no_parquet_is_an_error_with_a_name(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(SourceUnreadable, match="no Parquet file"):
        read(tmp_path / "a.parquet")


def test_compressed_rows_are_read_and_a_cut_file_fails_after_the_rows_before_the_cut(tmp_path):
    whole = gzip.compress("\n".join(json.dumps({"title": f"Title {n} {'x' * n}"}) for n in range(400)).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole)
    assert len(read(tmp_path / "a.jsonl.gz")) == 400
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    rows = read_table(str(tmp_path / "a.jsonl.gz"), lambda: NOW, Limits())
    assert next(rows).article.title == "Title 0"
    with pytest.raises(SourceUnreadable, match="not whole"):
        list(rows)


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    with pytest.raises(SourceUnreadable, match=r"no file .*gone\.jsonl"):
        read(tmp_path / "gone.jsonl")


def test_a_long_file_is_read_in_the_memory_of_a_few_rows(tmp_path):
    row = json.dumps({"title": "A headline of some length", "text": "words " * 100})
    (tmp_path / "a.jsonl").write_text(f"{row}\n" * 3_000)  # 1.9 MB
    rows = read_table(str(tmp_path / "a.jsonl"), lambda: NOW, Limits())
    next(rows)
    tracemalloc.start()
    for _ in range(2_000):
        next(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b'{"title": "one"}\n{"title": "two"}\n{bad\n', ["one", "two", "row 3"]),
        (b"A plain headline\n\nIts text.", ["A plain headline"]),
        (b'{\n "title": "over lines"\n}', ["over lines"]),
    ],
)
def test_standard_input_is_rows_or_one_article(fetcher, sent, expected):
    reader = Reader(fetcher, lambda: NOW, stdin=io.BytesIO(sent))
    assert names(reader.read(Source("-")).items) == expected
