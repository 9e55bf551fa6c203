"""The track record against numbers worked by hand, forecasts that are right by construction, and ones that are not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr  # type: ignore[import-untyped]

from evals.track_record import ENOUGH, Estimate, track_record
from evals.track_record_plot import plot_track_record
from evals.wilson import wilson
from markets.reference import reference
from markets.sessions import sessions
from records.database import LedgerForecast
from records.forecast import Forecast, Grade

REF = reference()
DAYS = sessions().between(date(2024, 1, 2), date(2024, 12, 31))


def entry(
    number: int,
    scale: float = 1.0,
    z: float | None = 1.0,
    *,
    day: date | None = None,
    forward: bool = True,
    **changes: object,
) -> LedgerForecast:
    window = sessions().window(
        datetime.combine(day or DAYS[number % len(DAYS)], datetime.min.time(), UTC) + timedelta(hours=15)
    )
    low, high = REF.interval(scale)
    recorded_at = window.known_at + timedelta(hours=-1 if forward else 1)
    fields: dict[str, object] = {
        "analysis_id": f"{number:016x}", "article_id": f"article-{number}", "ticker": "ACME",
        "published_at": window.known_at - timedelta(hours=5), "date_only": False, "as_of": recorded_at,
        "session_on": window.session_on, "window": window.kind, "outcome_known_at": window.known_at,
        "event_type": "guidance", "score": REF.expected_y(scale), "low": low, "high": high,
        "p_material": REF.p_beyond(scale), "multiplier": scale, "evidence": "grounded", "n_eff": 4,
        "model_version": "m1", "recorded_at": recorded_at, "forward": forward,
    }  # fmt: skip
    digest = f"{number:064x}"
    grade = None
    if z is not None:
        grade = Grade(
            forecast=digest, session_on=window.session_on, abnormal_return=0.01 * z, beta=1.0, sigma=0.01, z=z,
            y=float(REF.cdf(abs(z))), reference_version=REF.version, price_source="p", graded_at=window.known_at,
        )  # fmt: skip
    return LedgerForecast(number, digest, Forecast.model_validate(fields | changes), grade)


def honest(count: int, seed: int = 0, **changes: object) -> list[LedgerForecast]:
    """Outcomes drawn from the very distributions that were forecast."""
    dice = np.random.default_rng(seed)
    scales = np.exp(dice.normal(0.25, 0.4, count))
    moves = scales * REF.quantile(dice.uniform(0, 1, count)) * dice.choice([-1, 1], count)
    return [entry(n, float(s), float(z), **changes) for n, (s, z) in enumerate(zip(scales, moves, strict=True))]  # type: ignore[arg-type]


def bounds(found: Estimate | None) -> tuple[float, float, float]:
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low, found.value, found.high


def test_honest_forecasts_look_honest() -> None:
    entries = honest(4000)
    found = track_record(entries, REF).statistics
    assert found is not None
    low, value, high = bounds(found.spearman)
    assert low < value < high
    assert value == pytest.approx(
        spearmanr([e.forecast.score for e in entries], [e.grade.y for e in entries if e.grade]).statistic
    )
    assert value > 0.25
    low, value, high = bounds(found.coverage)
    assert low < 0.8 < high
    assert found.y == pytest.approx(found.score, abs=0.02)
    assert bounds(found.brier_skill)[0] > 0
    assert found.brier < found.brier_constant
    assert bounds(found.auc)[0] > 0.6
    assert found.crps is not None
    assert found.crps_ordinary_day is not None
    assert bounds(found.crps)[2] < found.crps_ordinary_day
    assert [each.n for each in found.score_bins] == [400] * 10
    inside = [bounds(each.outcome)[0] <= each.forecast <= bounds(each.outcome)[2] for each in found.score_bins]
    assert sum(inside) >= 8
    assert sum(each.n for each in found.p_material_bins) == 4000


def test_shuffled_outcomes_have_no_skill() -> None:
    entries = honest(1000)
    order = np.random.default_rng(5).permutation(len(entries))
    mixed = [replace(each, grade=entries[int(at)].grade) for each, at in zip(entries, order, strict=True)]
    found = track_record(mixed, REF).statistics
    assert found is not None
    low, _, high = bounds(found.spearman)
    assert low < 0 < high
    assert bounds(found.brier_skill)[1] < 0.01


def test_figures_of_a_small_case_are_those_worked_by_hand() -> None:
    """100 forecasts of p = .0–.25 by pairs: half of s = 1, of which 5 of 50 move; half of s = 2, of which 20 of 50 do."""
    plan = [(1.0, 5), (2.0, 20)]
    entries = [
        entry(n + 50 * part, scale, 3.0 if n < hits else 0.5)
        for part, (scale, hits) in enumerate(plan)
        for n in range(50)
    ]
    record = track_record(entries, REF)
    found = record.statistics
    assert found is not None
    assert found.material.value == pytest.approx(0.25)
    p1, p2 = REF.p_beyond(1.0), REF.p_beyond(2.0)
    brier = (5 * (1 - p1) ** 2 + 45 * p1**2 + 20 * (1 - p2) ** 2 + 30 * p2**2) / 100
    assert found.brier == pytest.approx(brier)
    assert found.brier_constant == pytest.approx(0.25 * 0.75)
    assert bounds(found.brier_skill)[1] == pytest.approx(1 - brier / (0.25 * 0.75))
    assert bounds(found.auc)[1] == pytest.approx((20 * 45 + 0.5 * (5 * 45 + 20 * 30)) / (25 * 75))
    assert bounds(found.ece)[1] == pytest.approx((abs(0.1 - p1) + abs(0.4 - p2)) / 2)
    assert [(each.n, each.outcome.value) for each in found.p_material_bins] == [(50, 0.1), (50, 0.4)]
    low, high = REF.interval(1.0)
    inside = sum(low <= float(REF.cdf(z)) <= high for z in (3.0, 0.5))
    assert found.coverage_ordinary_day == pytest.approx(0.75 if inside == 1 else 1.0)


def test_a_share_has_wilsons_interval() -> None:
    """Newcombe (1998, Statistics in Medicine 17, 857–872), table I: 81/263, 15/148, 0/20."""
    for hits, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        found = wilson(hits, n)
        assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_below_the_minimum_only_counts_are_given() -> None:
    entries = honest(ENOUGH - 1)
    record = track_record(entries, REF)
    assert record.too_few
    assert record.statistics is None
    assert record.graded == ENOUGH - 1
    assert all(group.score is None and group.material is None for group in (*record.by_period, *record.by_event_type))
    assert sum(group.n for group in record.by_period) == ENOUGH - 1
    assert not track_record(honest(ENOUGH), REF).too_few


def test_replays_and_ungraded_forecasts_do_not_count() -> None:
    entries = [entry(1), entry(2, z=None), entry(3, forward=False), entry(4, z=None, forward=False)]
    record = track_record(entries, REF)
    assert (record.forecasts, record.forward, record.graded, record.waiting) == (4, 2, 1, 1)
    everything = track_record(entries, REF, include_replays=True)
    assert (everything.graded, everything.waiting) == (2, 2)


def test_of_several_forecasts_for_one_article_the_first_counts() -> None:
    entries = [
        entry(1, z=1.0, article_id="a", model_version="first"),
        entry(2, z=1.0, article_id="a", model_version="second"),
        entry(3, z=1.0, article_id="a", ticker="OTHER", model_version="third"),
    ]
    record = track_record(entries, REF)
    assert (record.graded, record.repeated) == (2, 1)
    assert record.model_versions == {"first": 1, "third": 1}
    late = [entry(1, z=1.0, article_id="a", forward=False), entry(2, z=1.0, article_id="a")]
    assert track_record(late, REF).graded == 1  # the replay before it takes no place among the forward ones
    unlucky = [entry(1, z=None, article_id="a"), entry(2, z=1.0, article_id="a")]
    assert track_record(unlucky, REF).graded == 0  # the first is not skipped for want of a grade


def test_groups_are_by_quarter_and_by_year_when_the_record_is_long() -> None:
    entries = honest(400)
    record = track_record(entries, REF)
    assert [group.name for group in record.by_period] == ["2024 Q1", "2024 Q2", "2024 Q3", "2024 Q4"]
    group = record.by_period[0]
    members = [e for e in entries if e.forecast.session_on < date(2024, 4, 1)]
    assert group.n == len(members)
    assert group.score == pytest.approx(np.mean([e.forecast.score for e in members]))
    long = [*entries, entry(999, day=date(2019, 3, 1))]
    assert [group.name for group in track_record(long, REF).by_period] == ["2019", "2024"]
    assert track_record(long, REF).by_period[0].score is None  # one forecast is no statistic


def test_event_types_stand_largest_first_beside_the_base_rate() -> None:
    entries = [*honest(60, 1, event_type="merger_acquisition"), *honest(90, 2)]
    entries = [
        replace(e, digest=f"{n:064x}", forecast=e.forecast.model_copy(update={"article_id": str(n)}))
        for n, e in enumerate(entries)
    ]
    record = track_record(entries, REF)
    assert [(group.name, group.n) for group in record.by_event_type] == [("guidance", 90), ("merger_acquisition", 60)]
    assert record.statistics is not None
    rate = record.statistics.material.value
    material = [e.grade.material for e in entries[60:] if e.grade]
    assert record.by_event_type[0].brier_constant == pytest.approx(np.mean([(rate - m) ** 2 for m in material]))


def test_many_forecasts_on_few_days_are_too_few() -> None:
    few = [entry(n, day=DAYS[n % 19]) for n in range(200)]
    assert (track_record(few, REF).sessions, track_record(few, REF).too_few) == (19, True)
    assert not track_record([*few, entry(200, day=DAYS[19])], REF).too_few


def test_grades_by_another_reference_leave_the_crps_out() -> None:
    entries = honest(120)
    assert entries[0].grade is not None
    entries[0] = replace(entries[0], grade=entries[0].grade.model_copy(update={"reference_version": "reference_v9"}))
    record = track_record(entries, REF)
    assert record.reference_versions == {"reference_v1": 119, "reference_v9": 1}
    assert record.statistics is not None
    assert (record.statistics.crps, record.statistics.crps_ordinary_day) == (None, None)


def test_the_same_entries_give_the_same_record() -> None:
    assert track_record(honest(200), REF) == track_record(honest(200), REF)


def test_the_diagram_says_what_is_graded_and_repeats_byte_for_byte(tmp_path: Path) -> None:
    record = track_record(honest(300), REF)
    for name in ("a.svg", "b.svg"):
        plot_track_record(tmp_path / name, record)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    with pytest.raises(ValueError, match="too few"):
        plot_track_record(tmp_path / "c.svg", track_record(honest(20), REF))
