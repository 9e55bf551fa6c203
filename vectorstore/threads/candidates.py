"""Which earlier articles an article is compared with: those that share a key, within the life of a story.

The keys are rows of the database (digests, MinHash bands, tickers, pairs of rare headline terms), so that any number of processes
and articles is served by short range reads. Each key has its own limit.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from records.database.stories import KeyRange, StoryShelf
from vectorstore.threads.fingerprint import key_of, lead_digest
from vectorstore.threads.sketch import KEY_TERMS, Sketch
from vectorstore.threads.terms import rarity

STORY_LIFE = timedelta(days=10)
"""A story takes no member later than this after its last one: what comes then is a new event that reminds of it."""
EXACT_LIFE = timedelta(days=20)
"""Except the very same words. Under a month, so that a monthly notice is a new event each time though its words are the same."""
COMPANY_PAST = timedelta(days=90)
"""How far back a company's last stories are read to tell what is new: one quarter."""
LATE = timedelta(days=1)
"""An article seen within this time of its publication came live; one seen later is a backfill, placed as of its publication."""

LIMITS = {"exact": 12, "band": 12, "pair": 10, "ticker": 24}
"""Members taken from each key of a kind, newest first."""
WEIGHT = {"exact": 100, "band": 5, "pair": 2, "ticker": 1, "told": 2}
"""What a shared key says about two articles, to rank by when there are too many."""
MOST_COMPARED = 40
COMPANY_STORIES = 20
TOLD_PARTS, TOLD_TERMS, TOLD_LIMIT = 10, KEY_TERMS, 3
"""Of a text in parts: paragraphs looked up, rarest terms of each that are paired, members taken from a pair."""


@dataclass(frozen=True)
class Candidates:
    """Numbers of stored members."""

    compared: tuple[int, ...]
    """Most keys in common first."""
    company: tuple[int, ...]
    """The last articles about its companies, newest first: for novelty."""


def candidates(shelf: StoryShelf, new: Sketch, as_of: datetime) -> Candidates:
    """Members first seen at or before `as_of` and published within a story's life of `new`."""
    until = latest(new)
    asked: list[tuple[str, KeyRange]] = []
    for kind, keys in new.keys().items():
        since = new.at - (EXACT_LIFE if kind == "exact" else STORY_LIFE)
        asked += [(kind, KeyRange(key, since, until, LIMITS[kind])) for key in keys]
    since = new.at - STORY_LIFE
    asked += [("told", KeyRange(key, since, until, TOLD_LIMIT)) for key in told_keys(new)]
    since = new.at - COMPANY_PAST
    past = [KeyRange(key, since, until, COMPANY_STORIES) for key in new.keys()["ticker"]]
    found = shelf.find([*(one for _, one in asked), *past], as_of)
    scores: dict[int, int] = defaultdict(int)
    for (kind, _), numbers in zip(asked, found, strict=False):
        for number in numbers:
            scores[number] += WEIGHT[kind]
    compared = sorted(scores, key=lambda number: (-scores[number], -number))[:MOST_COMPARED]
    company = dict.fromkeys(number for numbers in found[len(asked) :] for number in numbers)
    return Candidates(tuple(compared), tuple(company)[:COMPANY_STORIES])


def latest(new: Sketch) -> datetime:
    """The latest publication that may be compared: until it was seen, if it came live; for a backfill its own."""
    seen = new.article.first_seen_at
    return max(new.at, seen) if seen - new.at <= LATE else new.at


def told_keys(new: Sketch) -> list[int]:
    """The keys by which headlines are found that a paragraph of the text tells again."""
    parts = new.parts
    if len(parts) < 2 and new.print.label != "digest":
        return []
    leads = [lead_digest(part) for part in new.print.text.split("\n")[:TOLD_PARTS]]
    keys = [key_of("lead", lead) for lead in leads if lead is not None]
    for terms in parts[:TOLD_PARTS]:
        rare = sorted(terms, key=lambda term: (-rarity(term), term))[:TOLD_TERMS]
        keys += [key_of("pair", f"{first} {second}") for first, second in combinations(sorted(rare), 2)]
    return list(dict.fromkeys(keys))


def tells(parts: Sequence[frozenset[str]], headline: frozenset[str], weights: Mapping[str, float]) -> float:
    """The greatest share of a headline, weighted by rarity, that one paragraph says."""
    total = sum(weights.values())
    return (
        max((sum(weights[term] for term in headline & part) / total for part in parts), default=0.0) if total else 0.0
    )
