"""Figures of the scaling measurement from rows of a tally."""

import pytest

from evals.flow.scaling import Load, _figures
from evals.flow.tally import TallyRow


def row(n: int, at: float, *, status: int = 200, digest: str | None = None) -> TallyRow:
    return TallyRow(
        n=n, at=at, endpoint="chat", client_request_id=None, model="m", status=status, input_tokens=10, cached_tokens=0,
        output_tokens=5, fault=None, billed=status == 200, digest=digest or f"question {n}",
    )  # fmt: skip


def test_the_rate_is_taken_between_the_first_answer_and_the_last() -> None:
    figures = _figures([row(n, 100.0 + n) for n in range(61)], None)
    assert (figures["calls"], figures["calls_per_minute"], figures["share_of_limit"]) == (61, 60.0, None)


def test_questions_asked_twice_and_answers_over_the_limit_are_counted() -> None:
    rows = [row(1, 1.0, digest="same"), row(2, 2.0, digest="same"), row(3, 3.0, status=429, digest="same")]
    figures = _figures(rows, None)
    assert (figures["asked_twice"], figures["over_the_limit"]) == (1, 1)


@pytest.mark.parametrize(("gap", "share"), [(1.0, 1.0), (2.0, 0.5)])
def test_the_share_of_a_limit_begins_when_its_burst_is_gone(gap: float, share: float) -> None:
    burst = [row(n, 100.0 + n / 1_000) for n in range(60)]
    after = [row(60 + n, burst[-1].at + gap * (n + 1)) for n in range(30)]
    assert _figures(burst + after, 60)["share_of_limit"] == share


def test_four_workers_exceed_the_limit_that_is_set() -> None:
    load = Load(articles=10, latency_seconds=2.0, concurrency=3)
    assert 0 < load.limit < 4 * 3 * 60 / 2.0
