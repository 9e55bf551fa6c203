"""Alerts and their rules in words: one wording for the models, the terminal and the pages."""

from collections.abc import Iterator

from records.alert import Alert, AlertReport, Cause, Conditions, Undecidable, Undecided
from records.summary import AnalysisSummary
from tools import lines
from tools.result import Item, cut

ADD_ONE = "Set one, for example with `rhyme alerts add --ticker MSFT --min-score 0.6`."
NAMED = 10
_CAUSES: dict[Cause, str] = {
    "first": "",
    "newly_met": "the story was known before and met the rule only now",
    "score_rose": "told again, since the score rose from {former:.2f} to {score:.2f}",
}
_WHY: dict[Undecidable, str] = {
    "not_scored": "without a market-impact score, so that the least score or chance could not be judged",
    "sentiment_not_measured": "without a measured sentiment, so that it could not be judged",
}


def conditions_words(wanted: Conditions) -> str:
    """All that must hold, in one line."""
    companies = [*(["the portfolio"] if wanted.portfolio else []), *wanted.tickers]
    parts = [f"companies {', '.join(companies)}" if companies else ""]
    parts += [f"themes {', '.join(wanted.tags)}" if wanted.tags else ""]
    kinds = ", ".join(kind.replace("_", " ") for kind in wanted.event_types)
    parts += [f"event types {kinds}" if kinds else ""]
    parts += [f"score from {wanted.min_score:.2f}" if wanted.min_score is not None else ""]
    parts += [
        f"chance of a move beyond 2σ from {wanted.min_p_material:.0%}" if wanted.min_p_material is not None else ""
    ]
    parts += [f"sentiment {wanted.sentiment}" if wanted.sentiment else ""]
    parts += [f"headline with {' or '.join(f'“{one}”' for one in wanted.words)}" if wanted.words else ""]
    return "; ".join(part for part in parts if part)


def cause_words(alert: Alert) -> str:
    """Why it is told, where that is more than that news met the rule; empty otherwise."""
    told = _CAUSES[alert.cause].format(former=alert.former_score or 0.0, score=alert.analysis.score or 0.0)
    late = "analysed late" if alert.late else ""
    return "; ".join(part for part in (told, late) if part)


def headline(one: AnalysisSummary) -> str:
    """Score, company and title in a line; a score that does not exist is said."""
    scored = "not scored" if one.score is None else f"{one.score:.2f} {one.ticker}"
    return f"{scored}  {one.title}"


def of_alert(alert: Alert) -> Item:
    """An alert with the analysis that raised it."""
    cause = cause_words(alert)
    shown = lines.of_analysis(alert.analysis)
    text = f"Alert of the rule {alert.rule!r}{f' ({cause})' if cause else ''}: {shown.text} [{shown.id}]"
    return Item(id=f"alert:{alert.id}", kind="alert", text=cut(text), data=alert.model_dump(mode="json"))


def lead(report: AlertReport) -> str:
    """What was held against which rules, and what came of it: four different answers."""
    when = f"from {lines.clock(report.since)} to {lines.clock(report.as_of)}"
    if report.status == "no_rules":
        return f"No rule is set, so nothing was looked at and nothing can be said of alerts. {ADD_ONE}"
    rules = "one rule" if report.rules == 1 else f"{report.rules:,} rules"
    held = f"{f'{report.analyses:,}' if report.analyses else 'no'} {'analysis' if report.analyses == 1 else 'analyses'} {when}"
    if report.status == "none_met":
        judged = ", all of them judged" if report.analyses else ""
        return f"Nothing met the {rules}: {held}{judged}."
    if report.status == "undecided":
        return f"Nothing is known to have met the {rules} ({held}), but not everything could be judged."
    number = len(report.alerts) + report.more
    return f"{number:,} alert{'' if number == 1 else 's'} of {rules}; {held}."


def unjudged(report: AlertReport) -> Iterator[str]:
    """What no rule, or one of them, could be held against, and why; a sentence each."""
    for one in report.undecided:
        yield _undecided(one)
    for number, what in (
        (
            report.unread.failed,
            "could not be analysed, so that no rule was held against them (`rhyme jobs list --failed`)",
        ),
        (report.unread.waiting, "wait to be analysed, so that no rule was held against them yet"),
    ):
        if number:
            yield f"Articles of the time that {what}: {number:,}."
    if report.unread.feeds:
        named = ", ".join(report.unread.feeds[:NAMED]) + (", …" if len(report.unread.feeds) > NAMED else "")
        yield f"Feeds that could not be read when last tried, so that news may be missing: {named} (`rhyme feeds list`)."


def _undecided(one: Undecided) -> str:
    if one.why == "portfolio_unreadable":
        return f"Rule {one.rule!r} could not be held against the portfolio: {one.message}"
    stories = f"{one.stories:,} {'story' if one.stories == 1 else 'stories'}"
    named = ", ".join(f"analysis:{name}" for name in one.analysis_ids)
    return f"Rule {one.rule!r}: {stories} {_WHY[one.why]} ({named})."
