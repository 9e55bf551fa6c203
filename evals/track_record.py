"""The track record: how forecasts did that were written down before their outcome could be known.

Made from graded rows of the ledger alone. Replays (analyses of old news) are left out unless asked for, and of several
forecasts for one article and instrument the first counts, so that repeating an analysis until it fits gains nothing. Intervals
are 95 %: of means, rank correlation, Brier skill, AUC and ECE by drawing whole session-days (`evals.impact.bootstrap`), of
shares after Wilson (1927, Journal of the American Statistical Association 22(158), 209–212).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from evals.impact.bootstrap import Interval, evaluate
from evals.impact.curves import reliability
from evals.impact.metrics import Forecasts, Outcomes, brier, equal_count_bins
from evals.track_record_shape import ENOUGH, ENOUGH_SESSIONS, Bin, Estimate, Group, Statistics, TrackRecord
from evals.wilson import wilson
from markets.reference import Reference
from records.database import LedgerForecast
from records.forecast import Forecast, Grade

__all__ = [
    "ENOUGH",
    "ENOUGH_SESSIONS",
    "Bin",
    "Estimate",
    "Group",
    "Statistics",
    "TrackRecord",
    "came_of",
    "first_forecasts",
    "graded_pairs",
    "period_of",
    "said_of",
    "track_record",
    "wilson",
]

GROUP_ENOUGH = 30
"""The same for one period or event type, where only means and shares are given."""
PER_BIN, MOST_BINS = 25, 10
"""Forecasts a reliability bin needs, and how many bins there may be."""
QUARTERS_UP_TO_DAYS = 3 * 366
"""A record of up to three years is shown by quarter, a longer one by year."""
LEVEL = 0.8
"""What the interval of a forecast promises."""
MAIN, CONSTANT, ORDINARY = "rhyme", "constant", "ordinary day"


def track_record(
    entries: Sequence[LedgerForecast], ref: Reference, *, include_replays: bool = False, draws: int = 2000
) -> TrackRecord:
    """The record of `entries`, every forecast of the ledger in its order. The same entries give the same record.

    CRPS is left out where grades used another reference distribution than `ref`.
    """
    first, repeated = first_forecasts(entries, include_replays=include_replays)
    pairs = graded_pairs(first)
    days = sorted({forecast.session_on for forecast, _ in pairs})
    enough = len(pairs) >= ENOUGH and len(days) >= ENOUGH_SESSIONS
    base_rate = float(np.mean([grade.material for _, grade in pairs])) if pairs else 0.0
    period = period_of(days)
    return TrackRecord(
        include_replays=include_replays,
        forecasts=len(entries),
        forward=sum(entry.forecast.forward for entry in entries),
        waiting=sum(entry.grade is None for entry in first),
        repeated=repeated,
        graded=len(pairs),
        first_session=days[0].isoformat() if days else None,
        last_session=days[-1].isoformat() if days else None,
        sessions=len(days),
        model_versions=dict(Counter(forecast.model_version for forecast, _ in pairs).most_common()),
        reference_versions=dict(Counter(grade.reference_version for _, grade in pairs).most_common()),
        statistics=_statistics(pairs, ref, draws) if enough else None,
        by_period=tuple(sorted(_groups(pairs, period, base_rate if enough else None), key=lambda group: group.name)),
        by_event_type=_groups(pairs, lambda forecast: forecast.event_type, base_rate if enough else None),
    )


Pairs = Sequence[tuple[Forecast, Grade]]


def first_forecasts(
    entries: Sequence[LedgerForecast], *, include_replays: bool = False
) -> tuple[list[LedgerForecast], int]:
    """The first forecast of each article and instrument, those that count, in their order; and how many later ones there were."""
    counted = [entry for entry in entries if include_replays or entry.forecast.forward]
    first: dict[tuple[str, str], LedgerForecast] = {}
    for entry in counted:
        first.setdefault((entry.forecast.article_id, entry.forecast.ticker), entry)
    return list(first.values()), len(counted) - len(first)


def graded_pairs(entries: Sequence[LedgerForecast]) -> list[tuple[Forecast, Grade]]:
    """Those that have their grade."""
    return [(entry.forecast, entry.grade) for entry in entries if entry.grade is not None]


def period_of(days: Sequence[date]) -> Callable[[Forecast], str]:
    """The name of a forecast's period in a record of these session-days, ascending: its quarter, or in a long record its year."""
    by_year = bool(days) and (days[-1] - days[0]).days > QUARTERS_UP_TO_DAYS

    def period(forecast: Forecast) -> str:
        day = forecast.session_on
        return f"{day.year}" if by_year else f"{day.year} Q{(day.month + 2) // 3}"

    return period


def _statistics(pairs: Pairs, ref: Reference, draws: int) -> Statistics:
    said, came = said_of(pairs), came_of(pairs)
    material = came.material.astype(np.float64)
    p, rate = _given(said.p_material), float(material.mean())
    n = len(pairs)
    constant = Forecasts(score=np.full(n, came.y.mean()), p_material=np.full(n, rate))
    ordinary = Forecasts(score=np.full(n, 0.5), scale=np.ones(n))
    metrics = ["spearman", "auc_2sigma", "brier_skill", "ece"]
    if all(grade.reference_version == ref.version for _, grade in pairs):
        metrics.append("crps")
    graded = evaluate(
        {MAIN: said, CONSTANT: constant, ORDINARY: ordinary}, came, ref, main=MAIN, draws=draws, metrics=metrics
    ).metrics
    crps = graded[ORDINARY].get("crps")
    low, high = ref.interval(1.0, LEVEL)
    bins = max(1, min(MOST_BINS, n // PER_BIN))
    curve = reliability(said.score, came.y, came.day, bins=bins, draws=draws)
    return Statistics(
        score=float(said.score.mean()),
        y=float(came.y.mean()),
        spearman=_estimate(graded[MAIN]["spearman"]),
        crps=_estimate(graded[MAIN].get("crps")),
        crps_ordinary_day=crps.value if crps is not None else None,
        p_material=float(p.mean()),
        material=wilson(int(material.sum()), n),
        brier=brier(p, material),
        brier_constant=brier(np.full(n, rate), material),
        brier_skill=_estimate(graded[MAIN]["brier_skill"]),
        auc=_estimate(graded[MAIN]["auc_2sigma"]),
        ece=_estimate(graded[MAIN]["ece"]),
        coverage=_coverage(pairs),
        coverage_ordinary_day=float(np.mean((came.y >= low) & (came.y <= high))),
        score_bins=tuple(
            Bin(n=each.n or 0, forecast=float(each.x), outcome=Estimate(value=each.y, low=each.low, high=each.high))
            for each in curve.bins
        ),
        p_material_bins=_share_bins(p, material, bins),
    )


def _share_bins(p: NDArray[np.float64], material: NDArray[np.float64], bins: int) -> tuple[Bin, ...]:
    """Wilson's interval here: a bin without a single case has one too, where redrawing days would give none."""
    members = equal_count_bins(p, bins)
    return tuple(
        Bin(
            n=int((members == number).sum()),
            forecast=float(p[members == number].mean()),
            outcome=wilson(int(material[members == number].sum()), int((members == number).sum())),
        )
        for number in np.unique(members).tolist()
    )


def _groups(pairs: Pairs, name: Callable[[Forecast], str], base_rate: float | None) -> tuple[Group, ...]:
    """Largest first; numbers only with a `base_rate` and GROUP_ENOUGH forecasts."""
    members: dict[str, list[tuple[Forecast, Grade]]] = {}
    for pair in pairs:
        members.setdefault(name(pair[0]), []).append(pair)
    ordered = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_group(label, inside, base_rate) for label, inside in ordered)


def _group(label: str, pairs: Pairs, base_rate: float | None) -> Group:
    n = len(pairs)
    if base_rate is None or n < GROUP_ENOUGH:
        return Group(name=label, n=n)
    said, came = said_of(pairs), came_of(pairs)
    material, p = came.material.astype(np.float64), _given(said.p_material)
    return Group(
        name=label,
        n=n,
        score=float(said.score.mean()),
        y=float(came.y.mean()),
        p_material=float(p.mean()),
        material=wilson(int(material.sum()), n),
        brier=brier(p, material),
        brier_constant=brier(np.full(n, base_rate), material),
        coverage=_coverage(pairs),
    )


def said_of(pairs: Pairs) -> Forecasts:
    """What was forecast, as columns."""

    def column(name: str) -> NDArray[np.float64]:
        return np.array([getattr(forecast, name) for forecast, _ in pairs], dtype=np.float64)

    return Forecasts(column("score"), column("multiplier"), column("p_material"), column("low"), column("high"))


def came_of(pairs: Pairs) -> Outcomes:
    """What came, as columns; which news tells its own price move is not known to the ledger."""
    n = len(pairs)
    return Outcomes(
        y=np.array([grade.y for _, grade in pairs], dtype=np.float64),
        abs_z=np.array([abs(grade.z) for _, grade in pairs], dtype=np.float64),
        hard=np.zeros(n, dtype=np.bool_),  # the ledger does not say which news tells its own price move
        day=np.array([forecast.session_on.toordinal() for forecast, _ in pairs], dtype=np.int64),
        tercile=np.zeros(n, dtype=np.int64),
    )


def _coverage(pairs: Pairs) -> Estimate:
    return wilson(sum(forecast.low <= grade.y <= forecast.high for forecast, grade in pairs), len(pairs))


def _estimate(found: Interval | None) -> Estimate | None:
    return None if found is None else Estimate(value=found.value, low=found.low, high=found.high)


def _given(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
    assert values is not None  # `_said` gives every column
    return values
