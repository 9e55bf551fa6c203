"""Alerts, and the rules that raise them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from alerts import Wish, rule_of
from records.alert import RULE_NAME, AlertReport, AlertRule
from terminal.alert_parts import open_alerts, wished
from terminal.web.api.parameters import AsOf, Limit, Served, Since, until
from terminal.web.api.records import AlertRules, RuleAsked

router = APIRouter(tags=["alerts"])


@router.get("/alerts", response_model=AlertReport)
def list_alerts(site: Served, since: Since = None, as_of: AsOf = None, limit: Limit = 50) -> AlertReport:
    """What of the analysed news met a rule, each story once a rule, newest first, and what could not be judged; by default since
    midnight in New York."""
    moment = until(site, as_of)
    return open_alerts(site.parts).report(moment, since=None if since is None else min(since, moment), limit=limit)


@router.get("/alerts/rules", response_model=AlertRules)
def list_rules(site: Served) -> AlertRules:
    """The rules in force, by name."""
    return AlertRules(items=tuple(site.database.alerts.rules()))


@router.post("/alerts/rules", response_model=AlertRule, status_code=201)
def add_rule(site: Served, asked: RuleAsked) -> AlertRule:
    """Sets a rule: all conditions that are given must hold. It looks at the news of today already."""
    shelf = site.database.alerts
    wish = Wish(
        portfolio=asked.portfolio,
        tickers=asked.tickers,
        tags=[tag.value for tag in asked.tags],
        event_types=[kind.value for kind in asked.event_types],
        min_score=asked.min_score,
        min_p_material=asked.min_p_material,
        sentiment=asked.sentiment,
        words=asked.words,
    )
    rule = rule_of(wished(site.parts, wish), asked.name, [one.name for one in shelf.rules()], site.clock())
    shelf.add(rule)
    return rule


@router.delete("/alerts/rules/{name}", status_code=204)
def remove_rule(site: Served, name: Annotated[str, Path(pattern=RULE_NAME)]) -> Response:
    """It raises nothing from now on; answers as of a time before stay as they were."""
    site.database.alerts.remove(name, site.clock())
    return Response(status_code=204)
