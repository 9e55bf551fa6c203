"""Alerts and their rules as lines of text and as JSON."""

from collections.abc import Iterator
from typing import Any

from records.alert import Alert, AlertReport, AlertRule
from terminal.plain import plain
from tools.alert_lines import cause_words, conditions_words, headline, lead, unjudged


def report_lines(report: AlertReport) -> Iterator[str]:
    """What came of it, the alerts, and what could not be judged."""
    yield plain(lead(report))
    for alert in report.alerts:
        yield f"  {alert_line(alert)}"
    if report.more:
        yield f"  {report.more:,} more: `--limit` shows them."
    for sentence in unjudged(report):
        yield f"  note: {plain(sentence)}"


def alert_line(alert: Alert) -> str:
    """Time, rule, score, company, headline, why it is told again, and the analysis to look at."""
    one, cause = alert.analysis, cause_words(alert)
    told = f"{one.as_of:%Y-%m-%d %H:%M} UTC  {alert.rule}  {headline(one)}{f' ({cause})' if cause else ''}"
    return f"{plain(told)}  [{one.id}]"


def rule_lines(rule: AlertRule) -> Iterator[str]:
    """Its name, since when, and its conditions."""
    yield plain(f"{rule.name}: {conditions_words(rule.conditions)}")
    yield f"  set {rule.added_at:%Y-%m-%d %H:%M} UTC, looks at news from {rule.begins_at:%Y-%m-%d %H:%M} UTC on"


def alert_json(alert: Alert) -> dict[str, Any]:
    """Under names that never change."""
    return {"id": f"alert:{alert.id}", **alert.model_dump(mode="json")}


def report_json(report: AlertReport) -> dict[str, Any]:
    """Likewise."""
    return report.model_dump(mode="json") | {"alerts": [alert_json(one) for one in report.alerts]}
