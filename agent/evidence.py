"""The evidence an explanation may cite, each piece under its id with the text that stands for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from records.event import Precedent
from records.impact import Impact
from records.market import Candidate
from records.reading import Reading, Sentiment


@dataclass(frozen=True)
class Passage:
    """A piece of evidence that a sentence may rest on."""

    source: str
    """The id under which it is cited: A1, P1, score, sentiment, link:TICKER."""
    field: str
    """"quote" of a fact, else the field of the precedent or the score."""
    text: str
    start: int | None = None
    """Where the text stands in `Article.body`; None for what is no part of the article."""


@dataclass(frozen=True)
class Evidence:
    """Everything the words may rest on."""

    body: str
    """`Article.body`."""
    reading: Reading
    impact: Impact
    precedents: tuple[Precedent, ...]
    """Those shown on the page, P1… in order."""
    recalled: tuple[Precedent, ...]
    """All that the score used, the shown ones first."""
    candidates: tuple[Candidate, ...]
    as_of: datetime
    published_on: date | None = None
    """The article's own date, by which "on Tuesday" becomes one; None if unknown."""

    def passages(self) -> tuple[Passage, ...]:
        """All that may be cited. A fact stands for its verbatim quote alone, not for the reader's words about it."""
        found = [Passage(fact.id, "quote", fact.quote, fact.span.start) for fact in self.reading.facts]
        for precedent in self.precedents:
            found += [Passage(precedent.id, field, text) for field, text in _fields_of(precedent)]
        found += [Passage("score", field, text) for field, text in _score_fields(self)]
        if self.reading.sentiment:
            found.append(Passage("sentiment", "sentiment", describe_sentiment(self.reading)))
        for one in self.candidates:
            if one.note:
                found.append(Passage(f"link:{one.instrument.ticker}", "note", _link(one)))
        return tuple(found)


def _link(candidate: Candidate) -> str:
    """Why an instrument stands for a name; a backer is one because the name itself is not listed."""
    name, instrument = candidate.name, candidate.instrument
    if candidate.match == "backer":
        return f"{name} is not listed; its listed exposure is {instrument.name} ({instrument.ticker}): {candidate.note}"
    return f"{name} {instrument.name} {instrument.ticker} {candidate.note}"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed percentage, e.g. +1.2 %."""
    return f"{fraction:+.{digits}%}".replace("%", " %")


def unit(value: float) -> str:
    """A number in [0, 1] as the page writes it: .55, and 1.00 for one."""
    return f"{value:.2f}".removeprefix("0") if value < 0.995 else f"{value:.2f}"


def window_words(precedent: Precedent) -> str:
    """The window of a precedent's reaction, in words."""
    return "one session" if precedent.reaction.window == "one_session" else "two sessions"


def move_words(precedent: Precedent) -> str:
    """The move of a precedent's instrument: beyond its market, or an index's own."""
    beyond = "" if precedent.reaction.beta is None else " against its market"
    return f"{percent(precedent.reaction.simple_return)}{beyond} over {window_words(precedent)}"


def describe_precedent(precedent: Precedent) -> str:
    """One line: everything about it that may be cited."""
    found = dict(_fields_of(precedent))
    rest = "; ".join(found[name] for name in ("event_type", "similarity", "why", "reaction"))
    return f"{found['published_on']}: {found['summary']} [{rest}]"


def _fields_of(precedent: Precedent) -> list[tuple[str, str]]:
    reaction = precedent.reaction
    moved = f"afterwards {reaction.ticker} {move_words(precedent)}, {abs(reaction.z):.1f}σ (z {reaction.z:+.1f})"
    return [
        ("published_on", f"{precedent.published_on:%Y-%m-%d}"),
        ("summary", precedent.summary),
        ("event_type", precedent.event_type.value.replace("_", " ")),
        ("similarity", f"similarity {unit(precedent.similarity)}"),
        ("why", precedent.why),
        ("reaction", moved),
    ]


def describe_sentiment(reading: Reading) -> str:
    """The sentiment figures of the article and of each company."""
    parts = [_sentiment_line("article", reading.sentiment)]
    parts += [_sentiment_line(mention.name, mention.sentiment) for mention in reading.mentions]
    return " ".join(part for part in parts if part)


def _sentiment_line(name: str, sentiment: Sentiment | None) -> str:
    if sentiment is None:
        return ""
    return (
        f"{name}: {sentiment.label} (positive {unit(sentiment.positive)}, neutral {unit(sentiment.neutral)}, "
        f"negative {unit(sentiment.negative)})."
    )


def describe_score(evidence: Evidence) -> Sequence[str]:
    """The score block, line by line."""
    return [text for _, text in _score_fields(evidence)]


def _score_fields(evidence: Evidence) -> list[tuple[str, str]]:
    impact = evidence.impact
    if impact.score is None or impact.low is None or impact.high is None or impact.p_material is None:
        return [("reason", f"not scoreable: {impact.reason}")]
    interval = f"80 % interval {unit(impact.low)} to {unit(impact.high)}"
    fields = [
        ("score", f"score {unit(impact.score)} for {impact.ticker}, {interval}"),
        ("p_material", f"probability of a move beyond 2σ: {impact.p_material * 100:.0f} %; ordinary day: 6 %"),
        ("multiplier", f"multiplier {impact.multiplier:.1f}× an ordinary day; an ordinary day scores .50"),
        (
            "evidence",
            f"evidence {impact.evidence}, {impact.n_eff:.1f} effective precedents of {len(evidence.recalled)} recalled",
        ),
    ]
    return fields + [
        (f"drivers.{driver.name}", f"{driver.name}: {driver.text} ({driver.contribution:+.2f})")
        for driver in impact.drivers
    ]
