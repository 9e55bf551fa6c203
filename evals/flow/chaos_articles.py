"""Articles for one run, made from its seed: stories of their own, reprints of some by other publishers, one correction."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

COMPANIES = (
    "Apple",
    "Microsoft",
    "Boeing",
    "Pfizer",
    "Walmart",
    "Exxon Mobil",
    "Tesla",
    "Intel",
    "Nike",
    "Caterpillar",
)
SYLLABLES = "ba ce di fo gu la me ni po ru sta vel dor min tal kes".split()
FIRST_DAY = datetime(2024, 3, 4, 15, 0, tzinfo=UTC)
WORDS = 40
"""In a text, all of its own: no two stories are alike."""


@dataclass(frozen=True)
class MadeArticle:
    """One row of the source."""

    title: str
    text: str
    published_at: datetime
    source: str

    def row(self) -> dict[str, str]:
        """As a line of the JSONL file."""
        return {
            "title": self.title,
            "text": self.text,
            "published_at": self.published_at.isoformat(),
            "source": self.source,
        }


def made_articles(count: int, rng: random.Random) -> list[MadeArticle]:
    """`count` articles by time: about two thirds stories of their own, the rest reprints and, from four on, one correction."""
    reprints = count // 3
    corrections = 1 if count >= 4 else 0
    stories = [_story(number, rng) for number in range(count - reprints - corrections)]
    again = [_reprint(rng.choice(stories), number) for number in range(reprints)]
    corrected = [_correction(rng.choice(stories)) for _ in range(corrections)]
    return sorted([*stories, *again, *corrected], key=lambda one: one.published_at)


def made_stories(count: int, rng: random.Random) -> list[MadeArticle]:
    """`count` articles, each a story of its own."""
    return [_story(number, rng) for number in range(count)]


def write_articles(articles: Sequence[MadeArticle], path: Path) -> None:
    """As JSON lines."""
    path.write_text("".join(json.dumps(one.row()) + "\n" for one in articles), encoding="utf-8")


def _story(number: int, rng: random.Random) -> MadeArticle:
    company = COMPANIES[number % len(COMPANIES)]
    words = ["".join(rng.choices(SYLLABLES, k=3)) for _ in range(WORDS)]
    amount = rng.randrange(20, 900)
    text = (
        f"{company} said on the day that {' '.join(words[:18])}. It expects costs of {amount} million dollars for "
        f"{' '.join(words[18:28])}.\n\n{' '.join(words[28:])} followed, {company} added."
    )
    title = f"{company} {' '.join(words[:6])}"
    return MadeArticle(title, text, FIRST_DAY + timedelta(days=2 * number, minutes=rng.randrange(60)), "Example Wire")


def _reprint(one: MadeArticle, number: int) -> MadeArticle:
    later = one.published_at + timedelta(minutes=30 + number)
    return MadeArticle(one.title, f"{one.text}\n\n(c) Publisher {number}", later, f"Publisher {number}")


def _correction(one: MadeArticle) -> MadeArticle:
    text = f"{one.text}\n\nThis corrects the amount in the first paragraph."
    return MadeArticle(f"CORRECTED: {one.title}", text, one.published_at + timedelta(hours=5), one.source)
