"""Articles as they come in: kept once each by content, and which of them still wait for a story or an analysis."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, insert, select

from records.article import Article
from records.database import tables, texts
from records.database.analyses import PIECE, among, article_of, article_values
from records.story import TakenIn


def save(connection: Connection, articles: Sequence[Article]) -> set[str]:
    """Writes those that are not kept yet, the first of each id. Returns the ids that were new."""
    first: dict[str, Article] = {}
    for article in articles:
        first.setdefault(article.id, article)
    known = among(connection, tables.articles.c.id, list(first))
    new = [article for article in first.values() if article.id not in known]
    if new:
        connection.execute(insert(tables.articles), [article_values(article) for article in new])
        texts.add(connection, new)
    return {article.id for article in new}


def taken_in(connection: Connection) -> TakenIn:
    """Everything that is kept, counted."""
    member = tables.story_members.c
    reprints = select(func.count()).where(member.relation == "reprint").scalar_subquery()
    number = select(func.count()).select_from(tables.articles).scalar_subquery()
    query = select(number, select(func.count(member.story_id.distinct())).scalar_subquery(), reprints)
    articles, stories, duplicates = connection.execute(query).one()
    return TakenIn(articles=articles, stories=stories, duplicates=duplicates)


def without_story(connection: Connection, ids: Sequence[str]) -> list[Article]:
    """Those of the kept articles that were not placed yet, as they were first seen, in the order of `ids`."""
    distinct = list(dict.fromkeys(ids))
    placed = among(connection, tables.story_members.c.article_id, distinct)
    kept = {article.id: article for article in _read(connection, [one for one in distinct if one not in placed])}
    return [kept[one] for one in distinct if one in kept]


def to_analyse(connection: Connection, limit: int) -> list[Article]:
    """Articles that say something new (the first of a story, an update or a correction) and have no analysis, newest
    first."""
    member, article = tables.story_members.c, tables.articles.c
    query = (
        select(tables.articles)
        .join(tables.story_members, member.article_id == article.id)
        .where(*to_be_analysed())
        .order_by(member.at.desc(), member.number.desc())
        .limit(limit)
    )
    return [article_of(dict(row._mapping)) for row in connection.execute(query)]


def to_be_analysed() -> tuple[ColumnElement[bool], ...]:
    """What must hold of an article joined to its story: it says something new of it and has no analysis."""
    analysis = tables.analyses.c
    return (
        tables.story_members.c.relation.in_(("first", "update", "correction")),
        ~select(analysis.id).where(analysis.article_id == tables.articles.c.id).exists(),
    )


def _read(connection: Connection, ids: Sequence[str]) -> list[Article]:
    table = tables.articles
    return [
        article_of(dict(row._mapping))
        for start in range(0, len(ids), PIECE)
        for row in connection.execute(select(table).where(table.c.id.in_(ids[start : start + PIECE])))
    ]
