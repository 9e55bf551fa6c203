"""Which passage of some texts answers a question: by its words, then by a small model's Yes or No. In doubt none: a wrong answer is
worse than "I don't know".

What has to be computed, compared or judged is not read off a text, and is not answered here.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.chat.computing import Work, row_asked_for, work_wanted, worked_out, years_wanted
from agent.chat.passages import Passage, passages_of, years_in

JUDGED = 3
"""Passages that the model is asked about, until it says yes."""

_ASKS = re.compile(r"\b(?:what|which|who|whom|whose|how|when|where|why|by how)\b", re.IGNORECASE)
_NEWS = re.compile(
    r"\b(?:happen\w*|news|latest|summar\w+|matter|stor(?:y|ies)|headlines?)\b|what'?s new", re.IGNORECASE
)
_COMPUTES = re.compile(
    r"\b(?:change[sd]?|chang(?:e|ing)|differen\w+|average[sd]?|ratio|sum|growth|grew|proportions?|margin|turnover|percentage of|"
    r"as a (?:%|percent\w*)|percent of|calculate\w*|comput\w+|combined|defined as|more than|less than|exceed\w*|above|below|"
    r"how (?:much|many) (?:more|less|higher|lower|greater|times|years)|(?:in|for|of) (?:which|what) (?:year|period|quarter|fy)s?|"
    r"which (?:\w+ )?(?:years?|fy|quarters?|periods?)|highest|lowest|larg(?:er|est)|small(?:er|est)|higher|lower|most|least|"
    r"biggest|compare\w*|between|increas\w+|decreas\w+|improv\w+|declin\w+|number of|how many)\b|%\s",
    re.IGNORECASE,
)
_JUDGES = re.compile(
    r"^(?:in [^:]{0,60}:\s*)?(?:is|are|was|were|do|does|did|has|have|had|can|could|should)\b", re.IGNORECASE
)
_ASKS_AN_AMOUNT = re.compile(
    r"\bhow much\b|\bwhat (?:is|are|was|were) (?:the |[\w’']+ )*?"
    r"(?:amount|total|price|value|balance|cost|expenses?|revenues?|sales|income|profit|cash|assets|liabilit\w+|rate)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"[$€£]\s?\d|\d[\d,.]*\s?(?:%|percent|million|billion|thousand)|\d{1,3}(?:,\d{3})+|\d\.\d")
_WORD = re.compile(r"[a-z&]+|\d[\d,.]*\d|\d")
_COMMON = frozenset(
    """
    a about after all also an and any are as at be been by can could did do does for from had has have how i in into is it its many
    much of on or our please s so that the their them there these they this those to under was we were what when where which who
    whom whose why will with would you your amount value company companys respective respectively year years fiscal fy ended end
    usd million millions thousand thousands billion billions dollars
    """.split()
)
_ALSO = {
    "ppne": "property plant equipment net", "pp&e": "property plant equipment", "cogs": "cost goods sold sales",
    "capex": "capital expenditures purchases property equipment", "ar": "accounts receivable",
    "sg&a": "selling general administrative",
    "r&d": "research development", "revenue": "sales", "profit": "income",
}  # fmt: skip
"""What a short form or one word stands for in a statement's lines."""


@dataclass(frozen=True)
class Found:
    """A passage that may answer."""

    source: str
    """Id of the text."""
    passage: Passage
    score: float
    """0 to 1, by words alone."""
    sure: float
    """How far before the next one that says something else."""


@dataclass(frozen=True)
class Bounds:
    """Below these nothing is answered. Chosen on the dev half of docs/evaluations/chat, where few wrong answers count for more than
    many right ones."""

    cell: float = 0.8
    """Of a figure of a table, by words."""
    sentence: float = 0.86
    """Of a sentence, by words."""
    share: float = 0.5
    """Of Yes, by the model."""
    worked: float = 0.75
    """Of a row that something is worked out of, by words."""
    apart: float = 0.08
    """How much better its words fit than those of any other row."""


Judge = Callable[[Passage], float]
"""The probability, by a model, that a passage answers the question."""


def asks_for_a_fact(question: str) -> bool:
    """Whether a passage of a text may be the answer, in place of a piece of news."""
    asks = _ASKS.search(question) or _JUDGES.search(_without_task(question))
    return asks is not None and _NEWS.search(question) is None


def cannot_be_read_off(question: str) -> str | None:
    """Why no passage alone is the answer; None: one may be."""
    asked = _without_task(question)
    if _JUDGES.search(asked):
        return "it asks for a judgement, which no passage alone gives"
    if work_wanted(asked) is not None:
        return None
    if _COMPUTES.search(asked) or (len(years_in(asked)) > 1 and "respective" not in asked.lower()):
        return "it would have to be computed or compared, which I don't do"
    return None


def looked_for(question: str) -> str:
    """The words to search texts with: without how the question is to be answered, years in four digits."""
    return _FISCAL_WORD.sub(r"20\1", _without_task(question))


def ranked(question: str, texts: Mapping[str, str]) -> list[Found]:
    """Passages of `texts` (id → text), the best first."""
    asked = _without_task(question)
    wanted, years = words_of(asked), years_in(asked)
    passages = [(source, one) for source, text in texts.items() for one in passages_of(text)]
    amount = _ASKS_AN_AMOUNT.search(asked) is not None
    rare = _rarity([words_of(one.about) for _, one in passages])
    work = work_wanted(asked)
    if work is not None:
        years = years_wanted(asked, work)
        asked = row_asked_for(asked)
        wanted = words_of(asked)
        passages = _worked_out(passages, work, years)
    elif len(years) > 1:
        passages = _side_by_side(passages, years)
    scored = [
        (_score(one, words_of(texts[source][:120]), wanted, years, rare, amount=amount), -place, source, one)
        for place, (source, one) in enumerate(passages)
    ]
    scored = sorted((one for one in scored if one[0] > 0), key=lambda one: one[:2], reverse=True)
    found = []
    for place, (score, _, source, passage) in enumerate(scored[: 4 * JUDGED]):
        others = (other for other, _, _, rival in scored[place + 1 :] if _told(rival) != _told(passage))
        found.append(Found(source, passage, score, score - next(others, 0.0)))
    return found


def chosen(found: list[Found], judge: Judge, bounds: Bounds | None = None) -> Found | None:
    """The first by words that the model holds for the answer; None when it is not sure, or the words fit too little. What was
    worked out is not put to the model, which cannot reckon: there the row must be plain."""
    least = bounds or Bounds()
    for one in found[:JUDGED]:
        if one.passage.is_worked:
            return one if one.score >= least.worked and one.sure >= least.apart else None
        if one.score < (least.cell if one.passage.is_cell else least.sentence):
            continue
        if judge(one.passage) >= least.share:
            return one
    return None


def _told(passage: Passage) -> str:
    return passage.value or passage.text


def _rows(passages: list[tuple[str, Passage]]) -> dict[tuple[str, str, str], dict[str, Passage]]:
    """(text, heading and label, label) → the row's cells by year, where a column has but one."""
    rows: dict[tuple[str, str, str], dict[str, Passage]] = {}
    for source, one in passages:
        for year in years_in(one.column) if one.is_cell else ():
            rows.setdefault((source, one.about, one.label), {}).setdefault(year, one)
    return rows


def _worked_out(passages: list[tuple[str, Passage]], work: Work, years: tuple[str, ...]) -> list[tuple[str, Passage]]:
    """What comes out for each row that has the years; nothing else answers."""
    made = (
        (source, worked_out(work, label, about, cells, years))
        for (source, about, label), cells in _rows(passages).items()
    )
    return [(source, one) for source, one in made if one is not None]


def _side_by_side(passages: list[tuple[str, Passage]], years: tuple[str, ...]) -> list[tuple[str, Passage]]:
    """The cells of one row for several years as one passage, in place of the single ones."""
    joined = []
    for (source, about, label), cells in _rows(passages).items():
        if all(year in cells for year in years):
            told = "; ".join(f"{cells[year].column}: {cells[year].value}" for year in years)
            joined.append((source, Passage(f"{label}: {told}", about, label, " ".join(years), told)))
    return [*joined, *((source, one) for source, one in passages if not one.is_cell)]


def words_of(text: str) -> list[str]:
    """Content words, lower-case, without the endings of number and tense, each once."""
    found = (_stem(word) for word in _WORD.findall(text.lower().replace("’", "'").replace("'s", "")))
    known = [word for word in found if word not in _COMMON and not re.fullmatch(r"(?:19|20)\d\d", word)]
    return list(dict.fromkeys(word for one in known for word in (one, *map(_stem, _ALSO.get(one, "").split()))))


def _stem(word: str) -> str:
    for ending in ("ings", "ing", "ies", "ied", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)] + ("y" if ending in ("ies", "ied") else "")
    return word.rstrip("e") if len(word) > 4 else word


def _rarity(bags: list[list[str]]) -> Callable[[str], float]:
    counts = Counter(word for bag in bags for word in bag)
    return lambda word: math.log(1 + len(bags) / (1 + counts[word]))


def _score(
    passage: Passage,
    title: list[str],
    wanted: list[str],
    years: tuple[str, ...],
    rare: Callable[[str], float],
    *,
    amount: bool,
) -> float:
    about = words_of(passage.about)
    asked = [word for word in wanted if word not in title or word in about]
    held = sum(rare(word) for word in asked if word in about)
    whole = sum(map(rare, asked))
    if not held or not whole:
        return 0.0
    if not passage.is_cell:
        if amount and not _AMOUNT.search(passage.text):
            return 0.0
        missing = [year for year in years if year not in years_in(passage.text)]
        return held / whole * (0.85 if missing else 1.0)
    named = years_in(passage.column)
    if (not years and not passage.is_worked) or any(year not in named for year in years):
        return 0.0
    label = words_of(passage.label)
    own = sum(rare(word) for word in label)
    back = sum(rare(word) for word in label if word in asked) / own if own else 0.0
    return math.sqrt(held / whole * back)


_FISCAL_WORD = re.compile(r"\bFY\s?(?:20)?(\d\d)\b", re.IGNORECASE)
_TASK = re.compile(
    r"(?:^|(?<=[.?:]))\s*(?:answer (?:in|with|the)|assume that|round |please (?:state|answer|help)|calculate what|address the|"
    r"base your|give a response|provide a response|we (?:need|want) to|if .{0,160}then|if the .{0,120}please|define |"
    r"here's the)[^.?:]*[.?:]?|^(?:based on|using|considering|by|according to|basing|when primarily) [^,:]*[,:]",
    re.IGNORECASE,
)


def _without_task(question: str) -> str:
    """The question without how it is to be answered ("Answer in USD millions.")."""
    return " ".join(_TASK.sub(" ", question).split()) or question
