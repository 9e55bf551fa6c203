"""`rhyme eval translation`: the check of translations graded on written pairs and on what was made wrong of them."""

import argparse
from pathlib import Path
from typing import Any

from terminal.output import as_json
from terminal.plain import plain


def run(options: argparse.Namespace) -> int:
    """Grades and prints. Raises nothing of its own."""
    from evals.translation.grade import to_json

    found = to_json()
    lines = list(_lines(found))
    if options.out:
        folder = Path(options.out)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(as_json(found) + "\n", encoding="utf-8")
        (folder / "report.md").write_text("# The check of translations\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    if options.json:
        print(as_json(found))
        return 0
    for line in lines:
        print(plain(line))
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    """Markdown that reads as plain text."""
    lines: list[str] = []
    for name, one in found["sets"].items():
        rate = one["metrics"]
        lines += [
            f"## {name}: {one['sentences']} sentences, {one['translations']} translations ({', '.join(found['languages'])})",
            "",
            f"Faithful translations refused: {rate['false_alarm_rate']:.3f} "
            f"({rate['false_alarm_rate_low']:.3f} to {rate['false_alarm_rate_high']:.3f})",
            "",
            "| made wrong | of | stopped | 95 % |",
            "|---|---:|---:|---|",
        ]
        for kind, caught in one["caught"].items():
            span = f"{caught['share_low']:.2f}–{caught['share_high']:.2f}"
            lines.append(f"| {kind} | {caught['n']} | {caught['share']:.2f} | {span} |")
        lines += [
            "",
            *(
                f"Refused ({row['language']}): {row['translation']} – {'; '.join(row['faults'])}"
                for row in one["refused"]
            ),
            "",
        ]
    return lines
