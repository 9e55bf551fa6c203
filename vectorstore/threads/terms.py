"""The words of a news text in one form, and how rare each is: "2nd-qtr" and "second quarter" are one term.

A wire writes a fact many ways. Terms fold spelling, number words, market shorthand and a few plain synonyms together, so that
two reports of one event share what they say and not only how they say it.
"""

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

COUNTS_FILE = "term_counts_v1.json"

FILLER = frozenset(
    "a an and are as at be been but by can for from had has have he her his in into is it its may more new not of on or our "
    "over said say says she than that the their them they this to up was we were which who will with would after amid also "
    "inc corp co ltd plc llc group holding holdings company companies sa ag nv se lp source sources report reports "
    "reported reporting statement according told".split()
)
"""Words that any two stories may share; legal forms of company names too."""

_SAME = {
    "million": "mln", "m": "mln", "mn": "mln", "billion": "bln", "b": "bln", "bn": "bln", "percent": "pct", "%": "pct",
    "quarter": "qtr", "quarterly": "qtr", "quarters": "qtr", "qtrly": "qtr", "shr": "share", "shares": "share",
    "stock": "share", "stocks": "share", "eps": "share", "bid": "buy", "acquire": "buy", "acquires": "buy", "acquired": "buy",
    "acquiring": "buy", "acquisition": "buy", "purchase": "buy", "purchases": "buy", "takeover": "buy", "bought": "buy",
    "buys": "buy", "buying": "buy", "sells": "sell", "sold": "sell", "sale": "sell", "selling": "sell", "divest": "sell",
    "divests": "sell", "probing": "probe", "probes": "probe", "investigate": "probe", "investigates": "probe",
    "investigating": "probe", "investigation": "probe", "inquiry": "probe", "lawsuit": "suit", "lawsuits": "suit", "sue": "suit",
    "sues": "suit", "sued": "suit", "reduce": "cut", "reduces": "cut", "reduced": "cut", "slash": "cut", "slashes": "cut",
    "slashed": "cut", "lower": "cut", "lowers": "cut", "lowered": "cut", "trims": "cut", "cuts": "cut", "raises": "raise",
    "raised": "raise", "hikes": "raise", "boosts": "raise", "lifts": "raise", "increases": "raise", "approve": "approval",
    "approves": "approval", "approved": "approval", "okay": "approval", "ok": "approval", "okays": "approval", "clears": "approval",
    "cleared": "approval", "nod": "approval", "forecast": "outlook", "forecasts": "outlook", "guidance": "outlook",
    "view": "outlook", "sees": "outlook", "expects": "outlook", "results": "earnings", "profit": "earnings",
    "profits": "earnings", "earning": "earnings", "income": "earnings", "revenues": "revenue", "sales": "revenue",
    "chief": "ceo", "exec": "executive", "talk": "talks", "negotiations": "talks", "discussions": "talks", "resigns": "quit",
    "resigned": "quit", "resignation": "quit", "leaves": "quit", "departs": "quit", "names": "appoint", "appoints": "appoint",
    "named": "appoint", "appointed": "appoint", "hires": "appoint", "beats": "beat", "tops": "beat", "top": "beat",
    "exceeds": "beat", "halts": "halt", "suspends": "halt", "stops": "halt", "fined": "fine", "penalty": "fine",
    "settlement": "settle", "settles": "settle", "accord": "deal", "agreement": "deal", "pact": "deal", "agrees": "deal",
    "u.s": "us", "u.k": "uk", "britain": "uk", "british": "uk", "e.u": "eu", "european": "europe",
}  # fmt: skip
_QUARTER = {
    "first": "q1", "1st": "q1", "1q": "q1", "second": "q2", "2nd": "q2", "2q": "q2", "third": "q3", "3rd": "q3", "3q": "q3",
    "fourth": "q4", "4th": "q4", "4q": "q4",
}  # fmt: skip
_NUMBER_WORDS = {
    name: str(value)
    for value, name in enumerate("two three four five six seven eight nine ten eleven twelve".split(), start=2)
}
_WORD = re.compile(r"[^\W\d_]+(?:[.'][^\W\d_]+)*|\d+(?:[.,]\d+)*(?:st|nd|rd|th|q|m|b|mn|bn)?|%", re.UNICODE)
_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(st|nd|rd|th|q|m|b|mn|bn)?")
_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "‍": None, "\u00ad": None}
)


def folded(text: str) -> str:
    """NFKC, lower case, plain quotes and dashes, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_QUOTES).split())


def terms_of(text: str) -> tuple[str, ...]:
    """The terms in order, fillers left out. Numbers stand without separators of thousands or trailing zeros; quarters and
    half-years are `q1` … `h2`."""
    words = _with_periods([_plain(word) for word in _WORD.findall(folded(text))])
    return tuple(_term(word) for word in words if word not in FILLER)


def _plain(word: str) -> str:
    return word.removesuffix("'s").removesuffix("'")


def _with_periods(words: list[str]) -> list[str]:
    """ "second" before "quarter" is q2; the q and its number apart are one."""
    joined: list[str] = []
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        if place and words[place - 1] in ("q", "h") and word in ("1", "2", "3", "4"):
            joined[-1] += word
        elif word in _QUARTER and (following in ("quarter", "qtr") or word in ("1q", "2q", "3q", "4q")):
            joined.append(_QUARTER[word])
        else:
            joined.append(word)
    return joined


@lru_cache(maxsize=65_536)
def _term(word: str) -> str:
    found = _NUMBER.fullmatch(word)
    if found:
        return _number(found[1])
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS[word]
    return _stem(_SAME.get(word, word))


def _number(digits: str) -> str:
    plain = re.sub(r",(?=\d{3}(?!\d))", "", digits).replace(",", ".")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _stem(word: str) -> str:
    """Enough English inflection for headlines; a stem need not be a word."""
    for ending, instead in (("ies", "y"), ("ied", "y"), ("ings", ""), ("ing", ""), ("es", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + instead
    return word.removesuffix("e") if len(word) > 4 else word


def is_figure(term: str) -> bool:
    """A number, not a period such as q2."""
    return term[0].isdigit()


def is_period(term: str) -> bool:
    """A quarter, a half-year or a year."""
    return (len(term) == 2 and term[0] in "qh" and term[1].isdigit()) or (len(term) == 4 and term[:2] in ("19", "20"))


@cache
def _counts() -> tuple[int, Mapping[str, int]]:
    data = json.loads((files("vectorstore") / "data" / COUNTS_FILE).read_text(encoding="utf-8"))
    return int(data["texts"]), MappingProxyType(data["counts"])


def rarity(term: str) -> float:
    """ln(texts / texts with the term) in the shipped count of headlines; a term it does not list is as rare as its rarest."""
    texts, counts = _counts()
    return math.log((texts + 1) / (counts.get(term, 0) + 1))
