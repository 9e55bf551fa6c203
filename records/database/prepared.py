"""Statements run thousands of times a minute: put together once, then handed to the driver as they are.

For small lookups SQLAlchemy's own way takes ten times as long as SQLite needs for the answer. Values go in and come out as the
driver has them (times as integers, JSON as text), and no statement here may hold a list of unknown length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable


@dataclass(frozen=True)
class _Compiled:
    """A statement as one driver takes it."""

    text: str
    names: tuple[str, ...] | None
    """Of its values, in order; None where the driver takes them by name."""
    constants: Mapping[str, Any]
    """Values that stand in the statement itself."""

    def given(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        everything = {**self.constants, **values}
        return everything if self.names is None else tuple([everything[name] for name in self.names])


class Prepared:
    """One statement. Safe to share between threads."""

    def __init__(self, statement: Executable) -> None:
        self._statement: Any = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """All its rows, as tuples in the order of its columns. The driver's errors are left to `engine.explained`."""
        known = self._for(connection)
        if known.names is None:
            return connection.exec_driver_sql(known.text, known.given(values)).all()
        cursor: Any = connection.connection.cursor()
        found: Sequence[Any] = cursor.execute(known.text, known.given(values)).fetchall()
        return found

    def changed(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it inserted, changed or removed."""
        known = self._for(connection)
        if known.names is None:
            return connection.exec_driver_sql(known.text, known.given(values)).rowcount
        cursor: Any = connection.connection.cursor()
        count: int = cursor.execute(known.text, known.given(values)).rowcount
        return count

    def each(self, connection: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Once for each of these, without an answer."""
        known = self._for(connection)
        given = [known.given(one) for one in values]
        if given and known.names is None:
            connection.exec_driver_sql(known.text, given)
        elif given:
            connection.connection.cursor().executemany(known.text, given)

    def _for(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            made = self._statement.compile(dialect=dialect)
            names = None if made.positiontup is None else tuple(made.positiontup)
            constants = {name: value for name, value in made.params.items() if value is not None}
            known = self._compiled[dialect.name] = _Compiled(str(made), names, constants)
        return known
