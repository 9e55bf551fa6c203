"""The page of a report in Markdown: an evaluation and what was tried in, text out. Draws nothing and writes no file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from evals.impact.bootstrap import Evaluation, Interval
from evals.impact.metrics import LOWER_IS_BETTER, METRICS
from evals.impact.targets import Target, advantage

UNKNOWN = "–"


@dataclass(frozen=True)
class Picture:
    """A file beside the page."""

    file: str
    title: str


def page(
    evaluation: Evaluation,
    *,
    artifact: str,
    targets: Sequence[Target],
    experiments: Mapping[str, Sequence[Mapping[str, object]]],
    left_out: Mapping[str, int],
    data: Mapping[str, object],
    notes: Sequence[str],
    pictures: Sequence[Picture],
) -> str:
    """The whole page; a part with nothing to tell is left out."""
    parts = [
        f"# Impact score: {artifact} graded by the market",
        f"{evaluation.n_events:,} events ({evaluation.n_hard:,} hard: neither earnings nor telling the price) on "
        f"{evaluation.n_days:,} session-days. In brackets: 95 % intervals, {evaluation.draws:,} bootstrap draws of whole "
        f"session-days, shared by all forecasters (seed {evaluation.seed}).",
        _targets(targets),
        _ladder(evaluation),
        _differences(evaluation),
        "\n\n".join(f"![{picture.title}]({picture.file})" for picture in pictures),
    ]
    if experiments:
        parts.append("## Experiments")
        parts += [f"### {cell(title)}\n\n{_rows(rows)}" for title, rows in experiments.items()]
    if data:
        parts.append("## Data\n\n" + table(("what", "value"), ((name, value) for name, value in data.items())))
    if left_out:
        counted = sorted(left_out.items(), key=lambda item: -item[1])
        parts.append("## Left out\n\n" + table(("reason", "events"), counted))
    if notes:
        parts.append("## Notes\n\n" + "\n".join(f"- {note}" for note in notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first column stands left, the others right."""
    lines = ["| " + " | ".join(cell(name) for name in header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    """A value as a table shows it: unknown as a dash, four digits, thousands apart, an Interval with its ends."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _signed(f"{value:,}")
    if isinstance(value, float):
        return _signed(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}")
    if isinstance(value, Interval):
        return spread(value, 4)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{cell(name)}: {cell(one)}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(cell(one) for one in value)
    return str(value).replace("|", "\\|").replace("\n", " ")


def spread(found: Interval | None, digits: int) -> str:
    """ "0.361 (0.340 to 0.382)"; unknown as a dash."""
    if found is None:
        return UNKNOWN
    return _signed(f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _digits(metric: str) -> int:
    """CRPS differs in the third decimal."""
    return 4 if "crps" in metric else 3


def _targets(targets: Sequence[Target]) -> str:
    if not targets:
        return ""
    met, missed = sum(t.met is True for t in targets), sum(t.met is False for t in targets)
    unknown = len(targets) - met - missed
    summary = (
        f"{met} of {met + missed} met, {missed} missed" + (f"; {unknown} cannot be graded" if unknown else "") + "."
    )
    summary += " Against a baseline it is the lower end of the advantage's interval that is measured."
    rows = (
        (target.name, target.wanted, spread(target.found, _digits(target.name)), _verdict(target)) for target in targets
    )
    return f"## Targets\n\n{summary}\n\n{table(('target', 'wanted', 'found', 'verdict'), rows)}"


def _verdict(target: Target) -> str:
    if target.met is None or target.margin is None:
        return "cannot be graded"
    digits = _digits(target.name)
    if target.margin and round(abs(target.margin), digits) == 0:
        digits += 2  # "missed by 0.000" would tell nothing
    return f"{'met' if target.met else '**missed**'} by {abs(target.margin):.{digits}f}"


def _ladder(evaluation: Evaluation) -> str:
    rows = (
        [f"**{cell(name)}**" if name == evaluation.main else cell(name)]
        + [spread(found.get(metric), _digits(metric)) for metric in METRICS]
        for name, found in evaluation.metrics.items()
    )
    lower = ", ".join(name for name in METRICS if name in LOWER_IS_BETTER)
    text = (
        f"Lower is better for {lower}; higher for the rest; coverage should be .80. A dash: the forecaster does not say "
        "what the metric needs (a constant ranks nothing; a mere ranking has no distribution)."
    )
    return f"## Ladder\n\n{text}\n\n{table(('forecaster', *METRICS), rows)}"


def _differences(evaluation: Evaluation) -> str:
    if not evaluation.differences:
        return ""
    metrics = [metric for metric in METRICS if not metric.startswith("coverage")]
    rows = (
        [name] + [spread(advantage(metric, found.get(metric)), _digits(metric)) for metric in metrics]
        for name, found in evaluation.differences.items()
    )
    text = f"The advantage of {evaluation.main}, paired, turned so that above 0 it is better on every metric."
    return f"### Advantage over each\n\n{text}\n\n{table(('over', *metrics), rows)}"


def _rows(rows: Sequence[Mapping[str, object]]) -> str:
    """A table with every column that some row has, in order of first appearance."""
    if not rows:
        return "No rows."
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return table(columns, ([row.get(name) for name in columns] for row in rows))
