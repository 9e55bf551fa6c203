"""Judges whether a name that is also an everyday word, a place or a person means the company where it stands."""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from markets.instruments import Listing, Sense
from markets.tokens import LEGAL_FORMS, Token, adjacent, fold, joins

_WINDOW = 12
"""Words on each side in which business words count: about a sentence."""

_LEGAL_AFTER = frozenset("inc incorporated corp corporation plc ltd limited llc co cos company nv ag spa".split())
_LEGAL_CAPITALS = frozenset({"SA", "SE", "AB", "ASA", "LP"})
_UNITS = frozenset(
    """bank capital financial finance credit motor motors international usa america americas north south us uk europe european
    china india japan asia canada mexico brazil germany services energy pharmaceuticals systems communications
    technologies technology electric healthcare health air airlines insurance life securities asset investment
    management oil gas foods stores group holdings corp pharma pharmaceutical therapeutics bio biosciences biopharma
    biotech sciences medical resources petroleum elec tech semiconductor semiconductors networks software industries
    brands trust realty properties mining gold unit""".split()
)
"""Words between a name and its legal form that still mean the company or its unit: 'Barclays Bank plc'."""
_LEGAL_WORDS = LEGAL_FORMS - _LEGAL_AFTER - {"se", "sa", "ab"}
"""Group, Holdings, …: legal forms too, when they begin with a capital."""

_BUSINESS = frozenset(
    """shares share stock stocks shareholders shareholder investors investor revenue revenues profit profits earnings sales
    quarter quarterly outlook guidance dividend buyback analyst analysts ceo cfo chief executive company firm retailer
    automaker carmaker maker chain bank lender insurer airline chipmaker drugmaker supplier acquisition merger takeover
    bid deal stake unit billion million nasdaq nyse ipo market valuation eps loss losses margins margin customers
    products workers employees recall lawsuit sued plant plants factory stores store brand chairman board bonds
    bondholders creditors subsidiary rival rivals competitor competitors group startup""".split()
)
_SAYS = frozenset(
    """said says say reported reports posted posts announced announces plans planned agreed agrees expects expected will shares
    stock raises raised cuts cut beats beat misses missed sees launches launched unveils buys bought acquires acquired
    sells sold recalls recalled sued sues names named appoints hires cuts lays to reported warns warned wins won
    declares prices priced files filed ceo cfo executives executive spokesman spokeswoman spokesperson has had is was
    would may could closes opens signs signed""".split()
)
_PLACE_AFTER = frozenset(
    """county city beach valley street avenue road foundation university college school center centre island river park stadium
    hospital church museum mountains bay government administration family theatre theater court award awards cup tour
    prize institute institution museum cathedral harbor lake hills town township village palace bridge station airport
    library memorial variant campus wharf department ministry party coalition caucus embassy""".split()
)
_PERSON_BEFORE = frozenset(
    """mr mrs ms miss dr sir lord lady judge justice senator sen rep representative congressman congresswoman premier president
    governor gov mayor minister secretary king queen prince princess pope rev reverend captain capt general gen sergeant
    sgt detective officer professor prof coach actor actress singer director attorney""".split()
)
_ROLE_BEFORE = frozenset(
    """ceo cfo coo cto chairman retailer automaker carmaker rival rivals giant maker chain bank lender insurer airline
    chipmaker group and or of at by for with from to in on vs versus the""".split()
)
_SMALL_BEFORE = frozenset("a an any this that each no every my your his her our their".split())

_POSSESSIVE = re.compile(r"['’]s?\b")

_INDUSTRY_WORDS = {
    "retail": "retailer store stores shoppers apparel merchandise holiday comparable",
    "auto": "automaker carmaker vehicles vehicle car cars truck trucks suv evs electric dealers suvs pickup",
    "motor": "automaker carmaker vehicles vehicle car cars truck trucks motorcycle",
    "software": "software cloud app platform users subscribers developers users data",
    "interactive": "app users advertising advertisers social platform internet search",
    "semiconductor": "chip chips chipmaker semiconductor wafer",
    "hardware": "iphone ipad laptop laptops pc pcs smartphone smartphones device devices computers",
    "oil": "oil gas barrel barrels refinery crude drilling pipeline rig lng energy",
    "bank": "bank lender loans deposits mortgage lending banking branches",
    "insur": "insurer insurance premiums underwriting policyholders claims",
    "airline": "airline flights flight passengers carrier aircraft pilots",
    "biotech": "drug drugs trial fda patients therapy drugmaker vaccine",
    "pharma": "drug drugs trial fda patients therapy drugmaker vaccine",
    "restaurant": "restaurant restaurants menu diners franchise burger",
    "payment": "card cards payments payment merchants network debit credit",
    "transaction": "card cards payments payment merchants network debit credit",
    "media": "network studio streaming tv broadcaster viewers film films",
    "entertainment": "network studio streaming game games tv viewers film films",
    "aerospace": "jets jet aircraft defense pentagon planes",
    "steel": "steel mill steelmaker tariffs",
    "metal": "mine mines ore copper aluminum gold miner",
    "utilit": "utility power electricity customers grid",
    "hotel": "hotels hotel rooms resort casino cruise",
    "real estate": "reit properties tenants lease apartments offices",
}
"""Words of a trade, by a part of the industry's or sector's name."""


class Verdict(IntEnum):
    """What one place in the text says: not the company, perhaps, or surely."""

    NO = 0
    MAYBE = 1
    SURE = 2


class Place(NamedTuple):
    """A run of tokens that reads like a name."""

    body: str
    tokens: Sequence[Token]
    first: int
    """Index of its first token."""
    last: int
    """Index of its last token."""
    small: frozenset[str] = frozenset()
    """Keys of the words that the text also writes small: 'visa', 'gap'."""


def judge(place: Place, sense: Sense, listing: Listing) -> Verdict:
    """Whether the words at `place` mean `listing`'s company, by their neighbours alone."""
    if has_legal_form(place):
        return Verdict.SURE
    if sense == "legal" or _is_exchange_mark(place) or _is_someone_else(place):
        return Verdict.NO
    if sense == "name":
        return Verdict.SURE
    if sense == "short":
        return _judge_short(place)
    token = place.tokens[place.first]
    evidence = _evidence(place, listing) + (1 if token.capitals_tell or place.first < place.last else 0)
    evidence -= _doubts(place)
    if sense == "mostly_name":
        return Verdict.SURE if evidence >= 1 else Verdict.MAYBE if evidence > -1 else Verdict.NO
    if token.upper_line:
        return Verdict.SURE if evidence >= 4 else Verdict.NO
    return Verdict.SURE if evidence >= 3 else Verdict.MAYBE if evidence >= 1 else Verdict.NO


def has_legal_form(place: Place) -> bool:
    """Whether Inc, Corp, plc or the like follows directly."""
    following = _neighbour(place, 1)
    if following is None or not joins(place.body, place.tokens[place.last], following):
        return False
    if following.text in _LEGAL_CAPITALS:
        return True
    if following.key in _LEGAL_AFTER:
        return following.text[0].isupper() and (following.key != "co" or following.text in {"Co", "CO"})
    return following.key in _LEGAL_WORDS and following.text[0].isupper() and following.capitals_tell


def _is_exchange_mark(place: Place) -> bool:
    """'(ARCA:SPY)', '(NASDAQ: MSFT)': the venue before another company's ticker."""
    last = place.tokens[place.last]
    return last.text.isupper() and place.body.startswith(":", last.end)


def _is_someone_else(place: Place) -> bool:
    """A person's surname, a place, or the beginning of another company's longer name."""
    before, after = _neighbour(place, -1), _neighbour(place, 1)
    if before is not None and adjacent(place.body, before, place.tokens[place.first]) and before.text[0].isupper():
        single = place.first == place.last
        if single and (before.key in _PERSON_BEFORE or before.key in _given_names()):
            return True
    elif (
        before is not None
        and before.key in _PERSON_BEFORE
        and place.body[before.end : place.tokens[place.first].start] == ". "
    ):
        return True
    if after is None or not adjacent(place.body, place.tokens[place.last], after):
        return False
    if after.key in _PLACE_AFTER and after.text[0].isupper() and place.first == place.last:
        return True
    return place.first == place.last and _longer_company(place)


def _longer_company(place: Place) -> bool:
    """'Gap Partners Inc', 'Delta Galil Industries Ltd': one or two more capitalised words, then a legal form."""
    for distance in (2, 3):
        index = place.last + distance
        if index >= len(place.tokens):
            return False
        run = place.tokens[place.last : index + 1]
        if not all(joins(place.body, left, right) for left, right in pairwise(run)):
            return False
        if not all(token.text[0].isupper() and token.key not in {"&"} for token in run[1:]):
            return False
        if run[-1].key in _LEGAL_AFTER:
            return not all(token.key in _UNITS for token in run[1:-1])
    return False


def _judge_short(place: Place) -> Verdict:
    """A first word alone: 'Deutsche Telekom' is not Deutsche Bank, 'Dixie RV Superstore' not Dixie Group."""
    after = _neighbour(place, 1)
    runs_on = (
        after is not None
        and adjacent(place.body, place.tokens[place.last], after)
        and after.text[0].isupper()
        and after.key not in _SAYS | _BUSINESS | _ROLE_BEFORE | _UNITS
    )
    if runs_on and after is not None:
        return Verdict.NO if after.capitals_tell else Verdict.MAYBE
    return Verdict.MAYBE if _capital_before(place) else Verdict.SURE


def _doubts(place: Place) -> int:
    """0–4: 'Silver Gap', 'a Ford', 'the Gap', a text that also writes the word small."""
    if place.first != place.last:
        return 2 if _capital_before(place) else 0
    first = place.tokens[place.first]
    doubts = 1 if first.key in place.small else 0
    before = _neighbour(place, -1)
    if before is None or not adjacent(place.body, before, first):
        return doubts
    if before.key in _SMALL_BEFORE:
        return doubts + 2
    if before.text == "the":
        return doubts + (0 if _has_any(place, 1, _BUSINESS) else 1)
    return doubts + (2 if _capital_before(place) else 0)


def _capital_before(place: Place) -> bool:
    """Whether another capitalised word stands directly before in a line whose capitals tell: 'Times Square'."""
    before = _neighbour(place, -1)
    first = place.tokens[place.first]
    if before is None or not adjacent(place.body, before, first) or place.body[before.end] == "-":
        return False
    capital = before.text[0].isupper() and not before.text.isupper() and before.key not in _ROLE_BEFORE
    return capital and before.capitals_tell and first.capitals_tell


def _evidence(place: Place, listing: Listing) -> int:
    """0–4: the verb after it or a possessive, business words near, words of its trade near."""
    before = place.tokens[max(0, place.first - _WINDOW) : place.first]
    keys = {token.key for token in (*before, *place.tokens[place.last + 1 : place.last + 1 + _WINDOW])}
    points = 1 if _acts(place) else 0
    points += min(2, len(keys & _BUSINESS))
    return points + (1 if keys & _trade_words(listing.sector, listing.industry) else 0)


def _acts(place: Place) -> bool:
    """Whether it says, buys or owns something: 'Gap said', 'Gap shares', "Gap's"."""
    last, after = place.tokens[place.last], _neighbour(place, 1)
    if after is not None and after.key in _SAYS and adjacent(place.body, last, after):
        return True
    return place.tokens[place.first].capitals_tell and _POSSESSIVE.match(place.body, last.end) is not None


def _has_any(place: Place, distance: int, words: frozenset[str]) -> bool:
    token = _neighbour(place, distance)
    return token is not None and token.key in words


def _neighbour(place: Place, distance: int) -> Token | None:
    index = place.first + distance if distance < 0 else place.last + distance
    return place.tokens[index] if 0 <= index < len(place.tokens) else None


@cache
def _trade_words(sector: str | None, industry: str | None) -> frozenset[str]:
    text = f"{sector or ''} {industry or ''}".casefold()
    return frozenset(word for part, words in _INDUSTRY_WORDS.items() if part in text for word in words.split())


@cache
def _given_names() -> frozenset[str]:
    text = (resources.files("markets") / "data" / "given_names.txt").read_text(encoding="utf-8")
    return frozenset(fold(name) for name in text.split())
