"""How a precedent differs from the article, in words that only state what the two records or texts really show."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from records.event import Event
from records.taxonomy import EventType
from vectorstore.ranking import Ask, is_index
from vectorstore.reasons import EVENT_LABELS

SHOWN = 3
"""Differences named: the first three of the order below."""
SHOWN_TERMS = 2
OLDER_FROM_YEARS = 3
"""From this age on the age itself is a difference; below it only fills an empty line."""
AMOUNT_RATIO = 3
"""Sums of money that differ by less are of one size."""
LEAST_SUM = 1_000_000
"""Smaller ones are prices and figures per share: not comparable."""
RARE_NATS = 2.3
"""A word of the article counts as missing when at most one event in ten has it (exp(-2.3) = 0.10)."""
TEXTS_KEPT = 4_096
"""Texts whose words and sums are kept: the article's is asked for with each of its precedents."""
SUMMARIES_KEPT, ARTICLES_KEPT = 1_024, 32
UNTYPED = EventType.NOT_MARKET_RELEVANT
"""No type to differ by."""

COURSES: tuple[tuple[str, str], ...] = (
    ("approves approved approve approval clears cleared", "rejects rejected reject rejection refuses refused declined"),
    ("raises raised raise lifts lifted boosts boosted increases increased", "cuts cut lowers lowered slashes slashed"),
    ("beats beat tops topped exceeds exceeded", "misses missed miss lags lagged"),
    ("confirms confirmed", "denies denied deny"),
    ("agrees agreed accepts accepted", "rejects rejected refuses refused rebuffs rebuffed"),
    ("wins won", "loses lost"),
    ("resumes resumed restarts restarted reopens reopened", "halts halted suspends suspended shuts closes closed"),
    ("hires hired adds", "cuts fires fired layoffs"),
    ("launches launched", "recalls recalled withdraws withdrawn cancels cancelled scraps scrapped"),
    ("upgrades upgraded", "downgrades downgraded"),
)
"""Words of opposite courses. A text that has words of both sides takes neither."""


def _by_word() -> Mapping[str, tuple[int, ...]]:
    sides: dict[str, tuple[int, ...]] = {}
    for number, words in enumerate(side for course in COURSES for side in course):
        for word in words.split():
            sides[word] = (*sides.get(word, ()), number)
    return sides


_SIDES = _by_word()
"""Word → numbers of the sides that it takes."""

_WORD = re.compile(r"[^\W_]+")
_MONEY = re.compile(
    r"(?<![A-Za-z])(?P<unit>US\$|\$|€|£|¥)\s?(?P<number>\d[\d,]*(?:\.\d+)?)\s?(?P<scale>trillion|trn|billion|bln|bn|million|mln|m\b|b\b)?",
    re.IGNORECASE,
)
_SCALES = {"t": Decimal(10) ** 12, "b": Decimal(10) ** 9, "m": Decimal(10) ** 6}


def differs(event: Event, ask: Ask, weights: Mapping[str, float]) -> str:
    """One line, never empty, weightiest first: another course, event type, market or company, sector, amount, age, missing
    words. `weights`: rarity in nats of the article's words, as the lexical search gives them."""
    named = [
        *_course(event, ask),
        *_event_type(event, ask),
        *_instrument(event, ask),
        *_amount(event, ask),
        *_age(event, ask, OLDER_FROM_YEARS),
        *_missing(event, ask, weights),
    ]
    return "; ".join(named[:SHOWN] or _age(event, ask, 0))


def _course(event: Event, ask: Ask) -> list[str]:
    ours, theirs = _taken(ask.text), _taken(event.summary)
    for side, mine in sorted(ours.items()):
        other = side ^ 1
        if other in theirs and other not in ours and side not in theirs:
            return [f"the opposite course (that one {theirs[other]}, here {mine})"]
    return []


@lru_cache(maxsize=TEXTS_KEPT)
def _taken(text: str) -> Mapping[int, str]:
    """Number of each side of COURSES that the text takes (2 c and 2 c + 1 are opposite) → its first word of that side."""
    taken: dict[int, str] = {}
    for word in _words(text):
        for side in _SIDES.get(word, ()):
            taken.setdefault(side, word)
    return taken


def _event_type(event: Event, ask: Ask) -> list[str]:
    if ask.event_type is None or ask.event_type == event.event_type or UNTYPED in (ask.event_type, event.event_type):
        return []
    return [f"different event type ({EVENT_LABELS[event.event_type]}, here {EVENT_LABELS[ask.event_type]})"]


def _instrument(event: Event, ask: Ask) -> list[str]:
    if event.reaction is None or not ask.tickers or not ask.tickers.isdisjoint(event.tickers):
        return []
    theirs, ours = is_index(event.reaction.ticker), all(is_index(ticker) for ticker in ask.tickers)
    if theirs != ours:
        return ["about a whole market, here one company" if theirs else "about one company, here a whole market"]
    sector = ask.sector_of_event(event)
    if sector is not None and ask.sector is not None and sector != ask.sector:
        return [f"different sector ({sector.casefold()}, here {ask.sector.casefold()})"]
    kind = "market" if theirs else "company"
    return [f"another {kind} ({event.reaction.ticker})"]


def _amount(event: Event, ask: Ask) -> list[str]:
    """The largest sum of each text, where both are in one currency."""
    ours, theirs = _money(ask.text), _money(event.summary)
    for unit, (mine, my_words) in ours.items():
        yours, their_words = theirs.get(unit, (Decimal(0), ""))
        if yours and max(mine, yours) >= AMOUNT_RATIO * min(mine, yours):
            return [f"{'smaller' if yours < mine else 'larger'} sum ({their_words}, here {my_words})"]
    return []


@lru_cache(maxsize=TEXTS_KEPT)
def _money(text: str) -> Mapping[str, tuple[Decimal, str]]:
    """Currency → its largest sum of a million or more, and how the text writes it."""
    largest: dict[str, tuple[Decimal, str]] = {}
    for found in _MONEY.finditer(unicodedata.normalize("NFKC", text)):
        scale = found["scale"]
        number = Decimal(found["number"].replace(",", "")) * (_SCALES[scale[0].lower()] if scale else 1)
        unit = found["unit"].upper().removeprefix("US")
        if number >= LEAST_SUM and number > largest.get(unit, (Decimal(0), ""))[0]:
            largest[unit] = (number, found[0].strip())
    return largest


def _age(event: Event, ask: Ask, from_years: float) -> list[str]:
    age = max(timedelta(0), ask.published_at - event.published_at)
    years = age / timedelta(days=365.25)
    if years < from_years:
        return []
    if years >= 2:
        return [f"{years:.0f} years older"]
    days = age // timedelta(days=1)
    if days >= 60:
        return [f"{days // 30} months older"]
    return [f"{days} {'day' if days == 1 else 'days'} older"]


def _missing(event: Event, ask: Ask, weights: Mapping[str, float]) -> list[str]:
    """The article's rarest words that the event lacks, in the article's order. Of another company's event it goes without
    saying that names are missing: then only words that the article also writes small count."""
    theirs = _beginnings(event.summary)
    absent = [term for term, weight in weights.items() if weight >= RARE_NATS and term[:5] not in theirs]
    if ask.tickers.isdisjoint(event.tickers):
        small = _small(ask.text)
        absent = [term for term in absent if term in small]
    rarest = set(sorted(absent, key=lambda term: (-weights[term], term))[:SHOWN_TERMS])
    shown = [term for term in dict.fromkeys(_words(ask.text)) if term in rarest]
    return [f"no mention of {', '.join(shown)}"] if shown else []


@lru_cache(maxsize=SUMMARIES_KEPT)
def _beginnings(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in _words(text))


@lru_cache(maxsize=ARTICLES_KEPT)
def _small(text: str) -> frozenset[str]:
    """Words that the text writes small."""
    return frozenset(word for word in _WORD.findall(unicodedata.normalize("NFKC", text)) if word.islower())


@lru_cache(maxsize=TEXTS_KEPT)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
