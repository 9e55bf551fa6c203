"""`rhyme eval threads`: story threads and novelty graded on labelled pairs and on reprints made of real articles."""

import argparse
from pathlib import Path

from records.errors import SourceUnreachable
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, SettingsError, ModelError."""
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
    if options.json:
        print(as_json(to_json(report)))
        return 0
    print(f"{report.n_pairs:,} pairs the model was not fitted on, {report.n_reprints:,} reprints.")
    for name, wanted, found in targets(report):
        verdict = "met" if found.value >= wanted else "missed"
        print(f"  {name:28} {found.value:.3f} ({found.low:.3f} to {found.high:.3f})  at least {wanted:g}: {verdict}")
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0
