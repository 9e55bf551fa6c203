"""Full text of the articles, as of a time: SQLite's FTS5 (BM25) or PostgreSQL's text search (`ts_rank_cd`).

Written in the transaction that keeps the article. The words are stemmed English; what stands in the headline weighs three times.
All words of a question are wanted first; what has only some of them fills up the list. The cost of a search is bounded: where
very many articles have the words, the newest of them are compared.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text

from records.article import Article
from records.database import tables
from records.times import to_epoch

MOST_WORDS = 24
"""Words of a question that are looked for; a whole article pasted as one is cut there."""

_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    """
    a about after all an and any are as at be been but by can could did do does for from had has have how i in into is it its
    me my no not of on or our over s so t than that the their them then there these they this to up us was we were what when
    where which who why will with would you your
    """.split()
)
"""Words that say nothing of what is looked for."""

RANKED = 5_000
"""Articles that are compared with one another in one search: the newest, where more have the words. Each takes about 4 µs."""
FILLING = 8
"""Words, the rarest first, with which a list is filled up when nothing else is left."""

_SQLITE = """
SELECT n.article_id FROM article_texts x JOIN article_numbers n ON n.number = x.rowid
WHERE article_texts MATCH :words AND x.rowid >= :cut AND n.at BETWEEN :since AND :until
ORDER BY bm25(article_texts, 3.0, 1.0), n.article_id LIMIT :most
"""
_SQLITE_CUT = """
SELECT x.rowid FROM article_texts x CROSS JOIN article_numbers n ON n.number = x.rowid
WHERE article_texts MATCH :words AND n.at BETWEEN :since AND :until ORDER BY x.rowid DESC LIMIT 1 OFFSET :ranked
"""
_SQLITE_COUNT = """
SELECT count(*) FROM (SELECT rowid FROM article_texts WHERE article_texts MATCH :words LIMIT :ranked)
"""
_POSTGRES = """
SELECT n.article_id FROM article_texts x JOIN article_numbers n ON n.number = x.number, {query} AS wanted
WHERE x.document @@ wanted AND x.number >= :cut AND n.at BETWEEN :since AND :until
ORDER BY ts_rank_cd(x.document, wanted, 1) DESC, n.article_id LIMIT :most
"""
_POSTGRES_CUT = """
SELECT x.number FROM article_texts x JOIN article_numbers n ON n.number = x.number, {query} AS wanted
WHERE x.document @@ wanted AND n.at BETWEEN :since AND :until ORDER BY x.number DESC LIMIT 1 OFFSET :ranked
"""
_POSTGRES_COUNT = """
SELECT count(*) FROM (SELECT 1 FROM article_texts x, {query} AS wanted WHERE x.document @@ wanted LIMIT :ranked) AS found
"""
_ALL_WORDS = "plainto_tsquery('english', :words)"
_SOME_WORDS = "CAST(replace(CAST(plainto_tsquery('english', :words) AS text), '&', '|') AS tsquery)"


@dataclass(frozen=True)
class Matches:
    """What a search found."""

    ids: list[str]
    """Of articles, best first."""
    newest_only: bool
    """More than RANKED articles had the words: the newest of them alone were compared."""


def add(connection: Connection, articles: Sequence[Article]) -> None:
    """Numbers new articles and makes their words known to the search."""
    if not articles:
        return
    rows = [{"article_id": one.id, "at": to_epoch(one.known_at)} for one in articles]
    connection.execute(insert(tables.article_numbers), rows)
    columns = tables.article_numbers.c
    asked = select(columns.article_id, columns.number).where(columns.article_id.in_(bindparam("ids", expanding=True)))
    numbers = {row.article_id: row.number for row in connection.execute(asked, {"ids": [one.id for one in articles]})}
    values = [{"number": numbers[one.id], "title": one.title, "text": one.text} for one in articles]
    connection.execute(_statement(connection), values)


def words_of(question: str) -> list[str]:
    """The words that are looked for, each once, in order; empty when the question has none."""
    found = (word.lower() for word in _WORD.findall(question))
    return list(dict.fromkeys(word for word in found if word not in _COMMON))[:MOST_WORDS]


def search(connection: Connection, question: str, *, since: datetime | None, until: datetime, limit: int) -> Matches:
    """Articles known at `until` (and not before `since`). First what has all the words, then what has the rare ones, then what has
    any. Empty also when no word is left to look for."""
    words = words_of(question)
    asked = _Asked(connection, to_epoch(since) if since else -(2**62), to_epoch(until), limit)
    if not words:
        return Matches([], newest_only=False)
    asked.add(words, every=True)
    if asked.lacking and len(words) > 1:
        rare, others = asked.parted(words)
        asked.add(rare, every=False)
        if asked.lacking:
            asked.add(others[:FILLING], every=False)
    return Matches(list(asked.found)[:limit], asked.newest_only)


@dataclass
class _Asked:
    """One search as it goes on."""

    connection: Connection
    since: int
    until: int
    limit: int
    found: dict[str, None] = field(default_factory=dict)
    newest_only: bool = False

    @property
    def lacking(self) -> bool:
        return len(self.found) < self.limit

    def add(self, words: Sequence[str], *, every: bool) -> None:
        """The best of those that have the words, behind what is found already."""
        if not words:
            return
        cut = self._rows(_SQLITE_CUT, _POSTGRES_CUT, words, every=every)
        self.newest_only = self.newest_only or bool(cut)
        more = self._rows(_SQLITE, _POSTGRES, words, every=every, cut=cut[0] + 1 if cut else -1)
        self.found |= dict.fromkeys(more)

    def parted(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """Words that together no more than RANKED articles can have, and the others; both the rarest first."""
        counts = {
            word: self._rows(_SQLITE_COUNT, _POSTGRES_COUNT, [word], every=True, ranked=RANKED + 1)[0] for word in words
        }
        ordered = sorted(words, key=lambda word: counts[word])
        total = list(accumulate(counts[word] for word in ordered))
        n = sum(each <= RANKED for each in total)
        return ordered[:n], ordered[n:]

    def _rows(self, sqlite: str, postgres: str, words: Sequence[str], *, every: bool, **values: int) -> list[Any]:
        given = {"since": self.since, "until": self.until, "most": self.limit, "ranked": RANKED, **values}
        if self.connection.dialect.name == "sqlite":
            statement, joined = sqlite, (" " if every else " OR ").join(f'"{word}"' for word in words)
        else:
            statement, joined = postgres.format(query=_ALL_WORDS if every else _SOME_WORDS), " ".join(words)
        named = {name: value for name, value in given.items() if f":{name}" in statement}
        return list(self.connection.execute(text(statement), {**named, "words": joined}).scalars())


def _statement(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return text("INSERT INTO article_texts(rowid, title, text) VALUES (:number, :title, :text)")
    return text(
        "INSERT INTO article_texts(number, document) VALUES (:number, "
        "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', left(:text, 200000)), 'D'))"
    )
