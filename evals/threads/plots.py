"""Pictures of story threads, PNG, without pyplot: the same data give the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evals.impact.plots import COLOURS, DPI, INK, MARKERS, blank
from evals.threads.bcubed import bcubed
from evals.threads.run import BODIES, HEADLINES, ThreadsReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(folder: Path, report: ThreadsReport) -> list[tuple[str, str]]:
    """Draws everything; (file, title) in the order of the page."""
    pictures = [
        ("threshold.png", "B-cubed F1 by threshold"),
        ("reprints.png", "Reprints found"),
        ("novelty.png", "Novelty by what the article is to its story"),
    ]
    for (file, title), drawn in zip(pictures, (_threshold, _reprints, _novelty), strict=True):
        figure, axes = blank(7.6, 4.2, grid="both")
        drawn(axes, report)
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
        figure.savefig(folder / file, dpi=DPI, metadata={"Software": None})
    return pictures


def _threshold(axes: "Axes", report: ThreadsReport) -> None:
    xs = np.linspace(0.05, 0.95, 37)
    for place, name in enumerate((HEADLINES, BODIES)):
        graded = report.graded[name]
        ones = np.ones(len(graded.same))
        ys = [bcubed(graded.same, graded.probability >= x, ones)[0] for x in xs]
        axes.plot(xs, ys, color=COLOURS[place], marker=MARKERS[place], markersize=4, linewidth=1.6, label=name)
    axes.axvline(report.threshold, color=INK, linewidth=1, linestyle=(0, (4, 3)), label="shipped threshold")
    axes.axhline(0.92, color=COLOURS[2], linewidth=1, linestyle=(0, (2, 2)), label="asked for: 0.92")
    axes.set(xlabel="least P(same story)", ylabel="B-cubed F1")
    axes.legend(frameon=False, fontsize=9)


def _reprints(axes: "Axes", report: ThreadsReport) -> None:
    kinds = [(kind, found) for kind, (_, found) in report.by_kind.items() if found is not None]
    rows = np.arange(len(kinds), dtype=np.float64)
    values = [found.value for _, found in kinds]
    spans = [
        [v - f.low for v, (_, f) in zip(values, kinds, strict=True)],
        [f.high - v for v, (_, f) in zip(values, kinds, strict=True)],
    ]
    axes.errorbar(values, rows, xerr=np.abs(spans), fmt=MARKERS[0], color=COLOURS[0], markersize=6, linewidth=1.6)
    axes.axvline(0.99, color=COLOURS[2], linewidth=1, linestyle=(0, (2, 2)))
    axes.set_yticks(rows, [kind for kind, _ in kinds])
    axes.invert_yaxis()
    axes.set_xlabel("share placed in the story of the original; asked for: 0.99")


def _novelty(axes: "Axes", report: ThreadsReport) -> None:
    names = [name for name in ("first", "update", "recombination", "correction", "reprint") if report.novelty.get(name)]
    values: Sequence[Sequence[float]] = [report.novelty[name] for name in names]
    drawn = axes.boxplot(values, orientation="horizontal", whis=(5, 95), showfliers=False, patch_artist=True)
    for box in drawn["boxes"]:
        box.set(facecolor=COLOURS[0], alpha=0.35)
    axes.set_yticks(range(1, len(names) + 1), [f"{name} (n = {len(report.novelty[name]):,})" for name in names])
    axes.set(
        xlabel="novelty: share of content that neither the story nor the company's last stories had", xlim=(-0.02, 1.02)
    )
