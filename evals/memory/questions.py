"""What is asked of a memory: articles on stories just after, just before and away from the moment that may be known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evals.memory.synthetic import World
from records.taxonomy import EventType
from records.times import from_epoch

SHARES = (0.01, 0.10, 0.50, 0.90, 1.00)
"""Of all events knowable at as_of."""
WARM_UP = 10
"""Questions a share that are asked first and not counted."""

Kind = Literal["later", "earlier", "topic"]
MIX: tuple[tuple[Kind, float], ...] = (("later", 0.4), ("earlier", 0.3), ("topic", 0.3))
"""`later`: the nearest neighbours are copies at least half of which nobody knew yet; where there is no such burst, a topic is
asked for."""
NEAREST_BURSTS = 10
"""Bursts on either side of as_of that are asked about."""
BURST_NOISE = 0.18
"""As long as what one copy adds to its story."""


@dataclass(frozen=True)
class Question:
    """One recall."""

    text: str
    event_type: EventType
    ticker: str
    as_of: datetime
    share: float
    kind: Kind
    visible: int
    """Events knowable at as_of: the first rows of the corpus."""
    counted: bool
    """False: it only warms up."""


@dataclass(frozen=True)
class Questions:
    """All of them in the order in which they are asked: shares interleaved, those that warm up first."""

    asked: Sequence[Question]
    vectors: NDArray[np.float32]
    """(len(asked), dimensions) unit rows."""


def ask(world: World, per_share: int) -> Questions:
    """`per_share` counted questions at each share, and WARM_UP others."""
    generator = np.random.default_rng([world.seed, 5])
    middle, last = _burst_times(world)
    drafts: list[tuple[float, int, Kind, int]] = []
    for share in SHARES:
        as_of = int(world.plan.known_at[max(0, round(share * world.events) - 1)])
        later = np.flatnonzero(middle > as_of)
        earlier = np.flatnonzero(last <= as_of)
        near = {"later": later[np.argsort(middle[later])], "earlier": earlier[np.argsort(-last[earlier])]}
        for _ in range(WARM_UP + per_share):
            kind = MIX[int(generator.choice(len(MIX), p=[part for _, part in MIX]))][0]
            bursts = near.get(kind, np.empty(0, dtype=np.int64))[:NEAREST_BURSTS]
            place = int(generator.choice(bursts)) if len(bursts) else -1
            drafts.append((share, as_of, kind if len(bursts) else "topic", place))
    return _made(world, drafts, generator, per_share)


def _burst_times(world: World) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By burst, when half of its copies were known, and when all were."""
    plan = world.plan
    rows = np.flatnonzero(plan.burst_of[plan.story])
    rows = rows[np.lexsort((plan.known_at[rows], plan.story[rows]))]
    _, begin, count = np.unique(plan.story[rows], return_index=True, return_counts=True)
    return plan.known_at[rows[begin + count // 2]], plan.known_at[rows[begin + count - 1]]


def _made(
    world: World, drafts: list[tuple[float, int, Kind, int]], generator: np.random.Generator, per_share: int
) -> Questions:
    plan, wording = world.plan, world.wording
    bursts = np.flatnonzero(plan.burst_of)
    places = np.array([place for _, _, _, place in drafts])
    # any story's topic: large ones are asked about more often
    stories = np.where(places >= 0, bursts[places], plan.story[generator.integers(0, world.events, len(drafts))])
    topic = plan.topic_of[stories]
    told, sentences = world.story(stories)
    copies = world.copies(generator, told, np.full(len(drafts), BURST_NOISE))
    vectors = np.where(places[:, None] >= 0, copies, world.new_stories(generator, topic))
    kept = np.where(places >= 0, 0.85, 0.2)
    words = wording.reworded(generator, sentences, topic, kept)
    visible = {as_of: int(np.searchsorted(plan.known_at, as_of, side="right")) for _, as_of, _, _ in drafts}
    questions = []
    for number, (share, as_of, kind, _) in enumerate(drafts):
        event_type, ticker = world.tags_of(int(stories[number]), int(topic[number]))
        questions.append(
            Question(
                text=f"{wording.text(words[number])} No. {number}",  # no two alike: the embedder knows it by its text
                event_type=event_type,
                ticker=ticker,
                as_of=from_epoch(as_of),
                share=share,
                kind=kind,
                visible=visible[as_of],
                counted=number % (WARM_UP + per_share) >= WARM_UP,
            )
        )
    order = generator.permutation(len(drafts))
    order = order[np.argsort([questions[place].counted for place in order], kind="stable")]
    return Questions([questions[place] for place in order], np.ascontiguousarray(vectors[order], dtype=np.float32))
