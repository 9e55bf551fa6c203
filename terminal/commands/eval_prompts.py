"""`rhyme eval prompts`: two versions of the prompts on the same articles with the same model."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from records.errors import UsageError
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Runs both and prints what differs. Raises UsageError, SettingsError, ModelError, StoreError."""
    from evals.injection.bench import Bench
    from evals.words.prompts import compare, sample

    folders = [Path(one) for one in (options.before, options.after) if one is not None]
    for folder in folders:
        if not any(folder.glob("*.md")):
            raise UsageError(f"There are no prompt files (*.md) in {folder}. Give a folder laid out like prompts/.")
    settings = load_settings({"home": options.home, "model": options.model}).settings
    with (
        ProgressView.open(quiet=options.quiet) as view,
        Assembly(settings, say=view.say) as parts,
        tempfile.TemporaryDirectory(prefix="rhyme-prompts-") as archive,
        Bench.opened(Path(archive), parts.embedder, view.say) as bench,
    ):
        found = compare(bench, parts.model, folders[0], sample(options.limit), view.say, *folders[1:])
    told = found.to_json()
    if options.json:
        print(as_json(told))
        return 0
    print(plain(f"{told['articles']} articles with {told['model']}; changed: {', '.join(told['changed'])}"))
    for line in _lines(told):
        print(plain(line))
    return 0


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [f"  {'mean an article':16} {'before':>10} {'after':>10}  better  worse  of"]
    for name, one in told["metrics"].items():
        before, after = ("unknown" if one[side] is None else f"{one[side]:,.2f}" for side in ("before", "after"))
        better, worse = ("–" if one[side] is None else str(one[side]) for side in ("better", "worse"))
        lines.append(f"  {name:16} {before:>10} {after:>10}  {better:>6}  {worse:>5}  {one['n']:>2}")
    refused = told["refused"]
    return [*lines, f"  refused: {refused['before']} before, {refused['after']} after"]
