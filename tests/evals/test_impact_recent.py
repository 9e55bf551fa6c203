"""News after the models' cutoff: which stories count, who is graded, and what the page says of it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evals.impact import recent
from evals.impact.baselines import DENSE
from evals.impact.recent import AFTER, BEFORE, MAIN, RUNGS, grade_recent, page, recent_rows
from records.embedder import Embedder
from records.errors import SourceUnreachable

NOON = datetime(2023, 3, 7, 17, tzinfo=UTC)


def _story(name: str, ts: datetime, ticker: str = "AAPL", headline: str = "Apple opens a store", body: str = "") -> Any:
    outcome = {"z01": 1.0, "sigma": 0.01, "beta": 1.0, "car01": 0.014}
    return {"id": name, "ts": ts, "ticker": ticker, "headline": headline, "body": body, **outcome}


def _write(folder: Path, stories: list[Any], name: str = "some_00") -> Path:
    (folder / "recent").mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.Table.from_pylist(stories), folder / "recent" / f"{name}.parquet")
    return folder


def test_a_companys_day_in_new_york_is_one_event(tmp_path: Path) -> None:
    midnight = datetime(2023, 3, 8, 4, 59, tzinfo=UTC)
    stories = [_story("a", NOON), _story("b", midnight), _story("c", midnight + timedelta(minutes=1))]
    rows, _ = recent_rows(_write(tmp_path, stories))
    assert [row["date"] for row in rows] == [date(2023, 3, 7), date(2023, 3, 7), date(2023, 3, 8)]
    assert len({row["event_id"] for row in rows}) == 2
    assert {row["company"] for row in rows} == {"Apple"}


def test_stories_that_tell_the_price_move_are_left_out_and_counted(tmp_path: Path) -> None:
    told = [
        _story("a", NOON, headline="Apple shares fall after launch"),
        _story("b", NOON, body="The stock rose 3 %."),
        _story("c", NOON),
    ]
    rows, count = recent_rows(_write(tmp_path, told))
    assert (count, [row["id"] for row in rows]) == (2, ["c"])


def test_a_story_in_two_files_counts_once(tmp_path: Path) -> None:
    _write(tmp_path, [_story("a", NOON)], "one_00")
    rows, _ = recent_rows(_write(tmp_path, [_story("a", NOON), _story("b", NOON)], "two_00"))
    assert [row["id"] for row in rows] == ["a", "b"]


def test_only_days_from_the_cutoff_on_are_graded(tmp_path: Path) -> None:
    new_year = datetime(2022, 1, 1, 5, tzinfo=UTC)  # midnight in New York
    rows, _ = recent_rows(_write(tmp_path, [_story("a", new_year - timedelta(seconds=1)), _story("b", new_year)]))
    assert [row["split"] for row in rows] == [BEFORE, AFTER]


def test_results_are_told_by_the_headline(tmp_path: Path) -> None:
    rows, _ = recent_rows(_write(tmp_path, [_story("a", NOON, headline="Apple quarterly results"), _story("b", NOON)]))
    assert [row["earn"] for row in rows] == [True, False]


def test_a_folder_without_recent_news_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match=r"recent/\*\.parquet"):
        recent_rows(tmp_path)


@pytest.fixture(scope="module")
def folder(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The invented market; its last half year comes as timed news too."""
    made: Path = world.write(tmp_path_factory.mktemp("recent") / "data")
    late = [row for row in world.rows if row["date"] >= datetime(2014, 4, 1) and not row["price_leak"]]
    timed = [
        _story(f"r{row['id']}", row["date"].replace(hour=17, tzinfo=UTC), row["ticker"], row["headline"], row["body"])
        for row in late
    ]
    for path in (made / "impact").glob("*.parquet"):
        table = pq.read_table(path)
        early = [row for row in table.to_pylist() if row["date"] < datetime(2014, 4, 1)]
        pq.write_table(pa.Table.from_pylist(early, schema=table.schema), path)
    return _write(made, timed)


def test_the_whole_of_it(
    folder: Path, hashing_embedder: Embedder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recent, "CUTOFF", date(2014, 7, 1))
    monkeypatch.setattr(recent, "LEAST_GRADED", 20)
    found = grade_recent(folder, lambda _: None, hashing_embedder)
    assert set(found.evaluation.metrics) == {MAIN, *RUNGS}
    assert found.about["first_day"] >= date(2014, 7, 1)  # type: ignore[operator]
    assert found.about["store_before_the_first_day"] > found.evaluation.n_events  # type: ignore[operator]
    assert sum(found.companies.values()) == found.evaluation.n_events
    assert sum(one.n_events for one in found.years.values()) == found.evaluation.n_events
    score = found.evaluation.metrics[MAIN]["spearman"]
    assert score is not None
    assert found.evaluation.differences[DENSE]["spearman"] is not None
    text = page(found)
    assert f"{found.evaluation.n_events:,} company-days" in text
    assert "development data" in text
    assert DENSE in text

    monkeypatch.setattr(recent, "grade_recent", lambda *_: found)
    recent.main(["--data", str(folder), "--out", str(tmp_path / "report")])
    assert (tmp_path / "report" / "after_cutoff.md").read_text(encoding="utf-8") == text
    told = json.loads((tmp_path / "report" / "after_cutoff.json").read_text(encoding="utf-8"))
    assert told["evaluation"]["metrics"][MAIN]["spearman"]["value"] == pytest.approx(score.value)


def test_an_embedder_without_its_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        recent.main(["--data", str(tmp_path), "--dense", "minilm-int8"])
    assert "--models" in capsys.readouterr().err
