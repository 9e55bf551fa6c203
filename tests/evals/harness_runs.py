"""Runs made up for the harness's tests, and suites cut short where their size proves nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from evals.harness.registry import SUITES, Suite
from evals.harness.run import Run
from evals.harness.suites.parts import Parts
from evals.harness.task import Task

MADE_AT = datetime(2026, 1, 2, tzinfo=UTC)


def made_run(suite: str = "tags", **changes: Any) -> Run:
    """A run of 1,000 cases that kept none of them, changed as asked."""
    given: dict[str, Any] = {
        "run_id": f"{suite}-1",
        "suite": suite,
        "layer": "offline",
        "split": "shipped",
        "data_digest": "00112233aabbccdd",
        "n": 1000,
        "metrics": {},
        "provenance": {},
        "made_at": MADE_AT,
    }
    return Run.model_validate(given | changes)


def cut_short(name: str, samples: int) -> Suite:
    """A suite whose task of code has its first cases alone."""
    whole = SUITES[name]
    load = whole.code
    assert load is not None

    def few(parts: Parts) -> Task:
        task = load(parts)
        return replace(task, samples=task.samples[:samples])

    return replace(whole, code=few)
