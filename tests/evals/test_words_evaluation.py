"""The evaluation of the words: what it makes of texts, how it judges alarms, its report and its command."""

import json
from datetime import date
from importlib import resources
from pathlib import Path
from random import Random

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from agent.analyze import Analyst
from agent.score import ScoreModel
from evals.injection.obedient import ObedientModel
from evals.words.alter import alterations
from evals.words.analysed import article_of, counted, drawn, written
from evals.words.grade import CLOSEST_FACTS, WHOLE, Request, grade, kind_of
from evals.words.judge import is_right, readings
from evals.words.ordinary import ordinary_words
from evals.words.sources import half_of, load, sentence_of
from evals.words.written import composed, count, examine, strange_names, strange_numbers, summed
from markets.desk import MarketDesk
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.errors import ModelAnswerInvalid, SourceUnreachable, SourceUnreadable
from terminal.main import main

LEAD = (
    "Apple Inc on Tuesday reported a 14 percent rise in quarterly profit to $7.2 billion and said revenue in the third quarter rose"
    " to $35.0 billion, above analysts' estimates, helped by strong demand for its phones."
)
OTHER = LEAD.replace("reported a 14 percent rise", "posted a rise of 14 percent").replace(
    "strong demand", "robust demand"
)
CALL = (
    "Thank you and good morning.\nThird quarter revenue was $515 million, up 4% from last year.\n"
    "Adjusted earnings per share were $1.26.\nWe expect full year revenue of $2.00 billion to $2.05 billion."
)
SUMMARY = "q3 revenue rose 4 percent to $515 million.\nq3 adjusted earnings per share $1.26.\nboard declared a dividend of $0.31."


def _quiet(line: str) -> None:
    assert line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of our own: six calls and six pairs, so that both halves hold some of each."""
    calls = [{"id": f"ACME_q{number}", "doc": CALL, "summary": SUMMARY} for number in range(6)]
    (tmp_path / "summ").mkdir()
    pq.write_table(pa.Table.from_pylist(calls), tmp_path / "summ" / "calls.parquet")
    pair = {
        "a": "Apple profit rises 14 percent",
        "b": "Apple quarterly profit beats estimates",
        "a_body": LEAD,
        "b_body": f"CUPERTINO Calif. Oct 29 {OTHER}",
        "date": "2024-10-29",
        "label": 1,
    }
    (tmp_path / "dup").mkdir()
    rows = [*(pair | {"number": number} for number in range(6)), pair | {"label": 0}]
    (tmp_path / "dup" / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


def test_true_sentences_are_told_of_the_other_version_and_of_the_call(folder: Path) -> None:
    told = load(folder)
    assert {one.id.split(":")[0] for one in told} == {f"ACME_q{n}" for n in range(6)} | {f"pair{n}" for n in range(6)}
    first = next(one for one in told if one.id == "pair0:b:1")
    assert (first.text, first.headline, first.published_on) == (
        OTHER,
        "Apple profit rises 14 percent",
        date(2024, 10, 29),
    )
    assert first.body.endswith(LEAD)
    assert {one.half for one in told} == {"dev", "report"}
    assert all(one.half == half_of(one.id.split(":")[0]) for one in told)


@pytest.mark.parametrize(
    ("lead", "headline", "sentence"),
    [
        ("LONDON May 3 Shell said it would sell.", "Shell sells", "Shell said it would sell."),
        ("NEW YORK Citigroup said so. | Video", "Citi", "Citigroup said so."),
        ("* Sees profit up Source text for Eikon: Further company coverage:", "X", "Sees profit up"),
        ("IBM said it would buy.", "IBM to buy", "IBM said it would buy."),
    ],
)
def test_what_is_no_part_of_a_sentence_is_cut_off(lead: str, headline: str, sentence: str) -> None:
    assert sentence_of(lead, headline) == sentence


def test_a_folder_without_texts_and_a_damaged_line_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="summ"):
        load(tmp_path)
    (tmp_path / "dup").mkdir()
    (tmp_path / "dup" / "pairs.jsonl").write_text('{"a": "x"', encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="line 1"):
        load(tmp_path)


def test_each_alteration_makes_one_mistake_of_its_kind() -> None:
    made = alterations(LEAD, ("Apple",), Random(1))
    assert {
        "figure",
        "figures exchanged",
        "scale",
        "unit",
        "currency",
        "direction",
        "expectation",
        "measure",
        "date",
        "quarter",
    } <= set(made)
    assert all(text != LEAD for text in made.values())
    assert "€" in made["currency"]
    assert "below analysts' estimates" in made["expectation"]
    assert "fourth quarter" in made["quarter"]
    assert "did not report" in made["denial"]
    assert "Apple" not in made["company not in the article"]
    assert made == alterations(LEAD, ("Apple",), Random(1))


@pytest.mark.parametrize(
    "pair", ["Apple and Nokia", "Apple, Nokia", "Apple Nokia", "Apple Inc and Nokia", "the Apple-Nokia"]
)
def test_equals_in_another_order_are_no_mistake(pair: str) -> None:
    text = f"Regulators looked at {pair} plans."
    assert "company of the article" not in alterations(text, ("Apple", "Nokia"), Random(1))
    third = alterations(text, ("Apple", "Nokia", "Sony"), Random(1))["company of the article"]
    assert "Sony" in third
    assert "Apple" not in third
    turned = alterations("Apple sues Nokia.", ("Apple", "Nokia"), Random(1))["company of the article"]
    assert turned == "Nokia sues Apple."


@pytest.mark.parametrize(
    ("fault", "right"),
    [
        ("the figure “$0.31” is not in what it cites", True),
        ("the figure “$515m” is not in what it cites", False),
        ("the figure “$2 billion” is not in what it cites", False),
        ("the name “Fabrikam” is not in what it cites", True),
        ("the name “Third” is not in what it cites", False),
        ("the date “May 3” is not in what it cites", True),
        ("what it cites says nothing of expectations", False),
        ("it denies (“did not rise”) what its sources say", False),
    ],
)
def test_an_alarm_is_right_only_where_the_article_has_nothing_like_it(fault: str, right: bool) -> None:
    assert is_right([fault], CALL) is right


def test_readings_name_a_verdict_and_a_reason() -> None:
    assert all(one["verdict"] in ("right", "false") and one["why"] for one in readings().values())


def test_true_sentences_pass_and_false_ones_are_caught(folder: Path) -> None:
    report = grade(Request(folder, half=None), _quiet)
    assert {one.told.split(":")[1] for one in report.alarms if one.group == "calls"} == {"2"}
    assert {one.verdict for one in report.alarms} == {"right"}
    assert report.false_alarms(WHOLE).hits == report.false_alarms(CLOSEST_FACTS).hits == 0
    for kind in ("figure", "scale", "currency", "unit", "direction"):
        share = report.recall(CLOSEST_FACTS, kind)
        assert share.n > 0
        assert share.hits / share.n >= 0.9, kind
    assert all(one.kind in report.kinds for one in report.misses)


def test_a_limit_draws_whole_articles_by_the_seed(folder: Path) -> None:
    def ids(seed: int) -> list[str]:
        return [one.told for one in grade(Request(folder, None, 4, seed), _quiet).alarms]

    assert ids(1) == ids(1)


def test_kinds_of_faults_are_named() -> None:
    assert kind_of("the figure “5” is not in what it cites") == "figure"
    assert kind_of("the figure “5” has another part in what it cites: there it is denied") == "figure with another part"
    assert kind_of("it says that A buys B; what it cites says the contrary") == "deal"


def test_composed_words_pass_the_check_and_the_second_ruler(folder: Path) -> None:
    report = examine(composed(load(folder), MarketDesk()), "composed")
    assert report.articles > 0
    assert (report.dropped, report.unsupported_number, report.unsupported_claim) == (0, 0, 0)


def test_the_second_ruler_sees_a_strange_number_and_a_strange_name() -> None:
    assert strange_numbers("It paid $1.21 billion, not 35.", "1,210 million and 35.3") == []
    assert strange_numbers("It paid $1.31 billion.", "1,210 million") == ["1.31"]
    assert strange_names("the chief Ada Miller of Fabrikam", "Ada Miller spoke") == ["Fabrikam"]


def test_ordinary_words_are_those_written_small() -> None:
    texts = ["the demand for it and Demand of it, demand so demand is, demand as demand at", "to Apple and apple"]
    assert "demand" in ordinary_words(iter(texts))
    assert "apple" not in ordinary_words(iter(texts * 9))


def test_the_command_prints_the_rates_and_writes_the_report(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path / "home"))
    out = tmp_path / "report"
    code = main(["eval", "words", "--data", str(folder), "--half", "both", "--out", str(out), "--json", "--quiet"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    for name in ("unsupported_number_rate", "unsupported_claim_rate", "false_alarm_rate", "dropped_rate"):
        assert told["metrics"][name] == 0
        assert told["metrics"][f"{name}_low"] == 0
        assert 0 < told["metrics"][f"{name}_high"] < 1
        assert told["metrics"][f"{name}_n"] > 0
    assert told.items() >= json.loads((out / "report.json").read_text(encoding="utf-8")).items()
    assert {"suite", "split", "data_digest", "n", "baselines", "provenance", "run_id"} <= told.keys()
    page = (out / "report.md").read_text(encoding="utf-8")
    assert "Sentences made false" in page
    assert LEAD[:40] not in page + json.dumps(told)


def test_a_folder_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "words", "--data", "/nowhere/at/all", "--quiet"]) == SourceUnreachable.exit_code
    assert "summ/" in capsys.readouterr().err


def test_whole_analyses_are_counted_once_and_a_stopped_run_goes_on(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "written.jsonl"
    stories = drawn(load(folder), 9, seed=4)
    assert len({one.body for one in stories}) == len(stories) > 1
    asked: list[str] = []

    def analyse(article: Article) -> Analysis:
        asked.append(article.title)
        return analysis_of(article, tmp_path)

    first = list(counted(stories[:1], analyse, "obedient", kept))
    assert len(asked) == 1
    assert first[0].sentences > 1
    again = list(counted(stories, analyse, "obedient", kept))
    assert again[0] == first[0]
    assert len(asked) == len(stories)
    assert list(counted(stories[:1], analyse, "another", kept)) == first  # another model's words are counted anew
    assert len(asked) == len(stories) + 1
    assert LEAD[:40] not in kept.read_text(encoding="utf-8")


def test_a_refused_article_is_counted_as_refused_and_as_nothing_else(folder: Path, tmp_path: Path) -> None:
    def refuse(article: Article) -> Analysis:
        raise ModelAnswerInvalid(f"No answer for {article.title}. Ask again.")

    stories = drawn(load(folder), 1, seed=4)
    report = summed(counted(stories, refuse, "m", tmp_path / "kept"), "m")
    assert (report.articles, report.sentences, len(report.refused)) == (0, 0, 1)
    assert report.shares()["dropped_rate"].to_json()["value"] is None


def test_a_sentence_that_the_summary_lost_counts_as_dropped(folder: Path, tmp_path: Path) -> None:
    (story,) = drawn(load(folder), 1, seed=4)
    analysis = analysis_of(article_of(story), tmp_path)
    reading = analysis.reading.model_copy(update={"dropped_sentences": 2})
    before, after = (
        count(written("x", one, MarketDesk())) for one in (analysis, analysis.model_copy(update={"reading": reading}))
    )
    assert (after.sentences - before.sentences, after.dropped - before.dropped) == (2, 2)


def analysis_of(article: Article, folder: Path) -> Analysis:
    with Database.open(folder / "rhyme.db") as database:
        analyst = Analyst(
            model=ObedientModel("embedded"), market=MarketDesk(), memory=None, archive=database, score_model=ScoreModel(),
            prompts=PromptLibrary(), clock=lambda: article.known_at, version="test",
        )  # fmt: skip
        return analyst.analyze(article)


def test_the_manual_readings_are_a_hundred_each_with_a_reason_for_what_was_found_wanting() -> None:
    text = (resources.files("evals.words") / "manual_readings.json").read_text(encoding="utf-8")
    told = json.loads(text)
    human = told["human_sentences"]
    after = told["product_after_mending"] | told["product_after_mending_other_articles"]
    assert len(human) == 100
    assert len(after) >= 100
    for one in (*human.values(), *after.values(), *told["product_before_mending"]["unsupported"].values()):
        assert one["verdict"] in ("supported", "unsupported", "right", "false")
        assert one["why"] or one["verdict"] == "supported"
