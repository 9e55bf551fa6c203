"""A day's news as a JSONL file: different stories, most of them printed again by others with small edits, in order of time.

The stories are real headlines and leads out of a folder of Parquet files, or texts of made-up words about real companies.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from evals.memory.wording import Wording
from evals.threads.made import REPRINTS
from evals.threads.pairs import article_of
from records.article import Article
from records.errors import SourceUnreadable

DAY = datetime(2025, 11, 18, 6, tzinfo=UTC)
"""A Tuesday; where the texts are from elsewhere in time does not matter to how they flow."""
STORY_MINUTES, REPRINT_MINUTES = 900, 240
"""Over how long stories break, and how long after one its reprints come."""
FOLDERS = ("impact", "recent")
LEAST_WORDS = 12
"""Of a text: with fewer there is nothing to edit."""
MOST_CHARACTERS = 6_000
CHOICE = 4
"""Texts read for each that is chosen: no need for all there are."""
COMPANIES = (
    "Apple", "Microsoft", "Amazon", "Nvidia", "Tesla", "Boeing", "Pfizer", "Walmart", "Chevron", "Coca-Cola", "Intel",
    "Goldman Sachs", "Ford", "Netflix", "Nike", "Caterpillar",
)  # fmt: skip
PUBLISHERS = tuple(f"{name} Wire" for name in ("North", "South", "East", "West", "Harbour", "Hill", "River", "Market"))
FIRST_NAMES = tuple("Ada Ben Carla David Elena Frank Grace Hugo Irene Jonas Karin Liam Maria Nils Olga Paul".split())
LAST_NAMES = tuple(
    "Abbott Baker Carter Dawson Ellis Foster Garner Hayes Irving Jensen Keller Lambert Mercer Norris Owens Parker".split()
)
WAYS = tuple(way for name, way in REPRINTS.items() if name not in ("byline and dateline", "headline alone"))
"""Of printing a text again: the first has a byline already, and of the last two copies would be one article."""


@dataclass(frozen=True)
class News:
    """What was written."""

    path: Path
    articles: int
    stories: int
    """Different texts that the others were made of."""
    real: bool


def write_news(path: Path, *, articles: int, duplicates: float, data: Path | None, seed: int) -> News:
    """`duplicates`: the share of articles that reprint another. Raises SourceUnreadable when `data` holds too few texts."""
    stories = max(1, round(articles * (1 - duplicates)))
    chance = random.Random(seed)
    texts = _real(data, stories) if data else list(_made_up(stories, seed))
    originals = [
        article_of(title, text, DAY + timedelta(minutes=chance.uniform(0, STORY_MINUTES)), source=PUBLISHERS[0])
        for title, text in texts
    ]
    copies = [_reprint(chance.choice(originals), number, chance) for number in range(articles - stories)]
    everything = sorted([*originals, *copies], key=lambda one: (one.first_seen_at, one.id))
    with path.open("w", encoding="utf-8") as file:
        for article in everything:
            file.write(json.dumps(_row(article), ensure_ascii=False) + "\n")
    return News(path, articles, stories, data is not None)


def _row(article: Article) -> dict[str, object]:
    published = article.first_seen_at.isoformat()
    return {"title": article.title, "text": article.text, "source": article.source, "published_at": published}


def _reprint(original: Article, number: int, chance: random.Random) -> Article:
    """The original as another publisher prints it, under a byline of its own, so that no two are the same to the letter."""
    title, text = chance.choice(WAYS)(original, number)
    publisher = chance.choice(PUBLISHERS[1:])
    at = original.first_seen_at + timedelta(minutes=chance.uniform(1, REPRINT_MINUTES))
    byline = f"By {FIRST_NAMES[number % len(FIRST_NAMES)]} {chance.choice(LAST_NAMES)} and {chance.choice(LAST_NAMES)}"
    return article_of(title, f"{byline}\n\n{text}", at, source=publisher)


def _real(data: Path, count: int) -> list[tuple[str, str]]:
    """Headlines with their texts, each headline and each text once, chosen by a hash of the headline."""
    files = [file for folder in FOLDERS for file in sorted((data / folder).glob("*.parquet"))]
    if not files:
        raise SourceUnreadable(
            f"There are no Parquet files in {data}/impact or {data}/recent. Name another folder with --data."
        )
    found: dict[str, tuple[str, str]] = {}
    for file in sorted(files, key=lambda one: hashlib.sha256(one.name.encode()).digest()):  # of all times
        for title, text in _rows(file):
            if len(text.split()) >= LEAST_WORDS:
                found.setdefault(text, (title, text[:MOST_CHARACTERS]))
        if len(found) >= CHOICE * count:
            break
    once = {title: (title, text) for title, text in found.values()}
    if len(once) < count:
        raise SourceUnreadable(
            f"{data} holds {len(once):,} different texts and {count:,} are needed. Ask for fewer articles."
        )
    return sorted(once.values(), key=lambda one: hashlib.sha256(one[0].encode()).hexdigest())[:count]


def _rows(file: Path) -> Iterator[tuple[str, str]]:
    try:
        table = pq.read_table(file, columns=["headline", "body"])
    except (OSError, ValueError, KeyError) as error:
        raise SourceUnreadable(f"The stories in {file} cannot be read: {error}.") from error
    titles, texts = table["headline"].to_pylist(), table["body"].to_pylist()
    yield from ((str(title), str(text)) for title, text in zip(titles, texts, strict=True) if title and text)


def _made_up(count: int, seed: int) -> Iterator[tuple[str, str]]:
    wording = Wording(seed, topics=count)
    generator = np.random.default_rng([seed, 7])
    topics = np.repeat(np.arange(count), 4)
    sentences = wording.sentences(generator, topics)
    figures = generator.integers(2, 900, count)
    for number in range(count):
        first, *rest = (wording.text(row) for row in sentences[4 * number : 4 * number + 4])
        company = COMPANIES[number % len(COMPANIES)]
        title = f"{company}: {' '.join(first.split()[:8]).rstrip('.')}"
        yield title, f"{company} reported {figures[number]} million dollars of {first} {' '.join(rest)}"
