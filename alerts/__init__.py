"""Alerts: takes the rules that a person set and the analyses that are kept, gives what met which rule, each story once a rule, and
what could not be judged. It calls no model, sends nothing, and keeps nothing but what was told."""

from alerts.following import Following
from alerts.report import Alerts
from alerts.rules import Wish, conditions_of, rule_of

__all__ = ["Alerts", "Following", "Wish", "conditions_of", "rule_of"]
