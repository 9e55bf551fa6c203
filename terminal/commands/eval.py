"""`rhyme eval impact`: the impact score graded by the market, on any folder of events."""

import argparse
import hashlib
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
    from evals.impact.report import ImpactReport
    from records.embedder import Embedder


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, UsageError, SettingsError."""
    if on_harness(options):
        return shown(options, assessed(options, ["impact"]))
    from evals.impact.grade import grade
    from evals.impact.report import to_json, write_report
    from evals.impact.run import Request

    folders = [Path(options.data), *map(Path, options.store)]
    for folder in folders:
        if not folder.is_dir():
            raise SourceUnreachable(f"There is no folder {folder}. Give one with story files of the impact layout.")
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Loading the events …")
        request = Request(folders[0], options.split, tuple(folders[1:]))
        report = grade(request, view.say, quick=options.quick, embedder=_embedder(options))
        if options.out:
            write_report(Path(options.out), report)
    whole = kept(options, _run_of(options, folders, report), to_json(report))
    if options.json:
        print(as_json(whole))
        return 0
    graded = report.evaluation
    print(f"{graded.n_events:,} events, {graded.n_hard:,} of them hard (neither earnings nor telling the price).")
    for target in report.targets:
        if " against " not in target.name and target.found is not None:
            found, verdict = target.found, "met" if target.met else "missed"
            print(
                f"  {target.name:22} {found.value:.3f} ({found.low:.3f} to {found.high:.3f})  {target.wanted}: {verdict}"
            )
    beaten = [target for target in report.targets if " against " in target.name and target.met is not None]
    print(
        f"Baselines: better with the interval above 0 in {sum(bool(one.met) for one in beaten)} of {len(beaten)} comparisons."
    )
    for target in beaten:
        if not target.met:
            print(f"  not better: {target.name}")
    for reason, count in report.left_out.items():
        print(plain(f"Left out, {reason}: {count:,}"))
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _run_of(options: argparse.Namespace, folders: list[Path], report: "ImpactReport") -> "Run":
    from evals.harness.adapt import folder_digest, impact_ablations, run_of
    from evals.impact.report import to_json

    found, graded = to_json(report), report.evaluation
    digests = "".join(folder_digest(folder, "*.parquet", "impact/*.parquet", "prices/*.parquet") for folder in folders)
    return run_of(
        "impact",
        asked_of(options),
        split=str(report.data["split"]),
        data_digest=hashlib.sha256(digests.encode()).hexdigest(),
        n=graded.n_events,
        metrics=found["metrics"],
        baselines=found["baselines"],
        ablations=impact_ablations(report),
        score_version=report.artifact,
        notes=report.notes,
    )


def _embedder(options: argparse.Namespace) -> "Embedder | None":
    if not options.dense:
        return None
    from models.embedding import load_embedder
    from terminal.home import Home

    home = Home(load_settings({"home": options.home}).settings.home)
    return load_embedder(options.dense, home.models)
