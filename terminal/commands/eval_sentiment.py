"""`rhyme eval sentiment`: the sentiment towards a company or of a headline, graded on labelled sets."""

import argparse
from pathlib import Path

from terminal.eval_labels import answers_of, data_folder, model_of, provenance
from terminal.eval_runs import asked_of, assessed, kept, on_harness, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, ModelError, SettingsError, StoreError."""
    if on_harness(options):
        return shown(options, assessed(options, ["sentiment"]))
    from evals.harness.adapt import run_of, sentiment_cases, sentiment_published
    from evals.sentiment.report import to_json, write_report
    from evals.sentiment.run import Request
    from evals.sentiment.run import run as grade

    data = data_folder(options.data, "labels/, the labelled sets")
    request = Request(data, tuple(options.set), options.limit, options.seed)
    with ProgressView.open(quiet=options.quiet) as view, model_of(options) as model:
        report = grade(request, answers_of(options, "sentiment"), view.say, model)
        told, profile = provenance(options), model.profile if model else None
        if options.out:
            write_report(Path(options.out), report, told)
    whole = to_json(report, told)
    run = run_of(
        "sentiment",
        asked_of(options, model=report.model, profile=profile),
        split=str(whole["split"]),
        data_digest=str(whole["data_digest"]),
        n=whole["n"],  # type: ignore[arg-type]
        metrics=whole["metrics"],  # type: ignore[arg-type]
        baselines=whole["baselines"],  # type: ignore[arg-type]
        cases=sentiment_cases(report),
        published=sentiment_published(report),
    )
    whole = kept(options, run, whole)
    if options.json:
        print(as_json(whole))
        return 0
    for one in report.sets:
        print(f"{one.found.name}: {len(one.found.rows):,} rows")
        ways = {str(report.model): one.model, **one.sample_baselines} if one.model else one.baselines
        for name, graded in ways.items():
            accuracy, macro = graded.metrics["accuracy"], graded.metrics["macro_f1"]
            print(
                plain(
                    f"  {name:40} n {graded.n:6,}  accuracy {accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f})"
                    f"  macro-F1 {macro.value:.3f} ({macro.low:.3f} to {macro.high:.3f})"
                )
            )
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0
