"""The report of an evaluation: `report.json` for programs, `report.md` for people, and the pictures beside them.

The names in the JSON are stable. What is unknown is null there and "–" in the tables, never 0.
"""

import json
import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from evals.impact import plots
from evals.impact.bootstrap import Evaluation, Interval
from evals.impact.curves import Curves
from evals.impact.page import Picture, page
from evals.impact.targets import COVERAGE, HEADLINE, TERCILE_FLOOR, Target

SCHEMA_VERSION = 1
DIGITS = 10
"""Significant digits in the JSON: the last ones of a matrix product change from run to run."""


@dataclass(frozen=True)
class ImpactReport:
    """Everything that a report tells."""

    evaluation: Evaluation
    experiments: Mapping[str, Sequence[Mapping[str, object]]]
    """Title → rows; a cell is text, a number, a truth value, a date, an Interval or None."""
    targets: Sequence[Target]
    left_out: Mapping[str, int]
    """Reason → events."""
    data: Mapping[str, object]
    """Which rows, dates and splits: told as they are."""
    artifact: str
    """Name and version of what was graded."""
    notes: Sequence[str] = ()
    curves: Curves = field(default_factory=Curves)


def write_report(folder: Path, report: ImpactReport) -> None:
    """Writes report.md, report.json and PNG pictures into `folder`, made if missing; files of the same names are replaced.

    Raises TypeError, before anything is written, for a value that JSON has no word for.
    """
    told = json.dumps(to_json(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _draw(folder, report)
    text = page(
        report.evaluation,
        artifact=report.artifact,
        targets=report.targets,
        experiments=report.experiments,
        left_out=report.left_out,
        data=report.data,
        notes=report.notes,
        pictures=pictures,
    )
    (folder / "report.md").write_text(text, encoding="utf-8")
    (folder / "report.json").write_text(told, encoding="utf-8")


def to_json(report: ImpactReport) -> dict[str, Any]:
    """The report in words of JSON. Metrics stand as `name`, `name_low`, `name_high`; NaN and None as null.

    Raises TypeError for a value that JSON has no word for.
    """
    graded = report.evaluation
    return {
        "schema_version": SCHEMA_VERSION,
        "artifact": report.artifact,
        "main": graded.main,
        "n_events": graded.n_events,
        "n_hard": graded.n_hard,
        "n_days": graded.n_days,
        "bootstrap": {"draws": graded.draws, "seed": graded.seed, "level": 0.95, "cluster": "session-day"},
        "metrics": flat(graded.metrics[graded.main]),
        "baselines": {name: flat(found) for name, found in graded.metrics.items() if name != graded.main},
        "differences": {name: flat(found) for name, found in graded.differences.items()},
        "targets": [_target(target) for target in report.targets],
        "experiments": plain(report.experiments),
        "left_out": plain(report.left_out),
        "data": plain(report.data),
        "curves": plain(report.curves),
        "notes": list(report.notes),
    }


def plain(value: object) -> object:
    """A value in words of JSON: numpy's numbers and arrays as Python's, dataclasses as objects, dates in ISO form, NaN and
    infinity as None, other floats to ten significant digits. Raises TypeError for anything else.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, AbstractSet):
        return [plain(one) for one in sorted(value, key=str)]
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    raise TypeError(f"a report tells text, numbers, dates and tables of them, not {type(value).__name__}: {value!r}")


def flat(found: Mapping[str, Interval | None]) -> dict[str, object]:
    """Each value with its bounds, as `name`, `name_low` and `name_high`."""
    told: dict[str, object] = {}
    for name, one in found.items():
        told[name] = None if one is None else plain(one.value)
        told[f"{name}_low"] = None if one is None else plain(one.low)
        told[f"{name}_high"] = None if one is None else plain(one.high)
    return told


def _target(target: Target) -> dict[str, object]:
    found = target.found
    return {
        "name": target.name,
        "wanted": target.wanted,
        "value": None if found is None else plain(found.value),
        "low": None if found is None else plain(found.low),
        "high": None if found is None else plain(found.high),
        "margin": plain(target.margin),
        "met": target.met,
    }


def _draw(folder: Path, report: ImpactReport) -> list[Picture]:
    """Draws what there is to draw; the pictures in the order of the page."""
    curves = report.curves
    pictures = [Picture("ladder.png", "Ladder: rank correlation of every forecaster")]
    asked = {name: low for name in ("spearman", "spearman_hard") if (low := HEADLINE[name][0]) is not None}
    plots.plot_ladder(folder / "ladder.png", report.evaluation, title="Ladder: rank correlation", targets=asked)
    reliabilities = (
        (
            curves.score,
            "reliability_score.png",
            "Score against realised impact",
            "score = E[y]",
            "mean realised impact y",
        ),
        (
            curves.p_material,
            "reliability_p_material.png",
            "Chance of a material move",
            "forecast P(|z| > 2)",
            "share beyond 2σ",
        ),
    )
    for found, name, title, x_label, y_label in reliabilities:
        if found is not None:
            plots.plot_reliability(folder / name, found, title=title, x_label=x_label, y_label=y_label)
            pictures.append(Picture(name, title))
    if curves.coverage:
        title = "Coverage of the 80 % intervals"
        plots.plot_coverage(
            folder / "coverage.png", curves.coverage, title=title, asked=COVERAGE, tercile_floor=TERCILE_FLOOR
        )
        pictures.append(Picture("coverage.png", title))
    lines = (
        (curves.months, "months.png", "Over time"),
        (curves.neighbours, "neighbours.png", "By the number of precedents"),
        (curves.store, "store.png", "By the size of the memory"),
    )
    for curve, name, title in lines:
        if curve is not None and any(curve.lines.values()):
            plots.plot_curve(folder / name, curve, title=title)
            pictures.append(Picture(name, title))
    return pictures
