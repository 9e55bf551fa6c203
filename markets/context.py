"""Judges whether a name that is also an everyday word, a place or a person means the company where it stands."""

import re
from collections.abc import Sequence
from enum import IntEnum
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple

from markets.cue_words import (
    BUSINESS,
    DETERMINERS,
    FUNCTION,
    FUNDS,
    GOVERNED,
    HELPERS,
    HOLDING_BEFORE,
    IN_PLACE,
    INDUSTRY_WORDS,
    LEGAL_AFTER,
    LEGAL_CAPITALS,
    NOUNS_AFTER,
    OPENERS,
    PERSON_BEFORE,
    PLACE_AFTER,
    ROLE_BEFORE,
    ROLES_BEFORE,
    SHAPES,
    SPORTS,
    STATE_FIRST,
    STATES,
    TRADES_BEFORE,
    UNITS,
    VERBS,
)
from markets.instruments import Listing, Sense
from markets.tokens import LEGAL_FORMS, Token, adjacent, fold, joins

_WINDOW = 12
"""Words on each side in which business words count: about a sentence."""

_LEGAL_WORDS = LEGAL_FORMS - LEGAL_AFTER - {"se", "sa", "ab"}
"""Group, Holdings, …: legal forms too, when they begin with a capital."""

_POSSESSIVE = re.compile(r"['’]s?\b")


_TELLING = VERBS | HELPERS | NOUNS_AFTER | FUNCTION | BUSINESS
_CHIEF_NAME, _LOUD_NAME, _OPEN = 1, 2, -1
"""Evidence that shows a `mostly_name` to be the company, in small letters and in a line of capitals, and that leaves it open."""
_WORD, _LOUD_WORD = 3, 4
"""The same for a `word`."""
_VERB_ENDINGS = ("s", "ed")
_STARTERS = VERBS | FUNCTION | HELPERS | ROLES_BEFORE | TRADES_BEFORE | DETERMINERS | HOLDING_BEFORE | OPENERS
"""Words that begin a sentence before a company's name and are no part of it: 'Even Apple', 'Rivals Ford and Dell'."""
_FUND_REACH = 6
"""Words after a company's name within which its fund's name ends."""
_COMMON_NOUN = 3
"""Against the company for an article before the name: more than what a verb after it says for it."""
_PRONOUNS = frozenset({"he", "she"})
_ITS_REACH = 4
_EXPLAINED = {"which": 1, "formerly": 2}
"""Words after a name and a comma that explain a company, and what they say for it."""
_PRONOUN_REACH = 4
"""Words after a name in which 'he' or 'she' makes it a person's."""


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
    people: frozenset[str] = frozenset()
    """Keys of the words that the text also writes as a person's surname: 'Doug Ford'."""
    among_companies: bool = False
    """It stands in one list with surer names, or with others of its trade: 'Delta, United and Southwest'."""


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
    near = _keys_around(place)
    evidence = _evidence(place, listing, near) + (1 if token.capitals_tell or place.first < place.last else 0)
    evidence -= _doubts(place, near)
    if sense == "mostly_name":
        needed = _LOUD_NAME if token.upper_line and place.first == place.last else _CHIEF_NAME
        return Verdict.SURE if evidence >= needed else Verdict.MAYBE if evidence >= _OPEN else Verdict.NO
    following = _runs_on(place)
    if following is not None and following.capitals_tell:
        return Verdict.NO
    if token.upper_line:
        return Verdict.SURE if evidence >= _LOUD_WORD else Verdict.NO
    return Verdict.SURE if evidence >= _WORD else Verdict.MAYBE if evidence >= 1 else Verdict.NO


def of_the_trade(place: Place, listing: Listing) -> bool:
    """Whether a word of the listing's trade stands near: tells two companies of one name apart."""
    return bool(_keys_around(place) & _trade_words(listing.sector, listing.industry))


def is_person(body: str, tokens: Sequence[Token], index: int) -> bool:
    """Whether a given name or a title before the word at `index` makes it a person's surname."""
    if index == 0 or not tokens[index].text[0].isupper():
        return False
    before = tokens[index - 1]
    titled = before.key in PERSON_BEFORE
    if adjacent(body, before, tokens[index]) and before.text[0].isupper():
        return titled or before.key in _given_names()
    return titled and body[before.end : tokens[index].start] == ". "


def has_legal_form(place: Place) -> bool:
    """Whether Inc, Corp, plc or the like follows directly."""
    following = _neighbour(place, 1)
    if following is None or not joins(place.body, place.tokens[place.last], following):
        return False
    if following.text in LEGAL_CAPITALS:
        return True
    if following.key in LEGAL_AFTER:
        return following.text[0].isupper() and (following.key != "co" or following.text in {"Co", "CO"})
    return following.key in _LEGAL_WORDS and following.text[0].isupper() and following.capitals_tell


def _is_exchange_mark(place: Place) -> bool:
    """'(ARCA:SPY)', '(NASDAQ: MSFT)': the venue before another company's ticker."""
    last = place.tokens[place.last]
    return last.text.isupper() and place.body.startswith(":", last.end)


def _is_someone_else(place: Place) -> bool:
    """A person's surname, a place, a fund, or the beginning of another company's longer name."""
    if _is_fund(place):
        return True
    if place.first != place.last:
        before = _neighbour(place, -1)
        dotted = before is not None and place.body[before.end : place.tokens[place.first].start] == ". "
        return dotted and before is not None and before.key in PERSON_BEFORE
    if is_person(place.body, place.tokens, place.first) or _lies_in_state(place):
        return True
    after = _neighbour(place, 1)
    if after is None or not adjacent(place.body, place.tokens[place.last], after):
        return False
    return (after.key in PLACE_AFTER and after.text[0].isupper()) or _longer_company(place)


def _is_fund(place: Place) -> bool:
    """'BlackRock World Mining Trust', 'Invesco Solar ETF': further capitalised words, then what a fund or an index is called."""
    own = False
    for distance in range(1, _FUND_REACH + 1):
        index = place.last + distance
        if index >= len(place.tokens):
            return False
        token = place.tokens[index]
        if not adjacent(place.body, place.tokens[index - 1], token):
            return False
        if token.key in FUNDS:
            return own or token.text.isupper()
        if not (token.text[0].isupper() or token.text[0].isdigit()) or not token.capitals_tell:
            return False
        own = own or token.key not in UNITS
    return False


def _lies_in_state(place: Place) -> bool:
    """'Hershey, Pennsylvania', 'Corning, New York'."""
    after = _neighbour(place, 1)
    if after is None or place.body[place.tokens[place.last].end : after.start] != ", " or not after.text[0].isupper():
        return False
    if after.key in STATES:
        return True
    last = _neighbour(place, 2)
    return after.key in STATE_FIRST and last is not None and last.text[0].isupper()


def _longer_company(place: Place) -> bool:
    """'Gap Partners Inc', 'Delta Galil Industries Ltd': one or two more capitalised words, then a legal form."""
    following = _neighbour(place, 1)
    if following is None or not following.text[0].isupper():
        return False
    for distance in (2, 3):
        index = place.last + distance
        if index >= len(place.tokens):
            return False
        run = place.tokens[place.last : index + 1]
        if not all(joins(place.body, left, right) for left, right in pairwise(run)):
            return False
        if not all(token.text[0].isupper() and token.key not in {"&"} for token in run[1:]):
            return False
        if run[-1].key in LEGAL_AFTER:
            return not all(token.key in UNITS for token in run[1:-1])
    return False


def _judge_short(place: Place) -> Verdict:
    """A first word alone: 'Deutsche Telekom' is not Deutsche Bank, 'Dixie RV Superstore' not Dixie Group."""
    after = _runs_on(place)
    if after is not None:
        return Verdict.NO if after.capitals_tell else Verdict.MAYBE
    return Verdict.MAYBE if _capital_before(place) else Verdict.SURE


def _runs_on(place: Place) -> Token | None:
    """The capitalised word that makes a longer name of a single one: 'United Kingdom', 'Deutsche Telekom'."""
    after = _neighbour(place, 1)
    if place.first != place.last or after is None or not adjacent(place.body, place.tokens[place.last], after):
        return None
    known = after.key in VERBS | HELPERS | BUSINESS | ROLE_BEFORE | UNITS
    return after if after.text[0].isupper() and not known else None


def _doubts(place: Place, near: set[str]) -> int:
    """0 or more: 'Silver Gap', 'a Ford', 'the Gap', 'Chevron-shaped', 'Apple growers', a text that writes the word small."""
    if place.first != place.last:
        return 2 if _capital_before(place) else 0
    first = place.tokens[place.first]
    doubts = (1 if first.key in place.small else 0) + (2 if first.key in place.people else 0)
    doubts += 2 if near & SPORTS or _is_he(place) else 0
    doubts += _doubt_after(place)
    before = _neighbour(place, -1)
    if before is None or not adjacent(place.body, before, first):
        return doubts
    if before.key in DETERMINERS or before.key == "the":
        return doubts + (0 if _has_any(place, 1, NOUNS_AFTER | UNITS) else _COMMON_NOUN)
    if before.key in IN_PLACE and not _has_any(place, 1, NOUNS_AFTER):
        return doubts + 1
    return doubts + (2 if _capital_before(place) else 0)


def _is_he(place: Place) -> bool:
    """'Ford told reporters he would not resign'."""
    near = place.tokens[place.last + 1 : place.last + 1 + _PRONOUN_REACH]
    return any(token.key in _PRONOUNS for token in near)


def _is_verb(place: Place, after: Token) -> bool:
    """Whether the word after the name is a verb by its ending and by what it governs: 'hears more', 'looks for', 'tests 40'."""
    if not (after.text.islower() and after.text.endswith(_VERB_ENDINGS)) or after.key in _TELLING:
        return False
    governed = _neighbour(place, 2)
    if governed is None or not adjacent(place.body, after, governed):
        return False
    return governed.key in GOVERNED or governed.text[0].isdigit()


def _doubt_after(place: Place) -> int:
    """2 for the first half of an adjective, 1 for a word that is neither what companies do nor have."""
    after = _neighbour(place, 1)
    if after is None or not after.text[0].isalpha():
        return 0
    gap = place.body[place.tokens[place.last].end : after.start]
    if gap == "-" and after.key in SHAPES:
        return 2
    if gap != " " or not (after.text.islower() or after.upper_line):
        return 0
    return 0 if after.key in _TELLING or _is_verb(place, after) else 1


def _capital_before(place: Place) -> bool:
    """Whether another capitalised word stands directly before in a line whose capitals tell: 'Times Square'."""
    before = _neighbour(place, -1)
    first = place.tokens[place.first]
    if before is None or not adjacent(place.body, before, first) or place.body[before.end] == "-":
        return False
    capital = before.text[0].isupper() and not before.text.isupper() and before.key not in ROLE_BEFORE
    return capital and first.capitals_tell and (before.capitals_tell or before.key not in _STARTERS)


def _evidence(place: Place, listing: Listing, near: set[str]) -> int:
    """0 or more: what it does or has, what stands before it, business words and words of its trade near."""
    points = _acts(place) + _held(place) + (2 if place.among_companies else 0)
    points += min(2, len(near & BUSINESS))
    trade = _trade_words(listing.sector, listing.industry)
    if _has_any(place, 1, NOUNS_AFTER & trade):
        points += 1
    return points + (1 if near & trade else 0) + (1 if _owns(place) else 0)


def _owns(place: Place) -> bool:
    """Whether 'its' follows, which a person has not."""
    return any(token.key == "its" for token in place.tokens[place.last + 1 : place.last + 1 + _ITS_REACH])


def _keys_around(place: Place) -> set[str]:
    """The words within a sentence's reach, without the name itself."""
    before = place.tokens[max(0, place.first - _WINDOW) : place.first]
    after = place.tokens[place.last + 1 : place.last + 1 + _WINDOW]
    return {token.key for token in before} | {token.key for token in after}


def _acts(place: Place) -> int:
    """2 for 'Gap said', 'Gap will open' and 'Gap sales rose', 1 for 'Gap will', 'Gap stores', 'Gap, which' and 'Gap's', else 0."""
    last, after = place.tokens[place.last], _neighbour(place, 1)
    if after is not None and adjacent(place.body, last, after):
        if after.key in VERBS or (after.key in NOUNS_AFTER and _has_any(place, 2, VERBS)) or _is_verb(place, after):
            return 2
        if after.key in HELPERS and _has_any(place, 2, VERBS):
            return 2
        return 1 if after.key in HELPERS or after.key in NOUNS_AFTER else 0
    if after is not None and after.key in _EXPLAINED and place.body[last.end : after.start] == ", ":
        return _EXPLAINED[after.key]
    return 1 if _POSSESSIVE.match(place.body, last.end) is not None else 0


def is_introduced(place: Place) -> bool:
    """Whether what stands before it says that it is a company: 'lenders Ally and Discover'."""
    return _held(place) > 1


def _held(place: Place) -> int:
    """2 for 'the airline United', 'airlines including United' and 'shares of United', 1 for 'sold United', else 0."""
    before = _neighbour(place, -1)
    if before is None or not adjacent(place.body, before, place.tokens[place.first]):
        return 0
    if before.key in ROLES_BEFORE:
        return 2
    if before.key in TRADES_BEFORE:
        return 1
    holder = _neighbour(place, -2)
    if before.key == "including" and holder is not None and holder.key in ROLES_BEFORE:
        return 2
    named = _neighbour(place, -3)
    if (
        before.key == "as"
        and holder is not None
        and holder.key == "such"
        and named is not None
        and named.key in ROLES_BEFORE
    ):
        return 2
    held = before.key in {"of", "in", "at"} and holder is not None and holder.key in HOLDING_BEFORE
    return 2 if held and holder is not None and adjacent(place.body, holder, before) else 0


def _has_any(place: Place, distance: int, words: frozenset[str]) -> bool:
    token = _neighbour(place, distance)
    return token is not None and token.key in words


def _neighbour(place: Place, distance: int) -> Token | None:
    index = place.first + distance if distance < 0 else place.last + distance
    return place.tokens[index] if 0 <= index < len(place.tokens) else None


@cache
def _trade_words(sector: str | None, industry: str | None) -> frozenset[str]:
    text = f"{sector or ''} {industry or ''}".casefold()
    return frozenset(word for part, words in INDUSTRY_WORDS.items() if part in text for word in words.split())


@cache
def _given_names() -> frozenset[str]:
    text = (resources.files("markets") / "data" / "given_names.txt").read_text(encoding="utf-8")
    return frozenset(fold(name) for name in text.split())
