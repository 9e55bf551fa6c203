"""`rhyme alerts`: what of the analysed news met the rules that were set, and the rules themselves."""

import argparse
import json
import sys
from datetime import timedelta

from records.alert import AlertRule, Conditions
from records.errors import StoreLocked, StoreUnreachable, UsageError
from records.times import utc_now
from terminal.alert_parts import open_alerts, wished
from terminal.alert_view import alert_json, alert_line, report_json, report_lines, rule_lines
from terminal.assembly import Assembly
from terminal.leaving import Leaving, signals
from terminal.output import as_json
from terminal.settings import load_settings

LOOK_SECONDS = 1.0
"""How often --follow looks for analyses that were kept since."""


def run(options: argparse.Namespace) -> int:
    """Dispatches to show, add, list, remove or test."""
    settings = load_settings({"home": options.home}).settings
    with Assembly(settings) as parts:
        return _ACTIONS[options.action](parts, options)


def _show(parts: Assembly, options: argparse.Namespace) -> int:
    if (options.new or options.follow) and (options.since is not None or options.as_of is not None):
        raise UsageError("--new and --follow tell of now and remember what they told: leave --since and --as-of out.")
    if options.follow:
        with signals() as leaving:
            return _follow(parts, options, leaving)
    if options.new:
        _tell(parts, options)
        return 0
    as_of = options.as_of or utc_now()
    if options.since is not None and options.since > as_of:
        raise UsageError("--since is after the moment that may be known (--as-of, or now). Give an earlier one.")
    report = open_alerts(parts).report(as_of, since=options.since, limit=options.limit)
    print(as_json(report_json(report)) if options.json else "\n".join(report_lines(report)))
    return 0


def _tell(parts: Assembly, options: argparse.Namespace) -> None:
    new = open_alerts(parts).untold(utc_now())
    if options.json:
        print(as_json({"alerts": [alert_json(one) for one in new]}))
        return
    for alert in new:
        print(alert_line(alert))
    if not new:
        print("Nothing new." if parts.database.alerts.rules() else "No rule is set. Set one with `rhyme alerts add`.")


def _follow(parts: Assembly, options: argparse.Namespace, leaving: Leaving) -> int:
    """Until stopped. A database that is away is asked again. Raises the other StoreErrors."""
    from alerts import Following

    following = Following(parts.database, open_alerts(parts), notes=True)
    if not parts.database.alerts.rules():
        print("No rule is set yet; `rhyme alerts add` sets one, and it is followed from then on.", file=sys.stderr)
    while True:
        try:
            for alert in following.look(utc_now()):
                print(json.dumps(alert_json(alert)) if options.json else alert_line(alert), flush=True)
        except (StoreLocked, StoreUnreachable) as error:
            print(f"rhyme: {error} Asked again.", file=sys.stderr, flush=True)
        if leaving.asked.wait(LOOK_SECONDS):
            return 0


def _add(parts: Assembly, options: argparse.Namespace) -> int:
    from alerts import rule_of

    wanted, shelf, now = _conditions(parts, options), parts.database.alerts, utc_now()
    rule = rule_of(wanted, options.name, [one.name for one in shelf.rules()], now)
    shelf.add(rule)
    if options.json:
        print(as_json(rule))
        return 0
    print("\n".join(rule_lines(rule)))
    return 0


def _list(parts: Assembly, options: argparse.Namespace) -> int:
    rules = parts.database.alerts.rules()
    if options.json:
        print(as_json([rule.model_dump(mode="json") for rule in rules]))
        return 0
    for rule in rules:
        print("\n".join(rule_lines(rule)))
    if not rules:
        print("No rule is set. Set one with `rhyme alerts add`, for example for a company with --ticker MSFT.")
    return 0


def _remove(parts: Assembly, options: argparse.Namespace) -> int:
    rule = parts.database.alerts.remove(options.name, utc_now())
    print(as_json(rule) if options.json else f"Removed {rule.name}; it raises nothing from now on.")
    return 0


def _test(parts: Assembly, options: argparse.Namespace) -> int:
    now = utc_now()
    since = now - timedelta(days=options.days)
    if options.rule:
        rule = parts.database.alerts.rule(options.rule).model_copy(update={"added_at": since})
    else:
        rule = AlertRule(name="tried", conditions=_conditions(parts, options), added_at=since)
    report = open_alerts(parts).report(now, since=rule.begins_at, limit=options.limit, rules=[rule])
    print(as_json(report_json(report)) if options.json else "\n".join((*report_lines(report), "Nothing was kept.")))
    return 0


def _conditions(parts: Assembly, options: argparse.Namespace) -> Conditions:
    """Raises UsageError, SourceError."""
    from alerts import Wish

    wish = Wish(
        portfolio=options.portfolio,
        tickers=[one for words in options.ticker for one in words.split(",")],
        tags=options.theme,
        event_types=options.event,
        min_score=options.min_score,
        min_p_material=options.min_chance,
        sentiment=options.sentiment,
        words=options.words,
    )
    return wished(parts, wish)


_ACTIONS = {"show": _show, "add": _add, "list": _list, "remove": _remove, "test": _test}
