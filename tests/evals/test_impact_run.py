"""What is graded: which split, from which outcomes, against whom; and what is said of the rest."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from evals.impact import fit
from evals.impact.baselines import baselines_of, graded
from evals.impact.bootstrap import evaluate
from evals.impact.events import COLUMNS, events_of, load_stories, price_source
from evals.impact.experiments import METRICS as EXPERIMENT_METRICS
from evals.impact.experiments import precedents, told_price
from evals.impact.grade import MAIN, grade
from evals.impact.metrics import METRICS, spearman
from evals.impact.report import to_json
from evals.impact.run import Ground, Request, prepare
from records.errors import SourceUnreachable, SourceUnreadable, UsageError
from records.taxonomy import EventType

DAY = date(2014, 3, 4)
LADDER = {
    "random",
    "constant",
    "trailing volatility",
    "volatility clustering",
    "words of earnings",
    "event-type mean",
    "same-ticker mean",
    "TF-IDF ridge",
    "kNN lexical k=5",
    "kNN lexical k=50",
    "kNN lexical k=200",
    "kNN lexical k=200, outcomes shuffled",
}
MakeStory = Callable[..., dict[str, Any]]


def _silent(_: str) -> None:
    """Nobody listens."""


@pytest.fixture
def few(world: Any, make_story: MakeStory) -> Any:
    """Forty stories of two splits, without a market worth the time."""
    rows = [
        make_story(n, day, world.names[n], f"Company {n} opens a bridge", split, z01=0.1 * n)
        for split, first in (("dev", 0), ("val", 20))
        for n, day in ((n, date(2013 if split == "dev" else 2014, 3, 4 + n % 3)) for n in range(first, first + 20))
    ]
    return world.with_rows(rows)


# the folder and its splits


def test_without_a_split_the_latest_is_graded(few: Any, tmp_path: Path) -> None:
    ground = prepare(Request(few.write(tmp_path / "data")), _silent)
    assert ground.about["split"] == "val"
    assert len(ground.graded) == 20
    assert ground.about["store_before_the_first_day"] == 20
    assert {ground.data.events[place].split for place in ground.graded} == {"val"}


def test_an_earlier_split_is_graded_without_looking_at_later_ones(few: Any, tmp_path: Path) -> None:
    ground = prepare(Request(few.write(tmp_path / "data"), "dev"), _silent)
    assert ground.about["split"] == "dev"
    assert max(event.day.year for event in ground.data.events) == 2013
    assert len(ground.graded) == len(ground.data.events) == 20


def test_an_unknown_split_is_a_usage_error_that_names_those_there_are(few: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no split 'test'.* it has dev, val"):
        prepare(Request(few.write(tmp_path / "data"), "test"), _silent)


def test_a_file_of_stories_that_lacks_a_column_is_named_with_the_column(few: Any, tmp_path: Path) -> None:
    folder = few.write(tmp_path / "data")
    path = folder / "impact" / "impact_2014Q1_val.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["price_leak", "body"]), path)
    with pytest.raises(SourceUnreadable, match=r"impact_2014Q1_val.parquet lacks the columns body, price_leak"):
        prepare(Request(folder), _silent)


def test_a_folder_without_stories_says_what_it_should_hold(tmp_path: Path) -> None:
    (tmp_path / "prices").mkdir()
    with pytest.raises(SourceUnreachable, match="no story files"):
        prepare(Request(tmp_path), _silent)


def test_price_files_beside_the_stories_are_no_stories(few: Any, tmp_path: Path) -> None:
    folder = few.write(tmp_path / "data")
    for path in [*(folder / "impact").iterdir(), *(folder / "prices").iterdir()]:
        path.rename(folder / path.name)
    assert len(load_stories(folder)) == 40


def test_stories_after_a_day_are_not_even_loaded(few: Any, tmp_path: Path) -> None:
    rows = load_stories(few.write(tmp_path / "data"), until=date(2013, 3, 5))
    assert {row["date"] for row in rows} == {date(2013, 3, 4), date(2013, 3, 5)}
    assert set(rows[0]) == set(COLUMNS)


def test_a_store_gives_precedents_of_before_the_first_graded_day_alone(few: Any, tmp_path: Path) -> None:
    own = few.with_rows([row for row in few.rows if row["split"] == "val"]).write(tmp_path / "own")
    store = few.with_rows([row | {"id": f"x{row['id']}", "event_id": f"X{row['event_id']}"} for row in few.rows]).write(
        tmp_path / "store"
    )
    ground = prepare(Request(own, None, (store,)), _silent)
    assert len(ground.graded) == 20
    assert ground.about["store_before_the_first_day"] == 20
    assert len(ground.data.events) == 40


# outcomes


def test_without_prices_the_outcomes_are_those_of_the_rows_and_it_is_said(few: Any, tmp_path: Path) -> None:
    heard: list[str] = []
    ground = prepare(Request(few.write(tmp_path / "data", prices=False)), heard.append)
    assert any("no prices/" in line and "stated in the rows" in line for line in heard)
    assert ground.about["outcomes_from"] == "the rows themselves"
    assert ground.data.abs_z[ground.graded].tolist() == pytest.approx(sorted(0.1 * n for n in range(20, 40)), abs=3)
    by_ticker = {event.ticker: z for event, z in zip(ground.data.events, ground.data.abs_z, strict=True)}
    assert by_ticker[few.rows[25]["ticker"]] == pytest.approx(2.5)
    assert all(state is None for state in ground.data.states)
    assert np.isfinite(ground.forecasts().score).all()


def test_prices_of_another_time_give_way_to_the_rows_and_it_is_said(few: Any, tmp_path: Path) -> None:
    heard: list[str] = []
    early = few.until(date(2015, 1, 1), date(2013, 12, 31)).with_rows(few.rows)
    ground = prepare(Request(early.write(tmp_path / "data")), heard.append)
    assert any("only 0 of 20 graded events" in line for line in heard)
    assert ground.about["outcomes_from"] == "the rows themselves"


def test_prices_may_lie_beside_the_folder(few: Any, tmp_path: Path) -> None:
    folder = few.write(tmp_path / "market" / "data", prices=False)
    assert price_source([folder]) is None
    few.write(tmp_path / "other")
    (tmp_path / "other" / "prices").rename(tmp_path / "market" / "prices")
    assert price_source([folder]) is not None


def test_events_without_an_outcome_are_left_out_and_counted(few: Any, make_story: MakeStory, tmp_path: Path) -> None:
    strangers = [make_story(800 + n, DAY, f"GONE{n}", "Gone opens a bridge", "val") for n in range(3)]
    old = [make_story(900, date(1975, 3, 4), few.names[0], "Old news", "dev")]
    ground = prepare(Request(few.with_rows([*few.rows, *strangers, *old]).write(tmp_path / "data")), _silent)
    assert dict(ground.left_out) == {"no_price": 3, "outside the calendar": 1}
    assert len(ground.graded) == 20


def test_rows_without_an_outcome_are_left_out_and_counted(few: Any, tmp_path: Path) -> None:
    rows = [dict(row) for row in few.rows]
    rows[20]["z01"], rows[21]["z01"], rows[22]["sigma"], rows[23]["sigma"] = None, float("nan"), 0.0, None
    ground = prepare(Request(few.with_rows(rows).write(tmp_path / "data", prices=False)), _silent)
    assert dict(ground.left_out) == {"no outcome in the row": 4}
    assert len(ground.graded) == 16


def test_when_no_graded_event_has_an_outcome_the_reason_is_told(few: Any, tmp_path: Path) -> None:
    rows = [row | {"z01": None} for row in few.rows]
    with pytest.raises(SourceUnreadable, match="no outcome in the row"):
        prepare(Request(few.with_rows(rows).write(tmp_path / "data", prices=False)), _silent)


def test_stories_of_a_company_and_day_are_one_event(make_story: MakeStory) -> None:
    rows = [
        make_story(2, DAY, "AAA-B", "Aaa reports quarter results", "val", body="Second."),
        make_story(1, DAY, "AAA-B", "Aaa to merge with Bbb", "val", body="First.", price_leak=True),
        make_story(3, DAY, "AAA-B", "Aaa to merge with Bbb", "val", body="First."),
        make_story(1, DAY, "AAA-B", "Aaa to merge with Bbb", "val", body="First."),
        make_story(4, date(2014, 3, 3), "CCC", "Ccc opens a bridge", "val"),
    ]
    rows = [row | {"date": row["date"].date()} for row in rows]
    first, event = events_of(rows)
    assert first.ticker == "CCC"
    assert event.ticker == "AAA.B"
    assert event.headlines == ("Aaa to merge with Bbb", "Aaa reports quarter results")
    assert event.body == "First. Second."
    assert (event.stories, event.earnings, event.tells_price, event.results) == (3, True, True, True)
    assert first.event_type in EventType


def test_an_event_that_tells_the_price_is_not_graded_with_the_others(prepared: Ground) -> None:
    leaky = [event for event in prepared.data.events if event.split == "val" and event.tells_price]
    assert leaky
    assert not any(prepared.data.events[place].tells_price for place in prepared.graded)
    assert prepared.about["events_with_the_price_in_the_text_graded_apart"] == len(leaky)
    hard = prepared.outcomes().hard
    assert 0 < hard.sum() < len(hard)
    assert [not prepared.data.events[place].earnings for place in prepared.graded] == hard.tolist()


# the signal


def test_precedents_carry_the_markets_signal_and_shuffled_outcomes_lose_it(prepared: Ground) -> None:
    outcomes, given = prepared.outcomes(), prepared.scored
    shuffled = np.random.default_rng(1).permuted(given.abs_z.ravel()).reshape(given.abs_z.shape)
    whole = spearman(prepared.forecasts().score, outcomes.y)
    without = spearman(prepared.forecasts(without=["precedents"]).score, outcomes.y)
    lost = spearman(prepared.forecasts(given.with_moves(shuffled)).score, outcomes.y)
    assert whole > 0.45
    assert whole > without + 0.2
    assert lost < without + 0.1


def test_only_neighbours_of_a_mask_weigh(prepared: Ground) -> None:
    given = prepared.scored
    nobody = prepared.forecasts(given.only(np.zeros(given.words.shape, dtype=bool)))
    alone = prepared.forecasts(without=["precedents"])
    assert nobody.score.tobytes() == alone.score.tobytes()
    everybody = prepared.forecasts(given.only(np.ones(given.words.shape, dtype=bool)))
    assert everybody.score.tobytes() == prepared.forecasts().score.tobytes()


def test_the_ladder_has_its_rungs_and_a_flat_one_tells_nothing_apart(prepared: Ground) -> None:
    found = baselines_of(prepared.data, prepared.y, prepared.rows, prepared.scored)
    assert set(found) - {"sentiment magnitude (VADER)"} == LADDER
    assert all(values.shape == prepared.graded.shape for values in found.values())
    assert np.ptp(found["constant"]) == 0
    y = prepared.outcomes().y
    assert spearman(found["kNN lexical k=200"], y) > 0.45
    assert abs(spearman(found["kNN lexical k=200, outcomes shuffled"], y)) < 0.15
    assert abs(spearman(found["random"], y)) < 0.15


def test_every_rung_of_the_artifact_gives_a_distribution(prepared: Ground) -> None:
    numbers = baselines_of(prepared.data, prepared.y, prepared.rows, prepared.scored)
    ladder = graded(numbers, prepared.model.artifact.baselines, prepared.model, prepared.ref)
    assert all(forecasts.scale is not None and np.isfinite(forecasts.scale).all() for forecasts in ladder.values())
    assert np.ptp(ladder["constant"].scale) == 0
    bare = graded({"new": np.array([0.2, np.nan, 0.4])}, {}, prepared.model, prepared.ref)["new"]
    assert bare.scale is None
    assert bare.score == pytest.approx([0.2, 0.3, 0.4])


# the report


def test_a_quick_grade_has_the_stable_names(few: Any, make_story: MakeStory, tmp_path: Path) -> None:
    more = [
        make_story(100 + n, date(2014, 3, 10 + n // 40), few.names[n % 40], f"News {n} on a bridge", "val", z01=n / 60)
        for n in range(160)
    ]
    folder = few.with_rows([*few.rows, *more]).write(tmp_path / "data", prices=False)
    report = to_json(grade(Request(folder), _silent, quick=True))
    assert report["main"] == MAIN
    assert report["n_events"] == 180
    assert report["n_hard"] == 180
    assert set(METRICS) <= set(report["metrics"])  # type: ignore[call-overload]
    assert {f"{name}_{end}" for name in METRICS for end in ("low", "high")} <= set(report["metrics"])  # type: ignore[call-overload]
    assert set(report["baselines"]) >= LADDER  # type: ignore[call-overload]
    assert report["experiments"] == {}
    assert report["data"]["outcomes_from"] == "the rows themselves"  # type: ignore[index]
    assert {"artifact", "differences", "targets", "left_out", "schema_version"} <= set(report)
    assert report["metrics"]["spearman"] is not None  # type: ignore[index]


def test_experiments_name_what_they_left_out(prepared: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "evals.impact.experiments.compared",
        lambda ground, outcomes, variants: evaluate(
            variants, outcomes, ground.ref, main="score", draws=20, metrics=EXPERIMENT_METRICS
        ),
    )
    rows = {str(row["variant"]): row for row in precedents(prepared, prepared.outcomes())}
    whole = rows["score"]["spearman"].value  # type: ignore[attr-defined]
    assert whole > rows["outcomes shuffled among the precedents"]["spearman"].value + 0.2  # type: ignore[attr-defined]
    assert whole > rows["no precedents"]["spearman"].value + 0.2  # type: ignore[attr-defined]
    assert rows["without the same ticker"]["spearman"].value == pytest.approx(whole, abs=0.1)  # type: ignore[attr-defined]
    assert told_price(prepared) == [
        {
            "events": prepared.about["events_with_the_price_in_the_text_graded_apart"],
            "result": "too few to grade",
        }
    ]


# the command that fits


@pytest.mark.usefixtures("small_coverage")
def test_fitting_without_prices_says_what_is_missing(few: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="no prices/"):
        fit.development(few.write(tmp_path / "data", prices=False), date(2014, 12, 31), _silent)
