"""A reader's own words held against the article: its summary sentence by sentence, its facts each against their quote.

The same check that the analysis passes. Every sentence of the article may carry a sentence of the summary; what is left out is
counted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.check import Checker
from agent.evidence import Evidence
from agent.sentences import split_sentences, without_bullet
from records.analysis import Sentence
from records.article import Article
from records.impact import Impact
from records.market import Candidate
from records.reading import Fact, Reading
from records.taxonomy import EventType, Scope
from records.times import new_york_date

_WORD = re.compile(r"[^\W\d_]{4,}")
_STEM = 5
"""Letters that the forms of a word have in common: "settled", "settlement"."""
_AMERICAN_ER = re.compile(r"(?<=[tb])re(?=s?$)")
"""The article's "centre" and the model's "center" are one word; "labour" and "labor" too."""
_NEUTRAL = frozenset(
    """
    about according additionally after already also although among announced another article because been being both company
    could does during each following from have however including into itself made many more most much news often only other over
    reported reports said same says several should since some stated still such than that their them then there these they this
    those three through under until upon well were what when where which while will with within would year years
    """.split()
)
"""Words that add nothing to what the article says."""
_ENDS = '.!?"”'
"""A sentence that ends otherwise was cut off."""


@dataclass(frozen=True)
class Held:
    """The sentences that the article carries, in order, each once."""

    kept: tuple[str, ...]
    dropped: int
    """Sentences that say what the article does not."""


def hold_summary(written: str, article: Article, candidates: Sequence[Candidate], *, own_words: bool = True) -> Held:
    """The sentences of `written` against all of the article. Repetitions and a stump at the end are left out uncounted.

    `own_words` False: one sentence of the article has to carry each by itself, and no word may be new. A small model's new words
    are new claims as often as not ("paid to the government"), and so are its mergers of two sentences.
    """
    sentences = tuple(
        Fact(id=f"A{number}", text=text, quote=text, span=span)
        for number, (span, text) in enumerate(split_sentences(article.body), 1)
    )
    checker = Checker(_article_as_evidence(article, candidates, sentences))
    whole = tuple(sentence.id for sentence in sentences)

    def carried(text: str) -> bool:
        if checker.faults(Sentence(text=text, support=whole)):
            return False
        if own_words:
            return True
        alone = any(not checker.faults(Sentence(text=text, support=(name,))) for name in whole)
        return alone and not strange_words(text, article.body)

    said = dict.fromkeys(without_bullet(*one)[1] for one in split_sentences(written) if one[1][-1] in _ENDS)
    kept = tuple(text for text in said if carried(text))
    return Held(kept, len(said) - len(kept))


def strange_words(sentence: str, body: str) -> list[str]:
    """Words of `sentence` that tell something and of which `body` has no form."""
    known = {_stem(word) for word in _WORD.findall(body.lower())}
    return [word for word in _WORD.findall(sentence.lower()) if _stem(word) not in known and word not in _NEUTRAL]


def _stem(word: str) -> str:
    word = _AMERICAN_ER.sub("er", word).replace("our", "or")
    return word[:_STEM] if len(word) > _STEM else word.removesuffix("s")


def hold_facts(facts: Sequence[Fact], article: Article, candidates: Sequence[Candidate]) -> tuple[Fact, ...]:
    """The facts; the quote stands in the place of words that say more than it does."""
    if all(fact.text == fact.quote for fact in facts):
        return tuple(facts)
    checker = Checker(_article_as_evidence(article, candidates, tuple(facts)))
    return tuple(
        fact.model_copy(update={"text": fact.quote})
        if fact.text != fact.quote and checker.faults(Sentence(text=fact.text, support=(fact.id,)))
        else fact
        for fact in facts
    )


def _article_as_evidence(article: Article, candidates: Sequence[Candidate], facts: tuple[Fact, ...]) -> Evidence:
    """Nothing but the article, of which `facts` may be cited."""
    reading = _NOTHING_READ.model_copy(update={"facts": facts})
    on = new_york_date(article.published_at) if article.published_at else None
    return Evidence(article.body, reading, _NOTHING_SCORED, (), (), tuple(candidates), article.known_at, on)


_NOTHING_READ = Reading(
    summary="", event_type=EventType.NOT_MARKET_RELEVANT, tags=(), mentions=(), sentiment=None, surprise=None, scheduled=None,
    scope=Scope.NONE, facts=(),
)  # fmt: skip
_NOTHING_SCORED = Impact(
    ticker=None, score=None, low=None, high=None, p_material=None, multiplier=None, evidence="not_scoreable", n_eff=None,
    reason="nothing is scored while the article is read", model_version="none",
)  # fmt: skip
