"""The reliability diagram of a track record: what was forecast against what came, PNG or SVG by the file's suffix."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals.impact.plots import COLOURS, DPI, INK, RULE
from evals.track_record import Bin, Estimate, TrackRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_INCHES = (10.6, 5.9)


def plot_track_record(path: Path, record: TrackRecord) -> None:
    """Two panels, score and P(|z| > 2), each with its diagonal, 95 % intervals and the forecasts in each bin.

    Raises ValueError for a record without statistics, OSError when the file cannot be written. The same record gives the
    same bytes within one version of matplotlib.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    found = record.statistics
    if found is None:
        raise ValueError(f"{record.graded} graded forecasts are too few for a diagram; it needs {record.needed}")
    figure = Figure(figsize=SIZE_INCHES)
    figure.set_layout_engine("constrained", h_pad=0.1)  # inches; room between the title and the panels
    left, right = figure.subplots(1, 2)
    _panel(left, found.score_bins, COLOURS[0])
    _label(left, "Score", "mean score forecast", "mean realised impact", _numbers("rank correlation", found.spearman))
    _panel(right, found.p_material_bins, COLOURS[1])
    _label(
        right, "Moves beyond 2σ", "mean probability forecast", "share that moved beyond 2σ",
        _numbers("Brier skill", found.brier_skill),
    )  # fmt: skip
    kind = "forecasts and replays" if record.include_replays else "forecasts made before their outcome"
    figure.suptitle(
        f"{record.graded:,} graded {kind}, {record.first_session} to {record.last_session} "
        f"({record.sessions:,} session-days)",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    note = (
        "Whiskers: 95 % intervals. Numbers: forecasts in the bin. On the dashed line, what was forecast is what came."
    )
    figure.supxlabel(note, x=0.01, ha="left", fontsize=8.5, color=INK)
    undated = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "rhyme", "svg.fonttype": "path"}):
        figure.savefig(path, dpi=DPI, metadata=undated)


def _panel(axes: "Axes", bins: Sequence[Bin], colour: str) -> None:
    outcomes = [each.outcome for each in bins]
    lows = [each.value if each.low is None else each.low for each in outcomes]
    highs = [each.value if each.high is None else each.high for each in outcomes]
    xs, ys = [each.forecast for each in bins], [each.value for each in outcomes]
    first, last = _range([*xs, *ys, *lows, *highs])
    axes.plot([first, last], [first, last], color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    below = [max(0.0, y - low) for y, low in zip(ys, lows, strict=True)]
    above = [max(0.0, high - y) for y, high in zip(ys, highs, strict=True)]
    axes.errorbar(
        xs, ys, yerr=(below, above), fmt="o", color=colour, markersize=6, linewidth=1.6, capsize=2.5, clip_on=False
    )
    for number, (each, high) in enumerate(zip(bins, highs, strict=True)):
        raised = 4 if number % 2 == 0 else 13  # neighbouring numbers of narrow bins would run into one another
        axes.annotate(
            f"{each.n:,}", (each.forecast, high), xytext=(0, raised), textcoords="offset points", ha="center",
            fontsize=8, color=INK,
        )  # fmt: skip
    axes.set(xlim=(first, last), ylim=(first, last), aspect="equal")
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(INK)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """One range for both axes, with room for the numbers above the whiskers."""
    low, high = min(values), max(values)
    margin = max(0.02, 0.08 * (high - low))
    return max(0.0, low - margin), min(1.04, high + 1.5 * margin)


def _label(axes: "Axes", title: str, x_label: str, y_label: str, numbers: str) -> None:
    axes.set_title(f"{title}\n{numbers}", loc="left", fontsize=10.5, color=INK)
    axes.set_xlabel(x_label, fontsize=9.5, color=INK)
    axes.set_ylabel(y_label, fontsize=9.5, color=INK)


def _numbers(name: str, found: Estimate | None) -> str:
    if found is None or found.low is None or found.high is None:
        return f"{name} not defined"
    return f"{name} {found.value:.2f} ({found.low:.2f} to {found.high:.2f})".replace("-", "−")
