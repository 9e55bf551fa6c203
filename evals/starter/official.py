"""Index events for the starter precedents: decisions of the Federal Reserve and geopolitical shocks, both on the S&P 500.

When a decision came out is written here from the Federal Reserve's practice: 14:15 New York time until the end of 2012, 12:30
when a press conference followed (April 2011 to December 2012), 14:00 since 2013 (the January 2013 meeting still came at
14:15); moves between meetings at their own hour.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path

from evals.starter.pools import NEW_YORK, Draft, draft_id, end_of_day
from markets.prices import MARKET
from records.taxonomy import EventType

INDEX_NAME = "S&P 500"
UNTIL_2012 = time(14, 15)
SINCE_2013 = time(14, 0)
FIRST_AT_TWO = date(2013, 3, 20)
HALF_PAST_NOON = frozenset(
    date.fromisoformat(day)
    for day in (
        "2011-04-27",
        "2011-06-22",
        "2011-11-02",
        "2012-01-25",
        "2012-04-25",
        "2012-06-20",
        "2012-09-13",
        "2012-12-12",
    )
)
BETWEEN_MEETINGS = {
    date(2001, 1, 3): time(13, 15),
    date(2001, 4, 18): time(10, 55),
    date(2001, 9, 17): time(8, 20),
    date(2008, 1, 22): time(8, 20),
    date(2008, 10, 8): time(7, 0),
    date(2020, 3, 3): time(10, 0),
    date(2020, 3, 15): time(17, 0),
}


def announced_at(day: date) -> datetime:
    """When the decision of `day` was published, UTC."""
    if day in BETWEEN_MEETINGS:
        clock = BETWEEN_MEETINGS[day]
    elif day in HALF_PAST_NOON:
        clock = time(12, 30)
    else:
        clock = SINCE_2013 if day >= FIRST_AT_TWO else UNTIL_2012
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


def decisions(path: Path) -> Iterator[Draft]:
    """Federal Reserve rate decisions; the stratum is the year."""
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            day = date.fromisoformat(row["decision_date"])
            before, after = float(row["rate_before"]), float(row["rate_after"])
            yield Draft(
                id=draft_id("fomc", row["decision_date"]),
                published_at=announced_at(day),
                date_only=False,
                ticker=MARKET,
                price_ticker=MARKET,
                company=INDEX_NAME,
                headline=f"Federal Reserve decision of {day}: {row['decision_type']}, target rate {before:.2f} % → {after:.2f} %",
                body=f"Target rate (upper bound) before {before:.2f} %, after {after:.2f} %, change {after - before:+.2f} points.",
                rule_type=EventType.MONETARY_POLICY,
                stratum=f"{day.year}/fomc",
                part="fomc",
            )


def shocks(path: Path) -> Iterator[Draft]:
    """Days on which a newspaper-based index of geopolitical risk jumped, with the day's main event; the stratum is the year."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            day = datetime.fromisoformat(row["date"]).date()
            yield Draft(
                id=draft_id("geopolitics", str(day)),
                published_at=end_of_day(day),
                date_only=True,
                ticker=MARKET,
                price_ticker=MARKET,
                company=INDEX_NAME,
                headline=f"{row['Event_Name']} (geopolitical risk index spike on {day})",
                body=row["Wiki_Content"],
                rule_type=EventType.GEOPOLITICS_TRADE,
                stratum=f"{day.year}/geopolitics",
                part="geopolitics",
            )
