"""The evaluation of the chat: grades by hand, sets of our own, citations counted, and the command with both kinds of chat."""

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.chat.grading import Gold, Outcome, grade
from evals.chat.run import AS_OF, citations
from evals.chat.sets import FINANCEBENCH, TATQA, load
from evals.chat.tool_server import Says, ToolServer, Turn, calls
from evals.harness.shelf import Shelf
from records.chat import AnswerSentence, ChatAnswer, ChatProvenance
from records.errors import SourceUnreadable
from terminal.main import main

PAGE = """Alder Works Inc
Consolidated Balance Sheet
(Dollars in millions, except per share amounts)
2021
2020
Cash and cash equivalents
$
1,204
$
980
Total current assets
3,310
2,945
Property, plant and equipment net
7,001
6,874
Goodwill
455
455
Total assets
10,766
10,274
Short-term borrowings
1,100
1,050
Total current liabilities
2,018
1,977
Long-term debt
3,000
3,200
"""
FILING = {
    "financebench_id": "f1", "company": "Alder Works", "doc_name": "ALDERWORKS_2021_10K", "question_type": "metrics-generated",
    "question": "What is the year end FY2021 total current assets for Alder Works? Answer in USD billions.", "answer": "$3.31",
    "evidence": [{"doc_name": "ALDERWORKS_2021_10K", "evidence_page_num": 7, "evidence_text_full_page": PAGE}],
}  # fmt: skip
ROWS = [
    ["", "2021", "2020"],
    ["", "(in thousands)", ""],
    ["Royalty income", "$4,120", "$3,871"],
    ["Licence costs", "(955)", "(870)"],
]
KILN = (
    "Royalty income is paid by the partners who use the Alder kiln. The kiln was first licensed to the Birch company of Oslo, and "
    "later to nine works on three continents, each of which reports its output by the tenth day of the month after the quarter."
)
TABLE = {
    "table": {"uid": "aa11bb22-0000", "table": ROWS},
    "paragraphs": [{"uid": "p", "order": 1, "text": KILN}],
    "questions": [
        {"uid": "q1", "question": "What was the royalty income in 2021?", "answer": ["$4,120"], "answer_type": "span",
         "scale": "thousand"},
        {"uid": "q2", "question": "What was the change in licence costs from 2020 to 2021?", "answer": -85,
         "answer_type": "arithmetic", "scale": "thousand"},
        {"uid": "q3", "question": "What were the licence costs in 2021 and 2020 respectively?", "answer": ["(955)", "(870)"],
         "answer_type": "multi-span", "scale": "thousand"},
    ],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two small sets of our own."""
    (tmp_path / "financebench_150.jsonl").write_text(json.dumps(FILING) + "\n", encoding="utf-8")
    (tmp_path / "tatqa_dev.jsonl").write_text(json.dumps(TABLE) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ToolServer]:
    with ToolServer() as made:
        for name, value in {"HOME": str(tmp_path / "home"), "MODEL": "m", "BASE_URL": made.url}.items():
            monkeypatch.setenv(f"RHYME_{name}", value)
        yield made


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        (Gold("number", ("1,496.5",), "million"), "Total sales in 2019 were $1,496.5 million.", "correct"),
        (Gold("number", ("1,496.5",), "million"), "Total sales, 2019: 1,496.5 (in millions).", "correct"),
        (
            Gold("number", ("1,496.5",), "million"),
            "Total sales, 2019: 1,496.5.",
            "correct",
        ),  # a scale not said is the gold's
        (Gold("number", ("1,496.5",), "million"), "Total sales were $1.4965 billion.", "correct"),
        (Gold("number", ("1,496.5",), "million"), "Total sales were $1,496.5 thousand.", "wrong"),
        (Gold("number", ("1,496.5",), "million"), "Total sales were $1,202.9 million.", "wrong"),
        (Gold("number", ("(19)",), "thousand"), "Forfeited: (19).", "correct"),
        (Gold("number", ("-12.6",), "million"), "It changed by (12.6) million.", "correct"),
        (Gold("number", ("(19)",), "thousand"), "Forfeited: 19.", "wrong"),
        (Gold("number", ("-22.22",), "percent"), "It changed by -22.22%.", "correct"),
        (Gold("number", ("-22.22",), "percent"), "It changed by -0.2222.", "correct"),  # as TAT-QA's metric reads it
        (Gold("number", ("-22.22",), "percent"), "It changed by 22.22%.", "wrong"),
        (Gold("number", ("12.6%",)), "It is 12.6.", "correct"),
        (Gold("number", ("7",)), "It is 1, 2, 3, 4, 5, 6 or 7.", "wrong"),
        (Gold("number", ("$8.70",), "billion", 0.005), "Net, 2018: 8,738 (Dollars in millions).", "correct"),
        (Gold("number", ("2",)), "In 2019 there were 2 quarters.", "correct"),
        (Gold("text", ("2019",)), "The larger year is 2019.", "correct"),
        (Gold("text", ("2019",)), "It was 5 in 2018 and 6 in 2019.", "wrong"),
        (Gold("text", ("Joshua T. Duckworth",)), "The officer is Joshua T. Duckworth.", "correct"),
        (Gold("text", ("Joshua T. Duckworth",)), "Joshua T. Duckworth " + "and others " * 40, "wrong"),
        (Gold("text", ("No. The ratio was 0.96.",)), "No: it was 0.96.", "correct"),
        (Gold("text", ("No. The ratio was 0.96.",)), "Yes: it was 0.96.", "wrong"),
        (Gold("spans", ("73,260", "57,768"), "thousand"), "Loss, 2019: 73,260; 2018: 57,768.", "correct"),
        (Gold("spans", ("73,260", "57,768"), "thousand"), "Loss, 2019: 73,260.", "wrong"),
    ],
)
def test_answers_are_graded_as_by_hand(gold: Gold, answer: str, outcome: Outcome) -> None:
    assert grade(gold, "What was it?", [answer]) == outcome


def test_no_statement_is_a_refusal_and_a_figure_of_the_question_is_no_answer() -> None:
    gold = Gold("number", ("4",))
    assert grade(gold, "Is it 3?", []) == "refused"
    assert grade(gold, "Is it 3?", ["It is 3."]) == "wrong"


def test_the_sets_are_read_with_their_contexts_and_a_table_is_named(folder: Path) -> None:
    found = load(folder)
    assert [(one.set, one.gold.kind) for one in found.questions] == [
        (FINANCEBENCH, "number"), (TATQA, "number"), (TATQA, "number"), (TATQA, "spans"),
    ]  # fmt: skip
    assert found.questions[0].gold.scale == "billion"
    assert found.questions[1].asked == "In filing table aa11bb22: What was the royalty income in 2021?"
    assert [one.title for one in found.contexts] == ["ALDERWORKS 2021 10K, page 7", "Filing table aa11bb22"]
    assert {name for one in found.questions for name in one.contexts} == {one.article_id for one in found.contexts}


@pytest.mark.parametrize(("text", "words"), [("{}", "line 1"), ("[1]", "line 1"), (None, "neither")])
def test_a_set_that_is_missing_or_broken_says_what_to_do(tmp_path: Path, text: str | None, words: str) -> None:
    if text is not None:
        (tmp_path / "tatqa_dev.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match=words):
        load(tmp_path)


def test_citations_count_what_stands_and_what_is_needed() -> None:
    texts = {"article:a": "Royalty income was 4,120 dollars.", "article:b": "Licence costs were 955 dollars."}
    sentences = (
        AnswerSentence(text="Royalty income was 4,120 dollars.", support=("article:a", "article:b")),
        AnswerSentence(text="Licence costs were 870 dollars.", support=("article:b",)),
    )
    provenance = ChatProvenance(model="m", mode="agent", as_of=AS_OF, conversation="c", tools=(), calls=0,
                                input_tokens=0, output_tokens=0, cost_usd=0.0, seconds=0.0)  # fmt: skip
    answer = ChatAnswer(
        question="q", answer="a", sentences=sentences, retrieved=(), refused=False, reason=None, provenance=provenance
    )
    # the first sentence stands, on the first of its two ids alone; the second stands on nothing
    assert citations(answer, texts) == {"sentences": 2, "standing": 1, "citations": 3, "needed": 1}


def cites(body: Mapping[str, Any]) -> Turn:
    """Reads the figure off what the tool gave, as a model that can would."""
    told = json.loads(next(one["content"] for one in reversed(body["messages"]) if one["role"] == "tool"))
    question = next(one["content"] for one in reversed(body["messages"]) if one["role"] == "user")
    name = told["items"][0]["id"]
    label = "Royalty income" if "royalty" in question else "Licence costs"
    figure = re.search(rf"{label} \| (\S+)", told["items"][0]["text"])
    if "change" in question or figure is None:
        return Says("I don't know from what I have.")
    return Says(f"{label} was {figure[1]} in 2021. [{name}]")


def searches(body: Mapping[str, Any]) -> Turn:
    question = next(one["content"] for one in reversed(body["messages"]) if one["role"] == "user")
    return calls("search_news", words=question)


def test_the_command_asks_a_model_that_calls_tools_and_a_run_goes_on(
    folder: Path, server: ToolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.turns = [searches, cites] * 4
    words = ["eval", "chat", "--data", str(folder), "--half", "both", "--json", "--quiet", "--model", "m"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["suite"], told["split"], told["n"]) == ("chat", "both", 4)
    assert (told["provenance"]["mode"], told["provenance"]["model"]) == ("agent", "m")
    counts = {name: told["by_kind"]["tatqa: span"][name] for name in ("correct", "wrong", "refused")}
    assert counts == {"correct": 1, "wrong": 0, "refused": 0}
    assert told["by_kind"]["tatqa: multi-span"]["wrong"] == 1  # one of the two years was said
    assert told["metrics"]["refused"] == 0.5
    assert told["metrics"]["hit_at_5"] == 1.0
    assert (told["metrics"]["citation_precision"], told["metrics"]["citation_recall"]) == (1.0, 1.0)
    assert told["metrics"]["correct_low"] < told["metrics"]["correct"] < told["metrics"]["correct_high"]
    asked = len(server.bodies)
    assert main([*words, "--resume"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert len(server.bodies) == asked
    assert again["metrics"] == told["metrics"]


def test_a_run_that_is_stopped_reports_what_it_has(
    folder: Path, server: ToolServer, capsys: pytest.CaptureFixture[str]
) -> None:
    def stops(_: Mapping[str, Any]) -> Turn:
        os.kill(os.getpid(), signal.SIGINT)
        return Says("I don't know from what I have.")

    server.turns = [searches, cites, stops]
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a run in the background inherits that it is ignored
    try:
        assert main(["eval", "chat", "--data", str(folder), "--half", "both", "--json", "--quiet", "--model", "m"]) == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert json.loads(capsys.readouterr().out)["n"] == 1


def test_the_command_asks_a_small_model_in_steps_and_writes_no_text_of_the_set(
    folder: Path, server: ToolServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.chooses = lambda _: 0.97
    monkeypatch.setenv("RHYME_PROFILE", "embedded")
    out = folder / "report"
    assert main(["eval", "chat", "--data", str(folder), "--half", "both", "--out", str(out), "--quiet"]) == 0
    assert "(steps)" in capsys.readouterr().out
    told = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert told["by_set"]["financebench"]["correct"] == 1.0
    assert told["by_kind"]["tatqa: span"]["correct"] == 1
    assert told["by_kind"]["tatqa: multi-span"]["correct"] == 1
    assert told["by_kind"]["tatqa: arithmetic"]["refused"] == 1
    written = (out / "report.md").read_text(encoding="utf-8") + json.dumps(told)
    assert not any(text in written for text in ("Royalty", "royalty", "kiln", "Alder Works"))


def test_retrieval_alone_needs_no_model(folder: Path, server: ToolServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "chat", "--data", str(folder), "--half", "both", "--limit", "0", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n"], told["metrics"]["correct"], told["metrics"]["hit_at_5"]) == (0, None, 1.0)
    assert server.bodies == []


def test_a_percentage_that_begins_like_a_year_is_a_figure(folder: Path) -> None:
    question = {**TABLE["questions"][0], "answer": ["191%"], "scale": ""}  # type: ignore[index]
    year = {**TABLE["questions"][0], "answer": ["2019"], "scale": ""}  # type: ignore[index]
    row = json.dumps({**TABLE, "questions": [question, year]})
    (folder / "tatqa_dev.jsonl").write_text(row, encoding="utf-8")
    assert [one.gold.kind for one in load(folder).questions if one.set == TATQA] == ["number", "text"]


def test_a_run_on_a_folder_is_kept_like_every_suites_and_holds_no_text_of_it(
    folder: Path, server: ToolServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, words = tmp_path / "kept", ["eval", "chat", "--data", str(folder), "--half", "both", "--json", "--quiet"]
    server.turns = [searches, cites] * 4
    assert main([*words, "--model", "m", "--home", str(home)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main([*words, "--limit", "0", "--home", str(home)]) == 0
    runs = {run.layer: run for run in Shelf(home / "evals").runs()}
    assert runs["live"].metrics["correct"] == told["metrics"]["correct"]
    assert (runs["live"].provenance.profile, runs["live"].n) == ("capable", 4)
    assert [case.scores["correct"] for case in runs["live"].cases].count(1.0) == 4 * told["metrics"]["correct"]
    assert (
        runs["offline"].metrics["hit_at_5"] == sum(case.scores["hit_at_5"] or 0 for case in runs["offline"].cases) / 4
    )
    written = "".join(run.model_dump_json() for run in runs.values())
    assert not any(text in written for text in ("Royalty", "royalty", "kiln", "Alder Works"))


def test_without_a_folder_the_shipped_questions_are_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")
    assert main(["eval", "chat", "--limit", "0", "--json", "--quiet", "--home", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["split"], told["n"], told["layer"]) == ("shipped", 20, "offline")


def test_the_turns_of_a_model_that_calls_tools_are_recorded_and_read_again_without_it(
    server: ToolServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("inspect_ai", reason="the extra `evals` is not installed")
    server.turns = [Says("I don't know from what I have.")] * 4
    recorded, home = tmp_path / "recorded.jsonl.gz", str(tmp_path / "first")
    words = ["eval", "all", "--only", "chat", "--limit", "2", "--quiet", "--json"]
    assert main([*words, "--record", str(recorded), "--home", home]) == 0
    live = json.loads(capsys.readouterr().out)["runs"][-1]
    asked = len(server.bodies)
    assert asked
    assert (live["layer"], live["n"], live["metrics"]["refused"]) == ("live", 2, 1.0)
    assert main([*words, "--replay", str(recorded), "--home", str(tmp_path / "other")]) == 0
    again = json.loads(capsys.readouterr().out)["runs"][-1]
    assert (again["layer"], again["provenance"]["profile"]) == ("replay", "capable")
    assert again["metrics"] == live["metrics"]
    assert len(server.bodies) == asked
