"""An analysis becomes a forecast with the window that will answer for it, before or after that window closed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from agent.ledger import forecast_of
from markets.sessions import sessions
from records.analysis import Analysis, Provenance
from records.article import Article
from records.event import Precedent
from records.impact import Impact
from records.reading import Reading

CLOSE = datetime(2024, 2, 20, 21, tzinfo=UTC)  # the article's session, a Tuesday
CALENDAR = sessions()


def impact(**changes: object) -> Impact:
    fields: dict[str, object] = {
        "ticker": "CTSO",
        "score": 0.61,
        "low": 0.2,
        "high": 0.9,
        "p_material": 0.14,
        "multiplier": 1.4,
        "evidence": "grounded",
        "n_eff": 4.5,
        "model_version": "test",
    }
    return Impact.model_validate(fields | changes)


def analysis(article: Article, reading: Reading, forecast: Impact, precedents: tuple[Precedent, ...] = ()) -> Analysis:
    as_of = article.known_at
    return Analysis(
        id="00ff00ff00ff00ff",
        created_at=as_of + timedelta(minutes=1),
        article=article,
        reading=reading,
        impact=forecast,
        precedents=precedents,
        precedent_status="no_precedent",
        claims=(),
        provenance=Provenance(
            model="scripted", provider="scripted", profile="capable", prompts={}, embedder=None, store=None, as_of=as_of,
            calls=0, input_tokens=0, output_tokens=0, cost_usd=None, seconds=0, cache_hit=False, rhyme_version="0",
        ),
    )  # fmt: skip


def test_the_forecast_carries_the_score_and_its_window(article: Article, reading: Reading) -> None:
    recorded_at = article.known_at + timedelta(hours=1)
    forecast = forecast_of(analysis(article, reading, impact()), CALENDAR, recorded_at)
    assert forecast is not None
    assert (forecast.analysis_id, forecast.article_id) == ("00ff00ff00ff00ff", article.id)
    assert (forecast.ticker, forecast.event_type, forecast.evidence) == ("CTSO", "merger_acquisition", "grounded")
    assert (forecast.score, forecast.low, forecast.high) == (0.61, 0.2, 0.9)
    assert (forecast.p_material, forecast.multiplier, forecast.n_eff) == (0.14, 1.4, 4.5)
    assert (forecast.published_at, forecast.as_of, forecast.recorded_at) == (
        article.known_at,
        article.known_at,
        recorded_at,
    )
    assert (forecast.session_on, forecast.window, forecast.date_only) == (date(2024, 2, 20), "one_session", False)
    assert forecast.outcome_known_at == CLOSE


def test_a_date_only_article_is_answered_by_two_sessions(article: Article, reading: Reading) -> None:
    dated = article.model_copy(update={"date_only": True})
    forecast = forecast_of(analysis(dated, reading, impact()), CALENDAR, dated.known_at)
    assert forecast is not None
    assert (forecast.window, forecast.date_only) == ("two_session", True)
    assert forecast.outcome_known_at == CLOSE + timedelta(days=1)


@pytest.mark.parametrize(("before", "forward"), [(timedelta(microseconds=1), True), (timedelta(0), False)])
def test_forward_ends_when_the_window_closes(
    article: Article, reading: Reading, before: timedelta, forward: bool
) -> None:
    forecast = forecast_of(analysis(article, reading, impact()), CALENDAR, CLOSE - before)
    assert forecast is not None
    assert forecast.forward is forward


def test_an_analysis_that_is_not_scoreable_makes_no_forecast(article: Article, reading: Reading) -> None:
    nothing = dict.fromkeys(("ticker", "score", "low", "high", "p_material", "multiplier", "n_eff"))
    unscored = impact(**nothing, evidence="not_scoreable", reason="no instrument")
    assert forecast_of(analysis(article, reading, unscored), CALENDAR, CLOSE) is None


def test_news_outside_the_calendar_makes_no_forecast(article: Article, reading: Reading) -> None:
    old = article.model_copy(update={"published_at": datetime(1950, 1, 3, tzinfo=UTC)})
    assert forecast_of(analysis(old, reading, impact()), CALENDAR, CLOSE) is None
