"""From measured events to the rows that the score's prior looks at, each from what was known on its day."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from agent.features import Known, row
from agent.flow import COVERAGE_DAYS, COVERAGE_EVENTS, NewsFlow, PastStory, flow_of
from agent.wording import Vocabulary, event_text, words_of
from evals.impact.events import Event, Measured, by_company
from records.taxonomy import EventType


def texts_of(events: Sequence[Event], *, headline_only: bool = False) -> list[list[str]]:
    """The words of each event's text, its company masked."""
    return [
        words_of(event_text(event.headlines, "" if headline_only else event.body), event.company) for event in events
    ]


def vectors_of(vocabulary: Vocabulary, texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """(n, terms) unit rows, float32."""
    wordings = [vocabulary.vector(words) for words in texts]
    ends = np.cumsum([0, *(len(each.columns) for each in wordings)])
    columns = np.concatenate([each.columns for each in wordings]) if wordings else np.zeros(0, dtype=np.int32)
    values = np.concatenate([each.values for each in wordings]) if wordings else np.zeros(0, dtype=np.float32)
    return sparse.csr_matrix((values, columns, ends), shape=(len(wordings), len(vocabulary)))


def expected_words(vocabulary: Vocabulary, vectors: sparse.csr_matrix) -> NDArray[np.float64]:
    """(n,) `Vocabulary.expected` of every row."""
    result: NDArray[np.float64] = vocabulary.base + np.asarray(vectors @ vocabulary.weights, dtype=np.float64)
    return result


def flows_of(data: Measured, y: NDArray[np.float64], expected: NDArray[np.float64]) -> list[NewsFlow | None]:
    """The news flow of every event from the events before its day; None where the memory was too thin to tell.

    An outcome enters only where it was known before the event's day, whose session is a part of its own window.
    """
    days = [event.day.toordinal() for event in data.events]
    result: list[NewsFlow | None] = [None] * len(days)
    for _, places in by_company(data.events):
        for order, place in enumerate(places):
            event, moment = data.events[place], data.events[place].outcomes_until
            since = bisect_right(days, days[place] - COVERAGE_DAYS - 1)
            until = bisect_right(days, days[place] - 1)
            if until - since < COVERAGE_EVENTS:
                continue
            past = [
                PastStory(
                    data.events[each].day,
                    data.events[each].results,
                    float(y[each] - expected[each]) if data.reactions[each].known_at <= moment else None,
                )
                for each in places[:order]
                if data.events[each].day < event.day
            ]
            result[place] = flow_of(past, event.day, event.stories)
    return result


def rows_of(
    data: Measured,
    wording: NDArray[np.float64],
    type_mean: Sequence[float],
    flows: Sequence[NewsFlow | None],
) -> NDArray[np.float64]:
    """(n, features) in the order of agent.features.NAMES; `wording` NaN where no past could teach it."""
    return np.stack(
        [
            row(
                Known(
                    day=event.day,
                    wording=None if np.isnan(wording[place]) else float(wording[place]),
                    type_mean=type_mean[place],
                    results=event.results,
                    state=data.states[place],
                    flow=flows[place],
                )
            )
            for place, event in enumerate(data.events)
        ]
    )


def type_means(
    types: Sequence[EventType], y: NDArray[np.float64], shrink: float
) -> tuple[dict[EventType, float], dict[EventType, int], float]:
    """Mean y by type, shrunk to the mean of all as if by `shrink` more events, the counts, and the mean of all."""
    names = np.array([each.value for each in types])
    overall = float(y.mean())
    means, counts = {}, {}
    for name in sorted(set(names.tolist())):
        mine = y[names == name]
        means[EventType(name)] = float((mine.sum() + shrink * overall) / (len(mine) + shrink))
        counts[EventType(name)] = len(mine)
    return means, counts, overall


EMBARGO = timedelta(days=10)
"""Between the last outcome a model was taught and the first event it forecasts."""
