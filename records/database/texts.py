"""Full text of the articles, as of a time: SQLite's FTS5 (BM25) or PostgreSQL's text search (`ts_rank_cd`).

Written in the transaction that keeps the article. The words are stemmed English; what stands in the headline weighs three times.
All words of a question are wanted first; what has only some of them fills up the list.
"""

import re
from collections.abc import Sequence
from datetime import datetime
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

_SQLITE = """
SELECT a.id FROM article_texts JOIN article_numbers n ON n.number = article_texts.rowid JOIN articles a ON a.id = n.article_id
WHERE article_texts MATCH :words AND coalesce(a.published_at, a.first_seen_at) BETWEEN :since AND :until
ORDER BY bm25(article_texts, 3.0, 1.0), a.id LIMIT :most
"""
_POSTGRES = """
SELECT a.id FROM article_texts x JOIN article_numbers n ON n.number = x.number JOIN articles a ON a.id = n.article_id,
{query} AS wanted
WHERE x.document @@ wanted AND coalesce(a.published_at, a.first_seen_at) BETWEEN :since AND :until
ORDER BY ts_rank_cd(x.document, wanted, 1) DESC, a.id LIMIT :most
"""
_ALL_WORDS = "plainto_tsquery('english', :words)"
_SOME_WORDS = "CAST(replace(CAST(plainto_tsquery('english', :words) AS text), '&', '|') AS tsquery)"


def add(connection: Connection, articles: Sequence[Article]) -> None:
    """Numbers new articles and makes their words known to the search."""
    if not articles:
        return
    rows = [{"article_id": one.id} for one in articles]
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


def search(connection: Connection, question: str, *, since: datetime | None, until: datetime, limit: int) -> list[str]:
    """Ids of articles known at `until` (and not before `since`), best first. Empty also when no word is left to look for."""
    words = words_of(question)
    if not words:
        return []
    values = {"since": to_epoch(since) if since else -(2**62), "until": to_epoch(until), "most": limit}
    found = _found(connection, words, values, every=True)
    if len(found) < limit and len(words) > 1:
        known = set(found)
        found += [one for one in _found(connection, words, values, every=False) if one not in known]
    return found[:limit]


def _found(connection: Connection, words: Sequence[str], values: dict[str, Any], *, every: bool) -> list[str]:
    if connection.dialect.name == "sqlite":
        joined = (" " if every else " OR ").join(f'"{word}"' for word in words)
        return list(connection.execute(text(_SQLITE), {**values, "words": joined}).scalars())
    statement = _POSTGRES.format(query=_ALL_WORDS if every else _SOME_WORDS)
    return list(connection.execute(text(statement), {**values, "words": " ".join(words)}).scalars())


def _statement(connection: Connection) -> Any:
    if connection.dialect.name == "sqlite":
        return text("INSERT INTO article_texts(rowid, title, text) VALUES (:number, :title, :text)")
    return text(
        "INSERT INTO article_texts(number, document) VALUES (:number, "
        "setweight(to_tsvector('english', :title), 'A') || setweight(to_tsvector('english', left(:text, 200000)), 'D'))"
    )
