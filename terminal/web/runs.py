"""The evaluation runs of a home as the Evals pages list them: the files may be large, so each is read once and its line is kept."""

import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import NotFound, StoreCorrupt

if TYPE_CHECKING:
    from evals.harness.gates import Verdict
    from evals.harness.run import Run

FOLDER = "evals"
"""Of the home."""
LARGEST = 64_000_000
"""Bytes of a file that is read; a run of thousands of cases has a few million."""


@dataclass(frozen=True)
class RunLine:
    """What a list shows of a run."""

    run_id: str
    suite: str
    layer: str
    split: str
    n: int
    model: str | None
    made_at: datetime
    metrics: tuple[tuple[str, float | None], ...]
    gates: "tuple[Verdict, ...]"


@dataclass(frozen=True)
class Unread:
    """A file that is no run, and why."""

    name: str
    reason: str


class Runs:
    """One folder. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._guard = threading.Lock()
        self._kept: dict[tuple[str, int, int], RunLine | Unread] = {}

    def listed(self) -> tuple[list[RunLine], list[Unread]]:
        """Runs by suite, each suite's newest first; and what could not be read."""
        found: dict[tuple[str, int, int], RunLine | Unread] = {}
        with self._guard:
            for path in sorted(self._folder.glob("*.json")):
                try:
                    state = path.stat()
                except OSError:
                    continue  # taken away meanwhile
                key = (path.name, state.st_mtime_ns, state.st_size)
                found[key] = self._kept.get(key) or _line(path, state.st_size)
            self._kept = found
        lines = [one for one in found.values() if isinstance(one, RunLine)]
        lines.sort(key=lambda one: (one.suite, -one.made_at.timestamp(), one.run_id))
        return lines, [one for one in found.values() if isinstance(one, Unread)]

    def get(self, run_id: str) -> "Run":
        """Raises NotFound, UsageError, StoreCorrupt."""
        from evals.harness.shelf import Shelf

        lines, _ = self.listed()
        if all(one.run_id != run_id for one in lines):
            raise NotFound(f"There is no run {run_id[:100]!r}. The list of runs names those that are kept.")
        return Shelf(self._folder).load(run_id)


def verdicts(run: "Run") -> "tuple[Verdict, ...]":
    """What the gates say of it; empty when none is asked of its suite."""
    from evals.harness.gates import judge, load_registry

    return judge(run, load_registry())


def _line(path: Path, size: int) -> RunLine | Unread:
    from evals.harness.shelf import read_run

    if size > LARGEST:
        return Unread(path.name, f"it has {size / 1e6:,.0f} MB, over the {LARGEST / 1e6:,.0f} MB that are read")
    try:
        run = read_run(path)
    except (StoreCorrupt, NotFound) as error:
        return Unread(path.name, str(error))
    if run.run_id != path.stem:
        return Unread(path.name, f"it holds the run {run.run_id}: name it {run.run_id}.json")
    return RunLine(
        run_id=run.run_id, suite=run.suite, layer=run.layer, split=run.split, n=run.n, model=run.provenance.model,
        made_at=run.made_at, metrics=tuple(run.metrics.items()), gates=verdicts(run),
    )  # fmt: skip
