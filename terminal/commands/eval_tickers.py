"""`rhyme eval tickers`: which ticker each name in a text leads to, graded on the shipped gold set."""

import argparse
from pathlib import Path

from terminal.eval_labels import data_folder, model_of, provenance
from terminal.eval_runs import asked_of, assessed, kept, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, ModelError, SettingsError."""
    if options.replay is not None:
        return shown(options, assessed(options, ["tickers"]))
    from evals.harness.adapt import run_of, ticker_cases
    from evals.tickers.grade import Share
    from evals.tickers.report import errors, met, targets, to_json, write_report
    from evals.tickers.run import Request
    from evals.tickers.run import run as grade

    data = data_folder(options.data, "tagging/reuters_ticker_tags.jsonl") if options.data else None
    with ProgressView.open(quiet=options.quiet) as view, model_of(options) as model:
        report = grade(Request(data, limit=options.limit, seed=options.seed), view.say, model)
        told = provenance(options)
        if options.out:
            write_report(Path(options.out), report, told)
    whole = to_json(report, told)
    run = run_of(
        "tickers",
        asked_of(options),
        split=str(whole["split"]),
        data_digest=str(whole["data_digest"]),
        n=whole["n"],  # type: ignore[arg-type]
        metrics=whole["intervals"],  # type: ignore[arg-type]
        cases=ticker_cases(report.by_code.judged),
    )
    whole = kept(options, run, whole)
    if options.json:
        print(as_json(whole))
        return 0
    print(f"{report.by_code.mentions:,} mentions in {len(report.sentences):,} sentences, by code alone.")
    for name, wanted, share in targets(report):
        print(f"  {name:22} {_spread(share)}  at least {wanted:g}: {'met' if met(share, wanted) else 'missed'}")
    wrong = errors(report.by_code)
    print(f"  {len(wrong)} errors; --json or --out lists them.")
    if report.with_model:
        found = report.with_model
        for name, tally in (("code alone", found.by_code), (found.model, found.by_model)):
            told_of = f"precision {_spread(tally.precision)}, recall {_spread(tally.recall)}"
            print(plain(f"  {found.sentences} sentences left open, {name}: {told_of}"))
    if report.wire:
        wire = report.wire
        precision, recall = Share(wire.right, wire.right + wire.wrong), Share(wire.right, wire.right + wire.missed)
        print(f"  a wire's {wire.articles:,} articles: precision {_spread(precision)}, recall {_spread(recall)}")
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _spread(share: object) -> str:
    from evals.tickers.grade import Share

    if not isinstance(share, Share) or share.n == 0:
        return "unknown"
    found = share.to_json()
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"
