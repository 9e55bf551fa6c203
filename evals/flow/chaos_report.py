"""docs/evaluations/flow/chaos.md from the results beside it: `python -m evals.flow.chaos_report FOLDER`.

`chaos.json` in the folder: database → the object of `rhyme bench chaos --json`.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

INTRODUCTION = """# Chaos: killed at random moments

Each run takes a fresh home and database, 8 to 14 made-up articles (stories, reprints, one correction), one to three processes of
`rhyme worker`, and a simulated OpenAI server over real HTTP that fails on 20 % of its requests in eight ways. At random moments a
worker, the model server, `rhyme ingest` or `rhyme jobs add`, and on PostgreSQL the whole database server, on SQLite whoever holds
the write lock, is killed with `kill -9` and started again. In some runs a budget binds; it is then raised, as a person would. When
nothing is open any more, the database and the server's own count are compared. What must hold is in
`evals/flow/chaos_invariants.py`:

- every article has a job that ended with a result or was set aside with a reason; one analysis for what was analysed, none for what
  joined; every story told; one forecast in the ledger and one event for each analysis
- every answer that arrived is in the cost ledger to the token; what the server billed besides lies within the bounds that the
  ledger holds for calls of unknown end: ledger ≤ server ≤ ledger + bounds
- no call brings the server's count over the budget then in force
- no request is sent whose answer was kept; nothing is set aside by a fault of ours

`rhyme bench chaos --runs 100` and `rhyme bench chaos --database postgres --runs 32` do the same where they are run. A run that
violates an invariant names its seed; the same kills are planned again with it, though the moments are the machine's."""


FOUND = """Measured on 2026-11-26 on 2 cores and 24 GiB, both tables at once and beside other work: seconds are a busy machine's.
Seeds 1 to 100 on SQLite, 1 to 33 on PostgreSQL, all since jobs do without the engine's steps; before that the same seeds had
717 kills and no violation. A worker that ends by itself with 6 was started while the database was away; -15 is a SIGTERM in its
first second.

## What the runs found, and what was mended

- PostgreSQL killed as a finished step was written down: the queue lost the round, and the article was begun anew without its
  analysis, which it then joined, so that its story had no result. A round put in again now keeps its analysis. Beside it: a
  retry of a job that had failed after its analysis made a second one.
- PostgreSQL killed as it said yes to a worker's claim: the round belonged to a worker that knew nothing of it, and stood still
  until that worker left. It is now put back after ten seconds.
- PostgreSQL restarted: workers left with an error, and an answer that was paid for while it was away was asked for again.
  Workers now wait, and so does the answer's row, which is written once though the first yes was lost.
- A worker that was started while PostgreSQL was away called it a fault of Rhyme. It now says what is away and what to do.
- A job that ended while the queue was looked through for lost rounds was begun again, and joined its own analysis. A job that
  has ended is now left alone."""


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The Markdown page."""
    names = list(results)
    sections = [
        INTRODUCTION,
        _table("", names, SUMS, results),
        *(_counted(title, key, results) for title, key in COUNTS),
        FOUND,
    ]
    return "\n\n".join(sections) + "\n"


Pick = Callable[[Mapping[str, Any]], str]

SUMS: tuple[tuple[str, Pick], ...] = (
    ("runs", lambda one: f"{one['runs']:,}"),
    ("violations", lambda one: f"{one['violations']:,}"),
    ("articles", lambda one: f"{one['articles']:,}"),
    ("runs with a budget", lambda one: f"{one['budgeted_runs']:,}"),
    ("kills", lambda one: f"{sum(one['kills'].values()):,}"),
    ("requests to the model", lambda one: f"{one['requests']:,}"),
    ("tokens billed by the server", lambda one: f"{one['tally_tokens']:,}"),
    ("tokens in the cost ledger", lambda one: f"{one['ledger_tokens']:,}"),
    ("calls of unknown end", lambda one: f"{one['uncertain_calls']:,}"),
    ("… of which were billed", lambda one: f"{one['unheard_calls']:,}"),
    ("… tokens held for them", lambda one: f"{one['uncertain_tokens']:,}"),
    ("CPU seconds a run (median)", lambda one: f"{one['cpu_seconds_median']:.1f}"),
    ("seconds a run (median; most)", lambda one: f"{one['seconds_median']:.1f}; {one['seconds_most']:.1f}"),
)
COUNTS = (
    ("killed", "kills"),
    ("failed on purpose", "faults"),
    ("became of the articles", "outcomes"),
    ("paused", "pauses"),
    ("ended by themselves with an error (command and exit code)", "exits"),
)


def _counted(title: str, key: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = sorted({kind for one in results.values() for kind in one[key]})
    rows: list[tuple[str, Pick]] = [(kind.replace("_", " "), partial(_count, key, kind)) for kind in kinds]
    return _table(title, list(results), rows or [("none", lambda _: "0")], results)


def _count(key: str, kind: str, one: Mapping[str, Any]) -> str:
    return f"{one[key].get(kind, 0):,}"


def _table(
    title: str, names: Sequence[str], rows: Sequence[tuple[str, Pick]], results: Mapping[str, Mapping[str, Any]]
) -> str:
    lines = [f"| {' | '.join([title, *names])} |", f"|---|{'---:|' * len(names)}"]
    lines += [f"| {' | '.join([label, *(pick(results[name]) for name in names)])} |" for label, pick in rows]
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Writes the page."""
    results = json.loads((folder / "chaos.json").read_text(encoding="utf-8"))
    (folder / "chaos.md").write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
