"""Alerts as they are raised, by whatever process keeps the analyses: one look after another costs what is new."""

from datetime import datetime

from alerts.raising import Fresh, raised
from alerts.report import Alerts
from records.alert import Alert, AlertRule
from records.database import Database
from records.summary import AnalysisSummary

AT_ONCE = 1_000
"""Analyses that one look reads; the next goes on from there."""


class Following:
    """What is new at each look; of one process."""

    def __init__(self, database: Database, alerts: Alerts, *, notes: bool) -> None:
        """`notes`: begin with what was raised in the last week and nobody was told of, and note what is told, so that it is told
        once whoever asks; without it begin with what is kept from now on, and note nothing."""
        self._database = database
        self._alerts = alerts
        self._notes = notes
        self._last = 0 if notes else database.announced.latest()
        self._rules: list[AlertRule] = []
        self._ahead: list[AnalysisSummary] = []
        """Of news that is dated later than now."""

    def look(self, now: datetime) -> list[Alert]:
        """Oldest first. Raises StoreError; the next look then finds what this one did not."""
        rules = self._database.alerts.rules(now)
        if not rules:
            self._rules = []
            return []
        if self._notes and rules != self._rules:  # a rule that is new looks at the whole day
            last = self._database.announced.latest()
            told = self._alerts.untold(now)
            self._last, self._rules, self._ahead = last, rules, []
            return told
        new = self._database.announced.since(self._last, AT_ONCE)
        looked_at = [*self._ahead, *(one.summary for one in new)]
        if not looked_at:
            return []
        found = self._raised(rules, [one for one in looked_at if one.as_of <= now], now)
        self._last = new[-1].number if new else self._last
        self._ahead = [one for one in looked_at if one.as_of > now]
        return found

    def _raised(self, rules: list[AlertRule], analyses: list[AnalysisSummary], now: datetime) -> list[Alert]:
        fresh = Fresh(frozenset(one.id for one in analyses), now)
        found = raised(self._database.alerts, self._alerts.book(rules)[0], fresh, analyses).alerts[::-1]
        return self._database.alerts.tell(found) if self._notes else found
