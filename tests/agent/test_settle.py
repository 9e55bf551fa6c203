"""Outcomes come in once, for forecasts and for events, whatever interrupts the run."""

import random
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import records
from agent import settle as settle_module
from agent.settle import SettleReport, settle
from markets.prices import PriceSource
from markets.reaction import measure
from markets.reference import reference
from markets.sessions import sessions
from records.database import Database, ledger
from records.errors import SourceUnreadable
from records.event import Event
from records.forecast import Forecast
from records.market import Reaction
from records.taxonomy import EventType

ROOT = Path(records.__file__).parents[1]
WALK = Path(__file__).with_name("walk_prices.py")
CALENDAR = sessions()
DAYS = CALENDAR.between(date(2024, 1, 2), date(2024, 3, 28))
NOW = datetime(2024, 4, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def prices() -> PriceSource:
    made: PriceSource = runpy.run_path(str(WALK))["WalkPrices"]()
    return made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC)


def forecast(
    number: int, *, ticker: str | None = None, at: datetime | None = None, date_only: bool = False
) -> Forecast:
    published = at or noon(DAYS[number % len(DAYS)])
    window = CALENDAR.window(published, date_only=date_only)
    return Forecast(
        analysis_id=f"{number:016x}",
        article_id=f"article-{number}",
        ticker=ticker or f"T{number}",
        published_at=published,
        date_only=date_only,
        as_of=published,
        session_on=window.session_on,
        window=window.kind,
        outcome_known_at=window.known_at,
        event_type="guidance",
        score=0.6,
        low=0.2,
        high=0.9,
        p_material=0.1,
        multiplier=1.4,
        evidence="grounded",
        n_eff=5,
        model_version="test",
        recorded_at=published,
        forward=True,
    )


def event(number: int, *, ticker: str | None = None, at: datetime | None = None, **changes: Any) -> Event:
    fields = {"tickers": (ticker or f"T{number}", "OTHER"), "source": "analysis", **changes}
    return Event(
        id=f"N{number}",
        summary=f"Company {number} said something.",
        event_type=EventType.GUIDANCE,
        published_at=at or noon(DAYS[number % len(DAYS)]),
        **fields,
    )


def record(database: Database, *forecasts: Forecast) -> None:
    with database._writing() as connection:
        for each in forecasts:
            ledger.append_forecast(connection, each)


def run(database: Database, prices: PriceSource, **options: Any) -> SettleReport:
    return settle(database, prices, CALENDAR, reference(), lambda: NOW, price_source="walk", **options)


def measured(ticker: str, at: datetime, prices: PriceSource, date_only: bool = False) -> Reaction:
    found = measure(ticker, at, prices, CALENDAR, date_only=date_only)
    assert isinstance(found, Reaction)
    return found


def test_a_forecast_is_graded_by_the_reaction_of_its_own_ticker_and_window(
    database: Database, prices: PriceSource
) -> None:
    one, two = forecast(1), forecast(2, date_only=True)
    record(database, one, two)
    report = run(database, prices)
    assert (report.graded, report.forecasts_open, report.waiting) == (2, 0, ())
    for kept, said in zip(database.forecasts(), (one, two), strict=True):
        outcome = measured(said.ticker, said.published_at, prices, said.date_only)
        assert kept.forecast == said
        assert kept.grade is not None
        assert (kept.grade.z, kept.grade.sigma, kept.grade.beta) == (outcome.z, outcome.sigma, outcome.beta)
        assert kept.grade.abnormal_return == outcome.abnormal_return
        assert kept.grade.session_on == said.session_on
        assert kept.grade.y == pytest.approx(float(reference().cdf(abs(outcome.z))), abs=1e-15)
        assert (kept.grade.reference_version, kept.grade.price_source) == ("reference_v1", "walk")
        assert kept.grade.graded_at == NOW
    assert database.verify_ledger().fault is None


def test_an_event_without_a_reaction_becomes_a_precedent_with_one(database: Database, prices: PriceSource) -> None:
    settled = event(3, ticker="T3")
    known = settled.model_copy(update={"id": "known", "reaction": measured("OTHER", settled.published_at, prices)})
    database.add_events([settled, known])
    assert run(database, prices).reactions == 1
    found, untouched = database.events(["N3", "known"])
    assert found == settled.model_copy(update={"reaction": measured("T3", settled.published_at, prices)})
    assert untouched == known
    assert database.count_known(NOW) == 2


def test_a_window_that_is_open_waits_for_its_close(database: Database, prices: PriceSource) -> None:
    last = noon(DAYS[-1])
    record(database, forecast(1, at=last))
    database.add_events([event(1, at=last)])
    close = CALENDAR.window(last).known_at
    report = run(database, prices, as_of=close - timedelta(microseconds=1))
    assert (report.graded, report.reactions, report.forecasts_open, report.events_open) == (0, 0, 1, 1)
    assert report.waiting == ()
    report = run(database, prices, as_of=close)
    assert (report.graded, report.reactions, report.forecasts_open, report.events_open) == (1, 1, 0, 0)


def test_what_cannot_be_measured_is_listed_with_its_reason_and_tried_again(
    database: Database, prices: PriceSource
) -> None:
    record(database, forecast(1, ticker="NONE1"), forecast(2))
    ancient = datetime(1960, 1, 4, tzinfo=UTC)
    database.add_events([event(3, ticker="NONE2"), event(4, tickers=()), event(5, at=ancient)])
    for graded in (1, 0):
        report = run(database, prices)
        assert (report.graded, report.forecasts_waiting) == (graded, {"no_price": 1})
        assert report.events_waiting == {"no_price": 1, "no_ticker": 1, "outside_calendar": 1}
        listed = [(each.what, each.id, each.ticker, each.reason) for each in report.waiting]
        assert listed[:2] == [("forecast", f"{1:016x}", "NONE1", "no_price"), ("event", "N3", "NONE2", "no_price")]
        assert len(listed) == 4
    assert [each.forecast.ticker for each in database.forecasts(ungraded_only=True)] == ["NONE1"]

    class Renamed:
        def returns(self, ticker: str, days: Any) -> Any:
            return prices.returns(ticker.replace("NONE", "T"), days)

    report = run(database, Renamed())
    assert (report.graded, report.reactions) == (1, 1)


def test_a_second_run_has_nothing_to_do(database: Database, prices: PriceSource) -> None:
    record(database, *(forecast(number) for number in range(250)))
    database.add_events([event(number) for number in range(250)])
    told: list[tuple[int, int]] = []
    first = run(database, prices, progress=lambda *at: told.append(at))
    assert (first.graded, first.reactions) == (250, 250)
    assert told == [(done, 500) for done in (100, 200, 250, 350, 450, 500)]
    head = database.verify_ledger().head
    second = run(database, prices)
    assert (second.graded, second.reactions) == (0, 0)
    assert database.verify_ledger().head == head


def test_prices_that_break_off_leave_what_was_settled_before(
    database: Database, prices: PriceSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking:
        def returns(self, ticker: str, days: Any) -> Any:
            if ticker == "T25":
                raise SourceUnreadable("the file is damaged")
            return prices.returns(ticker, days)

    monkeypatch.setattr(settle_module, "BATCH", 10)
    record(database, *(forecast(number) for number in range(40)))
    with pytest.raises(SourceUnreadable):
        run(database, Breaking())
    assert len(database.forecasts(ungraded_only=True)) == 20
    assert run(database, prices).graded == 20


def test_two_runs_at_once_settle_everything_once(
    database: Database, start_run: Callable[[], "subprocess.Popen[str]"]
) -> None:
    fill(database)
    both = [start_run(), start_run()]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert_settled(database)


@pytest.mark.long
def test_a_run_killed_anywhere_is_finished_by_the_next(
    database: Database, prices: PriceSource, start_run: Callable[[], "subprocess.Popen[str]"]
) -> None:
    fill(database)
    dice = random.Random(7)
    for _ in range(8):
        process = start_run()
        assert process.stdout is not None
        for _ in range(dice.randrange(1, 7)):  # batches seen before the kill, which then falls into the next one
            process.stdout.readline()
        try:
            process.wait(dice.uniform(0, 0.05))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        assert database.verify_ledger().fault is None
        assert database.check() == []
    left = len(database.forecasts(ungraded_only=True)) + len(database.events_without_reaction())
    report = run(database, prices)
    assert report.graded + report.reactions == left
    assert_settled(database)


MANY = 120


def fill(database: Database) -> None:
    record(database, *(forecast(number) for number in range(MANY)))
    database.add_events([event(number) for number in range(MANY)])


def assert_settled(database: Database) -> None:
    check = database.verify_ledger()
    assert (check.fault, check.forecasts, check.grades) == (None, MANY, MANY)
    kept = database.forecasts()
    assert all(each.grade is not None and each.grade.forecast == each.digest for each in kept)
    reactions = {each.id: each.reaction for each in database.every_event()}
    assert len(reactions) == MANY
    for number, each in enumerate(kept):
        reaction = reactions[f"N{number}"]
        assert reaction is not None
        assert each.grade is not None
        assert reaction.z == each.grade.z
    assert database.check() == []


@pytest.fixture
def start_run(tmp_path: Path) -> Callable[[], "subprocess.Popen[str]"]:
    """Starts a settling process in batches of five that prints a line after each."""
    code = f"""
import runpy
from datetime import UTC, datetime
from agent import settle
from markets.reference import reference
from markets.sessions import sessions
from records.database import Database
settle.BATCH = 5
prices = runpy.run_path({str(WALK)!r})["WalkPrices"]()
with Database.open({str(tmp_path / "rhyme.db")!r}) as database:
    settle.settle(
        database, prices, sessions(), reference(), lambda: datetime(2024, 4, 1, 12, tzinfo=UTC), price_source="walk",
        progress=lambda done, total: print(done, total, flush=True),
    )
"""

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
