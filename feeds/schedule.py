"""When a feed is read next."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from records.feed import Feed

LONGEST_BACKOFF = timedelta(hours=6)
LONGEST_WAIT = timedelta(days=2)
"""How long a server may put a feed off by Retry-After: a slip of its clock must not silence the feed for good."""
JITTER = 0.1
"""Share of the wait added by chance, so that many feeds, or many machines, do not all ask in the same second."""


def next_due(feed: Feed, now: datetime, chance: float, *, retry_after: str | None = None) -> datetime:
    """After a reading that ended as `feed.failures` says (0: well). `chance`: uniform in [0, 1).

    Each failure in a row doubles the wait, up to six hours or the feed's own interval if that is longer; Retry-After is
    waited out in any case.
    """
    every = timedelta(seconds=feed.every_seconds)
    wait = every
    if feed.failures:
        wait = min(every * 2 ** min(feed.failures - 1, 16), max(LONGEST_BACKOFF, every))
    asked = min(waited(retry_after, now), LONGEST_WAIT)
    return now + max(wait, asked) * (1 + JITTER * chance)


def waited(retry_after: str | None, now: datetime) -> timedelta:
    """What a Retry-After header asks for; zero for none, a past date or nonsense."""
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return timedelta(0)
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return max(until - now, timedelta(0))
