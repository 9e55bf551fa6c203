"""What the page of an article adds to a saved one: the source text with the support of each claim marked in it, what is missing by
kind, and what the market did since."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from records.analysis import Analysis, Claim
from records.event import Event
from records.market import Reaction
from records.reading import Span
from terminal import wording
from terminal.plain import plain_token


@dataclass(frozen=True)
class Piece:
    """A stretch of the source text under the same marks."""

    text: str
    facts: tuple[str, ...] = ()
    """Ids of the facts that quote it."""
    begins: tuple[str, ...] = ()
    """Of these, the ones whose quotation begins here."""
    claims: tuple[int, ...] = ()
    """Numbers of the claims that rest on it, from 1."""
    exact: bool = False
    """A figure, date or name that a claim took from here."""


@dataclass(frozen=True)
class Supported:
    """A claim with what it rests on."""

    number: int
    """From 1, among the supported ones in their order."""
    text: str
    """As it is shown."""
    english: str | None
    """As it was checked, where that is another text."""
    citations: tuple[str, ...]
    grounds: tuple[tuple[str, str], ...]
    """(words, where they stand)"""


def pieces(analysis: Analysis) -> tuple[Piece, ...]:
    """The body of the article, whole and in order; joined, the pieces' texts are the body without control characters."""
    body = analysis.article.body
    facts = [(fact.id, fact.span) for fact in wording.cited_facts(analysis)]
    claims = [(number, span) for number, claim in _supported(analysis) for span in claim.spans]
    exact = [ground.span for _, claim in _supported(analysis) for ground in claim.grounds if ground.span]
    edges = {0, len(body)}
    for span in (*(span for _, span in facts), *(span for _, span in claims), *exact):
        edges |= {min(span.start, len(body)), min(span.end, len(body))}
    ordered = sorted(edges)
    return tuple(
        Piece(
            text=plain_token(body[start:end]),
            facts=tuple(name for name, span in facts if _covers(span, start, end)),
            begins=tuple(name for name, span in facts if span.start == start),
            claims=tuple(dict.fromkeys(number for number, span in claims if _covers(span, start, end))),
            exact=any(_covers(span, start, end) for span in exact),
        )
        for start, end in pairwise(ordered)
    )


def _covers(span: Span, start: int, end: int) -> bool:
    return span.start <= start and end <= span.end


def _supported(analysis: Analysis) -> Iterator[tuple[int, Claim]]:
    return enumerate((claim for claim in analysis.claims if claim.verdict == "supported"), start=1)


def claims(analysis: Analysis) -> tuple[Supported, ...]:
    """The sentences that stand, each with its citations and the places of its figures, dates and names."""
    return tuple(
        Supported(
            number,
            text,
            claim.text if claim.text != text else None,
            wording.citations(claim, analysis),
            _grounds(claim),
        )
        for number, (claim, text) in enumerate(analysis.shown_sentences, start=1)
    )


def _grounds(claim: Claim) -> tuple[tuple[str, str], ...]:
    named = [
        (ground.words, f"{ground.source}, {wording.words(ground.field)}" if ground.field else ground.source)
        for ground in claim.grounds
    ]
    return tuple(dict.fromkeys(named))


def dropped(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """(sentence, why the check took it out)"""
    return tuple(
        (claim.text, "; ".join(claim.faults) or "no support was found")
        for claim in analysis.claims
        if claim.verdict == "dropped"
    )


KINDS = (
    ("sentence stays in English", "Language"),
    ("sentences stay in English", "Language"),
    ("sentence", "Check"),
    ("fact", "Reader"),
    ("precedents failed", "Precedents failed"),
    ("precedents", "Precedents"),
    ("no past event", "No precedent"),
    ("the story failed", "Story failed"),
    ("no price", "Prices"),
    ("the model", "Model"),
    ("the article's language", "Language"),
    ("the translation", "Language"),
)
"""How a line of what is missing begins, after a count, and what kind of lack that is."""


def missing(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """(kind, line) of everything that is not there: nothing found, not asked and failed are told apart."""
    rows = [(kind_of(line), line) for line in wording.missing_lines(analysis)]
    if analysis.reading.sentiment is None:
        rows.append(("Sentiment", "not measured, which is not the same as neutral"))
    if analysis.story is None:
        rows.append(("Story", "the article was not placed among stories"))
    if analysis.impact.evidence == "prior_only" and analysis.precedent_status == "found":
        rows.append(("Precedents", "too few like events, so the score rests on the prior alone"))
    return tuple(rows)


def kind_of(line: str) -> str:
    """The kind of a line; "Note" for what only tells."""
    said = line.lstrip("0123456789 ")
    return next((kind for begin, kind in KINDS if said.startswith(begin)), "Note")


@dataclass(frozen=True)
class Outcome:
    """What the market did after the article, known later than the score."""

    reaction: Reaction
    realised: float | None
    """y = F_ref(|z|) from 0 to 1; None when the score was about another instrument."""
    inside: bool | None
    """Whether y lies in the 80 % interval; None likewise."""

    @property
    def move(self) -> str:
        """ "+2.1 % (+1.4σ, one session)"."""
        one = self.reaction
        return f"{wording.percent(one.simple_return)} ({wording.sigmas(one)}, {wording.window(one)})"


def outcome(analysis: Analysis, events: Sequence[Event]) -> Outcome | None:
    """Of the article's own event, once it was settled; None before."""
    from markets.reference import reference  # late: it loads a table that a page without an outcome does without

    reaction = events[0].reaction if events else None
    if reaction is None:
        return None
    impact = analysis.impact
    if impact.ticker != reaction.ticker or impact.low is None or impact.high is None:
        return Outcome(reaction, None, None)
    realised = float(reference().cdf(abs(reaction.z)))
    return Outcome(reaction, realised, impact.low <= realised <= impact.high)
