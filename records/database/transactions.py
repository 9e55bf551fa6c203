"""What the database's groups of methods share: one transaction a call, and its failures as StoreErrors."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from records.database.engine import Place, explained, writing
from records.database.held import HeldConnections


class Transactions:
    """Transactions over an engine."""

    def __init__(self, engine: Engine, place: Place) -> None:
        self._engine = engine
        self.place = place
        self._held = HeldConnections(engine) if place.is_sqlite else None

    def close(self) -> None:
        """Releases the connections; safe to call twice."""
        if self._held is not None:
            self._held.close()
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        held = self._held
        with explained(self.place), held.begun(write=False) if held else self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        held = self._held
        with explained(self.place), held.begun(write=True) if held else writing(self._engine) as connection:
            yield connection
