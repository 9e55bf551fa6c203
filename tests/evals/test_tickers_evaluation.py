"""The evaluation of tickers: the gold set holds together, the counting is right by hand, and the command runs on a fresh clone."""

import itertools
import json
from datetime import date
from pathlib import Path

import pytest

from evals.tickers.by_model import ModelChoice
from evals.tickers.gold import GoldMention, GoldSentence, id_of, load_gold, split_of
from evals.tickers.grade import STRAY, Share, Tally, every_one, grade, judge, sure_only
from evals.tickers.report import SUITE, to_json, write_report
from evals.tickers.run import Request, run
from markets.instruments import InstrumentTable
from models.scripted import Choice, ScriptedModel
from records.errors import SourceUnreadable
from records.market import Candidate, Instrument
from records.reading import Span
from terminal.main import main

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def gold() -> tuple[GoldSentence, ...]:
    return load_gold()


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


def sentence(text: str, *mentions: tuple[str, tuple[str, ...]], day: str = "2024-05-06") -> GoldSentence:
    found = []
    for surface, tickers in mentions:
        start = text.index(surface)
        found.append(
            GoldMention(start=start, end=start + len(surface), surface=surface, tickers=tickers, kind="of a test")
        )
    return GoldSentence(id=id_of(text), split="dev", text=text, as_of=date.fromisoformat(day), mentions=tuple(found))


def candidate(ticker: str, *spans: tuple[int, int], ambiguous: bool = False) -> Candidate:
    return Candidate(
        instrument=Instrument(ticker=ticker, name=ticker, kind="share"),
        name=ticker,
        match="name",
        spans=tuple(Span(start=start, end=end) for start, end in spans),
        ambiguous=ambiguous,
    )


def test_the_gold_set_is_as_large_and_as_mixed_as_its_datasheet_says(gold: tuple[GoldSentence, ...]) -> None:
    mentions = [mention for one in gold for mention in one.mentions]
    assert (len(gold), len(mentions)) == (560, 621)
    assert sum(not mention.tickers for mention in mentions) == 190
    assert len({mention.kind for mention in mentions}) == 18


def test_every_id_and_half_follows_from_the_text(gold: tuple[GoldSentence, ...]) -> None:
    assert all((one.id, one.split) == (id_of(one.text), split_of(one.id)) for one in gold)
    assert len({one.id for one in gold}) == len(gold)
    halves = [one.split for one in gold]
    assert min(halves.count("dev"), halves.count("test")) > 0.4 * len(gold)


def test_every_expected_ticker_was_listed_on_its_day(gold: tuple[GoldSentence, ...], table: InstrumentTable) -> None:
    unlisted = [
        (ticker, one.as_of.isoformat())
        for one in gold
        for mention in one.mentions
        for ticker in mention.tickers
        if table.listing(ticker, one.as_of) is None
    ]
    assert unlisted == []


def test_mentions_of_a_sentence_do_not_overlap(gold: tuple[GoldSentence, ...]) -> None:
    for one in gold:
        ends = [(mention.start, mention.end) for mention in one.mentions]
        assert all(left[1] <= right[0] for left, right in itertools.pairwise(ends)), one.text


def test_each_mention_is_right_wrong_missed_or_left_alone() -> None:
    one = sentence("Aaa met Bbb, Ccc and Ddd.", ("Aaa", ("AAA",)), ("Bbb", ("BBB",)), ("Ccc", ("CCC",)), ("Ddd", ()))
    judged = judge(one, [candidate("AAA", (0, 3)), candidate("XXX", (8, 11))])
    assert [found.outcome for found in judged] == ["right", "wrong", "missed", "left alone"]
    tally = Tally(tuple(judged))
    assert (tally.precision, tally.recall, tally.left_alone) == (Share(1, 2), Share(1, 3), Share(1, 1))


def test_an_answer_outside_every_mention_is_wrong() -> None:
    one = sentence("Aaa met nobody.", ("Aaa", ("AAA",)))
    judged = judge(one, [candidate("AAA", (0, 3)), candidate("NOB", (8, 14))])
    assert [(found.kind, found.outcome) for found in judged] == [("of a test", "right"), (STRAY, "wrong")]
    tally = Tally(tuple(judged))
    assert (tally.mentions, tally.precision, tally.recall) == (1, Share(1, 2), Share(1, 1))


def test_two_tickers_on_one_name_are_right_only_if_both_are_gold() -> None:
    one = sentence("Aaa rose.", ("Aaa", ("AAA", "AAB")))
    both = [candidate("AAA", (0, 3)), candidate("AAB", (0, 3))]
    assert judge(one, both)[0].outcome == "right"
    assert judge(one, [*both, candidate("ZZZ", (0, 3))])[0].outcome == "wrong"


def test_a_share_of_nothing_is_unknown() -> None:
    assert Share(0, 0).to_json()["value"] is None
    ten = Share(8, 10).to_json()
    # Wilson's interval of 8 in 10, by hand: (0.49, 0.94)
    assert (ten["value"], ten["low"], ten["high"]) == (
        0.8,
        pytest.approx(0.4902, abs=1e-4),
        pytest.approx(0.9433, abs=1e-4),
    )


def test_what_code_leaves_open_counts_only_when_it_is_shown_to_a_model(table: InstrumentTable) -> None:
    one = sentence("Apple Season Opens Early This Fall", ("Apple", ()))
    assert grade([one], table, sure_only).count("left alone") == 1
    assert grade([one], table, every_one).count("wrong") == 1


@pytest.mark.parametrize(("yes", "outcome"), [(0.9, "wrong"), (0.1, "left alone")])
def test_a_model_settles_what_code_leaves_open(table: InstrumentTable, yes: float, outcome: str) -> None:
    one = sentence("Apple Season Opens Early This Fall", ("Apple", ()))
    model = ScriptedModel([Choice({"Yes": yes, "No": 1 - yes}, purpose="eval.tickers")], profile="embedded")
    choice = ModelChoice(model, print)
    assert grade([one], table, choice).judged[0].outcome == outcome
    assert choice.questions == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not json", "no gold sentence"),
        ('{"id": "x"}', "needs id, split, text"),
        (
            '{"id": "x", "split": "dev", "text": "Aaa", "as_of": "2024-01-01", "mentions": '
            '[{"start": 0, "end": 2, "surface": "Aaa", "tickers": [], "kind": "k"}]}',
            "Correct the span",
        ),
        ("", "is empty"),
    ],
)
def test_a_broken_gold_set_says_where(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "gold.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=words):
        load_gold(tmp_path / "gold.jsonl")
    with pytest.raises(SourceUnreadable, match="Restore it"):
        load_gold(tmp_path / "none.jsonl")


def test_a_folder_without_the_wires_tags_is_refused_with_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Leave --data out"):
        run(Request(tmp_path), print)
    (tmp_path / "tagging").mkdir()
    (tmp_path / "tagging" / "reuters_ticker_tags.jsonl").write_text('{"headline": "x"}\n', encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="each line needs date"):
        run(Request(tmp_path), print)


def test_the_report_keeps_its_names_and_its_floor(tmp_path: Path) -> None:
    report = run(Request(), lambda _: None)
    told = to_json(report, {"rhyme": "test"})
    assert told["suite"] == SUITE
    assert set(told) >= {
        "suite",
        "split",
        "data_digest",
        "n",
        "metrics",
        "baselines",
        "provenance",
        "by_kind",
        "errors",
    }
    metrics = told["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {"precision", "recall"}
    # a floor a little below what was measured: a change of rules that loses more is seen here
    assert metrics["precision"] >= 0.965
    assert metrics["recall"] >= 0.945
    write_report(tmp_path / "out", report, {"rhyme": "test"})
    assert "## By kind" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["n"] == told["n"]


def test_the_command_grades_the_shipped_set_without_any_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RHYME_HOME", str(tmp_path))
    assert main(["eval", "tickers", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["metrics"]) == {"precision", "recall"}
    assert told["wire"] is None
    assert main(["eval", "tickers", "--data", str(tmp_path / "nowhere"), "--quiet"]) == 4


@pytest.mark.skipif(not (SHARED / "tagging").is_dir(), reason="the data for development are not beside the project")
def test_a_wires_articles_are_a_result_of_their_own() -> None:
    report = run(Request(SHARED), lambda _: None)
    assert report.wire is not None
    assert report.wire.articles > 1_000
    assert report.wire.right / (report.wire.right + report.wire.missed) > 0.93
