"""An analysis as the forecast that the ledger keeps."""

from datetime import datetime
from typing import TYPE_CHECKING

from records.analysis import Analysis
from records.errors import UsageError
from records.forecast import Forecast

if TYPE_CHECKING:  # the calendar's library takes most of a second to load
    from markets.sessions import Sessions


def forecast_of(analysis: Analysis, sessions: "Sessions", recorded_at: datetime) -> Forecast | None:
    """The analysis's forecast with the window that will answer for it.

    None where no market can: the analysis is not scoreable, or its news lies outside the trading calendar. `forward` is set
    when `recorded_at` comes before the window closes, whatever the analysis says it was allowed to know.
    """
    impact, article = analysis.impact, analysis.article
    if (
        impact.evidence == "not_scoreable"
        or impact.ticker is None
        or impact.score is None
        or impact.low is None
        or impact.high is None
        or impact.p_material is None
        or impact.multiplier is None
        or impact.n_eff is None
    ):
        return None
    try:
        window = sessions.window(article.known_at, date_only=article.date_only)
    except UsageError:
        return None
    return Forecast(
        analysis_id=analysis.id,
        article_id=article.id,
        ticker=impact.ticker,
        published_at=article.known_at,
        date_only=article.date_only,
        as_of=analysis.provenance.as_of,
        session_on=window.session_on,
        window=window.kind,
        outcome_known_at=window.known_at,
        event_type=analysis.reading.event_type.value,
        score=impact.score,
        low=impact.low,
        high=impact.high,
        p_material=impact.p_material,
        multiplier=impact.multiplier,
        evidence=impact.evidence,
        n_eff=impact.n_eff,
        model_version=impact.model_version,
        recorded_at=recorded_at,
        forward=recorded_at < window.known_at,
    )
