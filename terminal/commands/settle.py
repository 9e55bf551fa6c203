"""`rhyme settle`: outcomes into the ledger and the event memory."""

import argparse
from collections.abc import Mapping

from records.errors import UsageError
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import load_settings, shown

LISTED = 20  # a price source without half the market would fill the screen


def run(options: argparse.Namespace) -> int:
    """Settles what it can and reports. Raises SettingsError (no prices), UsageError, SourceError, StoreError."""
    with ProgressView.open(quiet=options.quiet) as view:
        settings = load_settings({"home": options.home, "prices": options.prices}).settings
        if options.as_of is not None and options.as_of > utc_now():
            raise UsageError(f"--as-of {options.as_of:%Y-%m-%dT%H:%MZ} is in the future. Give a time that has been.")
        with Assembly(settings, say=view.say) as parts:
            view.say("Opening the prices …")
            prices = parts.prices
            from agent.settle import settle
            from markets.reference import reference
            from markets.sessions import sessions

            report = settle(
                parts.database,
                prices,
                sessions(),
                reference(),
                utc_now,
                price_source=str(shown("prices", settings.prices)),
                as_of=options.as_of,
                progress=lambda done, total: view.say(f"{done:,} of {total:,} outcomes looked at"),
            )
    if options.json:
        print(as_json(report))
        return 0
    print(f"{report.graded:,} forecasts graded, {report.reactions:,} past events got their reaction.")
    if report.forecasts_open or report.events_open:
        print(f"Not closed yet: {report.forecasts_open:,} forecasts, {report.events_open:,} events.")
    for name, reasons in (("forecasts", report.forecasts_waiting), ("events", report.events_waiting)):
        if reasons:
            print(f"Not measurable, tried again next time: {sum(reasons.values()):,} {name} ({_counts(reasons)}).")
    for each in report.waiting[:LISTED]:
        print(plain(f"  {each.what} {each.id} ({each.ticker or 'no ticker'}): {each.text}"))
    if len(report.waiting) > LISTED:
        print(f"  … and {len(report.waiting) - LISTED:,} more; --json lists them all.")
    return 0


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons.items())
