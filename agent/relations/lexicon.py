"""The words of relations: what is measured, which way it went, how it compares with what was expected."""

import re
from functools import lru_cache

from agent.anycase import Anycase

MEASURES = {
    "margin": r"(?:(?:gross|operating|profit|net|ebitda|adjusted|net\s+interest)\s+)*margins?",
    "cash_flow": r"(?:free\s+|operating\s+)?cash\s+flows?",
    "gross": r"gross\s+(?:profits?|income|earnings)",
    "operating": r"operating\s+(?:profits?|income|earnings)|core\s+profits?|\bebit",
    "ebitda": r"(?:adjusted\s+)?ebitda(?:r|x)?",
    "loss": r"(?:net\s+|operating\s+|pre-?tax\s+)*loss(?:es)?(?!\s+(?:ratio|prevention|of\s+(?:life|power)))",
    "eps": r"(?:earnings|income|profit)\s+per\s+(?:diluted\s+|common\s+|basic\s+)*(?:share|ads)|\beps",
    "dividend": r"dividends?",
    "buyback": r"buy-?backs?|(?:share|stock)\s+repurchases?|repurchase\s+(?:program(?:me)?|authori[sz]ation|plan)",
    "capex": r"capex|capital\s+(?:expenditures?|spending|budget|investments?)",
    "debt": r"(?:net\s+|long-term\s+|total\s+)*debt|borrowings?",
    "tax": r"(?:effective\s+)?tax(?:es)?(?:\s+rate)?|income\s+tax(?:es)?",
    "cost": r"costs?|expenses?|charges?|spending|sg&a",
    "savings": r"savings|synergies",
    "orders": r"orders|backlog|bookings",
    "production": r"production|output",
    "profit": r"(?:net\s+|pre-?tax\s+)*(?:profits?|net\s+income|earnings)|\bincome|bottom\s+line",
    "revenue": r"(?:(?:net|total|operating|same-store|comparable|unit|organic)\s+)*(?:revenues?|sales|turnover)|top\s+line",
    "outlook": r"guidance|outlook|forecasts?|target\s+price|price\s+target",
    "stock": r"(?:shares|stock)(?=\s+(?:price\s+)?(?:were|was|are|is|have|has|had|rose|fell|jump|drop|climb|slid|surg|tumbl|plung"
    r"|gain|slump|soar|sank|up\b|down\b|rise|fall|edg|slip|dip))",
}  # fmt: skip
"""What a figure measures; the first that matches a place wins."""
_BEGINNINGS = "ad|b[aou]|c[aho]|d[ei]|e[abfpx]|f[or]|g[ru]|in|lo|ma|ne|o[pru]|pr|re|s[aghpty]|t[aou]|un"
"""Two letters with which every measure begins: at most words the many of them need not be tried."""
MEASURE = Anycase(
    rf"\b(?={_BEGINNINGS})(?:" + "|".join(f"(?P<{name}>{words})" for name, words in MEASURES.items()) + r")(?!\w)"
)
_ALIKE = (
    {"profit", "eps", "operating", "ebitda", "gross"},
    {"cost", "capex", "loss", "tax"},
    {"cost", "savings"},
    {"revenue", "orders", "production"},
    {"debt", "cost"},
)
_APART = ({"operating", "ebitda"}, {"operating", "gross"}, {"ebitda", "gross"}, {"eps", "ebitda"}, {"eps", "operating"})
_ANYTHING = frozenset({"outlook", "stock", "buyback"})
"""Modes of saying: "forecast" stands beside every measure."""


def measures_conflict(one: str | None, other: str | None) -> bool:
    """Whether a figure of `one` cannot be a figure of `other`; False where either is not known."""
    if one is None or other is None or one == other or one in _ANYTHING or other in _ANYTHING:
        return False
    pair = {one, other}
    return pair in _APART or not any(pair <= group for group in _ALIKE)


UP = (
    r"ris(?:e|es|en|ing)|rose|increas(?:e|es|ed|ing)|gr(?:ew|ow|ows|owth|own|owing)|gain(?:s|ed|ing)?|jump(?:s|ed|ing)?|surg(?:e|es|ed|ing)"
    r"|soar(?:s|ed|ing)?|climb(?:s|ed|ing)?|advanc(?:ed|es)|higher|improv(?:e|es|ed|ing|ement)|expan(?:d|ds|ded|sion)|rall(?:y|ied|ies)"
    r"|boost(?:s|ed|ing)?|rais(?:e|es|ed|ing)|lift(?:s|ed|ing)?|accelerat(?:ed|es)|hik(?:e|es|ed)|spik(?:e|ed|es)|strengthen(?:s|ed)?|upped|rebound(?:s|ed|ing)?"
)
DOWN = (
    r"fall(?:s|en|ing)?|fell|decreas(?:e|es|ed|ing)|declin(?:e|es|ed|ing)|drop(?:s|ped|ping)?|slump(?:s|ed)?|plung(?:e|es|ed|ing)"
    r"|tumbl(?:e|es|ed|ing)|s[ai]nk(?:s|ing)?|sunk|slid(?:e|es|ing)?|shr[ai]nk(?:s|ing)?|lower(?:s|ed|ing)?|cut(?:s|ting)?|reduc(?:e|es|ed|ing|tions?)"
    r"|slash(?:es|ed|ing)?|contracted|los(?:t|es|ing)|weaken(?:s|ed)?|dip(?:s|ped)?|slip(?:s|ped)?|eas(?:e|es|ed)|trim(?:s|med|ming)?|crash(?:es|ed)?|retreat(?:s|ed|ing)?|skid(?:s|ded)?|sag(?:s|ged)?"
)  # fmt: skip
DIRECTION = Anycase(rf"\b(?:(?P<up>{UP}|up(?!\s+to\b|-))|(?P<down>{DOWN}|(?<!slow )down(?!-)))\b")

_EXPECTED = (
    r"(?:expect(?:ed|ations?|s)?|estimates?|consensus|forecasts?|views?|analysts?['’]?s?|predict(?:ed|ions?)|projections?|street"
    r"|targets?|guidance|hopes)"
)
_MODIFIERS = r"(?:(?!(?:as|and|on|while|but)\s)[\w.,&’'/-]+\s+){0,5}?"
EXPECTATION = Anycase(
    rf"\b(?:(?P<above>(?:better|more|higher|stronger|larger|bigger|faster)[\s-]+than[\s-]+{_MODIFIERS}{_EXPECTED}"
    rf"|(?:beat(?:s|ing|en)?|topp?(?:s|ed|ing)?|exceed(?:s|ed|ing)?|surpass(?:es|ed|ing)?|outperform(?:s|ed)?|outpac(?:es|ed)|above|ahead\s+of|trump(?:s|ed)|outstrip(?:s|ped)?|crush(?:es|ed))\s+{_MODIFIERS}{_EXPECTED})"
    rf"|(?P<below>(?:worse|less|lower|weaker|smaller|slower|fewer)[\s-]+than[\s-]+{_MODIFIERS}{_EXPECTED}"
    rf"|(?:miss(?:es|ed|ing)?|below|short\s+of|shy\s+of|under|lag(?:s|ged)?|trail(?:s|ed)?|undershoot(?:s)?|disappoint(?:s|ed)?)\s+{_MODIFIERS}{_EXPECTED})"
    rf"|(?P<inline>(?:in\s+line\s+with|met|meets|matched|matches)\s+{_MODIFIERS}{_EXPECTED}|as\s+(?:analysts\s+|widely\s+)?(?:expected|forecast)))\b"
)
"""A comparison with what was expected, in one of three classes."""
EXPECTED_AT_ALL = Anycase(
    rf"\b{_EXPECTED}\b|\b(?:beat(?:s|ing)?|topp?(?:s|ed|ing)|miss(?:es|ed)?|exceed(?:s|ed)?|surpris\w+|outperform\w*|disappoint\w*|wall\s+street)\b"
)

DENIAL = Anycase(
    r"\b(?:(?:do|does|did|is|are|was|were|will|would|has|have|had|can|could|should|may|might|must)(?:\s+not\b|n['’]t\b)|won['’]t|can['’]t|cannot"
    r"|not|never|no\s+longer|den(?:y|ies|ied)|fail(?:s|ed)?\s+to|without|refus(?:es|ed)\s+to|declin(?:es|ed)\s+to|unlikely\s+to|yet\s+to|neither|nor"
    r"|rule[sd]?\s+out|reject(?:s|ed)?|halt(?:s|ed)?|drop(?:s|ped)\s+plans?|no|exclud(?:e|es|ed|ing)|suspend(?:s|ed|ing)?|withdr(?:aw|ew|awn|awing)"
    r"|cancel(?:s|led)?|end(?:s|ed)\s+(?:talks|discussions)|stop(?:s|ped)?|ban(?:s|ned)?|block(?:s|ed)?|avoid(?:s|ed)?)\b"
)
HARD_DENIAL = Anycase(
    r"\b(?:(?:do|does|did|is|are|was|were|will|would|has|have|had|can|could)(?:\s+not|n['’]t)|won['’]t|cannot|never|no\s+longer"
    r"|not\s+to)\s+(?:\w+ly\s+)?(?P<verb>[a-z]+)")  # fmt: skip

_ACQUIRE = (
    r"(?:agree[sd]?\s+to\s+|plans?\s+to\s+|offer(?:s|ed)?\s+to\s+|set\s+to\s+|in\s+(?:advanced\s+)?talks\s+to\s+|seeks?\s+to\s+|bids?\s+to\s+|will\s+|would\s+|to\s+|has\s+|had\s+|have\s+|is\s+)*"
    r"(?:acquir(?:e|es|ed|ing)|buy(?:s|ing)?|bought|purchas(?:e|es|ed|ing)|tak(?:e|es|ing)\s+over|took\s+over|(?:snap|scoop)(?:s|ped|ed)?\s+up"
    r"|pursu(?:es|ed|ing)|(?:tak(?:e|es|ing)|took|buys|bought|sells?|sold|has|holds?|report(?:s|ed)|rais(?:es|ed)|cuts?)\s+(?:[\w.,$%-]+\s+){0,5}?stake\s+in)"
)
ACQUISITION = Anycase(rf"(?P<verb>{_ACQUIRE})\s+")
ACQUIRED_BY = Anycase(r"\b(?:acquired|bought|purchased|taken\s+over)\s+by\s+")
TAKEOVER = Anycase(
    r"\b(?:acquisition|purchase|takeover|buyout)\s+of\s+|\b(?:bid|offer|approach)\s+(?:for|to\s+buy)\s+|\bpass(?:es|ed)\s+|\bsurpass(?:es|ed)\s+"
    r"|\bovertakes?\s+|\bovertook\s+"
)
"""Between two companies: the first takes over, bids for or passes the second."""

WORDS_KEPT = 16_384
"""Words whose stems are kept."""
SENTENCES_KEPT = 2_048
"""Sentences whose relations are kept: one is read where it is cited and where it cites, by several rules each."""


@lru_cache(maxsize=SENTENCES_KEPT)
def measures_in(sentence: str) -> tuple[re.Match[str], ...]:
    """Each measure of `sentence`, in order; `lastgroup` names it."""
    return tuple(MEASURE.finditer(sentence))


@lru_cache(maxsize=SENTENCES_KEPT)
def directions_in(sentence: str) -> tuple[re.Match[str], ...]:
    """Each word of direction, in order; `lastgroup` is "up" or "down"."""
    return tuple(DIRECTION.finditer(sentence))


@lru_cache(maxsize=SENTENCES_KEPT)
def hard_denials_in(sentence: str) -> tuple[re.Match[str], ...]:
    """Each denied verb, in order."""
    return tuple(HARD_DENIAL.finditer(sentence))


@lru_cache(maxsize=SENTENCES_KEPT)
def denies(sentence: str) -> bool:
    """Whether it denies, refuses or ends anything."""
    return DENIAL.search(sentence) is not None
