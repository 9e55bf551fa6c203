"""Story, precedent, ticker and theme over a home of real analyses and starter events."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from records.analysis import Analysis
from records.database import Database
from records.event import Event, Precedent
from records.taxonomy import EventType
from records.times import utc_now
from terminal.web.event_view import FEW, EventRow, means_by_type, price_chart
from tests.terminal.web_kit import write_prices
from tests.terminal.work_kit import database_of, opened, words

NOW = datetime(2026, 3, 2, 22, tzinfo=UTC)


@pytest.fixture
def database(analysed_home: Path) -> Iterator[Database]:
    with database_of(analysed_home) as one:
        yield one


@pytest.fixture
def client(analysed_home: Path) -> Iterator[TestClient]:
    with opened(analysed_home) as one:
        yield one


def analysed(database: Database, words: str) -> Analysis:
    """The kept analysis whose headline has the words."""
    found = next(one for one in database.recent_analyses(50) if words in one.title)
    return database.load_analysis(found.id)


def test_a_story_is_told_in_time_with_what_changed(client: TestClient, database: Database) -> None:
    update = analysed(database, "begin strike")
    assert update.story is not None
    said = words(client.get(f"/stories/{update.story.story_id}").text)
    first, second = said.index("first of its story"), said.index("update ·")
    assert first < second
    assert said.index("Boeing workers reject contract", first) < second
    changed = said[said.index("What changed") :]
    assert "score 0." in changed
    assert "newly said" in changed


def test_a_story_of_a_past_moment_ends_there(client: TestClient, database: Database) -> None:
    update = analysed(database, "begin strike")
    assert update.story is not None
    before = update.article.known_at - timedelta(minutes=1)
    page = client.get(f"/stories/{update.story.story_id}", params={"as_of": before.isoformat()}).text
    assert "Articles 1 " in words(page)
    assert "begin strike" not in page
    assert client.get("/stories/none").status_code == 404


def test_a_precedent_says_what_the_market_did_and_where_it_was_used(client: TestClient, database: Database) -> None:
    using = analysed(database, "FedEx")
    shown = using.precedents[0]
    page = client.get(f"/precedents/{shown.event_id}").text
    said = words(page)
    assert shown.summary in said.replace("&#39;", "'").replace("&amp;", "&")
    assert f"{shown.reaction.z:+.1f}σ" in said
    assert f'href="/articles/{using.id}"' in page


def test_an_event_of_our_own_leads_back_to_its_article_and_its_outcome_is_not_known(
    client: TestClient, database: Database
) -> None:
    own = analysed(database, "FedEx")
    page = client.get(f"/precedents/{own.article.event_id}").text
    assert f'<a href="/articles/{own.id}">the analysis of its article</a>' in page
    assert "Not known No reaction was measured" in words(page)
    early = (own.article.known_at - timedelta(days=1)).isoformat()
    assert client.get(f"/precedents/{own.article.event_id}", params={"as_of": early}).status_code == 404


def test_a_company_without_prices_says_so_and_shows_the_rest(client: TestClient) -> None:
    said = words(client.get("/tickers/fdx").text)
    assert "FDX FedEx" in said
    assert "No price No prices are set" in said
    assert "FedEx withdraws full-year forecast" in said


def test_a_company_nobody_heard_of_has_an_empty_page(client: TestClient) -> None:
    answer = client.get("/tickers/ZZZZZ")
    assert answer.status_code == 200
    assert "No analysis was known then." in words(answer.text)


def test_a_price_stands_with_its_events_as_a_picture_and_as_data(analysed_home: Path, tmp_path: Path) -> None:
    write_prices(tmp_path / "prices", ["AAPL"], utc_now())
    with opened(analysed_home, prices=str(tmp_path / "prices")) as client:
        page, other = client.get("/tickers/AAPL").text, client.get("/tickers/META").text
    assert re.search(r'<polyline class="line" points="0\.0,[\d.]+ ', page)
    assert re.search(r'<a href="/precedents/[^"]+"><circle class="mark', page)
    assert '<script type="application/json" id="price-data">{"dates": ["' in page
    assert "No price The prices that are set have none of META" in words(other)


def test_prices_that_cannot_be_read_leave_the_rest_of_the_page(analysed_home: Path, tmp_path: Path) -> None:
    with opened(analysed_home, prices=str(tmp_path / "nowhere")) as client:
        said = words(client.get("/tickers/AAPL").text)
    assert "No price The prices could not be read" in said
    assert "sues Apple" in said


def test_a_theme_has_its_news_and_its_events(client: TestClient) -> None:
    said = words(client.get("/themes/semiconductors & hardware").text)
    assert "Nvidia forecasts second-quarter revenue" in said
    assert re.search(r"guidance \d+", said)
    assert client.get("/themes/Weather").status_code == 404


@pytest.fixture
def reacted(build: SimpleNamespace) -> list[Event]:
    """FEW events of one type and one fewer of another, each known two days after it."""
    shown: Precedent = build.analysis().precedents[0]

    def event(number: int, kind: EventType, z: float) -> Event:
        at = NOW - timedelta(days=40 + number)
        changes = {"z": z, "abnormal_return": z / 10, "known_at": at + timedelta(days=2), "ticker": "GIS"}
        return Event(
            id=f"{kind}{number}", summary="Cereal.", event_type=kind, tickers=("GIS",), published_at=at,
            reaction=shown.reaction.model_copy(update=changes),
        )  # fmt: skip

    sizes = [3.0, -1.0, 1.0, -2.5, 0.5]
    assert len(sizes) == FEW
    many = [event(number, EventType.GUIDANCE, z) for number, z in enumerate(sizes)]
    return many + [event(number, EventType.LITIGATION, 1.0) for number in range(FEW - 1)]


def test_a_mean_has_its_count_and_below_the_bound_there_is_none(reacted: list[Event]) -> None:
    many, few = means_by_type(reacted, NOW)
    assert (many.event_type, many.count, many.size, many.beyond, many.up) == ("guidance", FEW, "1.6σ", "40 %", "60 %")
    moves = 100 * np.expm1(np.array([3.0, -1.0, 1.0, -2.5, 0.5]) / 10)
    assert many.move == f"+{moves.mean():.1f} % ± {moves.std(ddof=1) / FEW**0.5:.1f}"
    assert (few.event_type, few.count, few.size, few.move, few.beyond, few.up) == (
        "litigation",
        4,
        None,
        None,
        None,
        None,
    )


def test_a_mean_uses_no_outcome_that_was_not_known_nor_another_shares(reacted: list[Event]) -> None:
    newest = max(one.published_at for one in reacted)
    (guidance, _) = means_by_type(reacted, newest + timedelta(days=1))
    assert guidance.count < FEW
    assert means_by_type(reacted, NOW, ticker="K") == ()


def test_an_event_says_its_move_in_log_as_the_fall_of_the_price(reacted: list[Event]) -> None:
    assert reacted[0].reaction is not None
    reaction = reacted[0].reaction.model_copy(update={"abnormal_return": -0.644})
    assert EventRow.of(reacted[0].model_copy(update={"reaction": reaction}), NOW).move == "GIS -47.5 %"


class Falling:
    """Every session −1 %, with the first two unknown."""

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:  # noqa: ARG002
        given = np.full(len(sessions), -0.01)
        given[:2] = np.nan
        return given


def test_a_chart_begins_at_100_and_marks_events_at_their_session(reacted: list[Event]) -> None:
    chart = price_chart("GIS", Falling(), [*reacted, reacted[0].model_copy(update={"reaction": None})], NOW)
    assert chart is not None
    assert chart.points[0].level == 100
    assert chart.points[1].level == pytest.approx(100 * np.exp(-0.01))
    assert chart.points[-1].on < NOW.date()
    assert chart.gaps == 0
    assert [mark.reaction is None for mark in chart.marks].count(True) == 1
    assert all(chart.points[0].on <= mark.on <= chart.points[-1].on for mark in chart.marks)
