"""Pictures of recall, in the colours and with the care of the impact report's. matplotlib is imported when one is drawn."""

from collections.abc import Mapping
from pathlib import Path

from evals.impact.bootstrap import Interval
from evals.impact.plots import COLOURS, INK, MARKERS, blank, finish
from evals.recall.absence import Absence


def plot_arms(path: Path, arms: Mapping[str, Interval | None], title: str, x_label: str) -> None:
    """One row an arm, with its 95 % interval."""
    found = {name: one for name, one in arms.items() if one is not None}
    figure, axes = blank(7.6, 1.4 + 0.36 * len(found), grid="x")
    for row, (name, one) in enumerate(found.items()):
        spread = [[max(0.0, one.value - one.low)], [max(0.0, one.high - one.value)]]
        colour = COLOURS[1] if name.startswith("hybrid") else COLOURS[0]
        axes.errorbar([one.value], [row], xerr=spread, fmt=MARKERS[0], color=colour, markersize=5.5, linewidth=1.6)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    finish(figure, axes, path, title, x_label, "")


def plot_roc(path: Path, absences: Mapping[str, Absence], title: str) -> None:
    """By falling threshold; the mark is the fitted one."""
    figure, axes = blank(5.4, 4.8, grid="x")
    for (name, one), colour, marker in zip(absences.items(), COLOURS, MARKERS, strict=False):
        xs, ys = zip(*one.roc, strict=True)
        axes.plot(xs, ys, color=colour, linewidth=1.6, label=f"{name}: AUC {one.auc.value:.4f}")
        where = ([one.off_topic_found.value], [one.on_topic_kept.value])
        axes.plot(*where, marker=marker, color=colour, linestyle="none", label=f"threshold {one.threshold:.2f}")
    axes.set(xlim=(-0.02, 1.02), ylim=(0.0, 1.02))
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    finish(figure, axes, path, title, "off-topic sentences that find something", "queries that keep a precedent")
