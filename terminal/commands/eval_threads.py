"""`rhyme eval threads`: story threads and novelty graded on labelled pairs and on reprints made of real articles."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import SourceUnreachable
from terminal.eval_runs import asked_of, assessed, kept, on_harness, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from evals.harness.run import Run
    from evals.threads.run import ThreadsReport


HALF = "half not fitted on"


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, SettingsError, ModelError."""
    if on_harness(options):
        return shown(options, assessed(options, ["threads"]))
    from evals.threads.report import targets, to_json, write_report
    from evals.threads.run import Request
    from evals.threads.run import run as grade

    folder = Path(options.data)
    if not folder.is_dir():
        raise SourceUnreachable(f"There is no folder {folder}. Give one with dup/*.jsonl, labelled pairs of headlines.")
    embedder = None
    if options.embedder:
        from models.embedding import load_embedder
        from terminal.home import Home

        embedder = load_embedder(options.embedder, Home(load_settings({"home": options.home}).settings.home).models)
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Loading the pairs …")
        report = grade(Request(folder, options.quick), view.say, embedder)
        if options.out:
            write_report(Path(options.out), report)
    whole = kept(options, _run_of(options, folder, report), to_json(report))
    if options.json:
        print(as_json(whole))
        return 0
    print(f"{report.n_pairs:,} pairs the model was not fitted on, {report.n_reprints:,} reprints.")
    for name, wanted, value in targets(report):
        verdict = "met" if value.value >= wanted else "missed"
        print(f"  {name:28} {value.value:.3f} ({value.low:.3f} to {value.high:.3f})  at least {wanted:g}: {verdict}")
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _run_of(options: argparse.Namespace, folder: Path, report: "ThreadsReport") -> "Run":
    from evals.harness.adapt import folder_digest, run_of
    from evals.impact.report import flat
    from evals.threads.report import baselines
    from evals.threads.run import HEADLINES

    reprints = flat({"reprints_found": report.reprints_found, "reprints_named": report.reprints_named})
    return run_of(
        "threads",
        asked_of(options),
        split=HALF,
        data_digest=folder_digest(folder, "dup/*.jsonl", "*.jsonl", "impact/*.parquet"),
        n=report.n_pairs,
        metrics={**flat(report.pairs[HEADLINES]), **reprints},
        baselines={name.removeprefix("bcubed_f1_"): {"bcubed_f1": value} for name, value in baselines(report).items()},
        notes=(f"the story model {report.model}",),
    )
