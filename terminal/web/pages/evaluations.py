"""Evals: the runs that are kept in the home, one of them with its figures, and two of them compared."""

import threading
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from records.errors import UsageError
from terminal.plain import plain
from terminal.web.rendering import page
from terminal.web.runs import RunLine, Runs, verdicts
from terminal.web.site import Site, the_site

if TYPE_CHECKING:
    from evals.harness.run import Case, Run

router = APIRouter(include_in_schema=False)

METRICS = 4
"""Figures of a run that the list shows."""
CASES = 60
"""Cases of a run that its page shows: first those that went wrong."""
CUT = 600
"""Characters of a prompt or an answer."""
_making = threading.Lock()


def the_runs(request: Request, site: Annotated[Site, Depends(the_site)]) -> Runs:
    """The runs of this application's home."""
    with _making:
        runs: Runs | None = getattr(request.app.state, "runs", None)
        if runs is None:
            runs = request.app.state.runs = Runs(site.settings.home)
        return runs


Shelved = Annotated[Runs, Depends(the_runs)]


@router.get("/evals")
def evals(request: Request, runs: Shelved) -> Response:
    """By suite, the newest first."""
    lines, unread = runs.listed()
    return page(request, "evals.html", lines=lines, unread=unread, shown=METRICS, gate_word=gate_word)


@router.get("/evals/{run_id}")
def run(request: Request, runs: Shelved, run_id: str, base: str = "") -> Response:
    """`base`: another run of the suite to compare with. Raises NotFound, UsageError."""
    found = runs.get(run_id)
    others = [one for one in runs.listed()[0] if one.suite == found.suite and one.run_id != run_id]
    chosen = _ordered(found.cases)[:CASES]
    return page(
        request, "eval_run.html", run=found, gates=verdicts(found), others=others, baselines=sorted(found.baselines),
        cases=[(one, _short(one.prompt), _short(one.answer), _short(one.expected)) for one in chosen],
        comparison=_compared(found, runs.get(base)) if base else None, base=base,
    )  # fmt: skip


def gate_word(line: RunLine) -> str:
    """What the gates say in a word; empty when none is asked."""
    if not line.gates:
        return ""
    if any(one.blocks for one in line.gates):
        return "blocked"
    return "passed" if all(one.status == "pass" for one in line.gates) else "let in, with remarks"


def _compared(found: "Run", base: "Run") -> object:
    from evals.harness.statistics import compare

    if base.suite != found.suite:
        raise UsageError(f"{base.run_id} is a run of {base.suite}, not of {found.suite}: choose one of the same suite.")
    return compare(found, base, seed=0)


def _ordered(cases: "tuple[Case, ...]") -> "list[Case]":
    """Those without an answer first, then those with something found wrong, then by their lowest score."""

    def lowest(case: "Case") -> float:
        return min((value for value in case.scores.values() if value is not None), default=1.0)

    return sorted(cases, key=lambda one: (one.error is None, not one.checks, lowest(one), one.id))


def _short(value: object) -> str | None:
    if value is None:
        return None
    text = plain(str(value))
    return text if len(text) <= CUT else f"{text[:CUT]} …"
