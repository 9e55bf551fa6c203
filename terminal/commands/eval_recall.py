"""`rhyme eval recall`: whether the precedents are right, on any folder of events with outcomes."""

import argparse
from pathlib import Path

from records.errors import SourceUnreachable
from terminal.home import Home
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, ModelError, SettingsError."""
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
    if options.json:
        print(as_json(to_json(report)))
        return 0
    print(f"{report.n_queries:,} queries against {report.n_events:,} events, {report.embedder}.")
    for name in ("topical_top5", "outcome_spearman_k50"):
        found = report.arms[MAIN].get(name)
        if found is not None:
            print(f"  {name:22} {found.value:.3f} ({found.low:.3f} to {found.high:.3f})")
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
