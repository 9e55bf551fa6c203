"""Track record: counts until there is enough, then diagrams and tables of the same numbers, and the misses with their articles."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from evals.track_record import Bin, Estimate
from evals.track_record_detail import PeriodCorrelation, correlation_by_period, worst_misses
from markets.reference import reference
from records.database import ledger
from terminal.web.charts import HEIGHT, SIDE, WIDTH, correlation_panel, reliability_panel
from tests.terminal.commands.conftest import fill_ledger, made_forecast
from tests.terminal.work_kit import database_of, opened, words

__all__ = ["fill_ledger"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_below_a_hundred_there_are_counts_and_no_statistic(home: Path, fill_ledger: Callable[..., None]) -> None:
    fill_ledger(60, graded=50)
    with opened(home) as client:
        page = client.get("/track-record").text
    said = words(page)
    assert "50 graded forecasts" in said
    assert "Too few to judge." in said
    assert "100 on 20 are needed" in said
    assert "<svg" not in page
    assert "95 % interval</th>" in page  # of the periods, all too few
    assert said.count("too few") >= 3


def test_from_a_hundred_on_diagrams_stand_beside_the_numbers_they_are_drawn_from(
    home: Path, fill_ledger: Callable[..., None]
) -> None:
    fill_ledger(160, graded=150)
    with opened(home) as client:
        page = client.get("/track-record").text
    said = words(page)
    assert "150 graded forecasts" in said
    assert page.count("<svg") == 3
    assert page.count("<circle") == 11
    assert "Rank correlation of score and impact" in said
    assert "the base rate" in said
    assert "merger acquisition" in said
    with database_of(home) as database:
        worst = worst_misses(database.forecasts(), 1)[0]
    assert f"article {worst.forecast.article_id}, whose analysis is not kept here" in said
    in_log, fallen = (
        f"{100 * move:+.1f} %" for move in (worst.grade.abnormal_return, np.expm1(worst.grade.abnormal_return))
    )
    assert in_log != fallen, "the test needs a move whose two shapes differ"
    assert f"{worst.grade.y:.2f} {fallen}" in said


def test_a_miss_links_to_its_article(home: Path, fill_ledger: Callable[..., None], build: SimpleNamespace) -> None:
    fill_ledger(8, graded=8)
    with database_of(home) as database:
        worst = worst_misses(database.forecasts(), 1)[0]
        database.save_analysis(build.analysis(id=worst.forecast.analysis_id))
    with opened(home) as client:
        page = client.get("/track-record").text
    assert f'<a href="/articles/{worst.forecast.analysis_id}">General Mills raises its outlook' in page


def test_a_new_grade_is_seen_at_the_next_look(home: Path, fill_ledger: Callable[..., None]) -> None:
    fill_ledger(4, graded=3)
    with opened(home) as client:
        assert "3 graded forecasts" in words(client.get("/track-record").text)
        fill_ledger(0, graded=1)
        assert "4 graded forecasts" in words(client.get("/track-record").text)


def test_a_ledger_that_was_tampered_with_shows_no_record(home: Path, fill_ledger: Callable[..., None]) -> None:
    fill_ledger(4, graded=3)
    with database_of(home) as database, database._writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
        connection.exec_driver_sql("UPDATE ledger SET payload = replace(payload, '\"T1\"', '\"T2\"')")
    with opened(home) as client:
        answer = client.get("/track-record")
    assert answer.status_code == 503
    assert "The ledger is broken at row 2" in words(answer.text)


def test_a_period_with_few_looks_back_to_a_hundred_and_misses_are_by_distance(
    home: Path, fill_ledger: Callable[..., None]
) -> None:
    fill_ledger(260, graded=260)
    with database_of(home) as database:
        entries = database.forecasts()
    periods = correlation_by_period(entries, reference())
    assert [one.name for one in periods] == ["2024 Q1", "2024 Q2", "2024 Q3"]
    assert sum(one.n for one in periods) == 260
    assert (periods[0].n < 100, periods[0].spearman) == (True, None)
    assert [one.over for one in periods[1:]] == [100, 100]
    assert all(one.spearman is not None and -1 <= one.spearman.value <= 1 for one in periods[1:])
    misses = worst_misses(entries, 20)
    distances = [one.distance for one in misses]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] == max(abs(one.grade.y - one.forecast.score) for one in entries if one.grade)


def test_repeated_forecasts_and_replays_are_in_neither(home: Path) -> None:
    with database_of(home) as database, database._writing() as connection:
        ledger.append_forecasts(connection, [made_forecast(1, forward=False)])
    with database_of(home) as database:
        assert worst_misses(database.forecasts(), 5) == ()
        assert correlation_by_period(database.forecasts(), reference()) == ()


def test_the_diagonal_of_the_diagram_is_where_what_was_forecast_came() -> None:
    panel = reliability_panel(
        [Bin(n=30, forecast=x, outcome=Estimate(value=x, low=None, high=None)) for x in (0.2, 0.5, 0.7)]
    )
    assert [round(one.x + one.y, 1) for one in panel.marks] == [SIDE] * 3
    assert all(one.low == one.y == one.high for one in panel.marks)
    assert [one.label for one in panel.y_ticks] == [one.label for one in panel.x_ticks]


def test_a_period_with_too_few_leaves_a_gap_over_time() -> None:
    known = PeriodCorrelation(name="2024 Q1", n=120, over=120, spearman=Estimate(value=0.2, low=0.0, high=0.4))
    few = PeriodCorrelation(name="2024 Q2", n=12, over=12, spearman=None)
    panel = correlation_panel([known, few])
    assert [one.x for one in panel.marks] == [WIDTH / 4]
    assert [one.label for one in panel.x_ticks] == ["2024 Q1", "2024 Q2"]
    assert panel.zero is not None
    assert 0 < panel.marks[0].high < panel.marks[0].y < panel.marks[0].low <= HEIGHT
