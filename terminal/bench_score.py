"""The case that `rhyme bench score` times: a merger of today against the shipped past events."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from agent.flow import flow_of
from agent.score import Question
from markets.state import state_of
from records.event import Precedent
from records.market import Instrument
from records.taxonomy import EventType
from vectorstore.starter import DATA, EVENTS_FILE, read_events

AS_OF = datetime(2025, 12, 31, tzinfo=UTC)
PRECEDENTS = 100


def case() -> tuple[Question, Sequence[Precedent], datetime]:
    """A question, its precedents and the time."""
    generator = np.random.default_rng(0)
    market = generator.normal(0, 0.01, 500)
    state = state_of(market + generator.normal(0, 0.02, 500), market)
    question = Question(
        instrument=Instrument(ticker="CTSO", name="Contoso"),
        event_type=EventType.MERGER_ACQUISITION,
        headline="Contoso to buy Northwind in $35.3 billion deal",
        lead="Contoso agreed to buy Northwind for $35.3 billion, a premium of 26.6 percent, to add its network of warehouses.",
        published_at=AS_OF,
        state=state,
        flow=flow_of([], AS_OF.date(), 1),
    )
    known = [event for event in read_events(DATA / EVENTS_FILE) if event.reaction is not None][:PRECEDENTS]
    precedents = [
        Precedent(
            id=f"P{place}",
            event_id=event.id,
            summary=event.summary,
            event_type=event.event_type,
            tickers=event.tickers,
            published_at=event.published_at,
            similarity=0.5,
            why="a past event",
            reaction=event.reaction,
        )
        for place, event in enumerate(known, start=1)
        if event.reaction is not None
    ]
    return question, precedents, AS_OF
