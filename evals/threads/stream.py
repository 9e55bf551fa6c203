"""Real articles to make reprints of and to thread: `impact/*.parquet` (headline, body, date, ticker), else the pairs' own texts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from evals.threads.pairs import Pair, article_of
from records.article import Article
from records.errors import SourceUnreadable

COLUMNS = ("id", "date", "ticker", "headline", "body")
LEAST_WORDS = 20
"""Of a body that reprints are made of: a shorter one is a headline with a footnote."""


@dataclass(frozen=True)
class Item:
    """An article and the instrument it is known to be about."""

    article: Article
    ticker: str


def load_stream(folder: Path, pairs: Sequence[Pair]) -> tuple[list[Item], str]:
    """Items in the order they appeared, each text once, and where they are from: the newest file of impact/, or the pairs."""
    inside = folder / "impact"
    files = sorted(inside.glob("*.parquet")) if inside.is_dir() else []
    if not files:
        found = {(pair.a, pair.a_body): pair for pair in pairs}
        return _in_order([_item(p.a, p.a_body, p.at, p.ticker) for p in found.values()]), "dup/"
    newest = max(files, key=lambda path: path.name.replace("_dev", "").replace("_val", ""))
    try:
        rows = pq.read_table(newest, columns=list(COLUMNS)).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise SourceUnreadable(f"The stories in {newest} cannot be read: {error}.") from error
    once = {(row["headline"], row["body"]): row for row in rows}
    return _in_order([_of_row(row) for row in once.values()]), f"impact/{newest.name}"


def bases(items: Sequence[Item], count: int) -> list[Article]:
    """Articles long enough to be reprinted, chosen by a hash of their ids, and no two with the same words."""
    long = {one.article.text: one.article for one in items if len(one.article.text.split()) >= LEAST_WORDS}
    return sorted(sorted(long.values(), key=_rank)[:count], key=lambda one: (one.first_seen_at, one.id))


def _rank(article: Article) -> str:
    return hashlib.sha256(f"base {article.id}".encode()).hexdigest()


def _of_row(row: dict[str, Any]) -> Item:
    day = row["date"]
    # the data gives a day without a time: a time of its own, the same each run, keeps the order of a day
    minute = int(hashlib.sha256(str(row["id"]).encode()).hexdigest()[:8], 16) % 600
    at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(minutes=minute)
    return _item(row["headline"], row["body"] or "", at, row["ticker"])


def _item(title: str, text: str, at: datetime, ticker: str) -> Item:
    return Item(article_of(title, text, at), ticker)


def _in_order(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda one: (one.article.first_seen_at, one.article.id))
