"""Made-up events whose vectors crowd like those of real headlines, with bursts of one story; the same for the same seed.

The shape was fitted to 4,815 newswire headlines under the embedder minilm-int8 (384 numbers): `python -m evals.memory.likeness`
prints both sides. A story is a point near its topic; an event is its story reworded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evals.memory.wording import Wording
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from records.times import from_epoch

DIMENSIONS = 384
CHUNK = 20_000
"""Events made at once: 30 MB of vectors. A chunk has its own generator, so a part can be made without the rest."""
STORY_BLOCK = 4_096

TOPICS, SECTORS = 3_000, 40
TOPIC_EXPONENT = 0.8
"""Topic sizes fall off by this power: the largest topic has 5 % of all stories."""
SPECTRUM_SCALE, SPECTRUM_FLOOR = 60, 0.02
"""The n-th principal component's variance is exp(−n / scale) + floor: few dimensions and a little of everything, so that 90 %
of it lies in 183 of the 384 (with the topics: 154; real headlines: 177)."""
COMMON, SECTOR, TOPIC, STORY = 0.36, 0.38, 0.48, 0.70
"""Shares of a story's vector, squares summing to about 1: what all news has in common (mean cosine of two headlines: .13), its
sector's, its topic's and its own."""

BURST_SHARE, BURST_SIZES, BURST_DAYS = 0.12, (50, 500), 1.0
"""Of all events; copies of one burst, log-uniform; mean days from a burst's first copy to another."""
BURST_COSINE = 0.97
FOLLOWED_SHARE, FOLLOWED_SIZES, FOLLOWED_DAYS = 0.45, (2, 6), 2.0
"""Ordinary stories that two to five events tell."""
FOLLOWED_COSINES = (0.60, 0.97)
BURST_KEPT_WORDS, FOLLOWED_KEPT_WORDS = 0.85, 0.5

BEGIN, YEARS = datetime(2011, 1, 3, tzinfo=UTC), 15
DAY = 86_400_000_000
"""Microseconds."""
CLOSE = 21 * DAY // 24
"""The market closes at about 21:00 UTC."""
TICKERS = 4_000
EVENT_TYPES = tuple(EventType)


@dataclass(frozen=True)
class Plan:
    """Who tells which story when. Rows are events in the order in which their reactions were known."""

    story: NDArray[np.int64]
    published_at: NDArray[np.int64]
    """Epoch microseconds."""
    known_at: NDArray[np.int64]
    """Epoch microseconds, ascending."""
    topic_of: NDArray[np.int64]
    """By story, as all below; stories are numbered by their beginning."""
    noise_of: NDArray[np.float64]
    """Length of what a copy adds to its story's unit vector; 0: one event alone tells it."""
    kept_of: NDArray[np.float64]
    """Share of words a copy keeps."""
    size_of: NDArray[np.int64]
    burst_of: NDArray[np.bool_]


class World:
    """All events of one seed, made when asked for."""

    def __init__(self, events: int, seed: int) -> None:
        self.events = events
        self.seed = seed
        self.wording = Wording(seed, TOPICS)
        generator = np.random.default_rng([seed, 0])
        scale = np.sqrt(np.exp(-np.arange(DIMENSIONS) / SPECTRUM_SCALE) + SPECTRUM_FLOOR)
        rotation = np.linalg.qr(generator.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
        self._shape = (scale[:, None] * rotation / np.sqrt((scale**2).sum())).astype(np.float32)
        self._common = self.noise(generator, 1)[0]
        sectors = self.noise(generator, SECTORS)
        self._sector_of = generator.integers(0, SECTORS, TOPICS)
        self._topics = SECTOR * sectors[self._sector_of] + TOPIC * self.noise(generator, TOPICS)
        self.plan = _plan(events, np.random.default_rng([seed, 1]))
        self._stories = lru_cache(maxsize=8)(self._story_block)

    def noise(self, generator: np.random.Generator, count: int) -> NDArray[np.float32]:
        """(count, DIMENSIONS) unit vectors with the spectrum of real embeddings."""
        return unit(generator.standard_normal((count, DIMENSIONS), dtype=np.float32) @ self._shape)

    def new_stories(self, generator: np.random.Generator, topic: NDArray[np.int64]) -> NDArray[np.float32]:
        """(len(topic), DIMENSIONS) unit vectors: one more story of each topic."""
        return unit(COMMON * self._common + self._topics[topic] + STORY * self.noise(generator, len(topic)))

    def copies(
        self, generator: np.random.Generator, stories: NDArray[np.float32], noise: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """The stories' vectors told once more."""
        return unit(stories + noise[:, None].astype(np.float32) * self.noise(generator, len(stories)))

    def story(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Vectors and sentences of the stories."""
        vectors = np.empty((len(numbers), DIMENSIONS), dtype=np.float32)
        sentences = np.empty((len(numbers), self._stories(0)[1].shape[1]), dtype=np.int64)
        for block in np.unique(numbers // STORY_BLOCK):
            mine = numbers // STORY_BLOCK == block
            block_vectors, block_sentences = self._stories(int(block))
            vectors[mine], sentences[mine] = (
                block_vectors[numbers[mine] % STORY_BLOCK],
                block_sentences[numbers[mine] % STORY_BLOCK],
            )
        return vectors, sentences

    def chunks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(first row, vectors) of every chunk, in order."""
        for start in range(0, self.events, CHUNK):
            yield start, self.vectors(start)

    def vectors(self, start: int) -> NDArray[np.float32]:
        """(up to CHUNK, DIMENSIONS) unit vectors of the chunk that begins at row `start`."""
        numbers = self.plan.story[start : start + CHUNK]
        generator = np.random.default_rng([self.seed, 2, start // CHUNK])
        return self.copies(generator, self.story(numbers)[0], self.plan.noise_of[numbers])

    def chunk_events(self, start: int) -> list[Event]:
        """The events of that chunk."""
        numbers = self.plan.story[start : start + CHUNK]
        generator = np.random.default_rng([self.seed, 3, start // CHUNK])
        topic, kept = self.plan.topic_of[numbers], self.plan.kept_of[numbers]
        words = self.wording.reworded(generator, self.story(numbers)[1], topic, kept)
        returns = generator.standard_t(4, len(numbers)) * 0.02
        return [
            self._event(start + place, int(number), words[place], float(returns[place]))
            for place, number in enumerate(numbers)
        ]

    def tags_of(self, story: int, topic: int) -> tuple[EventType, str]:
        """Event type and ticker: the type is the topic's, the company the story's."""
        return EVENT_TYPES[topic % len(EVENT_TYPES)], ticker(story)

    def _event(self, row: int, story: int, words: NDArray[np.int64], abnormal_return: float) -> Event:
        plan = self.plan
        event_type, symbol = self.tags_of(story, int(plan.topic_of[story]))
        known_at = from_epoch(int(plan.known_at[row]))
        return Event(
            id=event_id(row),
            summary=self.wording.text(words),
            event_type=event_type,
            tickers=(symbol,),
            published_at=from_epoch(int(plan.published_at[row])),
            story_id=f"s{story}" if plan.size_of[story] > 1 else None,
            source="synthetic",
            reaction=Reaction(
                ticker=symbol,
                window="one_session",
                session_on=known_at.date(),
                abnormal_return=abnormal_return,
                beta=1.0,
                sigma=0.02,
                z=abnormal_return / 0.02,
                known_at=known_at,
            ),
        )

    def _story_block(self, block: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        topic = self.plan.topic_of[block * STORY_BLOCK : (block + 1) * STORY_BLOCK]
        generator = np.random.default_rng([self.seed, 4, block])
        return self.new_stories(generator, topic), self.wording.sentences(generator, topic)


def event_id(row: int) -> str:
    """The id of the event in a row of the plan."""
    return f"e{row:08d}"


def row_of(identity: str) -> int:
    """The inverse of `event_id`."""
    return int(identity.removeprefix("e"))


def ticker(story: int) -> str:
    """Three letters."""
    number = story % TICKERS
    return "".join(chr(ord("A") + number // 26**power % 26) for power in (2, 1, 0))


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _plan(events: int, generator: np.random.Generator) -> Plan:
    burst_sizes = _sizes(
        generator, int(BURST_SHARE * events), BURST_SIZES[0], max(51, min(BURST_SIZES[1], events // 20))
    )
    followed = generator.integers(*FOLLOWED_SIZES, max(1, int(FOLLOWED_SHARE * events / 3.5)))
    alone = max(0, events - int(burst_sizes.sum()) - int(followed.sum()))
    size = np.concatenate([burst_sizes, followed, np.ones(alone, dtype=np.int64)])
    burst = np.arange(len(size)) < len(burst_sizes)
    begin = _days(generator, len(size))
    # spread evenly over the years, so that each as_of has some shortly before and after it
    begin[burst] = (np.arange(burst.sum()) + generator.random(burst.sum())) / max(1, burst.sum()) * YEARS * 365.25
    order = np.argsort(begin, kind="stable")
    size, burst, begin = size[order], burst[order], begin[order]

    story = np.repeat(np.arange(len(size)), size)[:events]
    mean_days = np.where(burst, BURST_DAYS, FOLLOWED_DAYS)[story]
    first = np.r_[True, story[1:] != story[:-1]]
    later = np.where(first, 0.0, np.minimum(generator.exponential(mean_days), 4 * mean_days))
    published = int(BEGIN.timestamp() * 1e6) + ((begin[story] + later) * DAY).astype(np.int64)
    known = _close_after(published, generator.random(len(story)) < 0.2)
    rows = np.lexsort((published, known))
    cosine = np.where(burst, BURST_COSINE, generator.uniform(*FOLLOWED_COSINES, len(size)))
    weights = np.arange(1, TOPICS + 1, dtype=np.float64) ** -TOPIC_EXPONENT
    return Plan(
        story=story[rows],
        published_at=published[rows],
        known_at=known[rows],
        topic_of=generator.choice(TOPICS, len(size), p=weights / weights.sum()),
        noise_of=np.where(size > 1, np.sqrt(1 / cosine - 1), 0.0),  # two copies' cosine is 1 / (1 + noise²)
        kept_of=np.where(size == 1, 1.0, np.where(burst, BURST_KEPT_WORDS, FOLLOWED_KEPT_WORDS)),
        size_of=np.bincount(story, minlength=len(size)),
        burst_of=burst,
    )


def _sizes(generator: np.random.Generator, total: int, low: int, high: int) -> NDArray[np.int64]:
    """Log-uniform sizes that sum to about `total`; at least two."""
    drawn = np.exp(generator.uniform(np.log(low), np.log(high), max(2, total // low + 1))).astype(np.int64)
    return drawn[: max(2, int(np.searchsorted(np.cumsum(drawn), total)))]


def _days(generator: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Days since BEGIN: few at weekends, some days several times as many as others."""
    days = np.arange(int(YEARS * 365.25))
    weekday = (BEGIN.weekday() + days) % 7
    volume = generator.lognormal(0, 0.5, len(days)) * np.where(weekday >= 5, 0.15, 1.0)
    hours = generator.normal(14, 4, count).clip(0, 23.9) / 24
    return np.asarray(generator.choice(days, count, p=volume / volume.sum()) + hours)


def _close_after(published: NDArray[np.int64], one_more: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The close of the next working day, or of the one after it."""
    day = published // DAY + 1 + one_more
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    day += np.where(weekday >= 5, 7 - weekday, 0)
    return np.asarray(day * DAY + CLOSE)


END = BEGIN + timedelta(days=365.25 * YEARS)
