"""Evals: runs on the shelf, one run whole, two compared, and files that are none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from evals.harness.run import Ablated, Ablation, Case, Run, RunProvenance
from evals.harness.shelf import Shelf
from terminal.web.runs import Runs
from tests.terminal.work_kit import HOSTILE, opened, words


def made(number: int, **changes: object) -> Run:
    cases = tuple(
        Case(id=f"c{one:02d}", cluster=f"s{one}", prompt=f"Is it {HOSTILE}?", answer="yes", expected="no",
             scores={"correct": float((one + number) % 3 > 0)}, error="model_refused: no" if one == 7 else None)
        for one in range(30)
    )  # fmt: skip
    fields: dict[str, object] = {
        "run_id": f"words-{number}", "suite": "words", "layer": "replay", "split": "shipped", "data_digest": "0" * 16, "n": 30,
        "metrics": {"correct": 0.66, "refused": None}, "intervals": {"correct": (0.5, 0.8)},
        "baselines": {"majority": {"correct": 0.5}}, "provenance": RunProvenance(model="default", notes=("Self-written.",)),
        "cases": cases, "failures": {"model_refused": 1}, "made_at": datetime(2026, 11, 1 + number, tzinfo=UTC),
    }  # fmt: skip
    return Run.model_validate(fields | changes)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shelf = Shelf(tmp_path / "home" / "evals")
    for run in (made(0), made(1), made(0, run_id="tags-0", suite="tags")):
        shelf.save(run)
    (tmp_path / "home" / "evals" / "broken.json").write_text(f'{{"{HOSTILE}": 1}}', encoding="utf-8")
    return tmp_path / "home"


def test_runs_are_listed_by_suite_the_newest_first_and_what_is_no_run_is_named(home: Path) -> None:
    with opened(home) as client:
        page = client.get("/evals").text
    said = words(page)
    assert page.index("/evals/words-1") < page.index("/evals/words-0")
    assert page.index("/evals/tags-0") < page.index("/evals/words-1")
    assert "correct 0.660" in said
    assert "refused –" in said
    assert "broken.json" in said
    assert "<img" not in page


def test_a_run_has_its_figures_beside_baselines_and_the_cases_that_went_wrong_first(home: Path) -> None:
    with opened(home) as client:
        page = client.get("/evals/words-1").text
    said = words(page)
    assert "correct 0.660 0.500 to 0.800 0.500" in said
    assert "refused – – –" in said
    assert "Failures: model refused 1." in said
    assert page.index("<code>c07</code>") < page.index("<code>c02</code>")
    assert "Self-written." in said
    assert "<img" not in page


def test_a_run_has_its_ablations_with_the_difference_and_its_interval(home: Path) -> None:
    known = Ablated(value=0.6, difference=0.06, interval=(-0.02, 0.14))
    metrics = {"correct": known, "refused": Ablated(value=None)}
    ablation = Ablation(varied=HOSTILE, setting="none: not grounded", metrics=metrics)
    Shelf(home / "evals").save(made(2, ablations=(ablation,)))
    with opened(home) as client:
        page, plain = client.get("/evals/words-2").text, client.get("/evals/words-1").text
    said = words(page)
    assert "none: not grounded correct 0.600 0.060 −0.020 to 0.140" in said
    assert "none: not grounded refused – – –" in said
    assert "<img" not in page
    assert "Ablations" not in words(plain)


def test_two_runs_of_a_suite_are_compared_case_by_case(home: Path) -> None:
    with opened(home) as client:
        said = words(client.get("/evals/words-1?base=words-0").text)
        other = client.get("/evals/words-1?base=tags-0")
    assert "Difference" in said
    assert other.status_code == 400
    assert "choose one of the same suite" in words(other.text)


@pytest.mark.parametrize("name", ["nope", "broken", "..%2Fconfig", "%2e%2e"])
def test_what_is_not_on_the_shelf_is_not_found(home: Path, name: str) -> None:
    with opened(home) as client:
        assert client.get(f"/evals/{name}").status_code in (404, 405)


def test_a_home_without_runs_says_how_to_make_one(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as client:
        assert "No run is kept yet" in words(client.get("/evals").text)


def test_a_file_is_read_again_only_when_it_has_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(home)
    assert len(runs.listed()[0]) == 3
    monkeypatch.setattr("evals.harness.shelf.read_run", lambda path: pytest.fail(f"{path} was read again"))
    assert len(runs.listed()[0]) == 3
    monkeypatch.undo()
    Shelf(home / "evals").save(made(2))
    assert len(runs.listed()[0]) == 4
