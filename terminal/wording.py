"""The words and figures both pages use, so that the terminal and the browser say the same thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from records.analysis import Analysis, Claim, Provenance
from records.article import Article
from records.event import Precedent
from records.impact import Impact
from records.market import Reaction, simple_return
from records.reading import Fact, Sentiment
from records.story import Placement
from records.times import new_york_date

NO_NUMBER = "—"

WINDOWS = {"one_session": "one session", "two_session": "two sessions"}

PRECEDENT_ABSENCE = {
    "no_precedent": "No comparable past event was known at that time.",
    "not_asked": "Precedents were not asked for (--no-precedents).",
    "failed": "Precedents could not be recalled; see below what is missing.",
    "found": "",
}
"""One sentence for each reason why there is no precedent to show."""


def words(name: str) -> str:
    """An identifier as words: "earnings_results" → "earnings results"."""
    return name.replace("_", " ")


def moment(value: datetime, *, date_only: bool = False) -> str:
    """A UTC time to the minute, or the date that a date-only source gave."""
    return f"{new_york_date(value)} (date only)" if date_only else f"{value:%Y-%m-%d %H:%M} UTC"


def percent(fraction: float, digits: int = 1) -> str:
    """A signed percentage of a fraction: 0.021 → "+2.1 %"."""
    rounded = round(fraction * 100, digits) + 0.0  # + 0.0 turns -0.0 into 0.0
    return f"{rounded:+.{digits}f} %" if rounded else f"{0:.{digits}f} %"


def share(fraction: float) -> str:
    """A probability in whole percent; what rounds to 0 or 100 but is neither says so."""
    if 0 < fraction < 0.005:
        return "under 1 %"
    if 0.995 <= fraction < 1:
        return "over 99 %"
    return f"{fraction * 100:.0f} %"


def score(impact: Impact) -> str:
    """The score to two digits, or a dash."""
    return NO_NUMBER if impact.score is None else f"{impact.score:.2f}"


RELATIONS = {
    "reprint": "Reprint of a story",
    "update": "Update of a story",
    "recombination": "Round-up with a story",
    "correction": "Correction to a story",
}


def story_line(story: Placement | None) -> str:
    """What the article is to its story: "Update of a story first seen 2025-07-21 14:05 UTC (3 sources) · novelty 0.35"."""
    if story is None:
        return "not placed"
    if story.relation == "first":
        return f"First article of its story · novelty {story.novelty:.2f}"
    sources = f" ({_count(len(story.sources), 'source')})" if story.sources else ""
    return (
        f"{RELATIONS[story.relation]} first seen {moment(story.first_seen_at)}{sources} · novelty {story.novelty:.2f}"
    )


def impact_lines(impact: Impact) -> tuple[str, ...]:
    """What stands under the score: scale, interval, tail and evidence; the reason alone when it is not scoreable."""
    if impact.score is None or impact.low is None or impact.high is None or impact.p_material is None:
        return (f"not scoreable: {impact.reason}",)
    lines = [
        f"{impact.multiplier:.1f}× an ordinary day for {impact.ticker}",
        f"80 % interval {impact.low:.2f}–{impact.high:.2f}{_move(impact)}",
        f"P(>2σ) {share(impact.p_material)}",
        evidence(impact),
        rank(impact),
    ]
    return tuple(lines)


def _move(impact: Impact) -> str:
    """The interval as what the price would rise or fall by: of one size in log, a fall is the smaller part of the price."""
    if impact.move_low is None or impact.move_high is None:
        return ""
    up, down = (
        "–".join(f"{100 * abs(simple_return(way * size)):.1f}" for size in (impact.move_low, impact.move_high)) + " %"
        for way in (1, -1)
    )
    return f" (a move of {up} either way)" if up == down else f" (a move of {up} up or {down} down)"


def evidence(impact: Impact) -> str:
    """How much the score rests on precedents."""
    if impact.evidence == "grounded":
        return f"grounded in {impact.n_eff:.1f} effective precedents"
    return f"prior only{': ' + impact.reason if impact.reason else ''}"


def rank(impact: Impact) -> str:
    """The place among the last 90 days' articles."""
    if impact.rank is None:
        return "rank: too few articles yet"
    return f"rank: above {share(impact.rank)} of the last 90 days' articles"


def sentiment(value: Sentiment | None) -> str:
    """Label and probabilities, or that it was not measured."""
    if value is None:
        return "not measured"
    return f"{value.label} (positive {value.positive:.2f}, neutral {value.neutral:.2f}, negative {value.negative:.2f})"


def source_line(article: Article) -> str:
    """Publisher and publication time; each missing part says so."""
    published = (
        moment(article.published_at, date_only=article.date_only)
        if article.published_at
        else f"undated, first seen {moment(article.first_seen_at)}"
    )
    return f"{article.source or 'source unknown'} · {published}"


def differences(precedent: Precedent) -> str:
    """How a precedent differs, as its own line; empty where an earlier version did not say."""
    return f"differs: {precedent.differs}" if precedent.differs else ""


def sigmas(reaction: Reaction) -> str:
    """z with its unit: "-2.1σ"."""
    return f"{reaction.z:+.1f}σ"


def move_line(precedent: Precedent) -> str:
    """What the market did: move, z, instrument and window in one clause."""
    reaction = precedent.reaction
    return f"{reaction.ticker} {percent(reaction.simple_return)} ({sigmas(reaction)}, {window(reaction)})"


def provenance_line(provenance: Provenance) -> str:
    """Model, calls, tokens, seconds and cost in one line."""
    cost = (
        "price unknown"
        if provenance.cost_usd is None
        else "no cost (local)"
        if provenance.provider == "local"
        else f"{provenance.cost_usd:.4f} USD"
    )
    calls = f"{provenance.calls} {'call' if provenance.calls == 1 else 'calls'}"
    tokens = f"{provenance.input_tokens:,} + {provenance.output_tokens:,} tokens"
    cached = " · from cache" if provenance.cache_hit else ""
    return (
        f"{provenance.model} ({provenance.provider}) · {calls} · {tokens} · {provenance.seconds:.1f} s · {cost}{cached}"
    )


def missing_lines(analysis: Analysis) -> tuple[str, ...]:
    """Everything a reader should know is absent: dropped sentences, dropped quotes, and what could not be had."""
    lines = []
    if analysis.dropped:
        lines.append(f"{_count(analysis.dropped, 'sentence')} left out: the check found no support")
    if analysis.reading.dropped_sentences:
        cut = _count(analysis.reading.dropped_sentences, "sentence")
        lines.append(f"{cut} of the summary left out: the article does not say it")
    if analysis.reading.dropped_quotes:
        lines.append(f"{_count(analysis.reading.dropped_quotes, 'fact')} left out: the quote is not in the article")
    return (*lines, *analysis.provenance.missing, *analysis.article.notes)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class DriverRow:
    """One step of the score, rounded so that the column adds up to the score shown."""

    name: str
    text: str
    contribution: str


def driver_rows(impact: Impact) -> tuple[DriverRow, ...]:
    """The drivers with contributions to two digits that sum to the shown score: the largest remainders go up."""
    if impact.score is None:
        return ()
    hundredths = _summing([driver.contribution * 100 for driver in impact.drivers], round(impact.score * 100))
    return tuple(
        DriverRow(words(driver.name), driver.text, f"{amount / 100:+.2f}")
        for driver, amount in zip(impact.drivers, hundredths, strict=True)
    )


def _summing(amounts: Sequence[float], total: int) -> list[int]:
    """Whole numbers near `amounts` that sum to `total`; plain rounding when that would move one by more than 1."""
    floors = [int(amount // 1) for amount in amounts]
    lacking = total - sum(floors)
    if not 0 <= lacking <= len(amounts):
        return [round(amount) for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda index: floors[index] - amounts[index])
    for index in by_remainder[:lacking]:
        floors[index] += 1
    return floors


def safe_address(url: str | None) -> str | None:
    """`url` if a page may link to it: http or https with a host; else None."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and host else None


def citations(claim: Claim, analysis: Analysis) -> tuple[str, ...]:
    """The ids among a sentence's support that stand on the page: cited facts, precedents, the score, the sentiment."""
    shown = {"score", "sentiment"}
    shown |= {fact.id for fact in analysis.reading.facts} | {precedent.id for precedent in analysis.precedents}
    return tuple(name for name in claim.support if name in shown)


def window(reaction: Reaction) -> str:
    """The sessions the move was measured over."""
    return f"{WINDOWS[reaction.window]}{', intraday' if reaction.intraday else ''}"


def cited_facts(analysis: Analysis) -> tuple[Fact, ...]:
    """The article's facts that a supported sentence rests on, in order of their ids."""
    cited = {name for claim in analysis.claims if claim.verdict == "supported" for name in claim.support}
    return tuple(fact for fact in analysis.reading.facts if fact.id in cited)
