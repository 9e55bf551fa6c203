"""`rhyme track-record`: how the forecasts did that were made before their outcome."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import UsageError
from terminal.assembly import Assembly
from terminal.commands.ledger import refuse_broken
from terminal.output import as_json
from terminal.settings import load_settings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from evals.track_record import Bin, Estimate, Group, Statistics, TrackRecord

KINDS = (".svg", ".png")
DASH = "–"


def run(options: argparse.Namespace) -> int:
    """Shows the record of a ledger that verifies. Raises StoreCorrupt for one that does not, UsageError, StoreError."""
    settings = load_settings({"home": options.home}).settings
    target = _target(options.plot)
    with Assembly(settings) as parts:
        from evals.track_record import track_record
        from markets.reference import reference

        refuse_broken(parts.database.verify_ledger())
        record = track_record(parts.database.forecasts(), reference(), include_replays=options.include_replays)
    if options.json:
        print(as_json(record))
    else:
        _show(record)
    if target is not None:
        _draw(target, record)
    return 0


def _target(plot: str | None) -> Path | None:
    """Raises UsageError when the diagram could not be written: before the work, not after it."""
    if plot is None:
        return None
    path = Path(plot)
    if path.suffix.lower() not in KINDS:
        raise UsageError(f"--plot {plot}: give a file name that ends in .svg or .png.")
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir():
        raise UsageError(
            f"--plot {plot}: name a file in a folder that exists; {folder} is none or the name is a folder."
        )
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"--plot {plot} may not be written by you. Name another file.")
    return path


def _draw(path: Path, record: "TrackRecord") -> None:
    from evals.track_record_plot import plot_track_record

    if record.too_few:
        raise UsageError(
            f"{path} was not written, because there is too little to draw: {_need(record)}. Try again when more windows have "
            "closed and `rhyme settle` has run."
        )
    try:
        plot_track_record(path, record)
    except OSError as error:
        raise UsageError(
            f"The diagram could not be written to {path} ({error.strerror}). Name another file."
        ) from error


def _show(record: "TrackRecord") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(_headline(record), style="bold"))
    for line in _counts(record):
        console.print(Text(line))
    if record.statistics is None:
        console.print(
            Text(f"Too few to judge: {_need(record)}. Nothing about quality can be said yet; these are the counts.")
        )
    else:
        _show_statistics(record.statistics, console)
    for title, groups in (("By period", record.by_period), ("By event type", record.by_event_type)):
        if groups:
            console.print(Text(f"\n{title}", style="bold"))
            console.print(_group_table(groups))


def _need(record: "TrackRecord") -> str:
    return f"{record.graded:,} graded on {record.sessions:,} session-days, {record.needed} on {record.needed_sessions} are needed"


def _headline(record: "TrackRecord") -> str:
    kind = "forecasts and replays" if record.include_replays else "forecasts made before their outcome was known"
    when = f", {record.first_session} to {record.last_session}" if record.first_session else ""
    return f"{record.graded:,} graded {kind}{when}"


def _counts(record: "TrackRecord") -> list[str]:
    replays = record.forecasts - record.forward
    lines = [f"In the ledger: {record.forecasts:,} forecasts, {record.forward:,} forward and {replays:,} replays."]
    if record.include_replays:
        lines.append("Replays are counted in: their outcome was known when they were written, so this proves nothing.")
    lines.append(
        f"Ungraded: {record.waiting:,}. Repeated forecasts for one article, left out: {record.repeated:,}. "
        f"Session-days: {record.sessions:,}."
    )
    if record.model_versions:
        lines.append("Score models: " + ", ".join(f"{name} ({n:,})" for name, n in record.model_versions.items()) + ".")
    return lines


def _show_statistics(found: "Statistics", console: "Console") -> None:
    from rich.text import Text

    table = _table("", "value", "95 % interval", "a constant forecast")
    rows: list[tuple[str, Estimate | float | None, str]] = [
        ("rank correlation of score and impact", found.spearman, "0"),
        ("CRPS (lower is better)", found.crps, f"{_number(found.crps_ordinary_day, 3)} every day ordinary"),
        ("Brier of P(>2σ) (lower is better)", found.brier, f"{found.brier_constant:.3f} the base rate"),
        ("Brier skill", found.brier_skill, "0"),
        ("AUC of P(>2σ)", found.auc, ".5"),
        ("ECE of P(>2σ) (lower is better)", found.ece, "0 the base rate"),
        ("inside the 80 % interval", found.coverage, f"{found.coverage_ordinary_day:.3f} an ordinary day's"),
        ("mean impact", found.y, f"{found.score:.3f} was the mean score"),
        ("share beyond 2σ", found.material, f"{found.p_material:.3f} was the mean P(>2σ)"),
    ]
    for name, value, constant in rows:
        table.add_row(name, *_with_interval(value), constant)
    console.print(table)
    bins = (
        ("Score against realised impact", found.score_bins),
        ("P(>2σ) against the share beyond 2σ", found.p_material_bins),
    )
    for title, each in bins:
        console.print(Text(f"\n{title}", style="bold"))
        console.print(_bin_table(each))


def _bin_table(bins: "Sequence[Bin]") -> "Table":
    table = _table("forecasts", "mean forecast", "mean outcome", "95 % interval")
    for each in bins:
        table.add_row(f"{each.n:,}", f"{each.forecast:.3f}", *_with_interval(each.outcome))
    return table


def _group_table(groups: "Sequence[Group]") -> "Table":
    table = _table(
        "", "n", "mean score", "mean impact", "mean P(>2σ)", "share >2σ", "Brier", "Brier of base rate", "in 80 %"
    )
    for each in groups:
        share = each.material.value if each.material else None
        inside = each.coverage.value if each.coverage else None
        numbers = (each.score, each.y, each.p_material, share, each.brier, each.brier_constant, inside)
        table.add_row(each.name.replace("_", " "), f"{each.n:,}", *(_number(value, 3) for value in numbers))
    return table


def _table(*headers: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, header in enumerate(headers):
        names = number == 0 and not header
        table.add_column(header, justify="left" if names else "right", no_wrap=names)
    return table


def _with_interval(value: "Estimate | float | None") -> tuple[str, str]:
    if value is None or isinstance(value, float):
        return _number(value, 3), DASH
    if value.low is None or value.high is None:
        return _number(value.value, 3), DASH
    return _number(value.value, 3), f"{_number(value.low, 3)} to {_number(value.high, 3)}"


def _number(value: float | None, digits: int) -> str:
    return DASH if value is None else f"{value:.{digits}f}".replace("-", "−")
