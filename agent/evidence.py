"""The evidence an explanation may cite, each piece under its id with the text that stands for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from records.event import Precedent
from records.impact import Impact
from records.market import Candidate
from records.reading import Reading, Sentiment


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

    def texts(self) -> Mapping[str, str]:
        """id → the words and figures it carries, as a model sees them and as the check reads them."""
        texts = {fact.id: f"{fact.text} {fact.quote}" for fact in self.reading.facts}
        texts |= {precedent.id: describe_precedent(precedent) for precedent in self.precedents}
        texts["score"] = " ".join(describe_score(self))
        if self.reading.sentiment:
            texts["sentiment"] = describe_sentiment(self.reading)
        for note in self.candidates:
            if note.note:
                texts[f"link:{note.instrument.ticker}"] = (
                    f"{note.name} {note.instrument.name} {note.instrument.ticker} {note.note}"
                )
        return texts


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
    return f"{percent(precedent.reaction.abnormal_return)}{beyond} over {window_words(precedent)}"


def describe_precedent(precedent: Precedent) -> str:
    """One line: everything about it that may be cited."""
    reaction = precedent.reaction
    return (
        f"{precedent.published_on:%Y-%m-%d}: {precedent.summary} "
        f"[{precedent.event_type.value.replace('_', ' ')}; similarity {unit(precedent.similarity)}; {precedent.why}; "
        f"afterwards {reaction.ticker} "
        f"{move_words(precedent)}, "
        f"{abs(reaction.z):.1f}σ (z {reaction.z:+.1f})]"
    )


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
    impact = evidence.impact
    if impact.score is None or impact.low is None or impact.high is None or impact.p_material is None:
        return [f"not scoreable: {impact.reason}"]
    lines = [
        f"score {unit(impact.score)} for {impact.ticker}, 80 % interval {unit(impact.low)} to {unit(impact.high)}",
        f"probability of a move beyond 2σ: {impact.p_material * 100:.0f} %; ordinary day: 6 %",
        f"multiplier {impact.multiplier:.1f}× an ordinary day; an ordinary day scores .50",
        f"evidence {impact.evidence}, {impact.n_eff:.1f} effective precedents of {len(evidence.recalled)} recalled",
    ]
    return lines + [f"{driver.name}: {driver.text} ({driver.contribution:+.2f})" for driver in impact.drivers]
