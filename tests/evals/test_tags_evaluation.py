"""The evaluation of tags: topics become tags by a file with reasons, numbers by hand, and the command runs on a small set."""

import json
from pathlib import Path

import pytest

from evals.kept_answers import KeptAnswers
from evals.tags.ask import TagReader
from evals.tags.baselines import CUES, by_words, commonest
from evals.tags.metrics import grade
from evals.tags.report import to_json
from evals.tags.run import COMMONEST, WORDS, Request, run
from evals.tags.topics import MEASURED, Tagged, load_articles, read_mapping
from models.scripted import Choice, ScriptedModel
from records.errors import SourceUnreadable
from records.taxonomy import Tag
from terminal.main import main

EARNINGS, MERGERS, OIL = Tag.EARNINGS, Tag.MERGERS, Tag.OIL_GAS


def row(title: str, *topics: str) -> dict[str, object]:
    return {"title": title, "body": f"{title} and more of it. REUTER &#3;", "topics": list(topics)}


ROWS = [
    *(row(f"ACME {number} QTR NET PROFIT UP", "earn") for number in range(MEASURED + 1)),
    *(row(f"BETA {number} TO ACQUIRE GAMMA IN MERGER", "acq") for number in range(MEASURED)),
    row("OIL BARREL UP", "crude", "dlr"),
    row("DOLLAR STEADY", "dlr"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small set of our own."""
    (tmp_path / "labels").mkdir()
    lines = "\n".join(json.dumps(one) for one in ROWS)
    (tmp_path / "labels" / "reuters21578_test.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_every_mapped_topic_has_a_reason_and_a_tag_of_the_taxonomy_or_none() -> None:
    mapping = read_mapping()
    assert {mapping["earn"], mapping["acq"], mapping["crude"], mapping["dlr"]} == {EARNINGS, MERGERS, OIL, None}
    text = (Path(__file__).parents[2] / "evals" / "tags" / "mapping.csv").read_text(encoding="utf-8")
    assert all(line.split(",", 2)[2] for line in text.splitlines()[1:])


def test_topics_without_a_tag_are_left_out_and_counted(folder: Path) -> None:
    found = load_articles(folder)
    assert found.left_out == {"dlr": 2}
    assert found.dropped == 1
    assert len(found.articles) == len(ROWS) - 1
    assert found.tags == (EARNINGS, MERGERS)  # oil stands in one article: too few to grade
    assert not any("REUTER" in article.text or "\x03" in article.text for article in found.articles)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"title": "x"}', "Line 1 .*title, body and topics"),
        ("[1]", "Line 1"),
        ("", "No tag stands in"),
        (None, "There is no"),
    ],
)
def test_a_set_that_is_missing_or_broken_says_what_to_do(tmp_path: Path, text: str | None, words: str) -> None:
    (tmp_path / "labels").mkdir()
    if text is not None:
        (tmp_path / "labels" / "reuters21578_test.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=words):
        load_articles(tmp_path)


def test_precision_and_recall_are_what_counting_by_hand_gives() -> None:
    wanted = [frozenset({EARNINGS}), frozenset({EARNINGS, MERGERS}), frozenset({MERGERS})]
    answered = [frozenset({EARNINGS}), frozenset({EARNINGS}), frozenset({EARNINGS, OIL})]
    found = {name: one.value for name, one in grade(wanted, answered, (EARNINGS, MERGERS)).items()}
    assert found["micro_precision"] == pytest.approx(2 / 3)  # oil is not graded
    assert found["micro_recall"] == pytest.approx(2 / 4)
    assert found["micro_f1"] == pytest.approx(4 / 7)
    assert found[f"f1 {EARNINGS.value}"] == pytest.approx(4 / 5)
    assert found[f"f1 {MERGERS.value}"] == 0
    assert found["macro_f1"] == pytest.approx(2 / 5)
    with pytest.raises(ValueError, match="one answer each"):
        grade(wanted, answered[:2], (EARNINGS,))


def test_the_baselines_guess_by_count_and_by_words() -> None:
    assert by_words("QTR NET PROFIT UP") == {EARNINGS}
    assert by_words("A quiet day") == frozenset()
    assert commonest([Tagged("a", frozenset({OIL})), Tagged("b", frozenset({OIL, MERGERS}))]) == {OIL}
    assert all(len(words) > 2 for words in CUES.values())


def test_a_run_without_a_model_grades_the_baselines(folder: Path) -> None:
    report = run(Request(folder), KeptAnswers(None, resume=False), lambda _: None)
    told = to_json(report, {"rhyme": "test"})
    assert set(told) >= {"suite", "split", "data_digest", "n", "metrics", "baselines", "provenance"}
    assert (told["split"], told["metrics"]) == ("all", {})
    assert report.baselines[WORDS].metrics["micro_f1"].value == 1
    assert report.baselines[COMMONEST].metrics["micro_recall"].value == pytest.approx(
        (MEASURED + 1) / (2 * MEASURED + 1)
    )


def test_the_embedded_model_is_asked_for_the_graded_tags_alone_and_once(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answers = [Choice({"Yes": 0.98, "No": 0.02}), Choice({"Yes": 0.02, "No": 0.98})]
    model = ScriptedModel(answers, profile="embedded")
    report = run(Request(folder, limit=1), KeptAnswers(path, resume=False), lambda _: None, model)
    assert report.graded is not None
    assert report.graded.n == 1
    again = run(
        Request(folder, limit=1), KeptAnswers(path, resume=True), lambda _: None, ScriptedModel([], profile="embedded")
    )
    assert again.answers_reused == 2
    assert again.graded is not None
    assert again.graded.metrics == report.graded.metrics


def test_a_tag_needs_a_yes_that_stands_out(folder: Path) -> None:
    article = load_articles(folder).articles[0]
    for yes, given in ((0.99, {EARNINGS}), (0.3, set())):
        model = ScriptedModel([Choice({"Yes": yes, "No": 1 - yes})], profile="embedded")
        assert TagReader(model, KeptAnswers(None, resume=False), (EARNINGS,)).tags(article) == given


def test_the_command_runs_on_a_small_set_and_shows_no_text(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    out = tmp_path / "out"
    assert main(["eval", "tags", "--data", str(folder), "--out", str(out), "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left_out"] == {"articles_without_a_tag": 1, "topics": {"dlr": 2}}
    whole = (out / "report.md").read_text(encoding="utf-8") + (out / "report.json").read_text(encoding="utf-8")
    assert "ACME" not in whole
    assert "macro f1" in whole
    assert main(["eval", "tags", "--data", str(tmp_path / "nowhere"), "--quiet"]) == 4
