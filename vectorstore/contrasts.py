"""How a precedent differs from the article, in words that only state what the two records or texts really show."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import islice

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
SUMMARIES_KEPT = 1_024
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


class Contrast:
    """An article, to be told apart from its precedents one by one: what is about it alone is found once."""

    def __init__(self, ask: Ask, weights: Mapping[str, float]) -> None:
        """`weights`: rarity in nats of the article's words, as the lexical search gives them."""
        self._ask = ask
        self._weights = weights
        self._courses = sorted(_taken(ask.text).items())
        self._about_markets = all(is_index(ticker) for ticker in ask.tickers)

    def differs(self, event: Event) -> str:
        """One line, never empty, weightiest first: another course, event type, market or company, sector, amount, age, missing
        words."""
        named: list[str] = []
        for look in (self._course, self._event_type, self._instrument, self._amount, self._old, self._missing):
            named += look(event)
            if len(named) >= SHOWN:
                break
        return "; ".join(named[:SHOWN] or _age(event, self._ask, 0))

    def _course(self, event: Event) -> list[str]:
        if not self._courses:
            return []
        ours, theirs = _taken(self._ask.text), _taken(event.summary)
        for side, mine in self._courses:
            other = side ^ 1
            if other in theirs and other not in ours and side not in theirs:
                return [f"the opposite course (that one {theirs[other]}, here {mine})"]
        return []

    def _event_type(self, event: Event) -> list[str]:
        ours, theirs = self._ask.event_type, event.event_type
        if ours is None or ours == theirs or UNTYPED in (ours, theirs):
            return []
        return [f"different event type ({EVENT_LABELS[theirs]}, here {EVENT_LABELS[ours]})"]

    def _instrument(self, event: Event) -> list[str]:
        ask = self._ask
        if event.reaction is None or not ask.tickers or not ask.tickers.isdisjoint(event.tickers):
            return []
        theirs = is_index(event.reaction.ticker)
        if theirs != self._about_markets:
            return ["about a whole market, here one company" if theirs else "about one company, here a whole market"]
        sector = ask.sector_of_event(event) if ask.sector is not None else None
        if ask.sector is not None and sector is not None and sector != ask.sector:
            return [f"different sector ({sector.casefold()}, here {ask.sector.casefold()})"]
        kind = "market" if theirs else "company"
        return [f"another {kind} ({event.reaction.ticker})"]

    def _amount(self, event: Event) -> list[str]:
        """The largest sum of each text, where both are in one currency."""
        ours = _money(self._ask.text)
        theirs = _money(event.summary) if ours else {}
        for unit, (mine, my_words) in ours.items():
            yours, their_words = theirs.get(unit, (Decimal(0), ""))
            if yours and max(mine, yours) >= AMOUNT_RATIO * min(mine, yours):
                return [f"{'smaller' if yours < mine else 'larger'} sum ({their_words}, here {my_words})"]
        return []

    def _old(self, event: Event) -> list[str]:
        return _age(event, self._ask, OLDER_FROM_YEARS)

    def _missing(self, event: Event) -> list[str]:
        """The article's rarest words that the event lacks, in the article's order. Of another company's event it goes without
        saying that names are missing: then only words that the article also writes small count."""
        theirs = _beginnings(event.summary)
        words = self._rare_small if self._ask.tickers.isdisjoint(event.tickers) else self._rare
        rarest = islice((term for term in words if term[:5] not in theirs), SHOWN_TERMS)
        shown = sorted((term for term in rarest if term in self._order), key=self._order.__getitem__)
        return [f"no mention of {', '.join(shown)}"] if shown else []

    @cached_property
    def _rare(self) -> list[str]:
        """The rarest first."""
        rare = (term for term, weight in self._weights.items() if weight >= RARE_NATS)
        return sorted(rare, key=lambda term: (-self._weights[term], term))

    @cached_property
    def _rare_small(self) -> list[str]:
        small = _small(self._ask.text)
        return [term for term in self._rare if term in small]

    @cached_property
    def _order(self) -> dict[str, int]:
        """Word of the article → its place among the distinct ones."""
        return {word: place for place, word in enumerate(dict.fromkeys(_words(self._ask.text)))}


@lru_cache(maxsize=TEXTS_KEPT)
def _taken(text: str) -> Mapping[int, str]:
    """Number of each side of COURSES that the text takes (2 c and 2 c + 1 are opposite) → its first word of that side."""
    taken: dict[int, str] = {}
    for word in _words(text):
        for side in _SIDES.get(word, ()):
            taken.setdefault(side, word)
    return taken


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


@lru_cache(maxsize=SUMMARIES_KEPT)
def _beginnings(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in _words(text))


def _small(text: str) -> frozenset[str]:
    """Words that the text writes small."""
    return frozenset(word for word in _WORD.findall(unicodedata.normalize("NFKC", text)) if word.islower())


@lru_cache(maxsize=TEXTS_KEPT)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
