"""The evaluation of sentiment: sets are read or refused with a reason, numbers by hand, long runs go on where they stopped."""

import json
from pathlib import Path

import numpy as np
import pytest

from evals.embedded.calibrate import headlines
from evals.kept_answers import KeptAnswers, digest
from evals.sentiment.ask import sentiment_towards
from evals.sentiment.baselines import by_words, commonest
from evals.sentiment.metrics import confusion, grade, scores
from evals.sentiment.report import published, to_json, write_report
from evals.sentiment.run import MAJORITY, WORDS, Request, fitted_on, run
from evals.sentiment.sets import WHOLE, Labelled, load_sets
from models.scripted import Choice, ScriptedModel, Step
from records.errors import SourceUnreadable, StoreCorrupt
from records.reading import Mention, Reading, Sentiment
from records.taxonomy import EventType, Scope, Tag
from terminal.main import main

SHARED = Path(__file__).parents[3] / "shared" / "data"
TEXTS = [
    {"text": "Acme profit jumps as pumps sell well", "label": "positive"},
    {"text": "Acme shares plunge after a recall", "label": "negative"},
    {"text": "Acme will hold its meeting in May", "label": "neutral"},
    {"text": "Acme opens an office in Turin", "label": "Neutral"},
]
ENTITIES = [
    {"headline": "Beta gains while Gamma slumps", "entities": {"Beta": "positive", "Gamma": "negative"}},
    {"headline": "Delta names a new head", "entities": {"Delta": "neutral"}},
]
SPANS = [
    {"content": "Beta rose.", "annotations": [{"start": 0, "end": 4, "value": "Beta", "label": "Positive"}]},
]
GOLD = [
    {"news": "Gold ends the week higher", "price_sentiment": "positive"},
    {"news": "A history of gold coins", "price_sentiment": "none"},
]


def write(folder: Path, **files: list[dict[str, object]]) -> Path:
    (folder / "labels").mkdir(exist_ok=True)
    for name, rows in files.items():
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / "labels" / f"{name}.jsonl").write_text(lines + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small sets of our own in every layout that is read."""
    return write(tmp_path, phrasebank=TEXTS, sentfin=ENTITIES, finentity=SPANS, gold_commodity=GOLD)  # type: ignore[arg-type]


def asked(sign: float, positive: float, negative: float) -> list[Step]:
    """The two answers of the embedded reader's questions."""
    return [
        Choice({"Positive": sign, "Negative": 1 - sign}),
        Choice({"positive": positive, "negative": negative, "neutral": 1 - positive - negative}),
    ]


def test_every_layout_is_read_with_its_entities(folder: Path) -> None:
    sets = {one.name: one for one in load_sets(folder)}
    assert list(sets) == ["finentity", "sentfin", "phrasebank", "gold_commodity"]
    assert [(row.subject, row.label) for row in sets["sentfin"].rows] == [
        ("Beta", "positive"),
        ("Gamma", "negative"),
        ("Delta", "neutral"),
    ]
    assert {row.subject for row in sets["phrasebank"].rows} == {WHOLE}
    assert [row.label for row in sets["phrasebank"].rows].count("neutral") == 2
    assert sets["gold_commodity"].left_out == {"no sentiment label": 1}


def test_texts_that_something_was_fitted_on_are_left_out_and_counted(folder: Path) -> None:
    seen = Labelled("Delta names a new head", "", "neutral").text_id
    (one,) = load_sets(folder, ("sentfin",), frozenset({seen}))
    assert one.left_out == {"fitted on": 1}
    assert len(one.rows) == 2


@pytest.mark.skipif(not (SHARED / "labels").is_dir(), reason="the data for development are not beside the project")
def test_the_headlines_the_embedded_model_was_fitted_on_are_known() -> None:
    assert {Labelled(text, "", "neutral").text_id for text, _, _ in headlines(SHARED)} == fitted_on()


def test_one_question_is_graded_once(tmp_path: Path) -> None:
    write(tmp_path, phrasebank=[*TEXTS, TEXTS[0]])  # type: ignore[list-item]
    (one,) = load_sets(tmp_path)
    assert (len(one.rows), one.left_out) == (4, {"asked twice": 1})


def test_a_set_that_is_missing_or_broken_says_what_to_do(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SourceUnreadable, match="needs at least one of"):
        load_sets(tmp_path / "labels" / "nothing")
    with pytest.raises(SourceUnreadable, match=r"twitter_fin_train\.jsonl"):
        load_sets(folder, ("twitter",))
    with pytest.raises(SourceUnreadable, match="Rhyme reads finentity, sentfin"):
        load_sets(folder, ("nosuch",))
    (folder / "labels" / "phrasebank.jsonl").write_text(
        '{"text": "x", "label": "positive"}\n{"text"\n', encoding="utf-8"
    )
    with pytest.raises(SourceUnreadable, match=r"Line 2 of .*text and label"):
        load_sets(folder)


def test_accuracy_and_f1_are_what_counting_by_hand_gives() -> None:
    wanted = ("positive", "positive", "negative", "neutral")
    answered = ("positive", "negative", "negative", "neutral")
    found = scores(confusion(wanted, answered))
    assert float(found["accuracy"]) == 3 / 4
    assert float(found["f1_positive"]) == pytest.approx(2 / 3)  # 1 right, 2 wanted, 1 answered
    assert float(found["f1_negative"]) == pytest.approx(2 / 3)  # 1 right, 1 wanted, 2 answered
    assert float(found["f1_neutral"]) == 1
    assert float(found["macro_f1"]) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    two = scores(confusion(("positive", "negative"), ("positive", "negative")))
    assert float(two["macro_f1"]) == 1  # nobody spoke of neutral


def test_intervals_draw_whole_texts() -> None:
    wanted, answered = ("positive", "negative") * 20, ("positive", "positive") * 20
    spread = grade(wanted, answered, list(range(40)))["accuracy"]
    assert spread.low < spread.value == 0.5 < spread.high
    together = grade(wanted, answered, ["one text"] * 40)["accuracy"]
    assert together.low == together.value == together.high
    with pytest.raises(ValueError, match="at least one"):
        grade((), (), ())


def test_the_word_list_reads_what_it_can() -> None:
    assert by_words("Profit jumps on strong sales") == "positive"
    assert by_words("Shares PLUNGE after a weak quarter") == "negative"
    assert by_words("The company met in May") == "neutral"
    assert commonest(load_rows()) == "neutral"


def load_rows() -> list[Labelled]:
    labels = ("neutral", "positive", "neutral")
    return [Labelled(f"text {number}", WHOLE, label) for number, label in enumerate(labels)]


def test_a_run_without_a_model_grades_the_baselines(folder: Path) -> None:
    report = run(Request(folder), KeptAnswers(None, resume=False), lambda _: None)
    told = to_json(report, {"rhyme": "test"})
    assert set(told) >= {"suite", "split", "data_digest", "n", "metrics", "baselines", "provenance"}
    assert (told["split"], told["n"], told["metrics"]) == ("all", 9, {})
    by_name = {one.found.name: one for one in report.sets}
    assert by_name["phrasebank"].baselines[MAJORITY].metrics["accuracy"].value == 0.5
    assert by_name["phrasebank"].baselines[WORDS].metrics["accuracy"].value == 1


def test_a_model_is_graded_beside_the_baselines_of_its_own_sample(folder: Path) -> None:
    steps = asked(0.95, 0.8, 0.1) + asked(0.05, 0.05, 0.9)
    model = ScriptedModel(steps, profile="embedded")
    report = run(Request(folder, ("phrasebank",), limit=2), KeptAnswers(None, resume=False), lambda _: None, model)
    (one,) = report.sets
    assert one.model is not None
    assert one.model.n == 2
    assert {name: graded.n for name, graded in one.sample_baselines.items()} == {MAJORITY: 2, WORDS: 2}
    assert one.baselines[WORDS].n == 4
    assert report.prompt_digests


def test_a_run_that_was_stopped_asks_only_what_is_missing(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept" / "answers.jsonl"
    first = ScriptedModel(asked(0.9, 0.8, 0.1) * 2, profile="embedded")
    run(Request(folder, ("phrasebank",), limit=2), KeptAnswers(path, resume=False), lambda _: None, first)
    path.write_text(path.read_text(encoding="utf-8") + '{"key": "cut o', encoding="utf-8")
    kept = KeptAnswers(path, resume=True)
    assert len(kept) == 2
    second = ScriptedModel(asked(0.9, 0.8, 0.1) * 2, profile="embedded")
    report = run(Request(folder, ("phrasebank",), limit=4), kept, lambda _: None, second)
    assert report.answers_reused == 2
    assert len(second.prompts) == 4
    assert "Acme" not in path.read_text(encoding="utf-8")
    assert len(KeptAnswers(path, resume=True)) == 4


def test_a_file_that_holds_something_else_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("my notes\nmore notes\n", encoding="utf-8")
    with pytest.raises(StoreCorrupt, match="Line 1"):
        KeptAnswers(path, resume=True)
    assert path.read_text(encoding="utf-8").startswith("my notes")


def test_another_model_or_prompt_is_another_question() -> None:
    assert (
        digest("local", "a", "p1", "text") != digest("local", "b", "p1", "text") != digest("local", "b", "p2", "text")
    )
    assert digest("ab", "c") != digest("a", "bc")


def test_a_capable_models_reading_answers_for_the_entity_or_for_the_whole() -> None:
    mention = Mention(name="Beta Corp", ticker=None, role="subject", sentiment=Sentiment.of(0.1, 0.1, 0.8), quote=None)
    reading = Reading(
        summary="A summary of the article that is long enough.",
        event_type=EventType.MARKET_COMMENTARY,
        tags=(Tag.BANKING,),
        mentions=(mention,),
        sentiment=Sentiment.of(0.9, 0.05, 0.05),
        surprise=None,
        scheduled=None,
        scope=Scope.COMPANY,
        facts=(),
    )
    towards, whole = sentiment_towards(reading, "Beta"), sentiment_towards(reading, WHOLE)
    assert towards is not None
    assert whole is not None
    assert (towards.label, whole.label) == ("positive", "negative")
    assert sentiment_towards(reading.model_copy(update={"sentiment": None}), "Gamma") is None


def test_published_figures_name_source_and_difference() -> None:
    for figures in published().values():
        assert all(figure["source"] and figure["differs"] and figure["who"] for figure in figures)


def test_the_command_runs_on_small_sets_and_shows_no_text(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    out = tmp_path / "out"
    assert main(["eval", "sentiment", "--data", str(folder), "--out", str(out), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["baselines"]["phrasebank"]["all"][WORDS]["accuracy"]["value"] == 1
    whole = (out / "report.md").read_text(encoding="utf-8") + (out / "report.json").read_text(encoding="utf-8")
    assert "Acme" not in whole
    assert "commonest class" in whole
    assert main(["eval", "sentiment", "--data", str(tmp_path / "nowhere"), "--quiet"]) == 4


def test_writing_a_report_replaces_the_old_one(folder: Path, tmp_path: Path) -> None:
    report = run(Request(folder, ("sentfin",)), KeptAnswers(None, resume=False), lambda _: None)
    for _ in range(2):
        write_report(tmp_path / "out", report, {"rhyme": "test"})
    assert np.isclose(json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["n"], 3)
