"""From two ranked lists to the precedents: fusion, weights, and who may not stand beside whom. Pure functions."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from records.event import Event
from records.taxonomy import EventType
from vectorstore.fitted import Weights, fitted
from vectorstore.words import terms_of

OLD_YEARS = 10.0
"""Age from which recency takes no more away."""

TICKER_SHARE = 3
"""At most one in three precedents is measured on one company, as in the score's own weights. Indices are exempt: every
rate decision is measured on the market itself."""

NO_COMPANY = ""

REPRINT_DAYS = 3
"""A story is reprinted within days; the same words later are a new event (a dividend, a quarter)."""
REPRINT_SIMILARITY = 0.95
REPRINT_OVERLAP = 0.7
"""Cosine, or share of distinct words in common, from which two texts tell the same news."""


@dataclass(frozen=True)
class Candidate:
    """A knowable event with its places in the two lists (0 is best; None: not in that list)."""

    event: Event
    similarity: float
    """Cosine cut to [0, 1]."""
    dense_rank: int | None
    lexical_rank: int | None


@dataclass(frozen=True)
class Ask:
    """What the article is, as far as ranking needs it."""

    text: str
    as_of: datetime
    published_at: datetime
    event_type: EventType | None
    tickers: frozenset[str]
    exclude_story: str | None
    exclude_ids: frozenset[str]
    min_similarity: float
    """Cosine below which nothing is a precedent: see `fitted.minimal_similarity`."""
    admits: Callable[[Event], bool] | None = None
    """Whether an event's source may speak; None: every one may."""
    capped_with: Callable[[Event], str | None] | None = None
    """The name of the source with which an event's weight is capped (`records.event.Precedent.source`)."""
    sector: str | None = None
    """Of the article's company; None: unknown, or no company."""
    sector_of: Callable[[str], str | None] | None = None
    """Ticker → sector in the same words; None: sectors are not known here, and nothing is said or weighed by them."""

    def sector_of_event(self, event: Event) -> str | None:
        """The sector of the company that the event was measured on; None if unknown."""
        if self.sector_of is None or event.reaction is None or is_index(event.reaction.ticker):
            return None
        return self.sector_of(event.reaction.ticker)


def choose(candidates: Sequence[Candidate], ask: Ask, k: int, weights: Weights | None = None) -> list[Candidate]:
    """Up to k, best first: one a story; among the first n at most ⌈n/3⌉ measured on one instrument, unless nothing else
    remains. Every prefix obeys this, so that the five shown of fifty are as mixed as the fifty. `weights`: others than the
    shipped ones."""
    remaining = _one_a_story(ranked(candidates, ask, weights))
    used: Counter[str] = Counter()
    chosen: list[Candidate] = []
    while remaining and len(chosen) < k:
        allowed = math.ceil((len(chosen) + 1) / TICKER_SHARE)
        place = next((place for place, each in enumerate(remaining) if used[_company(each)] < allowed), 0)
        candidate = remaining.pop(place)
        used[_company(candidate)] += _company(candidate) != NO_COMPANY
        chosen.append(candidate)
    return chosen


def ranked(candidates: Sequence[Candidate], ask: Ask, weights: Weights | None = None) -> list[Candidate]:
    """The eligible ones by fused and weighted score, best first; equal scores by similarity, then the newer, then by id."""
    using = weights or fitted().weights
    words = frozenset(terms_of(ask.text))
    eligible = [each for each in candidates if is_eligible(each, ask, words)]
    return sorted(
        eligible,
        key=lambda each: (
            -score(each, ask, using),
            -each.similarity,
            -each.event.published_at.timestamp(),
            each.event.id,
        ),
    )


def is_eligible(candidate: Candidate, ask: Ask, words: frozenset[str]) -> bool:
    """Knowable at as_of, similar enough, and not the article's own story."""
    event = candidate.event
    knowable = event.reaction is not None and event.reaction.known_at <= ask.as_of
    excluded = event.id in ask.exclude_ids or (ask.exclude_story is not None and event.story_id == ask.exclude_story)
    similar_enough = candidate.similarity >= ask.min_similarity
    admitted = ask.admits is None or ask.admits(event)
    return knowable and admitted and not excluded and similar_enough and not _is_reprint(candidate, ask, words)


def score(candidate: Candidate, ask: Ask, weights: Weights | None = None) -> float:
    """Reciprocal ranks summed, times the weights of what matches (Cormack, Clarke and Büttcher 2009)."""
    using = weights or fitted().weights
    fused = 0.0
    if candidate.dense_rank is not None:
        fused += 1 / (using.rrf_k + candidate.dense_rank + 1)
    if candidate.lexical_rank is not None:
        fused += using.lexical / (using.rrf_k + candidate.lexical_rank + 1)
    event = candidate.event
    if event.event_type == ask.event_type:
        fused *= using.same_type
    same_ticker = not ask.tickers.isdisjoint(event.tickers)
    if same_ticker:
        fused *= using.same_ticker
    if same_ticker or (ask.sector is not None and ask.sector_of_event(event) == ask.sector):
        fused *= using.same_sector
    years = max(0.0, (ask.as_of - event.published_at) / timedelta(days=365.25))
    return fused * (1 - using.old_loss * min(years / OLD_YEARS, 1.0))


def _is_reprint(candidate: Candidate, ask: Ask, words: frozenset[str]) -> bool:
    event = candidate.event
    if abs(event.published_at - ask.published_at) > timedelta(days=REPRINT_DAYS):
        return False
    if ask.tickers and event.tickers and not ask.tickers.intersection(event.tickers):
        return False
    if candidate.similarity >= REPRINT_SIMILARITY:
        return True
    theirs = frozenset(terms_of(event.summary))
    union = words | theirs
    return bool(union) and len(words & theirs) / len(union) >= REPRINT_OVERLAP


def _one_a_story(candidates: Sequence[Candidate]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for each in candidates:
        story = each.event.story_id
        best.setdefault(f"story {story}" if story is not None else f"event {each.event.id}", each)
    return list(best.values())


def _company(candidate: Candidate) -> str:
    reaction = candidate.event.reaction
    return NO_COMPANY if reaction is None or is_index(reaction.ticker) else reaction.ticker


def is_index(ticker: str) -> bool:
    """Whether it stands for a market, not for a company."""
    return ticker.startswith("^")


def places(event_ids: Sequence[str]) -> Mapping[str, int]:
    """Rank by id, the first being 0."""
    return {event_id: place for place, event_id in enumerate(event_ids)}
