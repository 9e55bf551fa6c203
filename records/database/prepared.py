"""Statements run thousands of times a minute: put together once, then handed to the driver as they are.

For small lookups SQLAlchemy's own way takes ten times as long as SQLite needs for the answer. Values go in and come out as the
driver has them (times as integers, JSON as text), and no statement here may hold a list of unknown length.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import BindParameter, ColumnElement, Connection, Executable, Insert, Table, bindparam, insert, literal

T = TypeVar("T")

PIECE = 120
"""Values named in one statement: SQLite takes 500 joined queries."""
STEP = 8
"""A statement is filled up to a multiple of so many, since each length is prepared anew. PIECE is a multiple of it."""


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


class PreparedForMany:
    """A statement about several values, prepared for each of a few numbers of them. Safe to share between threads."""

    def __init__(self, build: Callable[[list[BindParameter[Any]]], Executable]) -> None:
        """`build`: the statement for as many values as there are places; it may name other values besides. A value may stand in
        several of the places."""
        self._build = build
        self._made: dict[int, Prepared] = {}

    def rows(self, connection: Connection, wanted: Sequence[Any], values: Mapping[str, Any] | None = None) -> list[Any]:
        """As `Prepared.rows`, of all the values in `wanted`."""
        found: list[Any] = []
        for piece in pieces(wanted):
            found += self._of(len(piece)).rows(connection, {**(values or {}), **_named(piece)})
        return found

    def changed(self, connection: Connection, wanted: Sequence[Any], values: Mapping[str, Any] | None = None) -> int:
        """As `Prepared.changed`, of all the values in `wanted`."""
        return sum(
            self._of(len(piece)).changed(connection, {**(values or {}), **_named(piece)}) for piece in pieces(wanted)
        )

    def _of(self, count: int) -> Prepared:
        made = self._made.get(count)
        if made is None:
            made = self._made[count] = Prepared(self._build([bindparam(f"n{place}") for place in range(count)]))
        return made


def pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Some at a time, the last repeated to fill a multiple of STEP."""
    for start in range(0, len(values), PIECE):
        piece = values[start : start + PIECE]
        yield [*piece, *[piece[-1]] * (-len(piece) % STEP)]


def _named(piece: Sequence[Any]) -> dict[str, Any]:
    return {f"n{place}": one for place, one in enumerate(piece)}


def among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """The column has one of these values, which stand in the statement: its own list would be written out at each use."""
    return column.in_([literal(one) for one in values])


def new_row(table: Table, *, without: Sequence[str] = ("number",)) -> Insert:
    """A row with all columns but those `without`, such as a number that the database gives."""
    return insert(table).values({one.name: bindparam(one.name) for one in table.c if one.name not in without})
