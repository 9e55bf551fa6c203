"""What an output may carry: statements about the article's news. Words to a reader and words about nothing of the news are not.

The patterns of `agent/guard_patterns.py` know orders by their wording. This layer does not look for orders: it asks what a sentence
of news has. It states (it asks nothing, commands nothing, speaks to nobody and not for its writer), and it is anchored: it names
what the article is about, gives a figure of it or shares its words. Whatever has neither is read by the model, and shown to nobody.
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from agent.anycase import Anycase
from agent.guard_addressed import pieces
from agent.guard_language import language_of, strays
from agent.named import ordinary_words
from agent.relations.lexicon import directions_in, measures_in
from agent.values import Figure, values_of
from agent.values.weight import weighs
from records.defences import Defence, holds
from records.market import Candidate

_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = frozenset(
    """
    about above after again also among another answer because been before being below between both could does down each every
    everything from have here into just like line made make more most much must next only other over per percent pct million
    billion said same says should since some such tell than that their them then there these they thing this those through told
    under upon very want week well were what when where which while will with word words would write year years your
    company companies news today share shares stock stocks market markets money investor investors trading price prices
    report reports reported announced expect expects expected agreed plan plans planned according group analysts
    """.split()
)
"""Words that link no two texts."""
_QUOTED = re.compile(r"[“\"«][^”\"»]*[”\"»]")
_ASKS = re.compile(r"\?[\"'”’)\]]*\s*$")
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|yourself|yourselves|you['’](?:re|ll|ve|d))\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(
    r"(?<![\w./&-])I(?:['’](?:m|d|ll|ve)\b| (?:am|was|have|had|will|would|can|could|shall|should|must|may|might|do|did|want"
    r"|need|ask|say|think|believe|hope|know|hold|see|like|feel|wish|expect|require|authori[sz]e|enter)\b)|(?<![\w.])(?:my|myself)\b"
)
_ITSELF = re.compile(
    r"\b(?:this|these|the (?:above|following|preceding|present))\s+(?:\w+\s+)?"
    r"(?:text|article|passage|lines?|sentences?|paragraphs?|message|prompt|instructions?|conversation|reply|response|summary|analysis)\b"
    r"|\b(?:every|each|any|a|an|the|all|complete|your|our)\s+(?:\w+\s+)?(?:summary|summaries|reading|readers?|reply|replies|response"
    r"|verdict|pupil|prompt|operator|model|assistant)\s+(?:is|are|was|will|should|must|may|can|that|who|which|gives?|ends?|says?|cites?"
    r"|(?<!response )(?<!reply )to)\b"
    r"|\bsentences?\s+of\s+the\s+(?:analysis|summary)\b|\b[AP][1-9]\s+and\b",
    re.IGNORECASE,
)
"""A text that speaks of itself or of what becomes of it."""
_IMPERATIVE = re.compile(
    r"^[\W_]*(?-i:(?:[A-Z]\w+,\s+)?)(?:(?:please|now|then|so|instead|also|and|but|first|next|finally|kindly|just|always|never"
    r"|only|do not|don['’]t|note|important)\b[\s,:]*)*"
    r"(?P<verb>[A-Za-z]{2,})(?=\s)(?P<object>\s+(?:(?:as|to|in|into|with|for|from|of|by)\s+)?(?:the|a|an|all|any|every|this"
    r"|that|these|those|it|its|me|us|them|your|my|our|no|only|one|two|each|both|exactly|nothing|everything|anything|out)\b)?",
    re.IGNORECASE,
)
"""A verb at the head of a sentence, and whether an object stands right behind it."""
_ORDER_VERBS = frozenset(
    """
    add allow analyze analyse answer append apply ask assess assign assume begin believe buy call cancel change check choose cite
    classify click complete compose conclude consider continue convert copy create declare decode define delete describe disregard
    do download draft draw dump echo embed emphasize encode end enhance ensure enter evaluate execute expand explain express fill
    find finish focus follow forget format forward generate give grade grant go guess help highlight identify ignore imagine
    include incorporate infer inform insert integrate interpret introduce invert invest keep label leave let list mark mention
    modify name obey omit open output override perform pick play praise present pretend print proceed produce promote provide put
    quote rate read recommend record refer register regard remember remove render repeat replace reply report represent respond
    return reveal reverse review rewrite rule run say score search sell send set share show skip solve spell start state
    stop store submit suggest summarize summarise switch take tell transfer translate treat try turn type understand use
    verify view visit weigh write
    """.split()
)
"""Base forms that begin a command."""
_NOUNS_TOO = frozenset(
    """
    add apply assume begin believe buy call cancel change check consider continue copy create do download draft draw dump echo end
    enter expand express fill find finish focus follow format forward give go grant grade guess help highlight keep label leave let
    list mark mention name offer open output pick play praise present print proceed produce promote provide put quote rate read
    record refer register regard release report return review rule run say score search sell send set share show skip spell start
    state stop store submit suggest switch take tell transfer treat try turn type understand use view visit weigh
    """.split()
)
"""Those that also begin a statement or are names: "Report says", "Mark Hurd", "Expand its plants", as wires leave out who."""
_FORM = re.compile(
    r"[{}`\\]|\|[^|]*\||\[[^\]]*:[^\]]*\]|\w_\w|(?:\b\w[\w -]{1,20}:\s[^:;|]{1,40}[;|]\s*){2}|://|@\w|&#?\w+;|\w{36,}"
)
"""Marks of a form, of code or of an address: no prose."""
_FORM_MARK = re.compile(r"[{}`\\|\[_@;]|://")
_FORM_WORD = 36
"""Without one of these, and without so long a word, _FORM matches nothing."""
_RAN_ON = re.compile(r"(?P<head>[A-Za-z][^A-Z\d]{12,}?)\s+[\"'“(]?(?P<next>[A-Z][a-z]*)(?P<small>(?:-[a-z]+)?\s[a-z])?")
"""A sentence up to its first capital, which may have run into one of the news without a stop."""
_LINKING = frozenset(
    """
    the a an of to in on at by for from with and or as than its his her their our but under over via into after before that which
    who
    """.split()
)
"""Before a name of an ordinary word ("the Treasury said"): no sentence ends so."""
_REPORTS = re.compile(
    r"\b(?:said|says|say|told|reported|reports|announced|expects?|expected|forecasts?|agreed|plans?|according)\b", re.I
)
_SHARES = Anycase(r"\b(?:per\s+share|shares?\b)")
_OF_SCORE = re.compile(
    r"\b(?:score|precedents?|past event|session|sigma|σ|interval|chance|base rate|ordinary day|multiplier|evidence"
    r"|probability|moved?|sentiment|tone|positive|negative|neutral|beyond|similar|steps?)"
)
"""Words of our own evidence, which no article has."""
_STUMP = 9
_LINKS = 2
_PETTY = 1_000.0
"""A smaller whole sum or count is news only of a measure, or beside words of the article: "200 dollars", "500 words" are none."""
_INITIALS = re.compile(r"(?<![A-Za-z])(?:[A-Z]\.)+$")
_ROUNDS = 2
"""So far from the headline the news reaches: to sentences that share words with it, and to those that share words with these."""
SENTENCES_KEPT = 1_024
"""Sentences whose answers are kept: one is looked at in its article, as a fact, as its quote and in the analysis."""
_HEADLINE_WORDS = 4
"""Fewer are no headline."""


@dataclass(frozen=True)
class News:
    """What an article is about, by its words."""

    names: frozenset[str]
    """Words of names that the headline has, that name a company found in code, or that two sentences have, one of them anchored."""
    core: frozenset[str]
    """Words of the headline, or of two paragraphs, one of them anchored."""
    language: str | None = None
    """Of the article."""

    @classmethod
    def of(cls, title: str, text: str, candidates: Collection[Candidate] = ()) -> "News":
        """`candidates`: the companies found in code; one that the article names twice or in its headline has all its names."""
        central = {one.instrument.ticker for one in candidates if one.in_title or len(one.spans) >= _LINKS}
        known = (f"{one.name} {one.instrument.name}" for one in candidates if one.instrument.ticker in central)
        return _news(title, text, tuple(dict.fromkeys(known)))

    def fault(self, text: str) -> str | None:
        """Why `text` may not be shown as news, by the first of its sentences that may not; None if it may."""
        if not holds(Defence.NEWS_ONLY):
            return None
        return next((fault for _, one in pieces(text) if (fault := self.fault_in(one))), None)

    def fault_in(self, sentence: str) -> str | None:
        """Of one sentence as `pieces` part them."""
        return _fault_in(self, sentence)

    def _judged(self, sentence: str) -> str | None:
        if len(sentence) <= _STUMP and sentence.isascii() and len(sentence.split()) <= 2:
            return None  # "| Video", "Del.": what the splitter left over says nothing to anybody
        if strays(sentence, self.language):
            return "it is in another language than the news"
        if (fault := address_fault(sentence)) is not None:
            return fault
        head = _before_run(sentence)
        told = self.anchors(sentence) and (head is None or self.anchors(head))
        return None if told else "it says nothing of the article's news"

    def claim_fault(self, text: str, support: Collection[str]) -> str | None:
        """As `fault`, for a sentence of the analysis: one that rests on precedents or the score may speak of these."""
        if not holds(Defence.NEWS_ONLY):
            return None
        if any(not name.startswith("A") for name in support) and len(set(_OF_SCORE.findall(text.lower()))) >= _LINKS:
            return address_fault(text)
        return self.fault(text)

    def anchors(self, sentence: str) -> bool:
        """Whether it names what the article is about, shares its words, or gives a figure of business or of what it is about."""
        if self.names & {word.lower() for word in _bare_names(sentence)}:
            return True
        links, told = len(_content(sentence) & self.core), _QUOTED.sub("", sentence)
        reported = _REPORTS.search(told) is not None
        measured, moved = measures_in(sentence), directions_in(sentence)
        if links >= _LINKS or (reported and (measured or (links > 0 and _names(told)))):
            return True
        if measured and (moved or values_of(sentence).periods):
            return True
        value = _value(sentence)
        if value is None or value == "large":
            return value is not None
        return links > 0 or reported or bool(measured or moved or _SHARES.search(sentence))


@lru_cache(maxsize=SENTENCES_KEPT)
def _fault_in(news: News, sentence: str) -> str | None:
    """Kept, as a claim is judged when it was written and when it is shown, and a fact with its quote."""
    return news._judged(sentence)


@lru_cache(maxsize=SENTENCES_KEPT)
def address_fault(sentence: str) -> str | None:
    """Whether a sentence is no statement: it asks, commands, speaks to its reader, for its writer or of itself."""
    bare = _QUOTED.sub(" ", sentence)
    rest = bare if _content(bare) else sentence
    if _ASKS.search(sentence):
        return "it asks"
    if _SECOND_PERSON.search(rest) or _FIRST_PERSON.search(rest):
        return "it speaks to its reader or for its writer"
    if _ITSELF.search(sentence):
        return "it speaks of itself"
    order = _IMPERATIVE.match(rest)
    verb = order["verb"].lower() if order else ""
    if order and verb in _ORDER_VERBS and (order["object"] or verb not in _NOUNS_TOO):
        return "it gives an order"
    if _may_be_form(sentence) and _FORM.search(sentence):
        return "it is no prose"
    return None


def _may_be_form(sentence: str) -> bool:
    return _FORM_MARK.search(sentence) is not None or max(map(len, sentence.split()), default=0) >= _FORM_WORD


def _before_run(sentence: str) -> str | None:
    """What stands before a place where a sentence may have run into the next one: with a small first letter before any capital,
    else before one that makes no name."""
    found = _RAN_ON.match(sentence)
    if found is None:
        return None
    head = found["head"]
    no_name = found["small"] and found["next"].lower() in ordinary_words() and head.split()[-1].lower() not in _LINKING
    return head if head[0].islower() or no_name else None


@lru_cache(maxsize=16)
def _news(title: str, text: str, known: tuple[str, ...]) -> News:
    parts = [[words for _, words in pieces(one)] for one in text.split("\n") if one.strip()]
    language = language_of(f"{title}\n{text}")
    plain = [one for part in parts for one in part if not strays(one, language) and address_fault(one) is None]
    in_names = Counter(word for one in (title, *(one for part in parts for one in part)) for word in _names(one))
    in_parts = Counter(word for part in parts for word in frozenset[str]().union(*map(_content, part)))
    names = {word.lower() for one in (title, *known) for word in _bare_names(one)} - ordinary_words()
    news = News(frozenset(names), frozenset(_content(title)), language)
    for _ in range(_ROUNDS):
        told = [one for one in plain if news.anchors(one)]
        names = {word for one in told for word in _names(one) if in_names[word] >= _LINKS}
        core = {word for one in told for word in _content(one) if in_parts[word] >= _LINKS}
        news = replace(news, names=news.names | names, core=news.core | core)
    return news


_ENDING = re.compile(r"(?:ing|ed|es|s)$")
_POSSESSIVE = re.compile(r"['’]s?$")
_NAME = re.compile(r"(?<![\w’'-])[A-Z][\w&’'-]*\w")


@lru_cache(maxsize=SENTENCES_KEPT)
def _names(sentence: str) -> frozenset[str]:
    """Capitalised words that begin no sentence."""
    return frozenset(word.lower() for word in _bare_names(sentence, 1)) - _COMMON


def _bare_names(sentence: str, start: int = 0) -> list[str]:
    names = _NAME.findall(sentence, start)
    return [_POSSESSIVE.sub("", one) if "'" in one or "’" in one else one for one in names]


@lru_cache(maxsize=SENTENCES_KEPT)
def _content(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON)


@lru_cache(maxsize=16_384)
def _stem(word: str) -> str:
    return _ENDING.sub("", word)


def _value(sentence: str) -> Literal["large", "small"] | None:
    """A figure that says how much, a day or a period: "small" where there are but whole sums and counts below _PETTY."""
    found = values_of(sentence)
    told = [one for one in found.figures if weighs(one, sentence)]
    if any(one.month and (one.day or one.year) for one in found.days) or any(_is_large(one) for one in told):
        return "large"
    return "small" if told or found.periods or found.days else None


def _is_large(figure: Figure) -> bool:
    """Also with cents, of one dollar (a rate of exchange), or of people, shares and other things of the news."""
    if figure.kind not in ("money", "number"):
        return True
    return abs(figure.number) >= _PETTY or figure.number % 1 != 0 or figure.number == 1 or figure.unit is not None


def shown_title(title: str, text: str) -> str:
    """The headline without sentences after its first that say nothing of the news, or speak to a reader."""
    if not holds(Defence.NEWS_ONLY):
        return title
    parts = [words for _, words in pieces(title)]
    while len(parts) > 1 and (len(parts[0].split()) < _HEADLINE_WORDS or _INITIALS.search(parts[0])):
        parts[:2] = [f"{parts[0]} {parts[1]}"]  # "J.P. Morgan" is no end of a sentence
    if len(parts) < 2:
        return title
    news = News.of(parts[0], text)
    kept = [parts[0], *(words for words in parts[1:] if news.fault(words) is None)]
    return title if len(kept) == len(parts) else " ".join(kept)
