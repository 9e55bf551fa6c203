"""`rhyme eval list` and `rhyme eval show`: the suites, and the runs that are kept."""

import argparse
from typing import TYPE_CHECKING

from terminal.eval_runs import figures, shelf_of
from terminal.output import as_json
from terminal.plain import plain

if TYPE_CHECKING:
    from evals.harness.run import Case, Run


def run(options: argparse.Namespace) -> int:
    """Lists or shows. Raises NotFound, UsageError, StoreCorrupt, SettingsError."""
    return _show(options, shelf_of(options).load(options.run)) if hasattr(options, "run") else _list(options)


def _list(options: argparse.Namespace) -> int:
    from evals.harness.registry import SUITES

    kept = sorted(shelf_of(options).runs(), key=lambda one: (one.made_at, one.run_id))
    if options.json:
        suites = [{"suite": one.name, "measures": one.measures, "tasks": list(one.tasks())} for one in SUITES.values()]
        runs = [
            {
                "made_at": one.made_at.isoformat(),
                **one.summary(),
                "model": one.provenance.model,
                "failures": one.failures,
            }
            for one in kept
        ]
        print(as_json({"suites": suites, "runs": runs}))
        return 0
    print("Suites:")
    for suite in SUITES.values():
        print(f"  {suite.name:10} {suite.measures} ({', '.join(suite.tasks())})")
    print(f"{len(kept)} runs are kept." if kept else "No run is kept yet. `rhyme eval all --limit 20` makes some.")
    for one in kept:
        model = f", {one.provenance.model}" if one.provenance.model else ""
        print(plain(f"  {one.made_at:%Y-%m-%d %H:%M}  {one.run_id:52} {one.split}, {one.n:,} cases{model}"))
    return 0


def _show(options: argparse.Namespace, found: "Run") -> int:
    if options.json:
        print(as_json(found))
        return 0
    print(
        plain(
            f"{found.run_id}: {found.suite}, {found.layer}, {found.split}, {found.n:,} cases, data {found.data_digest}"
        )
    )
    print("\n".join(figures(found, most=len(found.metrics))))
    for name, values in found.baselines.items():
        told = ", ".join(f"{key} {value:.3f}" for key, value in values.items() if value is not None)
        print(plain(f"  beside it, {name}: {told or 'unknown'}"))
    for name, value in found.provenance.model_dump(mode="json", exclude_none=True).items():
        print(plain(f"  {name}: {value}"))
    if options.failures:
        for case in found.cases:
            if case.error or case.checks:
                _case(case)
    return 0


def _case(case: "Case") -> None:
    print(plain(f"\n{case.id}: {case.error or '; '.join(case.checks)}"))
    for name, text in (("asked", case.prompt), ("answered", case.answer), ("expected", case.expected)):
        if text is not None:
            print(plain(f"  {name}: {text}"))
