"""Does the time of day pay? Timestamped news outside trading hours, forecast and measured twice: as timed and as date-only."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from agent.features import Known, row, speaks_of_results
from agent.score import ScoreModel
from agent.wording import event_text, words_of
from evals.impact.bootstrap import evaluate
from evals.impact.events import CalendarCache, price_source
from evals.impact.metrics import Forecasts, Outcomes
from evals.starter.labeller import label
from markets.reaction import UnknownReaction, measure
from markets.reference import Reference
from markets.state import state_before
from records.times import new_york_date

PLACEHOLDERS = (time(0, 0), time(12, 0), time(23, 59), time(23, 59, 59))
"""Times of day that stand for "no time" in these sources."""
METRICS = ("spearman", "crps", "auc_2sigma")


def overnight_against_date_only(folder: Path, model: ScoreModel, ref: Reference) -> Sequence[Mapping[str, object]]:
    """Rank correlation, CRPS and AUC of the prior alone, one story a company and session, over both windows.

    The date-only forecast knows the state before the same calendar day; its outcome is the two-session window. Rows of `recent/`
    in `folder` with id, ts, ticker, headline, body; a table of one row that says so where there are none.
    """
    prices = price_source([folder])
    files = sorted((folder / "recent").glob("*.parquet"))
    if prices is None or not files:
        return [{"window": "not measured: no recent/ or no prices/ in this folder"}]
    calendar, found = CalendarCache(), dict[tuple[str, date], dict[bool, tuple[NDArray[np.float64], float, int]]]()
    for path in files:
        for story in pq.read_table(path, columns=["ts", "ticker", "headline", "body"]).to_pylist():
            moment: datetime = story["ts"].astimezone(UTC) if story["ts"].tzinfo else story["ts"].replace(tzinfo=UTC)
            if moment.time() in PLACEHOLDERS:
                continue
            window = calendar.window(moment)
            if window.intraday or (story["ticker"], window.session_on) in found:
                continue
            both = {}
            for date_only in (False, True):
                reaction = measure(story["ticker"], moment, prices, calendar, date_only=date_only)
                state = state_before(story["ticker"], moment, prices, calendar, date_only=date_only)
                if isinstance(reaction, UnknownReaction) or state is None:
                    break
                words = model.artifact.vocabulary.vector(
                    words_of(event_text([story["headline"]], story["body"] or ""), story["ticker"])
                )
                kind = label(story["headline"], story["body"] or "")
                known = Known(
                    day=new_york_date(moment),
                    wording=model.artifact.vocabulary.expected(words),
                    type_mean=model.artifact.type_mean.get(kind, model.artifact.mean),
                    results=speaks_of_results(story["headline"]),
                    state=state,
                    flow=None,
                )
                both[date_only] = (row(known), reaction.z, reaction.session_on.toordinal())
            if len(both) == 2:
                found[(story["ticker"], window.session_on)] = both
    return [
        _graded("as timed: one session", [each[False] for each in found.values()], model, ref),
        _graded("as date-only: two sessions", [each[True] for each in found.values()], model, ref),
    ]


def _graded(
    name: str, cases: Sequence[tuple[NDArray[np.float64], float, int]], model: ScoreModel, ref: Reference
) -> Mapping[str, object]:
    if len(cases) < 100:
        return {"window": name, "events": len(cases), "result": "too few to grade"}
    finished = model.finish(model.log_scales(model.expected(np.stack([features for features, _, _ in cases]))))
    abs_z = np.array([abs(z) for _, z, _ in cases])
    outcomes = Outcomes(
        y=ref.cdf(abs_z),
        abs_z=abs_z,
        hard=np.ones(len(cases), dtype=bool),
        day=np.unique([day for _, _, day in cases], return_inverse=True)[1].astype(np.int64),
        tercile=np.zeros(len(cases), dtype=np.int64),
    )
    forecasts = Forecasts(score=finished.score, scale=finished.scale, p_material=finished.p_material)
    graded = evaluate({"prior": forecasts}, outcomes, ref, main="prior", draws=1_000, metrics=METRICS)
    return {"window": name, "events": len(cases), **{metric: graded.metrics["prior"][metric] for metric in METRICS}}
