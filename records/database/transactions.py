"""What the database's groups of methods share: one transaction a call, and its failures as StoreErrors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from records.database.engine import Place, explained, writing


class Transactions:
    """Transactions over an engine."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self.place = place

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self.place), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with explained(self.place), writing(self._engine) as connection:
            yield connection
