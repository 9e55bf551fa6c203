"""`rhyme ledger verify|list`: the record of forecasts, as it stands in the database."""

import argparse
import json
from typing import TYPE_CHECKING

from records.errors import StoreCorrupt
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.plain import plain
from terminal.settings import load_settings

if TYPE_CHECKING:
    from records.database import LedgerCheck, LedgerRow


def run(options: argparse.Namespace) -> int:
    """Dispatches to verify or list."""
    settings = load_settings({"home": options.home}).settings
    with Assembly(settings) as parts:
        if options.action == "verify":
            check = parts.database.verify_ledger(options.head)
            refuse_broken(check)
            _say_sound(check, options.head)
        else:
            _list(parts.database.ledger_rows(options.limit), as_json_too=options.json)
    return 0


def refuse_broken(check: "LedgerCheck") -> None:
    """Raises StoreCorrupt that names the first row which is not what was appended."""
    if check.fault is not None:
        raise StoreCorrupt(
            f"The ledger is broken at row {check.fault.sequence}: {check.fault.text}. The {check.forecasts + check.grades:,} "
            "rows before it are sound; what comes after proves nothing. Restore a backup of the database made before the "
            "change, and find out who wrote to it."
        )


def _say_sound(check: "LedgerCheck", noted_head: str | None) -> None:
    """Prints the head. Raises StoreCorrupt when a head noted before is not in the chain."""
    if noted_head is not None and check.head_at is None:
        raise StoreCorrupt(
            f"The head {noted_head} is not in the ledger, though its {check.forecasts + check.grades:,} rows follow one "
            "another: rows were cut off at its end, or the whole chain was made anew, or the head is of another ledger. "
            "Restore a backup of the database that holds it."
        )
    print(f"The ledger is sound: {check.forecasts:,} forecasts, {check.grades:,} grades.")
    if check.head is None:
        print("It is empty: the next scoreable analysis writes its first row.")
        return
    print(f"Head: {check.head}")
    if check.head_at is not None:
        added = check.forecasts + check.grades - check.head_at
        print(f"The head you gave is row {check.head_at:,}; {added:,} rows were added since.")
    else:
        print(
            "Note the head down elsewhere; `rhyme ledger verify --head DIGEST` then also finds rows cut off at the end."
        )


def _list(rows: "list[LedgerRow]", *, as_json_too: bool) -> None:
    if as_json_too:
        fields = ("sequence", "kind", "previous", "digest")
        print(
            as_json(
                [
                    {name: getattr(row, name) for name in fields}
                    | {"payload": json.loads(row.content.model_dump_json())}
                    for row in rows
                ]
            )
        )
        return
    if not rows:
        print("The ledger is empty: the next scoreable analysis writes its first row.")
    for row in rows:
        print(plain(_line(row)))


def _line(row: "LedgerRow") -> str:
    from records.forecast import Forecast

    content = row.content
    if isinstance(content, Forecast):
        kind = "forward" if content.forward else "replay"
        text = (
            f"{content.recorded_at:%Y-%m-%d %H:%MZ}  forecast {content.ticker} score {content.score:.2f} "
            f"P(>2σ) {content.p_material:.2f} for {content.session_on} ({kind}), analysis {content.analysis_id}"
        )
    else:
        text = (
            f"{content.graded_at:%Y-%m-%d %H:%MZ}  grade of {content.forecast[:16]}: {content.z:+.2f}σ, "
            f"impact {content.y:.2f}"
        )
    return f"{row.sequence:>6}  {row.digest[:16]}  {text}"
