"""The instrument a forecast is about: chosen from the reading before any outcome, and stored with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.event_rules import label
from records.defences import Defence, holds
from records.market import Candidate, Instrument
from records.reading import Mention, Reading
from records.taxonomy import MACRO_EVENT_TYPES, EventType

_BID = re.compile(
    r"\b(?:buy|buys|acquires?|acquiring|acquisition of|takeover of|bid for|offer for|merge with|take over)\b",
    re.IGNORECASE,
)
_ROLE_ORDER: Mapping[str, int] = {"subject": 0, "backer": 1, "counterparty": 2, "competitor": 3, "mentioned": 4}
_NO_NEWS_BY_RULE = frozenset(
    {EventType.NOT_MARKET_RELEVANT, EventType.MARKET_COMMENTARY, EventType.OPERATIONS_UPDATE, EventType.PRODUCT_LAUNCH}
)
"""Types that the rules give to headlines of too many kinds."""
_NO_MARKET = "the article is not news about a listed company, a sector or a market"
_NO_INSTRUMENT = "no listed company, sector or index could be tied to the article"


@dataclass(frozen=True)
class Primary:
    """The predicted instrument, or why there is none."""

    candidate: Candidate | None
    reason: str | None
    """Set exactly when there is no candidate."""

    @property
    def instrument(self) -> Instrument | None:
        """The candidate's instrument."""
        return self.candidate.instrument if self.candidate else None


def choose_primary(
    reading: Reading,
    candidates: Sequence[Candidate],
    stand_in: Candidate | None,
    title: str,
    *,
    given: Candidate | None = None,
) -> Primary:
    """A person's choice first, then the article's subject (a deal's target), then the index or sector that stands in for it."""
    if given:
        return Primary(given, None)
    if reading.event_type is EventType.NOT_MARKET_RELEVANT:
        plain_news = _plain_news(candidates, title) or (stand_in if _rule_is_macro(title) else None)
        return Primary(plain_news, None if plain_news else _NO_MARKET)
    named = {candidate.instrument.ticker: candidate for candidate in candidates}
    central = [mention for mention in reading.mentions if mention.ticker in named and mention.role != "mentioned"]
    if not central and holds(Defence.READING_LIMITS) and (headline := _surely_in_title(candidates)):
        return Primary(headline, None)  # a reading cannot talk away the one company that the headline surely names
    if reading.event_type is EventType.MERGER_ACQUISITION and (target := _target(central, named, title)):
        return Primary(target, None)
    if stand_in and _is_macro(reading, central, named):
        return Primary(stand_in, None)
    if central:
        first = min(central, key=lambda mention: _ROLE_ORDER[mention.role])
        return Primary(named[str(first.ticker)], None)
    return Primary(stand_in, None) if stand_in else Primary(None, _NO_INSTRUMENT)


def market_type(reading: Reading, title: str) -> EventType:
    """The event type by which an index may stand in: the reading's, unless a headline tells of the whole market by its words."""
    return label(title) if reading.event_type not in MACRO_EVENT_TYPES and _rule_is_macro(title) else reading.event_type


def _rule_is_macro(title: str) -> bool:
    """Whether a headline tells of the whole market by its words: then a reading cannot take the index away."""
    return holds(Defence.READING_LIMITS) and label(title) in MACRO_EVENT_TYPES


def _plain_news(candidates: Sequence[Candidate], title: str) -> Candidate | None:
    """The company of a headline that tells market news by its words; None if it does not. One word of a model's ("not relevant")
    cannot make such news disappear."""
    if not holds(Defence.READING_LIMITS) or label(title) in _NO_NEWS_BY_RULE:
        return None
    return _surely_in_title(candidates)


def _surely_in_title(candidates: Sequence[Candidate]) -> Candidate | None:
    """The most prominent share that the headline names beyond doubt; None where there is none."""
    sure = (one for one in candidates if one.in_title and not one.ambiguous and one.instrument.kind == "share")
    return next(sure, None)


def _is_macro(reading: Reading, central: Sequence[Mention], named: Mapping[str, Candidate]) -> bool:
    """A rate decision that names a bank in passing is about the market: no company stands in the headline."""
    macro = reading.event_type in (EventType.MONETARY_POLICY, EventType.MACRO_DATA) or reading.scope == "market"
    return macro and not any(named[str(mention.ticker)].in_title for mention in central)


def _target(central: Sequence[Mention], named: Mapping[str, Candidate], title: str) -> Candidate | None:
    """In "A to buy B" the news is about B's price: the first company named after the verb."""
    verb = _BID.search(title)
    if not verb:
        return None
    after = [
        (span.start, candidate)
        for candidate in (named[str(mention.ticker)] for mention in central)
        for span in candidate.spans
        if verb.end() <= span.start < len(title)
    ]
    return min(after, key=lambda pair: pair[0])[1] if after else None
