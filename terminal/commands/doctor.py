"""`rhyme doctor`: whether an analysis would work on this machine, and what to do if not."""

import argparse
from dataclasses import asdict

from records.errors import RhymeError
from terminal.checkup import Check, checkup
from terminal.output import as_json
from terminal.progress import ProgressView
from terminal.settings import load_settings

SIGNS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red")}


def run(options: argparse.Namespace) -> int:
    """Prints one line a check with its next step; 0 if `rhyme analyze` would work, else the first failure's code."""
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Checking …")
        checks = _checks(options)
    failed = next((check for check in checks if check.state == "fail"), None)
    code = failed.exit_code if failed else 0
    if options.json:
        shown = [{name: value for name, value in asdict(check).items() if name != "exit_code"} for check in checks]
        print(as_json({"ok": failed is None, "exit_code": code, "checks": shown}))
    else:
        _print(checks)
    return code


def _checks(options: argparse.Namespace) -> list[Check]:
    try:
        loaded = load_settings({"home": options.home, "model": options.model})
    except RhymeError as error:
        return [
            Check("settings", "fail", str(error), "correct that setting and run `rhyme doctor` again", error.exit_code)
        ]
    return checkup(loaded, online=options.online)


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from terminal.plain import plain

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        word, colour = SIGNS[check.state]
        text = Text(plain(check.detail))
        if check.next_step:
            text.append(f"\n→ {plain(check.next_step)}", style="bold")
        table.add_row(Text(word, style=colour), check.name, text)
    console = Console(highlight=False)
    console.print(table)
    worst = {check.state for check in checks}
    verdict = "`rhyme analyze` will not work yet: see FAIL." if "fail" in worst else "`rhyme analyze` will work."
    console.print(Text(f"\n{verdict}", style="bold"))
