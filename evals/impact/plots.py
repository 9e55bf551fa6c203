"""Pictures of an evaluation. Each function writes one file, PNG or SVG by its suffix, and returns nothing.

matplotlib is imported when a picture is drawn and used without pyplot: no display, no global state. Whiskers and bands are 95 %
intervals. The same data give the same bytes (within one version of matplotlib).
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from evals.impact.bootstrap import Evaluation, Interval
from evals.impact.curves import Curve, Point, Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, RULE = "#22303c", "#d9dfe4"
COLOURS = ("#0b6e99", "#d1663a", "#4f8a4d", "#7a5ba6", "#8a6d1f")
MARKERS = ("o", "s", "^", "D", "v")
"""A line is told by its marker as well as by its colour."""
DPI = 144
MOST_TICKS = 12


def plot_reliability(path: Path, found: Reliability, *, title: str, x_label: str, y_label: str) -> None:
    """Bins against the diagonal, both axes over the range of the data; the text gives the ECE and the events per bin."""
    figure, axes = blank(5.4, 5.6)
    points = found.bins
    seen = [value for p in points for value in (float(p.x), p.y, p.low, p.high) if value is not None]
    margin = max(0.02, 0.08 * (max(seen) - min(seen)))
    low, high = max(0.0, min(seen) - margin), min(1.0, max(seen) + margin)
    axes.plot([low, high], [low, high], color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1, label="perfect")
    xs = [float(p.x) for p in points]
    axes.plot(xs, [p.y for p in points], color=COLOURS[0], linewidth=1, alpha=0.5)
    _whiskers(axes, xs, points, COLOURS[0], MARKERS[0], label=f"{len(points)} bins of {_counts(points)} events")
    if len({p.n for p in points}) > 1:
        for x, p in zip(xs, points, strict=True):
            axes.annotate(f"n={p.n:,}", (x, p.y), xytext=(6, -10), textcoords="offset points", fontsize=7.5, color=INK)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.legend(frameon=False, fontsize=9, loc="upper left", title=f"ECE {_text(found.ece)}", alignment="left")
    finish(figure, axes, path, title, x_label, y_label)


def plot_ladder(path: Path, evaluation: Evaluation, *, title: str, targets: Mapping[str, float] | None = None) -> None:
    """Rank correlation of every forecaster, in the evaluation's order from the top, over all and over hard events.

    `targets`: metric → the value asked for, drawn as a vertical line.
    """
    names = list(evaluation.metrics)
    figure, axes = blank(7.6, 1.7 + 0.42 * len(names))
    rows = np.arange(len(names), dtype=np.float64)
    series = (
        ("spearman", f"all {evaluation.n_events:,} events", -0.14),
        ("spearman_hard", f"{evaluation.n_hard:,} hard events", 0.14),
    )
    for (metric, label, shift), colour, marker in zip(series, COLOURS, MARKERS, strict=False):
        found = {i: one for i, name in enumerate(names) if (one := evaluation.metrics[name].get(metric)) is not None}
        ys = [rows[i] + shift for i in found]
        values = [one.value for one in found.values()]
        spread = _spread(values, [one.low for one in found.values()], [one.high for one in found.values()])
        axes.errorbar(values, ys, xerr=spread, fmt=marker, color=colour, markersize=5.5, linewidth=1.6, label=label)
        if targets and metric in targets:
            axes.axvline(
                targets[metric],
                color=colour,
                linewidth=1,
                linestyle=(0, (2, 2)),
                zorder=0,
                label=f"asked for: {targets[metric]:.2f}",
            )
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    for row, name in enumerate(names):
        if evaluation.metrics[name].get("spearman") is None:
            axes.annotate(" does not rank", (0, row), va="center", fontsize=8, color=INK)
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.get_yticklabels()[names.index(evaluation.main)].set_fontweight("bold")
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    axes.grid(visible=False, axis="y")
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: labels[i].startswith("asked"))
    shown = [handles[i] for i in order], [labels[i] for i in order]
    figure.legend(*shown, frameon=False, fontsize=9, ncols=4, loc="outside lower center")
    finish(figure, axes, path, title, "Spearman rank correlation with the realised impact", "")


def plot_curve(path: Path, curve: Curve, *, title: str) -> None:
    """Lines with bands; where x is text (months), points in its sorted order at equal distance, with whiskers side by side."""
    figure, axes = blank(7.6, 4.4)
    places = _places(curve)
    for number, (name, points) in enumerate(curve.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        xs = [places[p.x] for p in points]
        marker = MARKERS[number % len(MARKERS)]
        if _is_text(places):
            aside = [x + 0.2 * (number - (len(curve.lines) - 1) / 2) for x in xs]
            axes.plot(aside, [p.y for p in points], color=colour, linewidth=1, alpha=0.5)
            _whiskers(axes, aside, points, colour, marker, label=name)
            continue
        axes.plot(xs, [p.y for p in points], color=colour, marker=marker, markersize=5, linewidth=1.8, label=name)
        banded = [
            (x, p.low, p.high) for x, p in zip(xs, points, strict=True) if p.low is not None and p.high is not None
        ]
        if banded:
            where, low, high = zip(*banded, strict=True)
            axes.fill_between(where, low, high, color=colour, alpha=0.16, linewidth=0)
    if curve.log_x:
        axes.set_xscale("log")
    _ticks(axes, places, curve.log_x)
    if axes.get_ylim()[0] < 0 < axes.get_ylim()[1]:
        axes.axhline(0, color=INK, linewidth=0.8)
    if len(curve.lines) > 1:
        axes.legend(frameon=False, fontsize=9)
    finish(figure, axes, path, title, curve.x_label, curve.y_label)


def plot_coverage(
    path: Path, points: Sequence[Point], *, title: str, asked: tuple[float, float], tercile_floor: float
) -> None:
    """Share of outcomes inside the 80 % interval, by group, over the band asked of all events and the least of each tercile."""
    figure, axes = blank(5.6, 4.2)
    axes.axhspan(
        *asked, color=COLOURS[2], alpha=0.15, linewidth=0, label=f"asked of all: {asked[0]:.2f} to {asked[1]:.2f}"
    )
    axes.axhline(0.8, color=COLOURS[2], linewidth=1, linestyle=(0, (4, 3)))
    axes.axhline(
        tercile_floor, color=COLOURS[1], linewidth=1, linestyle=(0, (2, 2)), label=f"of each third: {tercile_floor:.2f}"
    )
    xs = [float(place) for place in range(len(points))]
    _whiskers(axes, xs, points, COLOURS[0], MARKERS[0], label="observed")
    axes.set_xticks(xs, [f"{p.x}\n{p.y:.3f}" + (f"\nn = {p.n:,}" if p.n is not None else "") for p in points])
    axes.set_xlim(-0.6, len(points) - 0.4)
    seen = [value for p in points for value in (p.y, p.low, p.high) if value is not None]
    axes.set_ylim(min(0.7, *seen) - 0.02, max(0.88, *seen) + 0.03)
    axes.legend(frameon=False, fontsize=9, loc="upper left", ncols=3, columnspacing=1.2, handletextpad=0.5)
    finish(figure, axes, path, title, "volatility of the instrument before the event", "share inside the interval")


def blank(width: float, height: float, grid: Literal["x", "y", "both"] = "y") -> tuple["Figure", "Axes"]:
    """Axes of one look for all reports; inches, and the axis whose values are ruled."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(INK)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis=grid, color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def finish(figure: "Figure", axes: "Axes", path: Path, title: str, x_label: str, y_label: str) -> None:
    """Titles, labels and writes the file."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
    axes.set_xlabel(x_label, fontsize=9.5, color=INK)
    axes.set_ylabel(y_label, fontsize=9.5, color=INK)
    save(figure, path)


def save(figure: "Figure", path: Path) -> None:
    """Writes a PNG or an SVG: the same bytes for the same figure."""
    from matplotlib import rc_context

    undated = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "rhyme", "svg.fonttype": "path"}):
        figure.savefig(path, dpi=DPI, metadata=undated)


def _whiskers(axes: "Axes", xs: Sequence[float], points: Sequence[Point], colour: str, marker: str, label: str) -> None:
    lows = [p.y if p.low is None else p.low for p in points]
    highs = [p.y if p.high is None else p.high for p in points]
    ys = [p.y for p in points]
    axes.errorbar(
        xs, ys, yerr=_spread(ys, lows, highs), fmt=marker, color=colour, markersize=6, linewidth=1.6, label=label
    )


def _spread(values: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> tuple[list[float], list[float]]:
    """Distances below and above; a value outside its interval (an ECE) has none on that side."""
    below = [max(0.0, value - low) for value, low in zip(values, lows, strict=True)]
    return below, [max(0.0, high - value) for value, high in zip(values, highs, strict=True)]


def _places(curve: Curve) -> dict[float | str, float]:
    """x → its place on the axis: itself, or for text its number in order."""
    xs = {p.x for points in curve.lines.values() for p in points}
    if _is_text(xs):
        return {x: float(place) for place, x in enumerate(sorted(xs, key=str))}
    return {x: float(x) for x in xs}


def _is_text(xs: Iterable[float | str]) -> bool:
    return any(isinstance(x, str) for x in xs)


def _ticks(axes: "Axes", places: Mapping[float | str, float], log_x: bool) -> None:
    """Text every few places; on a log axis the values themselves."""
    if _is_text(places):
        every = -(-len(places) // MOST_TICKS)
        shown = list(places)[::every]
        axes.set_xticks([places[x] for x in shown], [str(x) for x in shown])
    elif log_x:
        from matplotlib.ticker import NullLocator

        every = -(-len(places) // MOST_TICKS)
        shown = sorted(places, key=lambda x: places[x])[::every]
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks([places[x] for x in shown], [f"{x:,g}" for x in shown])


def _counts(points: Sequence[Point]) -> str:
    """How many events a bin has: "120" or "90 to 120"."""
    counts = sorted(p.n for p in points if p.n is not None)
    if not counts:
        return "unknown"
    return f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"


def _text(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
