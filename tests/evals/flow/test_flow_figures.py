"""The figures of a run, from rows whose right answer is known by making."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.flow.figures import Rate, call_figures, ledger_figures, memory_figures, steady_rate
from evals.flow.news import write_news
from evals.flow.tally import TallyRow
from records.errors import SourceUnreadable
from records.spending import CallBound, CallEntry, Outcome


def row(n: int, at: float, *, status: int = 200, fault: str | None = None, tokens: int = 100) -> TallyRow:
    billed = status == 200
    return TallyRow(n, at, "chat", None, "m", status, tokens if billed else 0, 0, 0, fault, billed, f"d{n}")


def entry(tokens: int, *, uncertain: int = 0) -> CallEntry:
    outcome = Outcome.BROKEN_OFF if uncertain else Outcome.ANSWERED
    return CallEntry(
        at=datetime(2026, 1, 1, tzinfo=UTC), run_id="r", provider="openai", model="m", purpose="read", prompt="read@1",
        prompt_digest="p", request_digest="q", outcome=outcome, input_tokens=tokens, cost_nano=tokens * 1_000,
        uncertain=CallBound(uncertain, 0),
    )  # fmt: skip


def test_the_rate_is_that_of_the_steady_middle() -> None:
    steady = [row(n, 10.0 + n * 0.1) for n in range(100)]  # ten a second
    slow_start = [row(1_000 + n, float(n)) for n in range(5)]
    rate = steady_rate([*slow_start, *steady, row(2_000, 500.0), row(2_001, 11.0, status=429)])
    assert rate.calls_per_minute == pytest.approx(600, rel=0.01)
    assert rate.tokens_per_minute == pytest.approx(60_000, rel=0.01)
    assert rate.share_of(1_000, None) == pytest.approx(0.6, rel=0.01)
    assert rate.share_of(10_000, 80_000) == pytest.approx(0.75, rel=0.01)
    assert rate.share_of(None, None) is None
    assert steady_rate([]) == Rate(0.0, 0.0)


def test_what_broke_off_stands_beside_the_difference() -> None:
    rows = [row(1, 1.0), row(2, 2.0, fault="cut_stream", tokens=70), row(3, 3.0, status=500, fault="server_error")]
    figures = ledger_figures(rows, [entry(100), entry(0, uncertain=500)])
    assert figures["ledger_difference_tokens"] == 0
    assert figures["broken_off"] == {"calls": 1, "server_tokens": 70, "held_calls": 1, "held_tokens": 500}
    assert ledger_figures(rows, [entry(60)])["ledger_difference_tokens"] == 40


def test_calls_are_counted_as_the_server_saw_them() -> None:
    rows = [row(1, 1.0), row(1, 2.0), row(2, 2.0, status=429), row(3, 3.0, status=429, fault="rate_limit")]
    figures = call_figures(rows)
    assert (figures["answered"], figures["over_the_limit"], figures["asked_twice"]) == (2, 1, 1)
    assert figures["faults"] == {"rate_limit": 1}


def test_memory_is_told_by_thirds() -> None:
    figures = memory_figures([10_000_000] * 3 + [20_000_000] * 3 + [30_000_000] * 3, {"ingest": 5_000_000})
    assert figures["memory_mb_by_third"] == [10, 20, 30]
    assert figures["peak_memory_mb"] == 30


def test_news_are_in_order_of_time_and_mostly_reprints(tmp_path: Path) -> None:
    news = write_news(tmp_path / "news.jsonl", articles=200, duplicates=0.7, data=None, seed=3)
    rows = [json.loads(line) for line in (tmp_path / "news.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (len(rows), news.stories) == (200, 60)
    assert [one["published_at"] for one in rows] == sorted(one["published_at"] for one in rows)
    assert len({(one["title"], one["text"]) for one in rows}) == 200
    assert sum(one["text"].startswith("By ") for one in rows) == 140
    write_news(tmp_path / "again.jsonl", articles=200, duplicates=0.7, data=None, seed=3)
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "news.jsonl").read_bytes()


def test_too_few_texts_are_said(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no Parquet files"):
        write_news(tmp_path / "news.jsonl", articles=20, duplicates=0.5, data=tmp_path, seed=1)
