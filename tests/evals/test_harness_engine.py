"""The engine of the evaluation harness: runs are made, stopped, resumed, recorded, replayed and kept."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evals.harness import assess as assess_module
from evals.harness import engine
from evals.harness.assess import Outside, Request, assess
from evals.harness.recordings import RecordedModel, RecordingMissing, Recordings, about_of
from evals.harness.registry import SUITES
from evals.harness.run import Run
from evals.harness.shelf import Shelf
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.injection.obedient import ObedientModel
from models.interface import Answer, Prompt
from prompts import PromptLibrary
from records.embedder import Embedder
from records.errors import ModelUnavailable, NotFound, SettingsError, StoreCorrupt, UsageError
from tests.evals.harness_runs import cut_short

pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")

MOMENT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def few_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is proved here, not the gold set: a dozen of its sentences do."""
    monkeypatch.setattr(assess_module, "SUITES", {**SUITES, "tickers": cut_short("tickers", 12)})


class Reader(ObedientModel):
    """The reader by fixed rules, as a model that counts what it is asked, and may be stopped."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__("embedded")
        self.asked = 0
        self._stop_after = stop_after

    def choose(self, prompt: Prompt, choices: Sequence[str], *, purpose: str) -> Answer[Mapping[str, float]]:
        if self.asked == self._stop_after:
            raise KeyboardInterrupt
        self.asked += 1
        return super().choose(prompt, choices, purpose=purpose)


def _no_chat(*_: object) -> Any:
    raise AssertionError("no chat is asked for here")


@pytest.fixture
def outside(tmp_path: Path, hashing_embedder: Embedder) -> Callable[..., Outside]:
    """Everything that is handed in, over a home of the test's own. The clock goes on a second each time it is looked at."""
    seconds = itertools.count()

    def make(model: Any = None, home: Path = tmp_path) -> Outside:
        return Outside(
            shelf=Shelf(home / "evals"),
            home=home,
            open_model=lambda: model,
            open_embedder=lambda: hashing_embedder,
            open_talk=_no_chat,
            render=lambda analysis: analysis.text,
            clock=lambda: MOMENT.replace(second=next(seconds) % 60),
            version="test",
        )

    return make


def _task(solve: Callable[[Sample], Reply], n: int = 6) -> Task:
    samples = tuple(Sample(f"s{number}", f"question {number}", number, cluster=f"c{number % 2}") for number in range(n))
    return Task(
        suite="made",
        kind="code",
        split="shipped",
        data_digest="0" * 16,
        samples=samples,
        scored=("right",),
        solve=solve,
        mark=lambda sample, reply: Mark({"right": float(reply.value == sample.expected)}, ("looked at",)),
        figures=lambda cases: Figures({"cases": float(len(cases))}),
    )


def test_every_sample_is_answered_and_graded_once_in_the_order_of_ids(tmp_path: Path) -> None:
    cases = engine.run_cases(_task(lambda sample: Reply(sample.prompt, sample.expected)), tmp_path, lambda _: None)
    assert [case.id for case in cases] == [f"s{number}" for number in range(6)]
    assert all(case.scores == {"right": 1.0} and case.checks == ("looked at",) for case in cases)
    assert list(tmp_path.glob("*.eval")), "the engine keeps its own log"


def test_a_typed_error_is_the_outcome_of_its_case_and_no_score(tmp_path: Path) -> None:
    def solve(sample: Sample) -> Reply:
        if sample.id == "s2":
            raise ModelUnavailable("the model is gone")
        return Reply("", sample.expected)

    cases = engine.run_cases(_task(solve), tmp_path, lambda _: None)
    assert cases[2].error == "model_unavailable: the model is gone"
    assert cases[2].scores == {"right": None}
    assert cases[2].answer is None
    assert [case.error for case in cases if case.id != "s2"] == [None] * 5


def test_a_fault_of_ours_ends_the_run_and_is_shown(tmp_path: Path) -> None:
    def solve(_: Sample) -> Reply:
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        engine.run_cases(_task(solve), tmp_path, lambda _: None)


def test_without_the_engine_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"rhyme\[evals\]"):
        engine.run_cases(_task(lambda _: Reply("", None)), tmp_path, lambda _: None)


def test_a_replay_of_recorded_answers_gives_the_same_bytes_each_time(
    outside: Callable[..., Outside], tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded.jsonl.gz"
    live = Request(("sentiment", "tickers"), "live", limit=4, record=recorded)
    made = list(assess(live, outside(Reader())))
    replay = replace(live, layer="replay", recorded=recorded, record=None)
    first, second = (
        [run.model_dump_json() for run in assess(replay, outside(home=tmp_path / name))] for name in ("one", "other")
    )
    assert first == second
    runs = [Run.model_validate_json(text) for text in first]
    assert {run.layer for run in runs} == {"replay", "offline"}
    assert [run.metrics for run in runs] == [run.metrics for run in made]
    assert [run.cases for run in runs] == [run.cases for run in made]
    assert {run.made_at for run in runs} == {Recordings.read(recorded).about.recorded_at}


def test_a_replay_asked_for_an_answer_nobody_recorded_says_which(
    outside: Callable[..., Outside], tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded.jsonl.gz"
    request = Request(("sentiment",), "live", limit=2, record=recorded)
    list(assess(request, outside(Reader())))
    others = replace(request, layer="replay", seed=5, recorded=recorded, record=None)
    with pytest.raises(RecordingMissing, match="embedded_sentiment"):
        list(assess(others, outside()))
    with pytest.raises(RecordingMissing):
        RecordedModel(Recordings.read(recorded)).count_tokens("never counted")


def test_a_file_of_answers_grows_by_suites_and_a_replay_asks_no_more_than_was_recorded(
    outside: Callable[..., Outside], tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded.jsonl.gz"
    list(assess(Request(("sentiment",), "live", limit=2, record=recorded), outside(Reader())))
    replay = Request(("tickers", "sentiment"), "replay", recorded=recorded)
    assert [(run.suite, run.layer, run.n) for run in assess(replay, outside())][1:] == [("sentiment", "replay", 2)]
    with pytest.raises(RecordingMissing, match="tickers"):
        list(assess(replace(replay, suites=("tickers",)), outside()))
    list(assess(Request(("tickers",), "live", limit=3, record=recorded), outside(Reader())))
    assert Recordings.read(recorded).about.limits == {"sentiment": 2, "tickers": 3}
    runs = list(assess(replay, outside()))
    assert [(run.suite, run.layer, run.n) for run in runs][1:] == [("tickers", "replay", 3), ("sentiment", "replay", 2)]


def test_a_stopped_run_goes_on_with_the_answers_it_has(outside: Callable[..., Outside], tmp_path: Path) -> None:
    request = Request(("sentiment",), "live", limit=5)
    stopped, resumed, unbroken = Reader(stop_after=3), Reader(), Reader()
    with pytest.raises(KeyboardInterrupt):
        list(assess(request, outside(stopped)))
    (run,) = assess(request, outside(resumed))
    (other,) = assess(request, outside(unbroken, home=tmp_path / "other"))
    assert stopped.asked == 3
    assert resumed.asked == unbroken.asked - 3
    assert run.metrics == other.metrics


def test_a_finished_suite_is_not_begun_again_after_a_stop(outside: Callable[..., Outside], tmp_path: Path) -> None:
    request = Request(("tickers", "sentiment"), "live", limit=2)
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        list(assess(request, outside(Reader(stop_after=4))))
    before = {path.name for path in (tmp_path / "evals").glob("*.json")}
    runs = list(assess(request, replace(outside(Reader()), say=told.append)))
    assert before <= {f"{run.run_id}.json" for run in runs}
    assert not [line for line in told if line.startswith("tickers: preparing")]
    assert not list((tmp_path / "evals" / "unfinished").iterdir()), "a finished command leaves nothing to go on with"


def test_answers_are_told_apart_by_the_content_of_the_request(tmp_path: Path) -> None:
    reader = Reader()
    kept = Recordings.going_on(tmp_path / "answers.jsonl", about_of(reader, MOMENT))
    model = RecordedModel(kept, reader)
    prompt = PromptLibrary().load("embedded_theme").render(article="Sales rose.", theme="Retail")
    other = PromptLibrary().load("embedded_theme").render(article="Sales rose.", theme="Banking")
    first = model.choose(prompt, ("Yes", "No"), purpose="a")
    assert model.choose(prompt, ("Yes", "No"), purpose="b") == first
    assert reader.asked == 1
    model.choose(other, ("Yes", "No"), purpose="a")
    model.choose(prompt, ("No", "Yes"), purpose="a")
    assert reader.asked == 3


def test_a_line_cut_off_by_a_kill_is_asked_again_and_damage_elsewhere_is_an_error(tmp_path: Path) -> None:
    path, about = tmp_path / "answers.jsonl", about_of(Reader(), MOMENT)
    kept = Recordings.going_on(path, about)
    for number in range(3):
        kept.keep(f"key{number}", {"value": number})
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:-5], encoding="utf-8")
    assert len(Recordings.going_on(path, about)) == 2
    path.write_text(whole.replace('"key1"', "key1", 1), encoding="utf-8")
    with pytest.raises(StoreCorrupt):
        Recordings.going_on(path, about)


def test_a_run_is_found_by_id_by_suite_and_by_file(tmp_path: Path, outside: Callable[..., Outside]) -> None:
    first, second = (next(assess(Request(("tickers",), "offline"), outside())) for _ in range(2))
    shelf = Shelf(tmp_path / "evals")
    assert shelf.load(first.run_id) == first
    assert shelf.load("tickers") == second
    assert shelf.load(str(tmp_path / "evals" / f"{first.run_id}.json")) == first
    with pytest.raises(NotFound, match="rhyme eval list"):
        shelf.load("tickers-offline-nothing")
    with pytest.raises(UsageError):
        shelf.load("../outside")


def test_an_unknown_suite_is_refused_before_anything_runs(outside: Callable[..., Outside]) -> None:
    with pytest.raises(UsageError, match="there are impact"):
        list(assess(Request(("nothing",), "offline"), outside()))


def test_the_summary_of_a_run_has_the_shape_every_suite_shares(outside: Callable[..., Outside]) -> None:
    run = next(assess(Request(("threads",), "offline"), outside()))
    shape = {"suite", "split", "data_digest", "n", "metrics", "baselines", "provenance"}
    assert shape <= run.summary().keys()
    assert json.loads(json.dumps(run.summary())) == run.summary()
    assert run.n == 40
