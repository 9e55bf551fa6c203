"""Briefs as rows, and which analyses a scope was told: nothing twice, nothing missed."""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, insert, select

from records.brief import Brief
from records.database import tables
from records.errors import NotFound
from records.times import from_epoch, to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
PIECE = 500


class Briefs:
    """A part of the database (`Database.briefs`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def save(self, brief: Brief, told: Collection[str]) -> bool:
        """Keeps a brief and which analyses it told or left out below its limit, all or nothing. False, and nothing is kept, when
        another brief told one of them meanwhile."""
        rows = [{"scope": brief.scope.key, "analysis_id": one} for one in sorted(told)]
        with self._writing() as connection:
            if _told(connection, brief.scope.key, told):
                return False
            connection.execute(
                insert(tables.briefs).values(
                    id=brief.id,
                    scope=brief.scope.key,
                    as_of=to_epoch(brief.as_of),
                    created_at=to_epoch(brief.created_at),
                    payload=brief.model_dump_json(),
                )
            )
            if rows:
                connection.execute(insert(tables.brief_told), rows)
            return True

    def load(self, brief_id: str) -> Brief:
        """Raises NotFound."""
        with self._reading() as connection:
            payload = connection.execute(select(tables.briefs.c.payload).where(tables.briefs.c.id == brief_id)).scalar()
        if payload is None:
            raise NotFound(f"There is no brief {brief_id!r}. `rhyme brief --list` names those there are.")
        return Brief.model_validate_json(payload)

    def recent(self, limit: int) -> list[Brief]:
        """Newest first, of all scopes."""
        columns = tables.briefs.c
        query = select(columns.payload).order_by(columns.created_at.desc(), columns.id).limit(limit)
        with self._reading() as connection:
            return [Brief.model_validate_json(one) for one in connection.execute(query).scalars()]

    def last(self, scope: str) -> tuple[datetime, datetime] | None:
        """The moment that the newest brief of a scope went up to, and when it was made; None: there was none."""
        columns = tables.briefs.c
        query = (
            select(columns.as_of, columns.created_at)
            .where(columns.scope == scope)
            .order_by(columns.as_of.desc())
            .limit(1)
        )
        with self._reading() as connection:
            found = connection.execute(query).first()
        return None if found is None else (from_epoch(found.as_of), from_epoch(found.created_at))

    def told(self, scope: str, analysis_ids: Collection[str]) -> set[str]:
        """Those of the analyses that briefs of the scope have dealt with."""
        with self._reading() as connection:
            return _told(connection, scope, analysis_ids)

    def stories_told(self, scope: str, story_ids: Collection[str]) -> set[str]:
        """Those of the stories of which an analysis was told."""
        found: set[str] = set()
        analysis, told = tables.analyses.c, tables.brief_told.c
        ids = sorted(story_ids)
        with self._reading() as connection:
            for start in range(0, len(ids), PIECE):
                query = (
                    select(analysis.story_id)
                    .join(tables.brief_told, told.analysis_id == analysis.id)
                    .where(told.scope == scope, analysis.story_id.in_(ids[start : start + PIECE]))
                )
                found.update(connection.execute(query).scalars())
        return found


def _told(connection: Connection, scope: str, analysis_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    column, ids = tables.brief_told.c, sorted(analysis_ids)
    for start in range(0, len(ids), PIECE):
        query = select(column.analysis_id).where(
            column.scope == scope, column.analysis_id.in_(ids[start : start + PIECE])
        )
        found.update(connection.execute(query).scalars())
    return found
