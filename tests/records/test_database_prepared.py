"""Statements written out once, with as many places as there are values."""

import pytest
from sqlalchemy import bindparam, select, update

from records.database import Database
from records.database.prepared import PIECE, STEP, Prepared, PreparedForMany, among, new_row, pieces
from records.database.tables import meta

_NEW = Prepared(new_row(meta, without=()))
_NAMED = PreparedForMany(lambda places: select(meta.c.name, meta.c.value).where(meta.c.name.in_(places)))
_SET = PreparedForMany(lambda places: update(meta).where(meta.c.name.in_(places)).values(value=bindparam("given")))


@pytest.mark.parametrize("count", [0, 1, STEP, STEP + 1, PIECE, 2 * PIECE + 1])
def test_every_value_is_looked_for_once_however_many_there_are(database: Database, count: int) -> None:
    rows = [{"name": f"p{place}", "value": str(place)} for place in range(count)]
    with database._writing() as connection:
        _NEW.each(connection, [*rows, {"name": "not asked for", "value": "0"}])
        wanted = [row["name"] for row in rows]
        found = [tuple(row) for row in _NAMED.rows(connection, wanted)]
        assert sorted(found) == sorted((row["name"], row["value"]) for row in rows)
        assert _SET.changed(connection, wanted, {"given": "new"}) == count
        assert [tuple(row) for row in _NAMED.rows(connection, ["not asked for"])] == [("not asked for", "0")]


def test_few_lengths_of_a_statement_are_prepared() -> None:
    lengths = {len(piece) for count in range(1, 3 * PIECE) for piece in pieces(range(count))}
    assert lengths == set(range(STEP, PIECE + STEP, STEP))


def test_values_that_stand_in_a_statement_are_not_asked_for_again(database: Database) -> None:
    chosen = Prepared(select(meta.c.name).where(among(meta.c.name, ("a", "b")), meta.c.value == bindparam("wanted")))
    with database._writing() as connection:
        _NEW.each(connection, [{"name": name, "value": value} for name, value in ("ax", "by", "cx")])
        names = [name for (name,) in chosen.rows(connection, {"wanted": "x"})]
    assert names == ["a"]
