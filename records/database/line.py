"""Articles into the line of jobs, in the transaction that placed them: a kill leaves no story without its job."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from records.database import tables
from records.database.analyses import PIECE
from records.database.articles import to_be_analysed
from records.database.job_tables import jobs
from records.database.jobs import Turn, insert_waiting


def lacking_a_job(connection: Connection, ids: Sequence[str]) -> list[str]:
    """Those of the articles that say something new of their story, have no analysis and are in no job, in the order of `ids`."""
    article, distinct, found = tables.articles.c, list(dict.fromkeys(ids)), set[str]()
    for start in range(0, len(distinct), PIECE):
        query = (
            select(article.id)
            .join(tables.story_members, tables.story_members.c.article_id == article.id)
            .where(*to_be_analysed(), article.id.in_(distinct[start : start + PIECE]))
            .where(~select(jobs.c.article_id).where(jobs.c.article_id == article.id).exists())
        )
        found |= set(connection.execute(query).scalars())
    return [one for one in distinct if one in found]


def put_in_line(connection: Connection, ids: Sequence[str], priority: int, at: datetime) -> list[Turn]:
    """Makes jobs of those; the queue of the workers is made to follow."""
    wanting = lacking_a_job(connection, ids)
    insert_waiting(connection, wanting, priority, at)
    return [Turn(one, 1, priority) for one in wanting]
