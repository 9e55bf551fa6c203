"""A small invented market in the impact layout: shares whose news moves them by what it is about."""

import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from evals.impact.events import COLUMNS
from evals.impact.run import Ground, Request, prepare
from markets.prices import MISSING_RETURN
from markets.sessions import sessions
from records.embedder import Embedder

TICKERS = 40
FIRST_SESSION, LAST_SESSION = date(2011, 1, 3), date(2015, 3, 31)
FIRST_NEWS, LAST_NEWS = date(2012, 1, 3), date(2014, 12, 31)
STORIES_A_SESSION = 2
FEW_EVENTS = 80
SUBJECTS = {
    "wins approval for its lithium battery": 5.0,
    "loses a satellite over the copper mine": 3.0,
    "reports quarter results, profit and revenue": 2.0,
    "opens a bridge near the old harbor": 0.5,
    "names a new chairman for its violin fund": 0.3,
}
"""What news is about → how much wilder its two sessions are than ordinary ones."""
FILLER = ("monday", "tuesday", "officials", "plant", "north", "south", "coast", "group", "people", "statement", "early")

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class ImpactWorld:
    """Stories and prices that can be changed and written to a folder."""

    rows: Rows
    days: tuple[date, ...]
    names: tuple[str, ...]
    returns: NDArray[np.float64]
    """(days, names) log returns."""
    market: NDArray[np.float64]

    def with_rows(self, rows: Rows) -> "ImpactWorld":
        return replace(self, rows=rows)

    def until(self, last_story: date, last_price: date) -> "ImpactWorld":
        """Everything later is gone."""
        kept = np.array([day <= last_price for day in self.days])
        days = tuple(day for day in self.days if day <= last_price)
        rows = [row for row in self.rows if row["date"].date() <= last_story]
        return replace(self, rows=rows, days=days, returns=self.returns[kept], market=self.market[kept])

    def with_absurd_prices(self, after: date) -> "ImpactWorld":
        """Every return after a day is another one: large, and of the other sign."""
        late = np.array([day > after for day in self.days])
        returns = np.where(late[:, None], np.clip(-7 * self.returns, -0.2, 0.2), self.returns)
        return replace(self, returns=returns, market=np.where(late, -3 * self.market, self.market))

    def write(self, folder: Path, *, prices: bool = True) -> Path:
        """The layout of the impact data: a file a quarter and split, and the two price files."""
        (folder / "impact").mkdir(parents=True)
        quarters: dict[str, Rows] = {}
        for row in self.rows:
            quarter = f"{row['date'].year}Q{(row['date'].month + 2) // 3}_{row['split']}"
            quarters.setdefault(quarter, []).append(row)
        for name, rows in quarters.items():
            pq.write_table(pa.Table.from_pylist(rows), folder / "impact" / f"impact_{name}.parquet")
        if prices:
            (folder / "prices").mkdir()
            days = pa.array(self.days, pa.date32()).cast(pa.timestamp("us"))
            whole = np.where(np.isnan(self.returns), MISSING_RETURN, np.round(self.returns * 1e4)).astype(np.int16)
            columns = {name: whole[:, place] for place, name in enumerate(self.names)}
            pq.write_table(pa.table({"date": days, **columns}), folder / "prices" / "returns.parquet")
            pq.write_table(pa.table({"date": days, "logret": self.market}), folder / "prices" / "index.parquet")
        return folder


def story(number: int, day: date, ticker: str, headline: str, split: str, **changes: Any) -> dict[str, Any]:
    """One row of the impact layout."""
    row = {
        "id": f"s{number:05}",
        "event_id": f"{ticker}_{day:%Y%m%d}",
        "split": split,
        "date": datetime(day.year, day.month, day.day),
        "ticker": ticker,
        "company": f"{ticker.capitalize()}corp Holdings",
        "headline": headline,
        "body": "",
        "price_leak": False,
        "earn": "results" in headline,
        "z01": 1.0,
        "sigma": 0.01,
        "beta": 1.0,
        "car01": 0.014,
    }
    assert row.keys() == set(COLUMNS)
    return row | changes


def _world() -> ImpactWorld:
    generator = np.random.default_rng(20)
    days = sessions().between(FIRST_SESSION, LAST_SESSION)
    names = tuple(f"INV{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(TICKERS))
    wildness = np.ones((len(days), TICKERS))
    subjects = list(SUBJECTS)
    rows: Rows = []
    for place, day in enumerate(days):
        if not FIRST_NEWS <= day <= LAST_NEWS:
            continue
        split = "dev" if day.year < 2014 else "val"
        for company in generator.choice(TICKERS, STORIES_A_SESSION, replace=False):
            subject = subjects[generator.integers(len(subjects))]
            words = " ".join(generator.choice(FILLER, 3))
            headline = f"{names[company].capitalize()}corp {subject}"
            changes = {"body": f"It said {words}.", "price_leak": bool(generator.random() < 0.05)}
            rows.append(story(len(rows), day, names[company], headline, split, **changes))
            wildness[place : place + 2, company] = SUBJECTS[subject]
    market = generator.normal(0, 0.007, len(days))
    sigma = generator.uniform(0.006, 0.012, TICKERS)
    noise = np.clip(generator.normal(0, 1, wildness.shape), -2.5, 2.5)
    returns = market[:, None] + wildness * sigma * noise
    return ImpactWorld(rows, days, names, np.clip(returns, -0.2, 0.2), market)


@pytest.fixture(scope="session")
def world() -> ImpactWorld:
    """Forty invented companies, two stories a session from 2012 to 2014: `dev` to 2013, then `val`."""
    return _world()


@pytest.fixture(scope="session")
def make_story() -> Callable[..., dict[str, Any]]:
    """Builds a row: make_story(number, day, ticker, headline, split, **changes)."""
    return story


@pytest.fixture(scope="session")
def impact_folder(world: ImpactWorld, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented market as a folder; not to be changed."""
    return world.write(tmp_path_factory.mktemp("market") / "data")


@pytest.fixture(scope="session")
def prepared(impact_folder: Path) -> Ground:
    """The split `val` of the invented market, made ready once; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evals.impact.features.COVERAGE_EVENTS", FEW_EVENTS)
        return prepare(Request(impact_folder, "val"), lambda _: None)


@pytest.fixture
def small_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The news flow counts as known with this market's few stories too."""
    monkeypatch.setattr("evals.impact.features.COVERAGE_EVENTS", FEW_EVENTS)
    monkeypatch.setattr("agent.circumstances.COVERAGE_EVENTS", FEW_EVENTS)


@pytest.fixture(scope="session")
def hashing_embedder() -> Embedder:
    """The small real embedder of the event memory's own tests."""
    hashing = Path(__file__).parents[1] / "vectorstore" / "hashing.py"
    made: Embedder = runpy.run_path(str(hashing))["HashingEmbedder"]()
    return made
