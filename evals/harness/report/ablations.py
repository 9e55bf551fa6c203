"""Settings in a report: each ablation beside its run, with the paired difference, and each suite by the model's profile."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np

from evals.harness.report.content import Part
from evals.harness.report.rows import Row, figure_name, number, spread
from evals.harness.run import Ablated, Layer
from evals.harness.statistics import visible
from evals.harness.statistics.compare import lower_is_better
from evals.impact.page import UNKNOWN
from evals.impact.plots import COLOURS, INK, MARKERS, blank, finish

Profile = Literal["embedded", "capable"]
Z_95 = 1.959964
SAME = 1e-9
"""A difference within rounding errors."""
NO_RUN = {"replay": "no recorded run"}
METRICS_SHOWN = 2
"""Of a suite in the table of profiles, and of an ablation in pictures."""


class Table(NamedTuple):
    """What was varied of which run, and a line a setting and metric."""

    title: str
    header: Row
    rows: list[Row]


HEADER = ("set to", "metric", "this run", "so set", "difference (95 %)", "could see", "what it came to")


def ablation_tables(parts: Sequence[Part]) -> list[Table]:
    """One of each run and of each thing that was varied; none where no run has an ablation."""
    tables: dict[str, Table] = {}
    for part in parts:
        own = {each.name: each.value for each in part.figures}
        for one in part.ablations:
            title = f"{part.suite} ({part.split}): {one.varied}"
            rows = tables.setdefault(title, Table(title, HEADER, [])).rows
            told = one.told or ""
            for name, found in one.metrics.items():
                rows.append(
                    (
                        one.setting,
                        name + (" ↓" if lower_is_better(name) else ""),
                        number(own.get(name)),
                        number(found.value),
                        _difference(found),
                        _could_see(found),
                        told,
                    )
                )
                told = ""  # once a setting
    return list(tables.values())


def _difference(found: Ablated) -> str:
    return "none" if _same(found) else spread(found.difference, found.interval)


def _could_see(found: Ablated) -> str:
    """What the paired comparison finds with a chance of 80 %, from the width of its interval."""
    if found.interval is None or _same(found):
        return UNKNOWN
    low, high = found.interval
    return f"± {number(visible((high - low) / (2 * Z_95)))}"


def _same(found: Ablated) -> bool:
    return found.interval is not None and max(map(abs, found.interval)) < SAME


def profile_rows(layer: Layer, parts: Sequence[Part]) -> tuple[Row, list[Row]]:
    """Header and rows: the first figures of each suite that a model answered, a column a profile; no rows where none did."""
    header = ("suite", "metric", *get_args(Profile))
    rows: list[Row] = []
    for suite in sorted({part.suite for part in parts if part.provenance.profile}):
        runs = {part.provenance.profile: part for part in parts if part.suite == suite}  # the last of each
        names = dict.fromkeys(name for part in runs.values() for name in _first_figures(part))
        rows += [
            (suite, name, *(_of_profile(layer, runs.get(each), name) for each in get_args(Profile))) for name in names
        ]
    return header, rows


def _first_figures(part: Part) -> list[str]:
    gated = [each for each in part.figures if each.verdict is not None]
    return [figure_name(each) for each in (gated or list(part.figures))[:METRICS_SHOWN]]


def _of_profile(layer: Layer, part: Part | None, name: str) -> str:
    if part is None:
        return NO_RUN.get(layer, "no run here")
    found = next((each for each in part.figures if figure_name(each) == name), None)
    told = UNKNOWN if found is None else spread(found.value, found.interval)
    return f"{told}; {part.provenance.model}, {part.n:,} cases"


def ablated_metrics(part: Part) -> list[str]:
    """Metrics whose differences can be drawn, at most METRICS_SHOWN."""
    told = [name for one in part.ablations for name, found in one.metrics.items() if found.interval is not None]
    return list(dict.fromkeys(told))[:METRICS_SHOWN]


def draw_ablations(path: Path, part: Part, metric: str) -> None:
    """The differences of one metric, run − setting, with their intervals: right of 0 the run has the greater figure."""
    shown = [
        (one, found) for one in part.ablations if (found := one.metrics.get(metric)) is not None and found.interval
    ]
    figure, axes = blank(7.6, 1.6 + 0.4 * len(shown), grid="x")
    for row, (_, found) in enumerate(shown):
        value, (low, high) = found.difference or 0.0, found.interval or (np.nan, np.nan)
        around = ([max(0.0, value - low)], [max(0.0, high - value)])
        axes.errorbar([value], [row], xerr=around, fmt=MARKERS[0], color=COLOURS[0], markersize=6.5, linewidth=1.6)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(shown)), [one.setting for one, _ in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    better = "left" if lower_is_better(metric) else "right"
    finish(figure, axes, path, "", f"{metric}: this run − so set ({better} of 0: this run is better)", "")
