"""The evaluation of story threads: its numbers by hand, what it makes of articles, its report and its command."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evals.threads.bcubed import Graded, auc, bcubed, grade, share
from evals.threads.fit import in_fit
from evals.threads.made import REPRINTS, correction, reprints, roundup, update
from evals.threads.pairs import article_of, load_pairs
from evals.threads.report import to_json, write_report
from evals.threads.run import Request, run
from records.errors import SourceUnreadable
from terminal.main import main
from vectorstore.threads import load_model
from vectorstore.threads.decide import SAME_STORY
from vectorstore.threads.features import shared
from vectorstore.threads.fingerprint import fingerprint
from vectorstore.threads.sketch import sketch

AT = datetime(2024, 5, 6, 12, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"
BODY = (
    "Acme Corp on Monday cut its profit forecast for the year by 20 percent, citing weak demand for its pumps in Europe, and said "
    "the company's finance chief would step down after 12 years."
)
ROWS = [
    {"a": "Acme cuts profit forecast", "b": "Acme slashes profit outlook", "a_body": BODY, "b_body": BODY, "label": 1},
    {"a": "Acme recalls pumps over fire risk", "b": "Acme names finance chief", "label": 0, "kind": "near"},
    {"a": "Beta to buy Gamma for $3 bln", "b": "Gamma agrees to $3 billion Beta takeover", "label": 1},
    {
        "a": "Beta Q1 profit rises",
        "b": "Delta sues Beta over patents",
        "label": 0,
        "ticker": "BETA",
        "date": "2024-05-06",
    },
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of pairs of our own."""
    (tmp_path / "dup").mkdir()
    lines = "\n".join(json.dumps(row) for row in ROWS)
    (tmp_path / "dup" / "pairs.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_bcubed_of_pairs_is_what_the_definition_gives_by_hand() -> None:
    same = np.array([True, True, False, False])
    ones = np.ones(4)
    assert bcubed(same, same, ones) == (1, 1, 1)
    f1, precision, recall = bcubed(same, np.array([True, False, True, False]), ones)
    # one pair of strangers joined: 2 of 8 items at 1/2; one pair of one story apart: likewise
    assert (precision, recall) == (7 / 8, 7 / 8)
    assert f1 == pytest.approx(7 / 8)


def test_auc_agrees_with_counting_every_pair_of_pairs() -> None:
    same, chance = np.array([True, False, True, False, False]), np.array([0.9, 0.9, 0.4, 0.1, 0.5])
    won = [(p > n) + (p == n) / 2 for p in chance[same] for n in chance[~same]]
    assert auc(same, chance, np.ones(5)) == pytest.approx(np.mean(won))
    assert np.isnan(auc(np.array([True]), np.array([0.5]), np.ones(1)))


def test_intervals_hold_the_value_and_draw_whole_groups() -> None:
    same = np.array([True, False] * 20)
    graded = Graded(same, same * 0.8 + 0.1, np.ones(40, dtype=bool), tuple(range(40)))
    found = grade(graded)["bcubed_precision"]
    assert found is not None
    assert found.low < found.value < found.high
    one_group = grade(Graded(same, same * 0.8 + 0.1, np.ones(40, dtype=bool), ("A",) * 40))["bcubed_precision"]
    assert one_group is not None
    assert one_group.low == one_group.high


def test_a_share_without_a_miss_is_still_not_certain() -> None:
    found = share([True] * 300, range(300))
    assert found is not None
    assert (found.value, found.low) == (1, pytest.approx(0.99))
    assert share([], []) is None


def test_every_way_of_reprinting_changes_the_text_and_an_update_adds_to_it() -> None:
    base = article_of("Acme's pumps - a forecast cut", BODY, AT)
    made = reprints(base, 3)
    assert {one.kind for one in made} == set(REPRINTS)
    assert all(one.article.id != base.id and one.article.first_seen_at > AT for one in made)
    more = update(base, 4).article
    assert more.text.startswith(BODY)
    assert len(more.text) > len(BODY)


def test_a_correction_changes_one_figure_and_a_text_without_any_has_none() -> None:
    fixed = correction(article_of("Acme cuts forecast", BODY, AT), 1)
    assert fixed is not None
    assert "27 percent" in fixed.article.text
    assert correction(article_of("Acme cuts forecast", "May 12 Acme cut its forecast.", AT), 1) is None


def test_a_round_up_tells_each_of_its_stories() -> None:
    bases = [article_of(f"Story {n}", f"Sentence {n} of the story.", AT) for n in range(3)]
    text = roundup(bases, 2).article.text
    assert all(base.text in text for base in bases)


def test_a_pair_is_known_by_its_digest_whichever_headline_is_first(folder: Path) -> None:
    first = load_pairs(folder)[0]
    turned = first.__class__(**{**vars(first), "a": first.b, "b": first.a})
    assert first.digest == turned.digest


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"a": "x", "b": "y", "label": "maybe"}'])
def test_pairs_that_cannot_be_read_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "pairs.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="needs"):
        load_pairs(tmp_path)


def test_the_report_has_its_stable_names_files_and_every_pair(folder: Path, tmp_path: Path) -> None:
    report = run(Request(folder, quick=True), lambda _: None)
    told = to_json(report)
    for name in ("bcubed_f1", "bcubed_precision", "bcubed_recall", "pair_auc", "reprints_found"):
        assert {name, f"{name}_low", f"{name}_high"} <= set(told)
    assert told["n_pairs"] == len(ROWS)
    assert told["n_reprints"] == len(REPRINTS)
    found = report.pairs["headlines"]["bcubed_f1"]
    assert found is not None
    assert told["bcubed_f1"] == pytest.approx(found.value)
    assert report.relations["reprint"] == {"reprint": len(REPRINTS)}
    write_report(tmp_path / "out", report)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json", "report.md", "novelty.png", "reprints.png", "threshold.png",
    }  # fmt: skip
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == told


def test_the_command_prints_json_and_refuses_a_missing_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = ["--home", str(tmp_path / "home"), "--quiet"]
    assert main(["eval", "threads", "--data", str(folder), "--quick", "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["n_pairs"] == len(ROWS)
    assert main(["eval", "threads", "--data", str(tmp_path / "none"), *home]) == 4
    assert "no folder" in capsys.readouterr().err


@pytest.mark.skipif(not (SHARED / "dup").is_dir(), reason="the labelled pairs are not here")
def test_the_shipped_model_reaches_the_target_on_pairs_it_was_not_fitted_on() -> None:
    model = load_model()
    pairs = load_pairs(SHARED)
    left = [pair for pair in pairs if pair.digest not in model.fitted_on]
    assert {pair.digest for pair in pairs if in_fit(pair)} == model.fitted_on & {pair.digest for pair in pairs}
    sketches = [[sketch(one) for one in pair.articles(bodies=False)] for pair in left]
    chance = np.array([model.probability(a, b, shared(a, b)) for a, b in sketches])
    f1, _, _ = bcubed(np.array([pair.same for pair in left]), chance >= SAME_STORY, np.ones(len(left)))
    assert f1 >= 0.92


def test_the_shipped_model_carries_no_text() -> None:
    assert all(len(one) == 10 and int(one, 16) >= 0 for one in load_model().fitted_on)
    assert fingerprint("x", "").digest != fingerprint("y", "").digest
