"""Records as the lines a model reads and a citation rests on: figures as they are kept, times said, nothing rounded away."""

from datetime import datetime
from typing import Any

from records.analysis import Analysis, Claim
from records.database.browse import Activity, ArticleLine
from records.event import Event, Precedent
from records.market import Reaction
from records.story import Member
from records.summary import AnalysisSummary
from tools.result import Item, cut


def clock(moment: datetime | None) -> str:
    """In UTC; "undated" for None."""
    return "undated" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def share(value: float | None) -> str:
    """A share as a percentage of two figures; "unknown" for None."""
    return "unknown" if value is None else f"{value:.0%}"


def of_analysis(one: AnalysisSummary) -> Item:
    """Headline, time, companies, score and the reader's summary."""
    scored = (
        f"market impact {one.score:.2f} for {one.ticker} (80 % interval {one.low:.2f} to {one.high:.2f}, chance of a move beyond "
        f"2σ {share(one.p_material)}, {one.evidence.replace('_', ' ')}, {one.n_precedents} precedents)"
        if one.score is not None and one.low is not None and one.high is not None
        else "no market-impact score: not scoreable"
    )
    parts = [
        f"{one.title} ({one.source or 'unknown source'}, {clock(one.published_at)})",
        scored,
        f"event {one.event_type.replace('_', ' ')}; tickers {', '.join(one.tickers) or 'none'}; "
        f"sentiment {one.sentiment or 'not measured'}; tags {', '.join(one.tags) or 'none'}",
        one.summary,
    ]
    return Item(id=f"analysis:{one.id}", kind="analysis", text=cut(". ".join(parts)), data=one.model_dump(mode="json"))


def of_article(one: ArticleLine) -> Item:
    """An article that has no analysis: headline, time and an excerpt."""
    text = f"{one.title} ({one.source or 'unknown source'}, {clock(one.published_at)}). Not analysed. {one.excerpt}"
    return Item(id=f"article:{one.id}", kind="article", text=cut(text), data=one.model_dump(mode="json"))


def of_claim(analysis_id: str, number: int, claim: Claim) -> Item:
    """One sentence of an analysis with what it rests on."""
    rest = f" [{', '.join(claim.support)}]" if claim.support else ""
    return Item(
        id=f"claim:{analysis_id}.{number}", kind="claim", text=f"{claim.text}{rest} ({claim.verdict})",
        data=claim.model_dump(mode="json"),
    )  # fmt: skip


def of_reaction(reaction: Reaction) -> str:
    """What a share did, in a clause."""
    sessions = {"one_session": "one session", "two_session": "two sessions"}[reaction.window]
    return (
        f"{reaction.ticker} then moved {reaction.simple_return:+.1%} against its market over {sessions} from "
        f"{reaction.session_on} ({reaction.z:+.1f}σ)"
    )


def data_of_reaction(reaction: Reaction) -> dict[str, Any]:
    """With the move as it is told, for a model that reads the data: `abnormal_return` alone is in log."""
    return reaction.model_dump(mode="json") | {"simple_return": reaction.simple_return}


def _data(one: Event | Precedent) -> dict[str, Any]:
    data = one.model_dump(mode="json")
    return data | {"reaction": data_of_reaction(one.reaction)} if one.reaction else data


def of_event(one: Event) -> Item:
    """A past event with its reaction, or the word that it is not known."""
    outcome = of_reaction(one.reaction) if one.reaction else "what the market did is not known"
    text = f"{one.published_at:%Y-%m-%d}: {one.summary} Event {one.event_type.value.replace('_', ' ')}; {outcome}."
    return Item(id=f"event:{one.id}", kind="event", text=cut(text), data=_data(one))


def of_precedent(one: Precedent) -> Item:
    """A past event as it was recalled: why it is alike, and how not."""
    differs = f" It differs: {one.differs}." if one.differs else ""
    text = f"{one.published_on}: {one.summary} {of_reaction(one.reaction)}. Alike {one.similarity:.2f}: {one.why}.{differs}"
    return Item(id=f"event:{one.event_id}", kind="event", text=cut(text), data=_data(one))


def of_member(one: Member) -> str:
    """An article of a story, in a line."""
    source = one.source or "unknown source"
    return f"{clock(one.published_at or one.first_seen_at)} {one.relation}: {one.title} ({source}, article:{one.article_id})"


def of_activity(kind: str, one: Activity, days: int) -> Item:
    """Counts under one label in one stretch."""
    scored = (
        f"mean score {one.mean_score:.2f}, highest {one.highest_score:.2f} ({one.scored} scored)"
        if one.mean_score is not None and one.highest_score is not None
        else "none of them scoreable"
    )
    length = "day" if days == 1 else f"{days} days"
    text = f"{kind} {one.label}, {length} from {one.begins:%Y-%m-%d}: {one.analyses} analysed articles, {scored}"
    name = f"activity:{kind}:{one.label}:{one.begins:%Y-%m-%d}:{days}"
    return Item(id=name, kind="activity", text=text, data=one.model_dump(mode="json"))


def whole(analysis: Analysis) -> str:
    """Summary and analysis paragraph, for reading."""
    drivers = "; ".join(f"{driver.text} ({driver.contribution:+.2f})" for driver in analysis.impact.drivers)
    return " ".join(
        part for part in (analysis.reading.summary, analysis.text, f"Score: {drivers}." if drivers else "") if part
    )
