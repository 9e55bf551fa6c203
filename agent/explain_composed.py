"""The analysis paragraph for a small model: sentences composed in code from the reading, the precedents and the score.

The embedded model's free analysis copies, loops and invents relations that no check of figures would catch. So every
sentence here is a template over structured values, cites what it rests on and passes the same check as a model's words.
"""

from agent.evidence import Evidence, move_words, unit
from agent.meanings import what_decides
from agent.values import values_of
from agent.values.weight import weighs
from records.analysis import Explanation, Sentence
from records.event import Precedent
from records.market import Candidate
from records.reading import Fact, Mention, Sentiment

CLEAR, MODERATE = 0.8, 0.6
"""Probability of the leading class from which a tone is called clearly or moderately so."""


def compose(evidence: Evidence) -> Explanation:
    """The explanation of a scoreable article; empty for one that is not (no investment analysis is written for it)."""
    if evidence.impact.score is None:
        return Explanation(sentences=())
    sentences = [
        *_exposure(evidence),
        *_key_fact(evidence),
        *_tone(evidence),
        *_precedents(evidence),
        *_score(evidence),
    ]
    return Explanation(sentences=tuple(sentences))


def _primary(evidence: Evidence) -> Candidate | None:
    return next((one for one in evidence.candidates if one.instrument.ticker == evidence.impact.ticker), None)


def _exposure(evidence: Evidence) -> list[Sentence]:
    candidate = _primary(evidence)
    if candidate is None:
        return []
    name, ticker = candidate.instrument.name, candidate.instrument.ticker
    event = evidence.reading.event_type.value.replace("_", " ")
    fact = _fact_at(evidence, candidate)
    support = (*((fact.id,) if fact else ()), "score")
    if candidate.match == "backer":
        text = f"{candidate.name} is not listed; its listed exposure is {name} ({ticker}): {candidate.note}."
        first = Sentence(text=text, support=(f"link:{ticker}", *support))
    elif candidate.instrument.kind == "index" or candidate.match == "macro":
        first = Sentence(
            text=f"No single listed company carries the news; {name} ({ticker}) stands for those it touches.",
            support=support,
        )
    else:
        first = Sentence(text=f"The news concerns {name} ({ticker}) and is read as {event}.", support=support)
    decides = what_decides(evidence.reading.event_type)
    return [first, *([Sentence(text=decides, support=support)] if decides else [])]


def _fact_at(evidence: Evidence, candidate: Candidate) -> Fact | None:
    places = [span.start for span in candidate.spans]
    facts = evidence.reading.facts
    return next(
        (fact for fact in facts if any(fact.span.start <= at < fact.span.end for at in places)),
        facts[0] if facts else None,
    )


def _key_fact(evidence: Evidence) -> list[Sentence]:
    """The first sentence after the headline with figures that say how much, quoted."""
    for fact in evidence.reading.facts[1:]:
        if len(fact.quote) <= 320 and any(weighs(one, fact.quote) for one in values_of(fact.quote).figures):
            return [Sentence(text=f"The article's figures to weigh: “{fact.quote.rstrip('.')}”.", support=(fact.id,))]
    return []


def _tone(evidence: Evidence) -> list[Sentence]:
    mention = next(
        (one for one in evidence.reading.mentions if one.ticker == evidence.impact.ticker and one.sentiment), None
    )
    sentiment = mention.sentiment if mention else evidence.reading.sentiment
    if sentiment is None:
        return []
    whom = _tone_subject(evidence, mention)
    figures = (
        f"positive {unit(sentiment.positive)}, neutral {unit(sentiment.neutral)}, negative {unit(sentiment.negative)}"
    )
    return [
        Sentence(text=f"The tone of the article{whom} is {tone_words(sentiment)} ({figures}).", support=("sentiment",))
    ]


def _tone_subject(evidence: Evidence, mention: Mention | None) -> str:
    candidate = _primary(evidence)
    if mention is None or candidate is None:
        return ""
    return f" towards {candidate.name if candidate.match == 'backer' else mention.name}"


def tone_words(sentiment: Sentiment) -> str:
    """Strength and label, e.g. "clearly positive", "slightly negative", "neutral"."""
    top = max(sentiment.negative, sentiment.neutral, sentiment.positive)
    if sentiment.label == "neutral":
        return "clearly neutral" if top >= CLEAR else "mostly neutral"
    return f"{'clearly' if top >= CLEAR else 'moderately' if top >= MODERATE else 'slightly'} {sentiment.label}"


def _precedents(evidence: Evidence) -> list[Sentence]:
    if not evidence.precedents:
        text = "No past event known at the time is similar enough to be a precedent: none moves the score."
        return [Sentence(text=text, support=("score",))]
    closest = max(evidence.precedents, key=lambda one: one.similarity)  # the first is the best by all that counts
    widest = max(evidence.precedents, key=lambda one: abs(one.reaction.z))
    sentences = [_recount("The closest precedent", closest)]
    if widest is not closest:
        sentences.append(_recount("The widest move among those shown", widest))
    return sentences


def _recount(opening: str, precedent: Precedent) -> Sentence:
    reaction = precedent.reaction
    text = (
        f"{opening} is of {precedent.published_on:%Y-%m-%d} ({precedent.summary.rstrip('.')}): {reaction.ticker} then moved "
        f"{move_words(precedent)}, {abs(reaction.z):.1f}σ."
    )
    return Sentence(text=text, support=(precedent.id,))


def _score(evidence: Evidence) -> list[Sentence]:
    impact = evidence.impact
    if (
        impact.score is None
        or impact.multiplier is None
        or impact.low is None
        or impact.high is None
        or impact.p_material is None
    ):
        return []
    outcome = (
        f"The score of {unit(impact.score)} for {impact.ticker} expects {size_words(impact.multiplier)} "
        f"({impact.multiplier:.1f}×), with an 80 % interval from {unit(impact.low)} "
        f"to {unit(impact.high)} and a chance of {impact.p_material * 100:.0f} % of a move beyond 2σ."
    )
    steps = "; ".join(
        f"{driver.text} ({driver.contribution:+.2f})"
        for driver in impact.drivers
        if driver.name == "precedents" or (driver.name != "ordinary_day" and abs(driver.contribution) >= TOLD_FROM)
    )
    return [
        Sentence(text=outcome, support=("score",)),
        Sentence(text=f"It rests on these steps: {steps}.", support=("score",)),
    ]


TOLD_FROM = 0.01
"""A smaller step stands in the table of drivers alone."""


def size_words(multiplier: float) -> str:
    """The expected size of the move in words."""
    steps = (
        (0.9, "a move smaller than on an ordinary day"),
        (1.1, "a move like that of an ordinary day"),
        (1.5, "a move a little above an ordinary day"),
        (2.2, "a move well above an ordinary day"),
    )
    return next((words for limit, words in steps if multiplier < limit), "a move far above an ordinary day")
