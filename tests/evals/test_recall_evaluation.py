"""How recall is graded: a fixed sample, the past only, the product's own ranking, and honest verdicts."""

import csv
import json
import runpy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evals.impact.bootstrap import Interval
from evals.recall import absence, bench, run
from evals.recall.arms import NOBODY, Chosen, Finder, answer, ask_of, candidates_of
from evals.recall.judge import Judge
from evals.recall.pool import Pool, load_pool, read_sectors
from evals.recall.report import targets, to_json, verdict, write_report
from evals.recall.vectors import vectors_for
from vectorstore.fitted import fitted

KINDS = ("Q3 results beat on revenue", "recalls a faulty pump", "wins a contract with the navy", "sued over patents")
HASHING = Path(__file__).parents[1] / "vectorstore" / "hashing.py"


def _row(number: int, generator: np.random.Generator) -> dict[str, Any]:
    day, kind = date(2013, 1, 2) + timedelta(days=number // 4), number % len(KINDS)
    ticker = f"T{generator.integers(40)}"
    return {
        "id": f"s{number:04d}",
        "event_id": f"{ticker}_{day:%Y%m%d}",
        "split": "dev" if number < 300 else "val",
        "date": day,
        "ticker": ticker,
        "company": f"{ticker} Inc",
        "headline": f"{ticker} {KINDS[kind]} in place {generator.integers(200)}",
        "body": "The company said so.",
        "price_leak": number % 25 == 0,
        "earn": kind == 0,
        "z01": float(generator.standard_t(4) * (3.0 if kind == 0 else 0.5)),
        "sigma": 0.02,
        "beta": 1.0,
        "car01": 0.01,
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 stories of two splits whose kind tells the size of the move, and sectors by ticker."""
    folder = tmp_path_factory.mktemp("events")
    generator = np.random.default_rng(0)
    pq.write_table(pa.Table.from_pylist([_row(number, generator) for number in range(600)]), folder / "impact.parquet")
    (folder / "ref").mkdir()
    with (folder / "ref" / "us_tickers.csv").open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["ticker", "sector"])
        rows.writerows([f"T{number}", ("Finance", "Energy", "")[number % 3]] for number in range(40))
    return folder


@pytest.fixture(scope="module")
def pool(data: Path) -> Pool:
    return load_pool(data, 500)


@pytest.fixture(scope="module")
def embedder() -> Any:
    return runpy.run_path(str(HASHING))["HashingEmbedder"]()


def test_the_sample_is_the_same_every_time_and_a_smaller_one_is_part_of_it(data: Path, pool: Pool) -> None:
    ids = [event.id for event in pool.events]
    assert ids == [event.id for event in load_pool(data, 500).events]
    assert {event.id for event in load_pool(data, 200).events} < set(ids)


def test_queries_come_from_one_split_and_none_tells_its_price(pool: Pool) -> None:
    for split in ("dev", "val"):
        stories = [pool.stories.events[place] for place in pool.queries(split, 60)]
        assert {story.split for story in stories} == {split}
        assert not any(story.tells_price for story in stories)
        assert [story.day for story in stories] == sorted(story.day for story in stories)


def test_sectors_speak_the_index_providers_words_and_unknown_ones_are_none(data: Path, pool: Pool) -> None:
    assert read_sectors(data / "ref")["T0"] == "Financials"
    assert {sector for event, sector in zip(pool.events, pool.sectors, strict=True) if event.tickers == ("T2",)} == {
        None
    }
    assert read_sectors(data / "nowhere") == {}


def test_no_arm_sees_an_outcome_of_the_querys_own_window_or_its_own_story(pool: Pool, embedder: Any) -> None:
    matrix = vectors_for([event.summary for event in pool.events], embedder, None, print)
    finder, queries = Finder(pool), pool.queries("val", 30)
    asks = [ask_of(pool, int(query), {}.get) for query in queries]
    both = [candidates_of(pool, finder.lists(int(q), matrix), dense=True, lexical=True) for q in queries]
    for chosen in (answer(pool, both, asks, fitted().weights), finder.random([int(query) for query in queries])):
        assert (chosen.places != NOBODY).any(axis=1).all()
        for query, line in zip(queries, chosen.places, strict=True):
            story = pool.stories.events[query]
            for place in line[line != NOBODY]:
                assert pool.stories.reactions[place].known_at <= story.outcomes_until
    chosen = answer(pool, both, asks, fitted().weights)
    for query, line in zip(queries, chosen.places, strict=True):
        near = {pool.events[place].id for place in line[line != NOBODY]} & pool.own_story(int(query))
        assert not near


def test_topicality_counts_places_that_share_type_and_sector_and_empty_places_as_misses(pool: Pool) -> None:
    judge = Judge(pool, pool.queries("val", 40))
    query = int(pool.queries("val", 40)[np.flatnonzero(judge.judged)[0]])
    judge = Judge(pool, np.array([query]))
    alike = [
        place
        for place, event in enumerate(pool.events)
        if event.event_type == pool.events[query].event_type and pool.sectors[place] == pool.sectors[query]
    ]
    places = np.full((1, 5), NOBODY)
    places[0, :2] = alike[:2]
    found = judge.topical(Chosen(places, np.ones((1, 5))))
    assert found["topical_top5"] == pytest.approx([0.4])
    assert found["topical_any_of_5"] == pytest.approx([1.0])


def test_expected_size_is_the_weighted_mean_and_the_mean_of_all_without_neighbours(pool: Pool) -> None:
    judge = Judge(pool, pool.queries("val", 2))
    places, weights = np.array([[3, 4], [NOBODY, NOBODY]]), np.array([[3.0, 1.0], [0.0, 0.0]])
    capped = np.minimum(pool.abs_z, 10.0)
    expected = judge.expected(Chosen(places, weights), 2)
    assert expected == pytest.approx([0.75 * capped[3] + 0.25 * capped[4], capped.mean()])


def test_vectors_are_kept_and_a_second_run_embeds_nothing(tmp_path: Path, embedder: Any) -> None:
    first = vectors_for(["one text", "another"], embedder, tmp_path / "cache", print)
    before = embedder.embedded
    again = vectors_for(["another", "one text"], embedder, tmp_path / "cache", print)
    assert embedder.embedded == before
    assert again == pytest.approx(first[::-1])
    assert np.linalg.norm(again, axis=1) == pytest.approx([1, 1])


def test_off_topic_sentences_are_sixty_and_the_halves_do_not_overlap() -> None:
    fit, report = absence.off_topic("fit"), absence.off_topic("report")
    assert len(fit) == len(report) == 30
    assert not set(fit) & set(report)


def test_a_threshold_stands_above_the_off_topic_ones_and_is_graded_on_others() -> None:
    drawn = np.random.default_rng(1).normal(size=30)
    off = 0.25 + 0.04 * (drawn - drawn.mean()) / drawn.std(ddof=1)
    assert absence.threshold_of(off) == 0.34  # 0.25 + 2.326 · 0.04
    found = absence.judge(np.array([0.5, 0.6, 0.3, 0.7]), np.array([0.2, 0.35, 0.1]), 0.34)
    assert found.on_topic_kept.value == 0.75
    assert found.off_topic_found.value == pytest.approx(1 / 3)
    assert found.auc.value == pytest.approx(11 / 12)
    assert found.roc[-1] == (1.0, 1.0)


def test_a_verdict_needs_the_whole_interval_on_one_side() -> None:
    assert verdict(Interval(0.1, 0.01, 0.2)) == "better"
    assert verdict(Interval(0.1, -0.01, 0.2)) == "no difference shown (null)"
    assert verdict(Interval(-0.1, -0.2, -0.01)) == "worse"
    assert verdict(None) == "cannot be graded"


def test_the_whole_evaluation_has_stable_names_and_a_page(
    data: Path, tmp_path: Path, embedder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_embedders", lambda _models, _names: [embedder])
    report = run.evaluate(run.Request(data, tmp_path, limit=400, queries=60), lambda _text: None)
    told = to_json(report)
    json.dumps(told, allow_nan=False)
    ends = ("", "_low", "_high")
    names = {f"{name}{end}" for name in ("topical_top5", "outcome_spearman_k50", "no_precedent_auc") for end in ends}
    assert names | {"threshold", "arms", "n_queries", "n_events", "embedder"} <= set(told)
    assert set(report.arms) >= {"random", "lexical", "dense", "hybrid", "hybrid_weighted"}
    for found in report.arms.values():
        assert {"topical_top5", "outcome_spearman_k5", "outcome_spearman_k200"} <= set(found)
    assert len(targets(report)) == 8
    lexical, random = report.arms["lexical"]["outcome_spearman_k50"], report.arms["random"]["outcome_spearman_k50"]
    assert lexical is not None
    assert random is not None
    assert lexical.value > random.value + 0.1  # the kind of story tells the size of the move here
    write_report(tmp_path / "out", report)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.md", "report.json", "topical_top5.png", "outcome_spearman_k50.png", "no_precedent.png",
    }  # fmt: skip
