"""`rhyme eval tags`: the themes given to an article, graded on a set with topics."""

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
        return shown(options, assessed(options, ["tags"]))
    from evals.harness.adapt import run_of, tags_cases
    from evals.tags.report import to_json, write_report
    from evals.tags.run import Request
    from evals.tags.run import run as grade

    data = data_folder(options.data, "labels/reuters21578_test.jsonl")
    request = Request(data, options.limit, options.seed)
    with ProgressView.open(quiet=options.quiet) as view, model_of(options) as model:
        report = grade(request, answers_of(options, "tags"), view.say, model)
        told, profile = provenance(options), model.profile if model else None
        if options.out:
            write_report(Path(options.out), report, told)
    whole = to_json(report, told)
    run = run_of(
        "tags",
        asked_of(options, model=report.model, profile=profile),
        split=str(whole["split"]),
        data_digest=str(whole["data_digest"]),
        n=whole["n"],  # type: ignore[arg-type]
        metrics=whole["metrics"],  # type: ignore[arg-type]
        baselines=whole["baselines"],  # type: ignore[arg-type]
        cases=tags_cases(report),
    )
    whole = kept(options, run, whole)
    if options.json:
        print(as_json(whole))
        return 0
    print(f"{len(report.found.articles):,} articles, {len(report.found.tags)} tags.")
    ways = {str(report.model): report.graded, **report.sample_baselines} if report.graded else report.baselines
    for name, graded in ways.items():
        micro, macro = graded.metrics["micro_f1"], graded.metrics["macro_f1"]
        print(
            plain(
                f"  {name:40} n {graded.n:5,}  micro-F1 {micro.value:.3f} ({micro.low:.3f} to {micro.high:.3f})"
                f"  macro-F1 {macro.value:.3f} ({macro.low:.3f} to {macro.high:.3f})"
            )
        )
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0
