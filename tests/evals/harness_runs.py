"""Runs made up for the harness's tests."""

from datetime import UTC, datetime
from typing import Any

from evals.harness.run import Run

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
