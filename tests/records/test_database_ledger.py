"""The ledger only grows; whatever is changed, cut out or moved in it is found and named."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

import records
from records.analysis import Analysis
from records.database import Database, ledger, schema
from records.database.analyses import _analysis_values, article_values
from records.database.engine import connect, place_of, writing
from records.errors import StoreCorrupt, StoreMismatch, UsageError
from records.forecast import Forecast, Grade

ROOT = Path(records.__file__).parents[1]
MakeAnalysis = Callable[..., Analysis]
MakeForecast = Callable[..., Forecast]
MakeGrade = Callable[..., Grade]
COLUMNS = "sequence, kind, payload, previous, digest, grades"
INSERT = f"INSERT INTO ledger ({COLUMNS}) VALUES (:sequence, :kind, :payload, :previous, :digest, :grades)"


@pytest.fixture
def filled(
    database: Database, make_analysis: MakeAnalysis, make_forecast: MakeForecast, make_grade: MakeGrade
) -> Database:
    """Four forecasts (rows 1 to 4) and the grades of the first two (rows 5 and 6)."""
    for number in range(4):
        name = f"aa0{number}"
        database.save_analysis(make_analysis(name, article_id=name), make_forecast(name, day=number))
    database.append_grades([make_grade(each.digest) for each in database.forecasts()[:2]])
    return database


def unguarded(connection: Connection) -> None:
    """What somebody with the right to change the schema would do first."""
    if connection.dialect.name == "sqlite":
        for name in ("append", "no_update", "no_delete"):
            connection.execute(text(f"DROP TRIGGER ledger_{name}"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))


def rows(connection: Connection) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(text(f"SELECT {COLUMNS} FROM ledger ORDER BY sequence"))]


def replace_rows(engine: Engine, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Writes the whole ledger anew as `change` leaves it."""
    with engine.begin() as connection:
        unguarded(connection)
        changed = change(rows(connection))
        connection.execute(text("DELETE FROM ledger"))
        for row in changed:
            connection.execute(text(INSERT), row)


# appending


def test_a_saved_analysis_and_its_forecast_are_one(
    database: Database, make_analysis: MakeAnalysis, make_forecast: MakeForecast
) -> None:
    forecast = make_forecast("aa01")
    assert database.save_analysis(make_analysis("aa01"), forecast)
    assert [each.forecast for each in database.forecasts()] == [forecast]
    assert not database.save_analysis(make_analysis("aa01"), make_forecast("aa01", score=0.9, high=0.95))
    assert [each.forecast for each in database.forecasts()] == [forecast]
    assert database.save_analysis(make_analysis("aa02", score=None))
    assert len(database.forecasts()) == 1


def test_an_analysis_whose_forecast_is_refused_is_not_kept(
    database: Database, make_analysis: MakeAnalysis, make_forecast: MakeForecast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(ledger, "append_forecast", full)
    with pytest.raises(RuntimeError, match="power cut"):
        database.save_analysis(make_analysis("aa01"), make_forecast("aa01"))
    assert database.recent_analyses(5) == []


def test_rows_are_numbered_without_a_gap_and_sealed_as_documented(filled: Database) -> None:
    with filled._engine.begin() as connection:
        stored = rows(connection)
    assert [row["sequence"] for row in stored] == [1, 2, 3, 4, 5, 6]
    assert [row["kind"] for row in stored] == ["forecast"] * 4 + ["grade"] * 2
    previous = "0" * 64
    for row in stored:
        whole = "\n".join((previous, str(row["sequence"]), row["kind"], row["payload"]))
        assert row["previous"] == previous
        assert row["digest"] == hashlib.sha256(whole.encode()).hexdigest()
        assert row["payload"] == json.dumps(
            json.loads(row["payload"]), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        previous = row["digest"]


def test_the_seal_of_a_forecast_is_what_it_was_in_every_version(make_forecast: MakeForecast) -> None:
    payload = ledger.canonical(make_forecast())
    digest = ledger.digest_of(ledger.START, 1, "forecast", payload)
    assert digest == "536ad1deb3ad67bf39d9fba044d9101066bcc10029ad4f7f768ee204b7cde81b"  # kept ledgers depend on it
    assert Forecast.model_validate_json(payload) == make_forecast()


def test_a_grade_is_appended_once_and_belongs_to_a_forecast(filled: Database, make_grade: MakeGrade) -> None:
    first, _, third, _ = filled.forecasts()
    assert first.grade == make_grade(first.digest)
    assert third.grade is None
    assert [each.sequence for each in filled.forecasts(ungraded_only=True)] == [3, 4]
    assert (
        filled.append_grades([make_grade(first.digest, z=9), make_grade(third.digest), make_grade(third.digest)]) == 1
    )
    assert filled.forecasts()[0].grade == make_grade(first.digest)
    assert [each.sequence for each in filled.forecasts(ungraded_only=True)] == [4]
    assert filled.verify_ledger().fault is None


def test_the_grade_of_no_forecast_keeps_nothing_of_the_call(filled: Database, make_grade: MakeGrade) -> None:
    third = filled.forecasts()[2]
    graded = filled.ledger_rows(1)[0]
    for wrong in ("f" * 64, graded.digest):  # unknown; a grade, which is not graded again
        with pytest.raises(UsageError, match="no forecast"):
            filled.append_grades([make_grade(third.digest), make_grade(wrong)])
    assert filled.forecasts()[2].grade is None


def test_the_newest_rows_come_first(filled: Database) -> None:
    found = filled.ledger_rows(3)
    assert [(row.sequence, row.kind) for row in found] == [(6, "grade"), (5, "grade"), (4, "forecast")]
    assert found[0].previous == found[1].digest
    assert isinstance(found[2].content, Forecast)


def test_a_forecast_that_lies_about_being_forward_is_refused(make_forecast: MakeForecast) -> None:
    late = make_forecast().outcome_known_at
    assert not make_forecast(recorded_at=late, forward=False).forward
    with pytest.raises(ValidationError, match="forward must say"):
        make_forecast(recorded_at=late, forward=True)


def test_processes_that_append_at_once_make_one_chain(
    address: str, make_analysis: MakeAnalysis, make_forecast: MakeForecast
) -> None:
    Database.open(address).close()
    code = """
import sys
from records.analysis import Analysis
from records.database import Database
from records.forecast import Forecast
analysis, forecast = Analysis.model_validate_json(sys.argv[3]), Forecast.model_validate_json(sys.argv[4])
with Database.open(sys.argv[1]) as database:
    for number in range(15):
        name = f"{sys.argv[2]}{number}"
        database.save_analysis(
            analysis.model_copy(update={"id": name}), forecast.model_copy(update={"analysis_id": name})
        )
"""
    payloads = [make_analysis("x").model_dump_json(), make_forecast("x").model_dump_json()]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, address, letter, *payloads], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        for letter in "abc"
    ]
    assert [process.communicate()[1] for process in started] == [""] * 3
    with Database.open(address) as database:
        check = database.verify_ledger()
        assert (check.fault, check.forecasts) == (None, 45)
        assert len({each.forecast.analysis_id for each in database.forecasts()}) == 45


# the guards


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET payload = '{}' WHERE sequence = 2",
        "UPDATE ledger SET sequence = 7 WHERE sequence = 6",
        "DELETE FROM ledger WHERE sequence = 6",
        "DELETE FROM ledger",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_row(filled: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), filled._engine.begin() as connection:
        connection.execute(text(statement))
    assert filled.verify_ledger().forecasts == 4


def test_emptying_the_table_is_refused(filled: Database) -> None:
    statement = "DELETE FROM ledger" if filled.place.is_sqlite else "TRUNCATE ledger"
    with pytest.raises(DBAPIError, match="append-only"), filled._engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 8},
        {"sequence": 3},
        {"sequence": 7, "previous": "0" * 64},
        {"sequence": 0, "previous": "0" * 64},
    ],
)
def test_the_database_takes_only_the_next_row_of_the_chain(filled: Database, change: dict[str, Any]) -> None:
    head = filled.verify_ledger().head
    row = {"kind": "forecast", "payload": "{}", "previous": head, "digest": "d" * 64, "grades": None, **change}
    with pytest.raises(DBAPIError, match="next row"), filled._engine.begin() as connection:
        connection.execute(text(INSERT), row)


def test_sqlite_does_not_replace_a_row_by_inserting(filled: Database) -> None:
    if not filled.place.is_sqlite:
        pytest.skip("INSERT OR REPLACE is SQLite's")
    with filled._engine.begin() as connection:
        fifth = rows(connection)[4]
    head = filled.verify_ledger().head
    for row in (
        fifth | {"payload": "{}"},
        fifth | {"sequence": 7, "previous": head, "digest": "d" * 64},
        fifth | {"sequence": 7, "previous": head, "grades": None},
    ):
        with pytest.raises(DBAPIError, match="next row"), filled._engine.begin() as connection:
            connection.execute(text(INSERT.replace("INSERT", "INSERT OR REPLACE")), row)
    assert filled.verify_ledger().grades == 2


# tampering past the guards


def test_an_untouched_ledger_verifies_and_gives_its_head(filled: Database) -> None:
    check = filled.verify_ledger()
    assert (check.forecasts, check.grades, check.fault) == (4, 2, None)
    assert check.head == filled.ledger_rows(1)[0].digest


def test_an_empty_ledger_has_no_head(database: Database) -> None:
    check = database.verify_ledger()
    assert (check.forecasts, check.grades, check.head, check.fault, check.head_at) == (0, 0, None, None, None)


def renumbered(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"sequence": number} for number, row in enumerate(stored, start=1)]


def resealed(stored: list[dict[str, Any]], start: int, end: int) -> list[dict[str, Any]]:
    """Rows number `start` to `end` with chain and digests made anew."""
    result: list[dict[str, Any]] = []
    for row in stored:
        if start <= row["sequence"] <= end:
            previous = result[-1]["digest"] if result else "0" * 64
            digest = ledger.digest_of(previous, row["sequence"], row["kind"], row["payload"])
            row = row | {"previous": previous, "digest": digest}
        result.append(row)
    return result


def altered(stored: list[dict[str, Any]], number: int, **change: object) -> list[dict[str, Any]]:
    return [row | change if row["sequence"] == number else row for row in stored]


def swapped(stored: list[dict[str, Any]], one: int, two: int, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    first, second = stored[one - 1], stored[two - 1]
    given = {name: second[name] for name in columns}
    taken = {name: first[name] for name in columns}
    return altered(altered(stored, one, **given), two, **taken)


FORGED = '{"schema_version":1}'


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        (lambda s: altered(s, 3, payload=s[2]["payload"].replace("0.61", "0.91")), 3, "changed"),
        (lambda s: altered(s, 1, kind="grade"), 1, "changed"),
        (lambda s: resealed(altered(s, 3, payload=FORGED), 3, 3), 4, "does not follow"),
        (lambda s: [row for row in s if row["sequence"] != 3], 3, "missing"),
        (lambda s: s[1:], 1, "missing"),
        (lambda s: renumbered(s[:2] + s[3:]), 3, "changed"),
        (lambda s: resealed(renumbered(s[:2] + s[3:]), 3, 3), 4, "changed"),
        (lambda s: swapped(s, 2, 3, ("payload",)), 2, "changed"),
        (lambda s: swapped(s, 2, 3, ("payload", "digest", "previous")), 2, "changed"),
        (lambda s: renumbered([*s[:2], s[3], s[2], *s[4:]]), 3, "changed"),
        (lambda s: renumbered([*s[:2], s[1] | {"digest": "d" * 64}, *s[2:]]), 3, "changed"),
        (lambda s: resealed(renumbered([*s[:2], s[1] | {"digest": "d" * 64}, *s[2:]]), 3, 3), 4, "changed"),
        (lambda s: altered(s, 5, grades=s[2]["digest"]), 5, "filed under another"),
        (lambda s: altered(s, 4, grades="e" * 64), 4, "nothing here writes"),
        (lambda s: resealed(altered(s, 6, payload=s[4]["payload"], grades="e" * 64), 6, 6), 6, "filed under another"),
        (lambda s: resealed(altered(s, 6, payload="[]"), 6, 6), 6, "grade of nothing"),
        (lambda s: resealed(altered(s, 6, kind="note", grades=None), 6, 6), 6, "nothing here writes"),
    ],
)
def test_a_ledger_that_was_tampered_with_names_the_first_row(
    filled: Database, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], at: int, words: str
) -> None:
    replace_rows(filled._engine, change)
    check = filled.verify_ledger()
    assert check.fault is not None
    assert check.fault.sequence == at
    assert words in check.fault.text


def test_a_second_grade_of_one_forecast_is_found(
    tmp_path: Path, make_analysis: MakeAnalysis, make_forecast: MakeForecast, make_grade: MakeGrade
) -> None:
    with Database.open(tmp_path / "rhyme.sqlite3") as database:
        database.save_analysis(make_analysis("aa01"), make_forecast("aa01"))
        database.append_grades([make_grade(database.forecasts()[0].digest)])
        with database._engine.begin() as connection:  # a copy of the table has neither guards nor unique columns
            for statement in ("CREATE TABLE bare AS SELECT * FROM ledger", "DROP TABLE ledger"):
                connection.execute(text(statement))
            connection.execute(text("ALTER TABLE bare RENAME TO ledger"))
            stored = rows(connection)
            again = resealed([*stored, stored[1] | {"sequence": 3}], 3, 3)[2]
            connection.execute(text(INSERT), again)
        fault = database.verify_ledger().fault
    assert fault is not None
    assert (fault.sequence, "graded already" in fault.text) == (3, True)


def test_a_grade_before_its_forecast_is_found(filled: Database) -> None:
    def grade_of_a_later_row(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
        payload = stored[4]["payload"].replace(stored[0]["digest"], "e" * 64)
        return resealed(altered(stored[:5], 5, payload=payload, grades="e" * 64), 5, 5)

    replace_rows(filled._engine, grade_of_a_later_row)
    fault = filled.verify_ledger().fault
    assert fault is not None
    assert "does not stand before it" in fault.text


@pytest.mark.parametrize("left", [0, 3, 5])
def test_a_cut_off_tail_shows_only_against_a_head_noted_before(filled: Database, left: int) -> None:
    noted = filled.verify_ledger().head
    assert noted is not None
    assert filled.verify_ledger(noted).head_at == 6
    replace_rows(filled._engine, lambda stored: stored[:left])
    check = filled.verify_ledger(noted)
    assert check.fault is None  # a shorter chain is a sound chain
    assert check.head_at is None


def test_a_chain_made_anew_shows_against_a_head_noted_before(filled: Database) -> None:
    noted = filled.ledger_rows(6)[3]
    assert filled.verify_ledger(noted.digest).head_at == 3
    replace_rows(filled._engine, lambda stored: resealed(altered(stored[:4], 2, payload=FORGED), 2, 4))
    check = filled.verify_ledger(noted.digest)
    assert check.fault is None
    assert check.head_at is None


def test_a_noted_head_may_be_its_first_digits(filled: Database) -> None:
    second = filled.ledger_rows(6)[4].digest
    assert filled.verify_ledger(f" {second[:16].upper()} ").head_at == 2
    for wrong in (second[:15], "", "x" * 64, second + "0"):
        with pytest.raises(UsageError, match="is no digest"):
            filled.verify_ledger(wrong)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_of_any_field_is_found_at_its_row_or_the_next(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_sqlite: Path,
    make_forecast: MakeForecast,
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("tampered") / "rhyme.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    with Database.open(path) as database:
        with database._writing() as connection:
            for number in range(3):
                ledger.append_forecast(connection, make_forecast(f"a{number}"))
        number = data.draw(st.integers(1, 3))
        column = data.draw(st.sampled_from(["kind", "payload", "previous", "digest"]))
        with database._engine.begin() as connection:
            before = rows(connection)[number - 1][column]
        position = data.draw(st.integers(0, len(before) - 1))
        letter = data.draw(st.sampled_from("0123456789abcdef{}"))
        after = before[:position] + letter + before[position + 1 :]
        if after == before:
            return
        replace_rows(database._engine, lambda stored: altered(stored, number, **{column: after}))
        fault = database.verify_ledger().fault
        assert fault is not None
        assert fault.sequence == number


# reading what others wrote


def test_a_row_of_a_newer_schema_asks_for_an_update(filled: Database) -> None:
    replace_rows(
        filled._engine,
        lambda s: altered(s, 2, payload=s[1]["payload"].replace('"schema_version":1', '"schema_version":9')),
    )
    with pytest.raises(StoreMismatch, match=r"Row 2 .* schema 9.*update Rhyme"):
        filled.forecasts()


@pytest.mark.parametrize("payload", ["", "[]", '{"schema_version":1}', '{"schema_version":"x"}', "null"])
def test_a_row_that_cannot_be_read_is_reported_as_damaged(filled: Database, payload: str) -> None:
    replace_rows(filled._engine, lambda stored: altered(stored, 2, payload=payload))
    with pytest.raises(StoreCorrupt, match=r"Row 2 of the ledger cannot be read .*ledger verify"):
        filled.forecasts()


def test_a_database_of_the_first_schema_gets_a_ledger_and_keeps_its_analyses(
    address: str, make_analysis: MakeAnalysis, make_forecast: MakeForecast
) -> None:
    from alembic import command
    from alembic.config import Config

    engine = connect(place_of(address))
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "rhyme0001")
        _kept_by_the_first_rhyme(connection, make_analysis("aa01"))
    engine.dispose()
    with Database.open(address) as database:
        assert database.load_analysis("aa01") == make_analysis("aa01")
        assert database.forecasts() == []
        assert database.save_analysis(make_analysis("aa02"), make_forecast("aa02"))
        assert database.verify_ledger().forecasts == 1


def _kept_by_the_first_rhyme(connection: Connection, analysis: Analysis) -> None:
    """With the columns that tables had then."""
    for table, values in (("articles", article_values(analysis.article)), ("analyses", _analysis_values(analysis))):
        had = {column["name"] for column in inspect(connection).get_columns(table)}
        kept = {name: value for name, value in values.items() if name in had}
        names, places = ", ".join(kept), ", ".join(f":{name}" for name in kept)
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), kept)
