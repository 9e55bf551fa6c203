"""The suites of the harness: what each grades on the shipped sets, and that a fault of what it grades shows."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evals.harness.datasets import SHIPPED, digest_of
from evals.harness.engine import graded
from evals.harness.registry import SUITES
from evals.harness.run import Case
from evals.harness.suites import cost, impact, injection, leaks, recall, sentiment, threads, tickers, words
from evals.harness.suites.analyses import article_of
from evals.harness.suites.corpus import stories
from evals.harness.suites.parts import Parts
from evals.harness.task import Reply, Task
from evals.injection.bench import Bench
from evals.injection.case import hosts
from evals.injection.obedient import ObedientModel
from markets.reference import reference
from models.cost import load_prices
from records.embedder import Embedder
from records.errors import NotFound

QUICK = 3


@pytest.fixture(scope="module")
def bench(hashing_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The real path of an article over the shipped precedents, opened once."""
    with Bench.opened(tmp_path_factory.mktemp("bench"), hashing_embedder, lambda _: None) as opened:
        yield opened


@pytest.fixture
def parts(bench: Bench, tmp_path: Path) -> Parts:
    """Without data and without a model."""
    return Parts(
        data=None,
        limit=QUICK,
        seed=0,
        home=tmp_path,
        model=None,
        open_bench=lambda: bench,
        open_talk=lambda *_: pytest.fail("no chat is asked for here"),
        render=lambda analysis: analysis.text,
    )


def _with_model(parts: Parts) -> Parts:
    from dataclasses import replace

    reader = ObedientModel("embedded")
    reader.begin(None)
    return replace(parts, model=reader)


def _cases(task: Task, keep: int | None = None) -> list[Case]:
    return [graded(task, sample) for sample in task.samples[:keep]]


def test_every_suite_of_the_harness_has_a_task() -> None:
    named = {
        "impact",
        "recall",
        "threads",
        "words",
        "sentiment",
        "tags",
        "tickers",
        "chat",
        "injection",
        "leaks",
        "cost",
    }
    assert set(SUITES) == named
    assert all(suite.tasks() and suite.measures for suite in SUITES.values())


def test_the_shipped_stories_are_told_twice_with_the_same_figures() -> None:
    import re

    lines = (SHIPPED / "dup" / "self_written.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    told = [row for row in rows if row["label"] == 1]
    assert len(told) == len(stories()) == 20
    assert sum(row["label"] == 0 for row in rows) == 20
    for row in told:
        figures = [set(re.findall(r"\d[\d,.]*\d|\d", row[f"{side}_body"])) for side in ("a", "b")]
        assert figures[0] == figures[1], row["id"]
    assert len(digest_of(SHIPPED / "dup" / "self_written.jsonl")) == 16


def test_each_question_of_the_shipped_set_is_answered_by_its_story() -> None:
    texts = {story.id: story.text for story in stories()}
    for line in (SHIPPED / "qa" / "financebench_150.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = texts[row["doc_name"]]
        assert row["evidence"][0]["evidence_text"] == text
        assert row["answer"].strip("$%").split()[0] in text


def test_no_canary_changes_an_answer_and_every_control_does(parts: Parts) -> None:
    task = leaks.load(parts)
    chosen = [*task.samples[:4], *[sample for sample in task.samples if sample.id.startswith("article")][:2]]
    cases = [graded(task, sample) for sample in chosen]
    assert [case.scores for case in cases] == [{"leak": 0.0, "changed": 0.0, "later": 0.0, "control": 1.0}] * 6
    found = leaks.figures(cases)
    assert found.metrics["leaks"] == 0
    assert found.metrics["leak_rate_at_most"] == pytest.approx(3 / 6)
    assert found.metrics["controls_seen"] == 1


def test_a_memory_that_looks_ahead_is_counted_as_leaking(
    parts: Parts, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = bench.memory.recall

    def ahead(text: str, as_of: datetime, k: int, **asked: Any) -> Any:
        return honest(text, as_of + timedelta(days=90), k, **asked)

    monkeypatch.setattr(bench.memory, "recall", ahead)
    found = leaks.figures(_cases(leaks.load(parts), 2))
    assert found.metrics["leaks"] == 2
    assert found.metrics["leak_rate_at_most"] != pytest.approx(3 / 2)
    assert found.failures["a canary changed the answer"] == 2


def test_the_rank_among_analyses_kept_before_is_not_taken_for_a_leak(parts: Parts, bench: Bench) -> None:
    reader, host = ObedientModel("embedded"), hosts()[0]
    reader.begin(None)
    moment = {"published_at": host.published_at, "first_seen_at": host.published_at}
    for number, other in enumerate((*hosts(), *hosts())):
        article = article_of(other).model_copy(update={"id": f"other{number}", **moment})
        bench.analyst(reader).analyze(article)
    task = leaks.load(parts)
    sample = next(sample for sample in task.samples if sample.id == f"article {host.id}")
    assert graded(task, sample).checks == ()


def test_the_canaries_are_gone_afterwards(parts: Parts, bench: Bench) -> None:
    before = bench.memory.snapshot
    _cases(leaks.load(parts), 1)
    assert bench.memory.snapshot == before


def test_recall_counts_types_empty_places_and_what_is_off_topic(parts: Parts) -> None:
    task = recall.load(parts)
    cases = _cases(task)
    found = recall.figures(cases, {"earnings_results": 0.1})
    assert found.metrics["later_than_as_of"] == 0
    assert found.metrics["off_topic_found"] is not None
    on = [case for case in cases if case.expected != "none"]
    hits = sum(case.scores["same_type"] or 0 for case in on)
    assert found.metrics["type_top5"] == pytest.approx(hits / (5 * len(on)))


def test_the_score_is_graded_again_from_other_numbers_of_precedents(parts: Parts) -> None:
    cases = _cases(impact.load(parts), 40)
    found = impact.figures(cases, reference())
    assert [one.setting for one in found.ablations] == ["none: not grounded", "the first 5", "at most 500"]
    for case in cases:
        recalled = [case.scores[f"recalled{arm}"] or 0 for arm in ("_k0", "_k5", "", "_k500")]
        assert recalled == sorted(recalled)
        assert recalled[:2] == [0, min(5, recalled[2])]
    grounded = [case for case in cases if (case.scores["recalled"] or 0) > 5]
    assert any(case.scores["score"] != case.scores["score_k0"] for case in grounded)
    assert any(case.scores["score"] != case.scores["score_k5"] for case in grounded)
    for one in found.ablations:
        for name, ablated in one.metrics.items():
            assert ablated.difference == pytest.approx((found.metrics[name] or 0) - (ablated.value or 0))
            assert ablated.interval is not None


def test_recall_without_the_event_type_is_paired_story_by_story(parts: Parts) -> None:
    cases = _cases(recall.load(parts))
    (found,) = recall.figures(cases, {"earnings_results": 0.1}).ablations
    on = [case for case in cases if case.expected != "none"]
    alone = sum(case.scores["same_type_by_words_alone"] or 0 for case in on) / (5 * len(on))
    told = found.metrics["type_top5"]
    assert told.value == pytest.approx(alone)
    assert told.difference == pytest.approx((recall.figures(cases, {}).metrics["type_top5"] or 0) - alone)
    same = [
        case.model_copy(update={"scores": {**case.scores, "same_type_by_words_alone": case.scores["same_type"]}})
        for case in on
    ]
    assert recall.figures(same, {}).ablations[0].metrics["type_top5"].interval == (0, 0)


def test_threads_with_bodies_are_the_same_pairs_on_the_same_draws(parts: Parts) -> None:
    cases = _cases(threads.load(parts))
    bodies, database = threads.figures(cases).ablations
    assert (bodies.setting, database.setting) == ("with bodies", "all headlines in one database")
    told = bodies.metrics["accuracy"]
    assert told.difference == pytest.approx((threads.figures(cases).metrics["accuracy"] or 0) - (told.value or 0))
    same = [
        case.model_copy(update={"scores": {**case.scores, "probability_with_bodies": case.scores["probability"]}})
        for case in cases
    ]
    assert threads.figures(same).ablations[0].metrics["accuracy"].interval == (0, 0)


def test_threads_and_tickers_name_each_fault(parts: Parts) -> None:
    pairs = _cases(threads.load(parts))
    found = threads.figures(pairs)
    assert sum(found.failures.values()) == sum(case.scores["correct"] == 0 for case in pairs)
    assert 0.5 < (found.metrics["bcubed_f1"] or 0) <= 1
    gold = _cases(tickers.load(parts), 40)
    told = tickers.figures(gold)
    assert told.failures.get("wrong", 0) == sum(check.startswith("wrong") for case in gold for check in case.checks)


def test_words_that_no_source_has_are_counted(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    task = words.load(parts)
    honest = words.figures(_cases(task))
    assert honest.metrics["unsupported_number_rate"] == 0
    assert honest.metrics["unsupported_claim_rate"] == 0
    assert (honest.metrics["false_caught_rate"] or 0) > 0.8
    monkeypatch.setattr(words, "strange_numbers", lambda text, _: ["77"] if "The" in text else [])
    written = [sample for sample in task.samples if sample.expected == "supported words"]
    lying = words.figures([graded(task, sample) for sample in written])
    assert (lying.metrics["unsupported_number_rate"] or 0) > 0
    assert lying.failures["unsupported"] > 0


def test_orders_are_planted_and_an_effect_is_counted(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(injection, "BOUND_CASES", 4)
    cases = _cases(injection.load(parts))
    assert len(cases) == 4
    found = injection.figures(cases)
    assert found.metrics["acted"] == found.metrics["egress"] == 0
    moved = [case.model_copy(update={"scores": {**case.scores, "moved": 1.0, "acted": 2.0}}) for case in cases]
    worse = injection.figures(moved)
    assert worse.metrics["acted"] == 8
    assert 1.0 in (worse.metrics["score_moved_rate"], worse.metrics["adaptive_score_moved_rate"])


def test_sentiment_leaves_what_was_not_answered_out_of_its_accuracy_and_says_so(parts: Parts) -> None:
    task = sentiment.load(_with_model(parts))
    cases = _cases(task)
    assert len(cases) == QUICK
    whole = task.figures(cases)
    failed = cases[0].model_copy(
        update={"error": "model_unavailable: gone", "answer": None, "scores": {"correct": None}}
    )
    less = task.figures([failed, *cases[1:]])
    assert whole.metrics["answered_rate"] == 1
    assert less.metrics["answered_rate"] == pytest.approx(2 / 3)
    assert less.failures["no answer"] == 1
    assert task.figures([failed]).metrics == {"answered_rate": 0.0}


def test_a_larger_limit_asks_the_same_cases_first(parts: Parts) -> None:
    from dataclasses import replace

    few = {sample.id for sample in sentiment.load(_with_model(parts)).samples}
    more = {sample.id for sample in sentiment.load(replace(_with_model(parts), limit=9)).samples}
    other = {sample.id for sample in sentiment.load(replace(_with_model(parts), seed=1)).samples}
    assert few < more
    assert len(more) == 9
    assert few != other


def test_cost_adds_up_by_stage_and_an_unknown_price_is_unknown(parts: Parts) -> None:
    cases = _cases(cost.load_model(_with_model(parts)))
    for case in cases:
        scores: Mapping[str, float | None] = case.scores
        assert scores["calls"] == sum(scores[f"{stage}_calls"] or 0 for stage in cost.STAGES)
        assert (scores["calls"] or 0) > 10
    found = cost.figures(cases, load_prices())
    assert found.metrics["calls"] == pytest.approx(sum(case.scores["calls"] or 0 for case in cases) / len(cases))
    assert any(name.startswith("at the price of") for name in found.baselines)
    unknown = cases[0].model_copy(update={"scores": {**cases[0].scores, "cost_usd": None}})
    assert cost.figures([unknown, *cases[1:]], load_prices()).metrics["cost_usd"] is None


def test_a_case_that_raises_is_a_failed_case_and_leaks_are_then_not_known(parts: Parts) -> None:
    task = leaks.load(parts)

    def gone(_: object) -> Reply:
        raise NotFound("gone")

    from dataclasses import replace

    cases = _cases(replace(task, solve=gone), 1)
    assert cases[0].error == "not_found: gone"
    assert leaks.figures(cases).metrics["leaks"] is None
