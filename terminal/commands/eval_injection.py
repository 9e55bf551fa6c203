"""`rhyme eval injection`: orders to a model planted in articles, and what becomes of them."""

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import SourceUnreachable
from terminal.assembly import Assembly
from terminal.eval_runs import asked_of, assessed, everything_shown, kept, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from evals.injection.run import Results

KEPT = "outcomes.jsonl"


def run(options: argparse.Namespace) -> int:
    """Runs the cases and reports. Raises SourceError, SettingsError, ModelError, StoreError."""
    if options.data is not None and not Path(options.data).is_dir():
        raise SourceUnreachable(f"There is no folder {options.data}. Leave --data out to run our own cases alone.")
    if options.replay is not None:
        return shown(options, assessed(options, ["injection"]))
    from evals.harness.adapt import injection_cases, run_of
    from evals.harness.assess import git_revision

    git_revision()  # asked now: enclosed, git takes the checkout for another user's
    enclosed = False
    if options.model is None:
        from evals.injection.watch import enclose

        enclosed = enclose()  # first of all: threads started before stay outside
    with ProgressView.open(quiet=options.quiet) as view:
        results = _results(options, view, enclosed)
    from evals.injection.report import to_json, write_report

    if options.out:
        write_report(Path(options.out), results)
    told = to_json(results)
    run = run_of(
        "injection",
        asked_of(options, model=results.model_name),
        split="shipped" if options.data is None else "given",
        data_digest=_digest(results),
        n=results.cases,
        metrics=told["intervals"],
        cases=injection_cases(results.model or results.bound),
        notes=(f"read by {told['read_by']}",),
    )
    told = kept(options, run, told)
    if options.json:
        print(as_json(told))
        return 0
    print(f"{results.cases:,} cases, read by {told['read_by']}.")
    for target in told["targets"]:
        verdict = "not measured" if target["met"] is None else "met" if target["met"] else "missed"
        value = "–" if target["value"] is None else f"{target['value']:.4f}"
        print(f"  {target['name']:28} {value:>8}  at most {target['at_most']:g} (n {target['n']:,}): {verdict}")
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _digest(results: "Results") -> str:
    """Of which cases were planted: their ids are digests of their contents."""
    cases = sorted({one.case for one in results.model or results.bound})
    return hashlib.sha256("".join(cases).encode()).hexdigest()


def _results(options: argparse.Namespace, view: ProgressView, enclosed: bool) -> "Results":
    from evals.injection.run import ABLATION_CASES, Request, evaluate

    settings = load_settings({"home": options.home, "model": options.model}).settings
    out = Path(options.out) if options.out else None
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    request = Request(
        data=Path(options.data) if options.data else None,
        limit=options.limit,
        seed=options.seed,
        kept=out / KEPT if out is not None and options.model else None,
        ablation=0 if options.quick else options.ablation or ABLATION_CASES,
    )
    with Assembly(settings, say=view.say) as parts, tempfile.TemporaryDirectory(prefix="rhyme-injection-") as archive:
        model = parts.model if options.model else None
        if model is not None:
            view.say(f"Opening the model {settings.model} …")
            model.count_tokens("ready")
        return evaluate(
            request,
            Path(archive),
            parts.embedder,
            everything_shown,
            view.say,
            enclosed=enclosed,
            model=model,
            also=settings.home,
        )
