"""What the commands of `rhyme eval` share: a run is made, kept, compared, reported and shown."""

import argparse
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from records.errors import NotFound, SourceUnreachable
from records.times import utc_now
from terminal import eval_verdicts
from terminal.assembly import Assembly, runs_here
from terminal.eval_talk import talk_over
from terminal.home import Home
from terminal.output import AnalysisOutput, as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings
from terminal.version import rhyme_version

if TYPE_CHECKING:
    from evals.harness.adapt import Asked
    from evals.harness.run import Run
    from evals.harness.shelf import Shelf
    from evals.harness.statistics import Comparison
    from records.analysis import Analysis

WIDTH = 100
SHOWN_METRICS = 8


def shelf_of(options: argparse.Namespace) -> "Shelf":
    """The runs of the home folder. Raises SettingsError."""
    from evals.harness.shelf import Shelf

    return Shelf(Home(load_settings({"home": options.home}).settings.home).path / "evals")


def on_harness(options: argparse.Namespace) -> bool:
    """Whether a suite's command runs the shipped set on the harness: with --replay, or without a folder of data."""
    return options.replay is not None or options.data is None


def kept(options: argparse.Namespace, run: "Run", report: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps the run of a suite's own report, compares and reports it as asked; the report in words of JSON, in which the shape that
    every suite has stands beside the suite's own names. Raises StoreUnwritable, NotFound, UsageError."""
    shelf_of(options).save(run)
    comparisons = compared(options, [run])
    if options.report:
        reported(Path(options.report), [run], comparisons)
    shape = run.summary()
    beside = {name: value for name, value in shape.items() if name != "intervals"}
    more = {"comparisons": [one.model_dump(mode="json") for one in comparisons]} if comparisons else {}
    return {**beside, **report, **more}


def asked_of(
    options: argparse.Namespace, model: str | None = None, profile: "Literal['capable', 'embedded'] | None" = None
) -> "Asked":
    """What the command was asked for, for its run."""
    from evals.harness.adapt import Asked

    return Asked(
        made_at=utc_now(),
        version=rhyme_version(),
        seed=getattr(options, "seed", None) or 0,
        limit=getattr(options, "limit", None),
        model=model,
        profile=profile,
    )


def assessed(options: argparse.Namespace, suites: Sequence[str]) -> "list[Run]":
    """The suites run on the harness, kept, and told of as they end. Raises SettingsError without the engine, UsageError,
    SourceError, ModelError, StoreError."""
    from evals.harness.assess import Outside, Request, assess
    from evals.harness.run import Layer

    settings = load_settings({"home": options.home, "model": getattr(options, "model", None)}).settings
    data = Path(options.data) if options.data else None
    if data is not None and not data.is_dir():
        raise SourceUnreachable(f"There is no folder {data}. Leave --data out to use the shipped sets.")
    record = Path(options.record) if getattr(options, "record", None) else None
    if record is not None:
        settings = settings.model_copy(update={"answer_cache": False})
    layer: Layer = (
        "replay" if options.replay is not None else "offline" if getattr(options, "code_only", False) else "live"
    )
    limit, seed = getattr(options, "limit", None), getattr(options, "seed", None) or 0
    request = Request(tuple(suites), layer, data, limit, seed, settings.model, record=record)
    if options.replay:
        request = replace(request, recorded=Path(options.replay))
    runs = []
    with ProgressView.open(quiet=options.quiet) as view, Assembly(settings, say=view.say) as parts:
        outside = Outside(
            shelf=shelf_of(options),
            home=settings.home,
            open_model=lambda: parts.model,
            open_embedder=lambda: parts.embedder,
            open_talk=lambda articles, model, closing: talk_over(settings, articles, model, closing, view.say),
            render=everything_shown,
            clock=utc_now,
            version=rhyme_version(),
            say=view.say,
            at_once=1 if runs_here(settings) else settings.concurrency,
        )
        for run in assess(request, outside):
            view.say(f"{run.suite} ({run.layer}): {run.n:,} cases, kept as {run.run_id}")
            runs.append(run)
    return runs


def everything_shown(analysis: "Analysis") -> str:
    """Everything an analysis is shown as, one after the other."""
    from rich.console import Console

    from terminal.html_page import render_html
    from terminal.page import print_page

    written = io.StringIO()
    print_page(analysis, Console(file=written, width=WIDTH, highlight=False))
    return "\n".join((written.getvalue(), render_html(analysis), as_json(AnalysisOutput.of(analysis))))


def chosen_runs(options: argparse.Namespace) -> "list[Run]":
    """The runs named, or the latest of each suite and layer. Raises NotFound, UsageError, StoreCorrupt."""
    shelf = shelf_of(options)
    if options.runs:
        return [shelf.load(name) for name in options.runs]
    latest: dict[tuple[str, str], Run] = {}
    for run in sorted(shelf.runs(), key=lambda one: (one.made_at, one.run_id)):
        latest[run.suite, run.layer] = run
    if not latest:
        raise NotFound("No run is kept yet. `rhyme eval all --limit 20` makes some.")
    return [latest[key] for key in sorted(latest)]


def compared(options: argparse.Namespace, runs: "Iterable[Run]") -> "list[Comparison]":
    """Each run of the base's suite and layer against the run of --compare. Raises NotFound, UsageError, StoreCorrupt."""
    if not options.compare:
        return []
    from evals.harness.gates import load_registry
    from evals.harness.statistics import compare

    base = shelf_of(options).load(options.compare)
    mine = [run for run in runs if (run.suite, run.layer) == (base.suite, base.layer) and run.run_id != base.run_id]
    family = load_registry().family(base.suite) or None
    return [compare(run, base, seed=getattr(options, "seed", None) or 0, family=family) for run in mine]


def reported(path: Path, runs: "Sequence[Run]", comparisons: "Sequence[Comparison]") -> None:
    """Writes the report, with the verdicts of the gates. Raises UsageError for an unknown suffix, StoreUnwritable."""
    from evals.harness.report.content import report_of
    from evals.harness.report.write import write_report

    verdicts = eval_verdicts.verdicts_of(runs)
    write_report(path, report_of(runs, verdicts=verdicts, comparisons=comparisons), runs)


def shown(options: argparse.Namespace, runs: "Sequence[Run]") -> int:
    """Compares, judges, reports and prints what a suite's command was asked for; returns the exit code."""
    comparisons = compared(options, runs)
    judging = getattr(options, "gate", False)
    verdicts = eval_verdicts.verdicts_of(runs) if judging else []
    if options.report:
        reported(Path(options.report), runs, comparisons)
    if options.json:
        gates = eval_verdicts.as_object(runs, verdicts) if judging else {}
        print(as_json({**as_object(runs, comparisons), **gates}))
        return eval_verdicts.exit_code(verdicts)
    for run in runs:
        print(plain(f"{run.suite}, {run.layer}, {run.split}: {run.n:,} cases ({run.run_id})"))
        print("\n".join(figures(run)))
    for comparison in comparisons:
        print(plain(f"{comparison.run_id} against {comparison.base_id}:"))
        for one in comparison.differences:
            print(f"  {plain(one.metric):28} {_value(one.difference):>10}  {one.verdict}")
    if options.report:
        print(plain(f"The report is in {options.report}."))
    if judging:
        print("\n".join(eval_verdicts.lines(runs, verdicts)))
    return eval_verdicts.exit_code(verdicts)


def as_object(runs: "Sequence[Run]", comparisons: "Sequence[Comparison]" = ()) -> Mapping[str, Any]:
    """The first run's summary in the shape that every suite has; all of them under `runs`."""
    summaries = [run.summary() for run in runs]
    first = summaries[0] if len({run.suite for run in runs}) == 1 else {}
    return {**first, "runs": summaries, "comparisons": [one.model_dump(mode="json") for one in comparisons]}


def figures(run: "Run", most: int = SHOWN_METRICS) -> list[str]:
    """Lines of a run's first figures with their intervals and failures."""
    lines = []
    for name, value in list(run.metrics.items())[:most]:
        between = run.intervals.get(name)
        spread = f" ({between[0]:.3f} to {between[1]:.3f})" if between else ""
        lines.append(f"  {plain(name):28} {_value(value):>10}{spread}")
    if len(run.metrics) > most:
        lines.append(f"  … and {len(run.metrics) - most} more: `rhyme eval show {run.run_id}`")
    lines += [f"  {count:,} × {plain(kind)}" for kind, count in run.failures.items()]
    return lines


def _value(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.3f}"
