"""Pictures of a report as SVG that stands inside a page and takes the page's colours, light or dark."""

import re
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from pathlib import Path

import numpy as np

from evals.harness.report.ablations import ablated_metrics, draw_ablations
from evals.harness.report.calibration import reliabilities
from evals.harness.report.content import Figure, Part
from evals.harness.run import Run
from evals.impact.plots import COLOURS, INK, MARKERS, RULE, blank, finish, plot_reliability
from records.base import Record

MOST_BASELINES = len(COLOURS) - 1
VARIABLES = {INK: "--ink", RULE: "--rule", **{colour: f"--c{place}" for place, colour in enumerate(COLOURS)}}
"""Colours of the pictures → variables of the page's style."""


NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


class Picture(Record):
    """One picture."""

    title: str
    svg: str


def pictures_of(run: Run, part: Part) -> tuple[Picture, ...]:
    """The figures beside their baselines, reliability where the cases carry forecasts and outcomes, and ablations."""
    drawings: list[tuple[str, Callable[[Path], None]]] = []
    shown = [each for each in part.figures if _drawable(each)]
    if shown:
        drawings.append((f"{run.suite}: figures and baselines", partial(_draw_figures, part=part, shown=shown)))
    for title, x_label, y_label, bins in reliabilities(run):
        draw = partial(plot_reliability, found=bins, title=title, x_label=x_label, y_label=y_label)
        drawings.append((f"{run.suite}: {title}", draw))
    for metric in ablated_metrics(part):
        drawings.append((f"{run.suite}: ablations, {metric}", partial(draw_ablations, part=part, metric=metric)))
    return tuple(
        Picture(title=title, svg=_svg(draw, f"{part.run_id}-{place}", title))
        for place, (title, draw) in enumerate(drawings)
    )


def _drawable(figure: Figure) -> bool:
    """On one axis from −1 to 1, and with something to compare with."""
    known = [value for value in figure.baselines.values() if value is not None]
    return figure.value is not None and -1 <= figure.value <= 1 and any(-1 <= value <= 1 for value in known)


def _draw_figures(path: Path, part: Part, shown: Sequence[Figure]) -> None:
    figure, axes = blank(7.6, 1.8 + 0.36 * len(shown), grid="x")
    rows = np.arange(len(shown), dtype=np.float64)
    for place, name in enumerate(part.baselines[:MOST_BASELINES], start=1):
        at = [
            (row, value) for row, each in zip(rows, shown, strict=True) if (value := each.baselines[name]) is not None
        ]
        at = [(row, value) for row, value in at if -1 <= value <= 1]
        if at:
            axes.plot(
                [value for _, value in at],
                [row for row, _ in at],
                MARKERS[place],
                color=COLOURS[place],
                markersize=5,
                linestyle="none",
                label=name,
            )
    for row, each in zip(rows, shown, strict=True):
        value = each.value if each.value is not None else np.nan
        low, high = each.interval or (value, value)
        axes.errorbar(
            [value],
            [row],
            xerr=([max(0.0, value - low)], [max(0.0, high - value)]),
            fmt=MARKERS[0],
            color=COLOURS[0],
            markersize=6.5,
            linewidth=1.6,
            label="this run" if row == 0 else None,
        )
    axes.set_yticks(rows, [each.name + (" ↓" if each.lower_is_better else "") for each in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    figure.legend(frameon=False, fontsize=9, ncols=3, loc="outside lower center")
    finish(figure, axes, path, "", "value (↓: lower is better)", "")


def _svg(draw: Callable[[Path], None], name: str, title: str) -> str:
    """What was drawn, ready to stand in a page: colours by variable, ids of its own, no metadata."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.svg"
        draw(path)
        text = path.read_text(encoding="utf-8")
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    prefix = re.sub(r"[^A-Za-z0-9]+", "-", name)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = text.replace("#ffffff", "var(--paper)").replace("#000000", "var(--ink)")
    label = escape(title, quote=True)
    opening = f'role="img" aria-label="{label}" {NAMESPACES}>'
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', lambda found: f"<svg {found[1]} {opening}", text, count=1)
