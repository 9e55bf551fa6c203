"""Statements that run for every call to a model: written out once, and on SQLite given to the driver as they are.

There SQLAlchemy takes several times as long to recognise a statement and to wrap its result as SQLite takes to run it.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite


class Ran(Protocol):
    """What is asked of a statement that was run."""

    @property
    def rowcount(self) -> int:
        """Rows it changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...


class Prepared:
    """One statement whose values are of types that SQLite's driver takes as they are: numbers, texts, truth values, None."""

    def __init__(self, statement: Any, *columns: str) -> None:
        """`columns`: those that an insert is given values for."""
        self._statement = statement
        self._columns = columns

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Ran:
        """Within a transaction. Raises the driver's errors, bare or as SQLAlchemy wraps them: `engine.explained` takes both."""
        if connection.dialect.name != "sqlite":
            ran: Ran = connection.execute(self._statement, values)
            return ran
        text, names = self._written
        driver: Any = connection.connection.dbapi_connection
        done: Ran = driver.execute(text, [values[name] for name in names])
        return done

    @cached_property
    def _written(self) -> tuple[str, tuple[str, ...]]:
        """For SQLite, with the names of its values in their order."""
        compiled = self._statement.compile(dialect=sqlite.dialect(), column_keys=self._columns or None)
        return str(compiled), tuple(compiled.positiontup)
