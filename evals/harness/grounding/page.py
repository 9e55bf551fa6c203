"""The experiment's report: page, JSON and picture."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.harness.grounding.analysis import CO_PRIMARY, DRAWS, METRICS, SEED, Findings, Part, Test, answer
from evals.harness.grounding.arms import GROUNDED
from evals.harness.statistics.inference import ALPHA
from evals.impact.bootstrap import Evaluation, Interval
from evals.impact.page import spread, table
from evals.impact.report import plain
from evals.impact.targets import advantage

PICTURE = "differences.png"


def page(
    family: Sequence[Test], found: Sequence[Findings], about: Mapping[str, object], departures: Sequence[str]
) -> str:
    """The Markdown page."""
    parts = [
        "# Does grounding in precedents help?",
        "The plan was written and committed before the run: [grounding-experiment.md](../../grounding-experiment.md).",
        "## Answer\n\n" + answer(family),
        f"## The {len(family)} declared tests\n\n{_family(family)}\n\n"
        "Advantage of grounding with its 95 % interval: above 0 it is better, on CRPS too. "
        f"{DRAWS:,} bootstrap draws of whole calendar weeks (seed {SEED}); p adjusted by Holm over the {len(family)} tests, "
        f"level {ALPHA:g}; *could see*: the difference found with a chance of 80 % at Holm's first step.",
        f"![advantages]({PICTURE})",
        *(_findings(each) for each in found),
        "## Departures from the plan\n\n" + ("\n".join(f"- {each}" for each in departures) or "None."),
        "## Data\n\n" + table(("what", "value"), list(about.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _family(family: Sequence[Test]) -> str:
    return table(
        (
            "data",
            "rival",
            "measure",
            "events",
            "weeks",
            "advantage of grounding",
            "p",
            "p (Holm)",
            "could see",
            "verdict",
        ),
        (
            (
                test.data_set,
                test.rival,
                test.metric,
                test.n_events,
                test.n_weeks,
                spread(test.difference, _digits(test.metric)),
                _p(test.p),
                _p(test.p_holm),
                "–" if test.visible is None else f"± {test.visible:.{_digits(test.metric)}f}",
                f"**{test.verdict}**",
            )
            for test in family
        ),
    )


def _findings(found: Findings) -> str:
    graded, field = found.by_week, found.field
    days = sorted(field.outcomes.day.tolist())
    rows = [
        f"## {field.name[0].upper()}{field.name[1:]}",
        f"{graded.n_events:,} events ({graded.n_hard:,} hard) in {graded.n_days:,} weeks, {len(set(days)):,} session-days, "
        f"{len(set(field.tickers.tolist())):,} companies. In brackets: 95 % intervals, drawn by weeks.",
        table(
            ("arm", *METRICS),
            (
                [_bold(arm), *(spread(values.get(m), _digits(m)) for m in METRICS)]
                for arm, values in graded.metrics.items()
            ),
        ),
        "Advantage of grounding over each (secondary but for the declared tests above):",
        _advantages(graded, METRICS[:-1]),
        "By session-days instead of weeks:",
        _advantages(found.by_day, CO_PRIMARY),
    ]
    for kind, parts in found.parts.items():
        if parts:
            rows += [f"Against the calibrated prior, by {kind}:", _parts(parts)]
    left_out = ", ".join(f"{reason} {count:,}" for reason, count in field.left_out.items())
    rows.append(f"Left out before forecasting (of all events of the folders): {left_out or 'nothing'}.")
    return "\n\n".join(rows)


def _advantages(graded: Evaluation, metrics: Sequence[str]) -> str:
    return table(
        ("over", *metrics),
        (
            [arm, *(spread(advantage(metric, differences.get(metric)), _digits(metric)) for metric in metrics)]
            for arm, differences in graded.differences.items()
        ),
    )


def _parts(parts: Sequence[Part]) -> str:
    return table(
        ("part", "events", *CO_PRIMARY),
        (
            [part.name, part.n_events, *(spread(part.differences[metric], _digits(metric)) for metric in CO_PRIMARY)]
            for part in parts
        ),
    )


def write_report(
    folder: Path,
    family: Sequence[Test],
    found: Sequence[Findings],
    about: Mapping[str, object],
    departures: Sequence[str],
) -> None:
    """Writes report.md, report.json and the picture into `folder`, made if missing."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "schema_version": 1,
        "answer": answer(family),
        "tests": plain(list(family)),
        "data_sets": {
            each.field.name: {
                "by_week": plain(each.by_week),
                "by_day": plain(each.by_day),
                "parts": plain(dict(each.parts)),
                "left_out": dict(each.field.left_out),
            }
            for each in found
        },
        "departures": list(departures),
        "about": plain(dict(about)),
    }
    (folder / "report.json").write_text(json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    (folder / "report.md").write_text(page(family, found, about, departures), "utf-8")
    draw(folder / PICTURE, found)


def draw(path: Path, found: Sequence[Findings]) -> None:
    """Every arm's advantage against grounding, a panel a measure."""
    from matplotlib.figure import Figure

    from evals.impact.plots import COLOURS, INK, MARKERS, RULE, save

    arms = [arm for arm in found[0].by_week.metrics if arm != GROUNDED]
    figure = Figure(figsize=(9.6, 1.6 + 0.5 * len(arms)), layout="constrained")
    panels = figure.subplots(1, len(CO_PRIMARY), sharey=True)
    for axes, metric in zip(panels, CO_PRIMARY, strict=True):
        for number, each in enumerate(found):
            points = [
                (place, advantage(metric, each.by_week.differences[arm].get(metric))) for place, arm in enumerate(arms)
            ]
            shown = [(place, one) for place, one in points if isinstance(one, Interval)]
            shift = 0.22 * (number - (len(found) - 1) / 2)
            axes.errorbar(
                [one.value for _, one in shown],
                [place + shift for place, _ in shown],
                xerr=([one.value - one.low for _, one in shown], [one.high - one.value for _, one in shown]),
                fmt=MARKERS[number],
                color=COLOURS[number],
                markersize=5.5,
                linewidth=1.6,
                label=each.field.name,
            )
        axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
        axes.set_xlabel(f"advantage of grounding, {metric}", fontsize=9.5, color=INK)
        axes.grid(axis="x", color=RULE, linewidth=0.8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    panels[0].set_yticks(range(len(arms)), [f"over {arm}" for arm in arms])
    panels[0].invert_yaxis()
    figure.legend(
        *panels[0].get_legend_handles_labels(), frameon=False, fontsize=9, ncols=3, loc="outside lower center"
    )
    save(figure, path)


def _bold(arm: str) -> str:
    return f"**{arm}**" if arm == GROUNDED else arm


def _digits(metric: str) -> int:
    return 4 if "crps" in metric else 3


def _p(p: float | None) -> str:
    return "–" if p is None else f"{p:.4f}"
