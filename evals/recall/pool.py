"""The events that recall is graded on: a fixed sample of a folder, the same for every embedder and every run."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.impact.events import Event as Story
from evals.impact.events import Measured, as_given, events_of, load_stories, measured, price_source
from evals.impact.neighbours import SAME_STORY, known_order
from records.errors import SourceUnreadable
from records.event import Event

SEED = 4
FIT_SPLIT, REPORT_SPLIT = "dev", "val"
SHARES: Mapping[str, float] = {FIT_SPLIT: 0.6, REPORT_SPLIT: 0.4}
"""Of the sample: the later split is asked with all of the earlier one behind it."""
WARM_UP = 0.4
"""The first part of the earlier split, by time, is only past: its own past would be too thin to find anything in."""
BODY_CHARACTERS = 400
"""About the length of the summary that an article is looked up with."""

SECTOR_NAMES: Mapping[str, str] = {
    "Basic Materials": "Materials",
    "Finance": "Financials",
    "Technology": "Information Technology",
    "Telecommunications": "Communication Services",
    "Miscellaneous": "",
}
"""The exchange's names in the words of the index provider."""


@dataclass(frozen=True)
class Pool:
    """Events by day and id, as the event memory would keep them, with who asks and what may answer."""

    stories: Measured
    events: tuple[Event, ...]
    sectors: tuple[str | None, ...]
    """Of each event's company by the reference list of tickers; None: not in it."""
    abs_z: NDArray[np.float64]
    order: NDArray[np.int64]
    """(n,) places by the time their outcome was known."""
    known: NDArray[np.float64]
    """(n,) those times, epoch seconds, ascending."""
    by_ticker: Mapping[str, Sequence[int]]
    """Places of each company's events."""

    def visible(self, place: int) -> int:
        """How many of `order` were known before the event's own window opened."""
        until = self.stories.events[place].outcomes_until.timestamp()
        return int(np.searchsorted(self.known, until, side="right"))

    def own_story(self, place: int) -> frozenset[str]:
        """Ids of the company's events within a week: one story, as everywhere in these evaluations."""
        story = self.stories.events[place]
        return frozenset(
            self.events[each].id
            for each in self.by_ticker[story.ticker]
            if abs((self.stories.events[each].day - story.day).days) < SAME_STORY.days
        )

    def queries(self, split: str, count: int) -> NDArray[np.int64]:
        """Up to `count` places of one split, drawn with the fixed seed, in order of time; none tells its price in the text."""
        places = [place for place, story in enumerate(self.stories.events) if story.split == split]
        if split == FIT_SPLIT:
            places = places[int(len(places) * WARM_UP) :]
        places = [place for place in places if not self.stories.events[place].tells_price]
        return np.sort(np.random.default_rng(SEED).permutation(np.array(places, dtype=np.int64))[:count])

    def days(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) session-day of each place, as an ordinal: the clusters of the bootstrap."""
        return np.array([self.stories.reactions[place].session_on.toordinal() for place in places], dtype=np.int64)


def load_pool(folder: Path, limit: int) -> Pool:
    """A sample of `limit` events with outcomes, or a little fewer: what cannot be measured is dropped after drawing.

    Raises SourceError. A smaller limit draws a part of a larger one's events.
    """
    rows = _sampled(load_stories(folder), limit)
    stories = events_of(rows)
    prices = price_source([folder])
    data = measured(stories, prices) if prices is not None else as_given(stories, rows)
    if {story.split for story in data.events} != set(SHARES):
        raise SourceUnreadable(
            f"{folder} needs events with outcomes in both splits, {FIT_SPLIT!r} to fit on and {REPORT_SPLIT!r} to report."
        )
    order, known = known_order(data)
    sectors = read_sectors(folder / "ref")
    by_ticker: dict[str, list[int]] = {}
    for place, story in enumerate(data.events):
        by_ticker.setdefault(story.ticker, []).append(place)
    return Pool(
        stories=data,
        events=tuple(_event(story, data, place) for place, story in enumerate(data.events)),
        sectors=tuple(sectors.get(story.ticker) for story in data.events),
        abs_z=data.abs_z,
        order=order,
        known=known,
        by_ticker=by_ticker,
    )


def read_sectors(folder: Path) -> Mapping[str, str]:
    """Ticker → sector; the index provider's word where there is one. Empty without the files."""
    found: dict[str, str] = {}
    for name, ticker, sector in (
        ("us_tickers.csv", "ticker", "sector"),
        ("sp500_constituents.csv", "Symbol", "GICS Sector"),
    ):
        if (folder / name).is_file():
            with (folder / name).open(encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    told = SECTOR_NAMES.get(row[sector], row[sector])
                    if told:
                        found[row[ticker].replace("/", ".").replace("-", ".")] = told
    return found


def text_of(headline: str, body: str) -> str:
    """What is looked up and what is remembered: the title and the beginning of the story."""
    return f"{headline.rstrip('.')}. {body[:BODY_CHARACTERS]}".strip()


def _sampled(rows: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    by_split: dict[str, set[str]] = {split: set() for split in SHARES}
    for row in rows:
        if row["split"] in by_split:
            by_split[row["split"]].add(row["event_id"])
    chosen: set[str] = set()
    for split, share in SHARES.items():
        ids = np.random.default_rng(SEED).permutation(sorted(by_split[split]))
        chosen.update(ids[: int(limit * share)].tolist())
    return [row for row in rows if row["event_id"] in chosen]


def _event(story: Story, data: Measured, place: int) -> Event:
    """As the memory keeps it. Companies named by one headline of a day share its story."""
    told = f"{story.day} {story.headlines[0].casefold()}"
    return Event(
        id=story.id,
        summary=text_of(story.headlines[0], story.body),
        event_type=story.event_type,
        tickers=(story.ticker,),
        published_at=story.published_at,
        date_only=True,
        story_id=hashlib.sha256(told.encode()).hexdigest()[:16],
        source="evaluation",
        reaction=data.reactions[place],
    )
