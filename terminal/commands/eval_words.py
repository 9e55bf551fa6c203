"""`rhyme eval words`: whether the check lets true sentences pass and stops false ones, and what gets through it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.eval_labels import data_folder, provenance
from terminal.eval_runs import asked_of, assessed, kept, on_harness, shown
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings

if TYPE_CHECKING:
    from evals.harness.run import Run
    from evals.words.grade import CheckReport, Request
    from evals.words.written import WordsReport


KEPT = "written.jsonl"


def run(options: argparse.Namespace) -> int:
    """Grades and reports. Raises SourceError, SettingsError, ModelError, StoreError."""
    if on_harness(options):
        return shown(options, assessed(options, ["words"]))
    from evals.words.grade import Request, grade, nothing_graded
    from evals.words.report import targets, to_json, write_report

    half = None if options.half == "both" else options.half
    request = Request(data_folder(options.data, "summ/ or dup/"), half, options.limit, options.seed)
    if options.out:
        Path(options.out).mkdir(parents=True, exist_ok=True)
    with ProgressView.open(quiet=options.quiet) as view:
        words = _written(options, request, view)
        view.say("Loading the sentences …")
        report = nothing_graded() if options.written_only else grade(request, view.say)
    data = provenance(options) | {"half": options.half}
    if options.out:
        write_report(Path(options.out), report, words, data)
    whole = kept(options, _run_of(options, report, words), to_json(report, words, data))
    if options.json:
        print(as_json(whole))
        return 0
    print(
        plain(f"{sum(report.sentences.values()):,} true sentences, {report.articles:,} articles; words {words.writer}.")
    )
    for target in targets(report, words):
        met = {True: "met", False: "missed", None: "nothing to count"}[bool(target["met"]) if target["n"] else None]
        print(
            f"  {target['name']:32} {_shown(target['value'])} of {target['n']:,}  at most {target['at_most']:g}: {met}"
        )
    if options.out:
        print(plain(f"The report is in {options.out}."))
    return 0


def _run_of(options: argparse.Namespace, report: "CheckReport", words: "WordsReport") -> "Run":
    from evals.harness.adapt import folder_digest, run_of
    from evals.words.report import metrics

    return run_of(
        "words",
        asked_of(options, model=options.model),
        split=f"half {options.half}",
        data_digest=folder_digest(Path(options.data), "summ/*.parquet", "dup/*.jsonl"),
        n=sum(report.sentences.values()) + words.sentences,
        metrics=metrics(report, words),
        notes=(f"written by: {words.writer}",),
    )


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "unknown"


def _written(options: argparse.Namespace, request: "Request", view: ProgressView) -> "WordsReport":
    from evals.words.grade import chosen

    told = chosen(request)
    if options.model is None:
        from evals.words.written import composed, examine
        from markets.desk import MarketDesk

        view.say("Composing analyses without a model …")
        return examine(composed(told, MarketDesk()), "composed without a model")
    from evals.words.analysed import counted, drawn
    from evals.words.written import summed
    from terminal.assembly import Assembly

    settings = load_settings({"home": options.home, "model": options.model}).settings
    kept_file = Path(options.out) / KEPT if options.out else None
    stories = drawn(told, options.articles, options.seed)
    with Assembly(settings, say=view.say) as parts:
        analyst = parts.analyst()
        found = []
        for one in counted(
            stories, lambda article: analyst.analyze(article, progress=view.show), parts.model.name, kept_file
        ):
            found.append(one)
            view.say(f"{len(found):,} of {len(stories):,} stories with {parts.model.name}")
        return summed(found, f"analysed with {parts.model.name}")
