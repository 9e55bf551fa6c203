"""`rhyme bench`: the figures of docs/benchmarks.md, measured where it is run."""

import argparse
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from records.errors import ModelMissing
from terminal.output import as_json

if TYPE_CHECKING:
    from records.analysis import Analysis

KIBIBYTE = 1024 if sys.platform == "linux" else 1  # getrusage counts in KiB on Linux, in bytes elsewhere


def run(options: argparse.Namespace) -> int:
    """Measures and prints; the analyses made are kept like any other."""
    if options.action == "recall":
        from terminal.bench_recall import table

        found = measure_recall(options)
        print(as_json(found) if options.json else table(found))
        return 0
    if options.action == "score":
        figures: dict[str, object] = dict(measure_score(options.runs))
    else:
        figures = dict(measure_start(options.runs)) if options.action == "start" else dict(measure_analyze(options))
    print(as_json(figures) if options.json else _table(figures))
    return 0


def measure_start(runs: int) -> dict[str, float]:
    """CPU and wall seconds of `rhyme --help`, and wall seconds until `rhyme analyze` first says something; each in a new
    process, the least and the middle of `runs`."""
    cpu, wall = [], []
    for _ in range(runs):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, "-m", "terminal.main", "--help"], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - begun)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    first = [_first_line_seconds() for _ in range(runs)]
    return {
        "runs": runs,
        "analyze_first_line_seconds_median": round(median(first), 3),
        "cpu_seconds_least": round(min(cpu), 3),
        "cpu_seconds_median": round(median(cpu), 3),
        "wall_seconds_median": round(median(wall), 3),
    }


FORECASTS = 200
"""Forecasts timed in each run, after ten that warm the caches of a process that scores many."""


def measure_score(runs: int) -> dict[str, float]:
    """Milliseconds of one forecast from a hundred starter precedents, its reading and its share's state given.

    `first`: with nothing cached, as in a process that scores one article; `limit_ms` is what the product asks for.
    """
    from agent.score import ScoreModel
    from terminal.bench_score import case

    question, precedents, as_of = case()
    firsts, medians, worst = [], [], []
    for _ in range(runs):
        model = ScoreModel()
        begun = time.perf_counter()
        model.forecast(question, precedents, as_of=as_of)
        firsts.append(1_000 * (time.perf_counter() - begun))
        taken = []
        for _ in range(FORECASTS):
            begun = time.perf_counter()
            model.forecast(question, precedents, as_of=as_of)
            taken.append(1_000 * (time.perf_counter() - begun))
        medians.append(median(taken))
        worst.append(sorted(taken)[int(0.95 * FORECASTS)])
    return {
        "runs": runs,
        "forecasts_a_run": FORECASTS,
        "precedents": len(precedents),
        "first_ms_median": round(median(firsts), 2),
        "median_ms": round(median(medians), 2),
        "p95_ms": round(median(worst), 2),
        "limit_ms": 5.0,
    }


def measure_recall(options: argparse.Namespace) -> dict[str, object]:
    """The event memory beside its peers; see `evals/memory`."""
    from contextlib import ExitStack
    from pathlib import Path

    from evals.memory.run import Request, bench_recall
    from terminal.assembly import open_embedder
    from terminal.progress import ProgressView
    from terminal.settings import load_settings

    peers = [] if options.peers == "none" else options.peers.split(",")
    work = Path(options.work) if options.work else None
    request = Request(options.events, peers, options.seed, work, options.queries)
    with ProgressView.open(quiet=options.quiet) as view, ExitStack() as closing:
        embedder, missing = None, ""
        try:
            embedder = open_embedder(load_settings({"home": options.home}).settings, closing)
        except ModelMissing as error:
            missing = str(error)
        return bench_recall(request, view.say, embedder, missing)


def _first_line_seconds() -> float:
    """From the start of `rhyme analyze -` to its first line on stderr; it is given no article and ended there."""
    command = [sys.executable, "-m", "terminal.main", "analyze", "-"]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        if running.stderr is not None:
            running.stderr.readline()
        seconds = time.perf_counter() - begun
        running.kill()
    return seconds


@dataclass(frozen=True)
class Run:
    """One measured analysis."""

    analysis: "Analysis"
    wall_seconds: float
    """From the source to the kept analysis, the model's loading included in the first run."""


def measure_analyze(options: argparse.Namespace) -> dict[str, object]:
    """Medians over the runs: seconds by stage, calls and tokens by purpose, peak memory of both processes."""
    from terminal.assembly import Assembly
    from terminal.commands.demo import demo_article
    from terminal.progress import ProgressView
    from terminal.settings import load_settings

    # what comes from the cache takes no time worth measuring
    settings = load_settings({"home": options.home, "model": options.model, "answer_cache": False}).settings
    runs = []
    with ProgressView.open(quiet=options.quiet) as view, Assembly(settings) as parts, demo_article() as shipped:
        for number in range(options.runs):
            view.say(f"Run {number + 1} of {options.runs} …")
            begun = time.perf_counter()
            article = parts.article(options.source or str(shipped), stdin=None)
            analysis = parts.analyst().analyze(article, progress=view.show)
            runs.append(Run(analysis, time.perf_counter() - begun))
    return figures_of(runs) | {"memory_mb": _memory_mb()}


def figures_of(runs: list[Run]) -> dict[str, object]:
    """The table of `rhyme bench analyze`, without memory; `runs` must not be empty."""
    last = runs[-1].analysis.provenance
    stages = {name for run in runs for name in run.analysis.provenance.stages}
    purposes = dict.fromkeys(call.purpose.split(".")[0] for call in last.model_calls)
    tokens = {}
    for purpose in purposes:
        calls = [call for call in last.model_calls if call.purpose.split(".")[0] == purpose]
        tokens[purpose] = {
            "calls": len(calls),
            "input_tokens": sum(call.input_tokens for call in calls),
            "cached_tokens": sum(call.cached_tokens for call in calls),
            "output_tokens": sum(call.output_tokens for call in calls),
        }
    return {
        "model": f"{last.model} ({last.provider}, {last.profile})",
        "runs": len(runs),
        "first_run_seconds": round(runs[0].wall_seconds, 2),
        "median_seconds": round(median(run.wall_seconds for run in runs), 2),
        "stage_seconds_median": {
            name: round(median(run.analysis.provenance.stages.get(name, 0.0) for run in runs), 3)
            for name in sorted(stages)
        },
        "calls": last.calls,
        "tokens": tokens,
        "cost_usd": last.cost_usd,
    }


def _memory_mb() -> dict[str, float]:
    """Peak resident size of this process and of its largest child, the local engine; megabytes."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE
    engine = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * KIBIBYTE
    return {"rhyme_peak": round(own / 1e6), "engine_peak": round(engine / 1e6)}


def _table(figures: "dict[str, object] | dict[str, float]", indent: str = "") -> str:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", _table(value, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {'unknown' if value is None else value}")
    return "\n".join(lines)
