"""`rhyme eval recall`: whether the precedents are right, on any folder of events with outcomes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import SourceUnreachable
from terminal.eval_runs import asked_of, assessed, kept, on_harness, shown
from terminal.home import Home
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from evals.harness.run import Run
    from evals.recall.run import RecallReport


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, ModelError, SettingsError."""
    if on_harness(options):
        return shown(options, assessed(options, ["recall"]))
    from evals.recall.report import targets, to_json, write_report
    from evals.recall.run import MAIN, Request, evaluate

    folder = Path(options.data)
    if not folder.is_dir():
        raise SourceUnreachable(f"There is no folder {folder}. Give one with impact/ and, best, ref/ and prices/.")
    home = Home(load_settings({"home": options.home}).settings.home)
    request = Request(
        data=folder,
        models=home.models,
        embedders=tuple(options.embedder),
        cache=Path(options.cache) if options.cache else None,
        limit=options.limit,
        queries=options.queries,
    )
    with ProgressView.open(quiet=options.quiet) as view:
        report = evaluate(request, view.say)
        if options.out:
            write_report(Path(options.out), report)
    whole = kept(options, _run_of(options, folder, report), to_json(report))
    if options.json:
        print(as_json(whole))
        return 0
    print(f"{report.n_queries:,} queries against {report.n_events:,} events, {report.embedder}.")
    for name in ("topical_top5", "outcome_spearman_k50"):
        value = report.arms[MAIN].get(name)
        if value is not None:
            print(f"  {name:22} {value.value:.3f} ({value.low:.3f} to {value.high:.3f})")
    for target in targets(report):
        print(f"  {target['name']}: {target['verdict']}")
    absent = report.absences[report.embedder]
    print(
        f"  no precedent below {absent.threshold:.2f}: {absent.on_topic_kept.value:.1%} of the queries keep one, "
        f"{absent.off_topic_found.value:.1%} of the off-topic sentences find one (AUC {absent.auc.value:.3f})"
    )
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _run_of(options: argparse.Namespace, folder: Path, report: "RecallReport") -> "Run":
    from evals.harness.adapt import folder_digest, run_of
    from evals.recall.report import to_json
    from evals.recall.run import MAIN

    arms: dict[str, dict[str, object]] = to_json(report)["arms"]  # type: ignore[assignment]
    return run_of(
        "recall",
        asked_of(options),
        split=str(report.data["split"]),
        data_digest=folder_digest(folder, "*.parquet", "impact/*.parquet", "prices/*.parquet", "ref/*"),
        n=report.n_queries,
        metrics=arms[MAIN],
        baselines={name: found for name, found in arms.items() if name != MAIN},
        embedder=report.embedder,
    )
