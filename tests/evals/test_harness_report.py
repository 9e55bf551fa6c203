"""The report: all in one file, layers apart, the same bytes again, and hostile text of a case stays text."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evals.harness.gates import judge, load_registry
from evals.harness.report import FORMATS, Report, rendered, report_of, write_report
from evals.harness.report.content import SHOWN_CASES
from evals.harness.run import Ablated, Ablation, Case, Published, Run
from evals.harness.statistics import compare
from records.errors import UsageError
from tests.evals.harness_runs import made_run
from tests.html_reader import HtmlReader

HOSTILE = "<script>alert(1)</script> <img src=https://example.org/x.png> ``` [a](javascript:alert(1)) </pre>"


def _cases(count: int, *, seed: int = 0, **changes: Any) -> tuple[Case, ...]:
    generator = np.random.default_rng(seed)
    given = {"latency_ms": 100.0, "input_tokens": 10, "output_tokens": 2, "cost_usd": 0.001}
    return tuple(
        Case.model_validate(
            {
                "id": f"c{place:03}",
                "day": f"2026-01-{1 + place % 28:02}",
                "prompt": f"question {place}",
                "answer": f"answer {place}",
                "expected": bool(place % 2),
                "scores": {"correct": float(generator.random() < 0.7), "probability": float(generator.random())},
                **given,
                **changes,
            }
        )
        for place in range(count)
    )


def _run(suite: str = "threads", **changes: Any) -> Run:
    given: dict[str, Any] = {
        "n": 60,
        "cases": _cases(60),
        "metrics": {"bcubed_f1": 0.95, "wrong": None},
        "intervals": {"bcubed_f1": (0.9, 0.97)},
        "baselines": {"joining nothing": {"bcubed_f1": 0.881}, "with bodies": {"bcubed_f1": 0.96}},
        "published": (Published(name="a paper", metric="bcubed_f1", value=0.9, source="invented, 2020"),),
        "failures": {"two stories joined": 3},
    }
    return made_run(suite, **given | changes)


def _text(run: Run, suffix: str, **others: Any) -> str:
    return rendered(suffix, report_of([run], **others), [run])


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_runs_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    def write(name: str) -> bytes:
        run, base = _run(), _run(run_id="threads-0", cases=_cases(60, seed=1))
        report = report_of([run], verdicts=judge(run, load_registry()), comparisons=[compare(run, base, seed=0)])
        write_report(tmp_path / f"{name}{suffix}", report, [run])
        return (tmp_path / f"{name}{suffix}").read_bytes()

    assert write("one") == write("two")
    assert list(tmp_path.glob("*.part")) == []


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = HtmlReader(_text(_run(), ".html"))
    assert "script" not in page.names
    assert not page.names & {"link", "img", "iframe", "object", "embed", "form", "base"}
    addresses = [
        value for _, attrs in page.elements for name, value in attrs.items() if name in ("src", "href", "xlink:href")
    ]
    assert addresses
    assert all(address and address.startswith("#") for address in addresses)
    assert all(not name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert not re.search(r"url\((?!#)|@import", _text(_run(), ".html"))
    policies = [attrs["content"] for tag, attrs in page.elements if tag == "meta" and "http-equiv" in attrs]
    assert [str(policy).startswith("default-src 'none'") for policy in policies] == [True]


def test_every_id_of_the_page_is_one_of_a_kind_and_every_link_leads_somewhere() -> None:
    runs = [_run(), _run("impact", cases=_cases(60, scores={"score": 0.5, "y": 0.4, "abs_z": 2.5, "p_material": 0.2}))]
    page = HtmlReader(rendered(".html", report_of(runs), runs))
    assert len(page.values("id")) == len(set(page.values("id")))
    links = [str(attrs["href"])[1:] for tag, attrs in page.elements if tag == "a"]
    assert {run.run_id for run in runs} <= set(links) <= set(page.values("id"))
    used = [str(value)[1:] for tag, attrs in page.elements for name, value in attrs.items() if name == "xlink:href"]
    assert set(used) <= set(page.values("id"))


def test_pictures_take_the_pages_colours_and_have_a_name() -> None:
    text = _text(_run(), ".html")
    pictures = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(pictures) == 2  # figures beside baselines, and reliability
    for picture in pictures:
        assert 'role="img" aria-label="threads: ' in picture
        assert not re.search(r"#[0-9a-f]{6}\b", picture.replace("url(#", ""))
        assert "var(--c0)" in picture


def test_too_few_cases_draw_no_reliability() -> None:
    text = _text(_run(n=39, cases=_cases(39)), ".html")
    assert len(re.findall("<svg", text)) == 1


def test_layers_have_sections_of_their_own() -> None:
    runs = [_run(run_id=f"threads-{layer}", layer=layer) for layer in ("live", "ledger", "replay", "offline")]
    report = report_of(runs)
    assert [section.layer for section in report.sections] == ["offline", "replay", "live", "ledger"]
    assert [[part.run_id for part in section.parts] for section in report.sections] == [
        [f"threads-{section.layer}"] for section in report.sections
    ]
    assert _text(runs[0], ".md").count("\n## ") == 1


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_everything_that_a_reader_needs_stands_in_it(suffix: str) -> None:
    told = {
        "model": "a-model-7",
        "profile": "embedded",
        "prompt_digests": {"read": "3:abcdef"},
        "embedder": "mpnet:1234",
        "score_version": "score_v9",
        "store_snapshot": "601 events, d65a",
        "data_digests": {"pairs": "beef"},
        "data_sources": {"pairs": "2; own; nowhere; all"},
        "git_revision": "0123abcd+",
        "seed": 17,
        "judge": "a judge, unvalidated",
        "notes": ("a note to the reader",),
    }
    cases = (*_cases(59), *_cases(1, id="wrong one", checks=("two stories joined",), latency_ms=900.0))
    run = _run(provenance=told, layer="live", cases=cases)
    base = _run(run_id="threads-0", layer="live", cases=_cases(60, seed=3))
    gates = load_registry()
    text = _text(run, suffix, verdicts=judge(run, gates), comparisons=[compare(run, base, seed=0)])
    shown = HtmlReader(text).text if suffix == ".html" else text.replace("\\", "")
    for wanted in (
        *("a-model-7", "3:abcdef", "mpnet:1234", "score_v9", "601 events, d65a", "beef", "2; own; nowhere; all"),
        *("0123abcd+", "17", "unvalidated", "a note to the reader", "00112233aabbccdd"),
        *("0.95 (0.9 to 0.97)", "joining nothing", "0.881", "with bodies", "a paper 0.9 (invented, 2020)"),
        *("0.0600 USD", "600", "120", "100 ms", "two stories joined", "wrong one", "question 0", "answer 0"),
        *("Could see", "threads-0", "not shown"),
    ):
        assert wanted in shown, wanted


def test_a_gate_that_stops_the_run_is_shown_with_its_reason() -> None:
    run = made_run("leaks", layer="live", metrics={"leaks": 2.0, "controls_seen": 1.0})
    for suffix in (".html", ".md"):
        text = _text(run, suffix, verdicts=judge(run, load_registry()))
        assert "2 is beyond at most 0" in text
        assert "1 of 2 pass" in text


def test_what_is_unknown_is_a_dash_and_never_0() -> None:
    run = made_run("tags", metrics={"micro_f1": None, "macro_f1": float("nan")}, cases=_cases(2, cost_usd=None), n=2)
    part = report_of([run]).sections[0].parts[0]
    assert [each.value for each in part.figures] == [None, None]
    assert part.spent.cost_usd is None
    assert "| micro_f1 | – | – | – |" in _text(run, ".md")
    half = made_run("tags", cases=(*_cases(1, id="a"), *_cases(1, id="b", cost_usd=None)), n=2)
    assert report_of([half]).sections[0].parts[0].spent.cost_usd is None


def test_hostile_text_of_a_case_stays_text() -> None:
    bad: dict[str, Any] = {
        "prompt": HOSTILE,
        "answer": HOSTILE,
        "checks": (HOSTILE,),
        "error": HOSTILE,
        "expected": HOSTILE,
        "id": HOSTILE,
    }
    run = _run(cases=_cases(1, **bad), failures={HOSTILE: 1}, n=1, baselines={HOSTILE: {"bcubed_f1": 0.5}})
    html = _text(run, ".html")
    page = HtmlReader(html)
    assert not page.names & {"script", "img"}
    assert page.text.count("alert(1)") >= 10
    lines = _text(run, ".md").splitlines()
    fences = [line for line in lines if re.fullmatch("`{3,}(text)?", line)]
    assert fences == ["````text", "````"] * 3
    outside = [line for line in lines if line.startswith("**")]
    assert all("\\<script" in line and "\\[a\\]" in line for line in outside)


def test_many_faulty_cases_are_cut_and_counted() -> None:
    run = _run(cases=_cases(SHOWN_CASES + 7, checks=("wrong",)), n=SHOWN_CASES + 7)
    for suffix in (".html", ".md"):
        text = _text(run, suffix)
        assert "and 7 more cases" in text
        assert f"c{SHOWN_CASES:03}" not in text


def test_the_json_is_the_model_itself(tmp_path: Path) -> None:
    run = _run()
    report = report_of([run], verdicts=judge(run, load_registry()))
    write_report(tmp_path / "new" / "report.json", report, [run])
    told = (tmp_path / "new" / "report.json").read_text(encoding="utf-8")
    assert Report.model_validate(json.loads(told)) == report


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.html, \.md, \.json, not '\.pdf'"):
        write_report(tmp_path / "report.pdf", report_of([]), [])
    assert list(tmp_path.iterdir()) == []


def _ablated(**metrics: Ablated) -> tuple[Ablation, ...]:
    return (Ablation(varied="precedents, 50 in the run", setting="none", metrics=metrics, told="3 of 60 differ"),)


def _shown_ablations(run: Run) -> list[str]:
    """The title of the Markdown table, and the cells of its only line."""
    text = _text(run, ".md").split("### Ablations")[1].split("###")[0]
    title, _, _, line = [line for line in text.splitlines() if line]
    return [title, *(cell.strip() for cell in line.strip("|").split("|"))]


def test_an_ablation_stands_beside_its_run_with_the_difference_and_what_could_be_seen() -> None:
    found = Ablated(value=0.90, difference=0.05, interval=(0.01, 0.09))
    run = _run(ablations=_ablated(bcubed_f1=found))
    cells = _shown_ablations(run)
    assert cells[:3] == ["threads (shipped): precedents, 50 in the run", "none", "bcubed_f1"]
    assert cells[3:6] == ["0.95", "0.9", "0.05 (0.01 to 0.09)"]
    assert cells[6] == "± 0.05718"  # 2.8016 standard errors of .08 / 3.92
    assert cells[7] == "3 of 60 differ"
    page = _text(run, ".html")
    assert "<h3>Ablations</h3>" in page
    assert 'aria-label="threads: ablations, bcubed_f1"' in page
    assert json.loads(_text(run, ".json"))["sections"][0]["parts"][0]["ablations"][0]["setting"] == "none"


def test_an_ablation_that_changes_nothing_claims_no_power() -> None:
    same = Ablated(value=0.95, difference=0.0, interval=(0.0, 3e-13))
    assert _shown_ablations(_run(ablations=_ablated(bcubed_f1=same)))[5:7] == ["none", "–"]


def test_a_difference_that_could_not_be_told_is_unknown_and_not_drawn() -> None:
    run = _run(ablations=_ablated(bcubed_f1=Ablated(value=None)))
    assert _shown_ablations(run)[4:7] == ["–", "–", "–"]
    assert "ablations, bcubed_f1" not in _text(run, ".html")


@pytest.mark.parametrize("suffix", [".html", ".md"])
def test_profiles_stand_beside_each_other_and_one_that_nobody_ran_is_named_so(suffix: str) -> None:
    embedded = _run("tags", layer="replay", provenance={"model": "small-1", "profile": "embedded"})
    text = _text(embedded, suffix)
    assert "0.95 (0.9 to 0.97); small-1, 60 cases" in text
    assert "no recorded run" in text
    capable = _run(
        "tags",
        layer="replay",
        run_id="tags-2",
        metrics={"bcubed_f1": 0.99},
        intervals={},
        provenance={"model": "big-1", "profile": "capable"},
    )
    both = rendered(suffix, report_of([embedded, capable]), [embedded, capable])
    assert "0.99; big-1, 60 cases" in both
    assert "no recorded run" not in both


def test_runs_without_a_model_have_no_table_of_profiles() -> None:
    assert "profile" not in _text(_run(), ".md").split("### threads")[0]
