"""Tools over past events, reactions, the track record and what was in the news when."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.errors import NotFound, UsageError
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from tools import lines
from tools.news import Limit, When
from tools.result import Item, Result, cut, found, unavailable
from tools.sources import Sources
from tools.when import moment, stretch

ACTIVITY_DAYS = 30
"""How far back activity is counted when no beginning is given."""


class FindPrecedents(Record):
    """Arguments of `find_precedents`."""

    text: Annotated[
        str, Field(min_length=1, max_length=4_000, description="what happened, as one would put it in a headline")
    ]
    tickers: Annotated[list[str], Field(description="companies it is about; [] if none", max_length=20)] = Field(
        default_factory=list
    )
    event_type: Annotated[EventType | None, Field(description="of it; null if not known")] = None
    limit: Annotated[int, Field(ge=1, le=20, description="at most so many events")] = 5


def find_precedents(sources: Sources, asked: FindPrecedents) -> Result:
    """Find past events like the one described, with what the market did after each: when was something like this last seen, and
    what did the stock do? Only events whose outcome was known at the moment asked as of."""
    if sources.memory is None:
        return unavailable(
            "The event memory cannot be asked: the embedding model is missing. `rhyme doctor` says what to do."
        )
    tickers = tuple(ticker.strip().upper() for ticker in asked.tickers)
    recalled = sources.memory.recall(
        asked.text, sources.as_of, asked.limit, event_type=asked.event_type, tickers=tickers
    )
    items = [lines.of_precedent(one) for one in recalled.precedents]
    return found(
        items,
        f"Past events like {cut(asked.text, 120)!r} with an outcome known by {lines.clock(sources.as_of)}, likest first.",
    )


class CompareEvents(Record):
    """Arguments of `compare_events`."""

    first: Annotated[str, Field(description="event:… or analysis:…", max_length=200)]
    second: Annotated[str, Field(description="event:… or analysis:…", max_length=200)]


def compare_events(sources: Sources, asked: CompareEvents) -> Result:
    """Compare two past events or analyses: what they share, how they differ, and what the market did after each."""
    one, other = _event(sources, asked.first), _event(sources, asked.second)
    shared = [
        name
        for name, same in (
            (f"the event type {one.event_type.value.replace('_', ' ')}", one.event_type is other.event_type),
            (
                f"the companies {', '.join(sorted({*one.tickers} & {*other.tickers}))}",
                bool({*one.tickers} & {*other.tickers}),
            ),
            (f"the themes {', '.join(sorted({*one.tags} & {*other.tags}))}", bool({*one.tags} & {*other.tags})),
        )
        if same
    ]
    apart = abs(one.published_at - other.published_at).days
    parts = [f"They share {' and '.join(shared)}" if shared else "They share neither event type, company nor theme"]
    parts += [f"they are {apart} days apart"]
    if one.event_type is not other.event_type:
        kinds = (kind.value.replace("_", " ") for kind in (one.event_type, other.event_type))
        parts += ["the first is of the type {}, the second of {}".format(*kinds)]
    for name, event in (("first", one), ("second", other)):
        outcome = lines.of_reaction(event.reaction) if event.reaction else "what the market did is not known"
        parts += [f"after the {name}: {outcome}"]
    items = [lines.of_event(one), lines.of_event(other)]
    both = Item(id=f"event:{one.id}+{other.id}", kind="event", text="; ".join(parts) + ".", data={})
    return found([both, *items], "Two events beside one another.")


def _event(sources: Sources, name: str) -> Event:
    kind, _, rest = name.strip().partition(":")
    if kind == "event":
        known = sources.database.events([rest])
        if not known or known[0].published_at > sources.as_of:
            raise NotFound(f"There is no event {rest!r} known at {lines.clock(sources.as_of)}.")
        return _without_later(known[0], sources)
    if kind != "analysis":
        raise UsageError(f"{name!r} is neither an event nor an analysis: give an id that another tool gave.")
    analysis = sources.database.load_analysis(rest)
    if analysis.provenance.as_of > sources.as_of:
        raise NotFound(f"There is no analysis {rest!r} known at {lines.clock(sources.as_of)}.")
    kept = sources.database.events([analysis.article.event_id])
    reaction = kept[0].reaction if kept else None
    event = Event(
        id=analysis.id,
        summary=analysis.reading.summary or analysis.article.title,
        event_type=analysis.reading.event_type,
        tickers=analysis.tickers,
        tags=analysis.reading.tags,
        published_at=analysis.article.known_at,
        reaction=reaction,
    )
    return _without_later(event, sources)


def _without_later(event: Event, sources: Sources) -> Event:
    late = event.reaction is not None and event.reaction.known_at > sources.as_of
    return event.model_copy(update={"reaction": None}) if late else event


class ReactionAround(Record):
    """Arguments of `reaction_around`."""

    ticker: Annotated[str, Field(min_length=1, max_length=12, description="US symbol, ^GSPC for the S&P 500")]
    at: Annotated[
        str,
        Field(
            description="when the news came: 2026-03-31T14:30Z, or a date, which means the session and the next",
            max_length=64,
        ),
    ]


def reaction_around(sources: Sources, asked: ReactionAround) -> Result:
    """Measure what a share did around a date or time, beyond its market and in units of its own volatility (event study)."""
    if sources.prices is None:
        return unavailable(
            "No prices are set, so no move can be measured. Set `prices` (docs/prices.md shows the formats)."
        )
    from markets.reaction import UnknownReaction, measure  # the calendars take most of a second to load
    from markets.sessions import sessions

    ticker = asked.ticker.strip().upper()
    date_only = "t" not in asked.at.strip().lower()[10:11] and ":" not in asked.at
    published = moment(asked.at, sources.as_of, end=date_only)
    measured = measure(
        ticker, min(published, sources.as_of), sources.prices, sessions(), date_only=date_only, as_of=sources.as_of
    )
    if isinstance(measured, UnknownReaction):
        if measured.reason == "not_yet":
            return unavailable(f"What {ticker} did is not known yet at {lines.clock(sources.as_of)}. {measured.text}")
        return unavailable(f"The move of {ticker} cannot be measured: {measured.text}")
    return found(
        [_measured(measured)], f"Event study of {ticker} from daily closes; known at {lines.clock(measured.known_at)}."
    )


def _measured(reaction: Reaction) -> Item:
    beta = "its own return, no market taken off" if reaction.beta is None else f"β {reaction.beta:.2f}"
    text = f"{lines.of_reaction(reaction)}; {beta}; daily σ {reaction.sigma:.2%}."
    name = f"reaction:{reaction.ticker}:{reaction.session_on}"
    return Item(id=name, kind="reaction", text=text, data=lines.data_of_reaction(reaction))


class TrackRecordAsked(Record):
    """Arguments of `track_record`."""

    event_type: Annotated[EventType | None, Field(description="null: all of them")] = None


def track_record(sources: Sources, asked: TrackRecordAsked) -> Result:
    """How good the market-impact scores have been: forecasts made before their outcome and graded by the market."""
    if sources.track_record is None:
        return unavailable("The track record cannot be made here.")
    text, data = sources.track_record(sources.as_of, asked.event_type)
    name = f"record:{asked.event_type.value if asked.event_type else 'all'}:{sources.as_of:%Y-%m-%d}"
    return found([Item(id=name, kind="record", text=cut(text), data=data)], "From the forward ledger alone.")


class ActivityAsked(Record):
    """Arguments of `activity`."""

    by: Annotated[Literal["ticker", "tag"], Field(description="companies or themes")]
    labels: Annotated[list[str], Field(description="symbols or names of themes; [] for all", max_length=50)] = Field(
        default_factory=list
    )
    since: When = None
    until: When = None
    days: Annotated[int, Field(ge=1, le=366, description="length of a stretch")] = 1
    limit: Limit = 20


def activity(sources: Sources, asked: ActivityAsked) -> Result:
    """Count analysed news and its scores by company or theme over time: what is busy, what has gone quiet."""
    begin, close = stretch(asked.since, asked.until, sources.as_of)
    begin = begin or close - timedelta(days=ACTIVITY_DAYS)
    names = {label.upper() if asked.by == "ticker" else label for label in asked.labels}
    rows = sources.database.browse.activity(
        asked.by, until=close, since=begin, labels=names, days=asked.days, limit=asked.limit + 1
    )
    items = [lines.of_activity(asked.by, one, asked.days) for one in rows[: asked.limit]]
    note = (
        f"Analyses from {lines.clock(begin)} to {lines.clock(close)}, stretches of {asked.days} days, the newest first."
    )
    return found(items, note, more=len(rows) - len(items))
