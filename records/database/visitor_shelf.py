"""What is kept for one visitor: saved views, and the answers to requests that may come again."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from records.access import SavedView
from records.database.web_tables import idempotency_keys, saved_views
from records.errors import NotFound, UsageError
from records.times import from_epoch, to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
MOST_VIEWS = 100
KEPT_FOR = timedelta(hours=24)
"""How long an answer is given again to its key."""
ABANDONED_AFTER = timedelta(minutes=15)
"""After which a request that never ended counts as lost."""


@dataclass(frozen=True)
class KeptAnswer:
    """What a request with a key was, and what it was answered; no status: it is being worked on."""

    request: str
    status: int | None
    content_type: str | None
    body: bytes | None


class VisitorShelf:
    """A part of the database (`Database.visitor_shelf`)."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    # views

    def views(self, owner: str) -> list[SavedView]:
        """By name."""
        column = saved_views.c
        query = select(column.name, column.query, column.created_at).where(column.owner == owner).order_by(column.name)
        with self._reading() as connection:
            return [
                SavedView(name=row.name, query=json.loads(row.query), created_at=from_epoch(row.created_at))
                for row in connection.execute(query)
            ]

    def save_view(self, owner: str, view: SavedView) -> None:
        """In place of the one of that name. Raises UsageError when there are too many."""
        column = saved_views.c
        others = select(func.count()).where(column.owner == owner, column.name != view.name)
        with self._writing() as connection:
            if connection.execute(others).scalar_one() >= MOST_VIEWS:
                raise UsageError(f"There are {MOST_VIEWS} saved views already. Remove one first.")
            connection.execute(delete(saved_views).where(column.owner == owner, column.name == view.name))
            values = {"name": view.name, "query": json.dumps(dict(view.query)), "created_at": to_epoch(view.created_at)}
            connection.execute(insert(saved_views).values(owner=owner, **values))

    def remove_view(self, owner: str, name: str) -> None:
        """Raises NotFound."""
        column = saved_views.c
        with self._writing() as connection:
            gone = connection.execute(delete(saved_views).where(column.owner == owner, column.name == name))
        if gone.rowcount == 0:
            raise NotFound(f"There is no saved view {name!r}.")

    # answers to requests that may come again

    def begin_request(self, owner: str, key: str, request: str, at: datetime) -> KeptAnswer | None:
        """None: it is new, and now being worked on. Otherwise what is kept of the first with that key."""
        column = idempotency_keys.c
        mine = (column.owner == owner) & (column.key == key)
        old = column.created_at <= to_epoch(at - KEPT_FOR)
        lost = column.status.is_(None) & (column.created_at <= to_epoch(at - ABANDONED_AFTER))
        with self._writing() as connection:
            connection.execute(delete(idempotency_keys).where(old | lost))
            row = connection.execute(select(idempotency_keys).where(mine)).first()
            if row is not None:
                return KeptAnswer(row.request, row.status, row.content_type, row.body)
            values = {"owner": owner, "key": key, "request": request, "created_at": to_epoch(at)}
            connection.execute(insert(idempotency_keys).values(**values))
        return None

    def end_request(self, owner: str, key: str, answer: KeptAnswer | None) -> None:
        """Keeps the answer; None: forgets the request, so that it may be tried again."""
        column = idempotency_keys.c
        mine = (column.owner == owner) & (column.key == key)
        with self._writing() as connection:
            if answer is None:
                connection.execute(delete(idempotency_keys).where(mine))
            else:
                values = {"status": answer.status, "content_type": answer.content_type, "body": answer.body}
                connection.execute(update(idempotency_keys).where(mine).values(**values))
