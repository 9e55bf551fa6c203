"""The schema: migrations and tables agree, nobody else's database is touched, a half-done migration leaves nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

import records
from records.database import Database, schema
from records.database.engine import connect, place_of, writing
from records.database.tables import metadata
from records.errors import SettingsError, StoreMismatch

ROOT = Path(records.__file__).parents[1]


def test_migrated_schema_has_no_drift_from_the_tables(database: Database) -> None:
    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
        return not (kind in ("table", "index") and str(name).removeprefix("ix_").startswith("article_texts"))

    with database._engine.begin() as connection:
        options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    assert differences == []


def test_head_is_the_newest_shipped_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def test_opening_a_database_of_the_newest_schema_loads_no_alembic(migrated_sqlite: Path) -> None:
    code = (
        "import sys; from records.database import Database; "
        f"Database.open({str(migrated_sqlite)!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_database_of_a_newer_rhyme_is_refused_and_left_alone(address: str) -> None:
    with Database.open(address) as database, database._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'rhyme9999'"))
    with pytest.raises(StoreMismatch, match=rf"'rhyme9999'; this Rhyme knows up to '{schema.HEAD}'.*update Rhyme"):
        Database.open(address)


def test_another_programs_database_is_refused_and_left_alone(address: str) -> None:
    place = place_of(address)
    engine = create_engine(place.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bookmarks (name TEXT)"))
    with pytest.raises(StoreMismatch, match="another program's tables"):
        Database.open(address)
    assert inspect(engine).get_table_names() == ["bookmarks"]
    engine.dispose()


def test_a_migration_that_fails_half_way_leaves_nothing(address: str) -> None:
    place = place_of(address)
    engine = connect(place)

    def migrate_and_fail() -> None:
        with writing(engine) as connection:
            schema._run_alembic(connection, None, place)
            assert inspect(connection).has_table("events")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        migrate_and_fail()
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    with Database.open(address) as database:
        assert database.count_events() == 0


def test_processes_that_open_a_new_database_at_once_agree_on_one_schema(tmp_path: Path) -> None:
    path, code = (
        tmp_path / "rhyme.sqlite3",
        "import sys; from records.database import Database; Database.open(sys.argv[1])",
    )
    command = [sys.executable, "-c", code, str(path)]
    started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate()[1] for process in started]
    assert errors == [""] * 3
    with Database.open(path) as database:
        assert database.check() == []


@pytest.mark.parametrize(
    "address", ["mysql://host/x", "sqlite://", "sqlite:///:memory:", "http://x", "postgresql+asyncpg://x/y"]
)
def test_other_kinds_of_database_are_a_settings_error(address: str) -> None:
    with pytest.raises(SettingsError, match="file path"):
        Database.open(address)


def test_a_path_with_spaces_percent_and_unicode_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "my news 100% – Ω?#" / "a b.sqlite3"
    with Database.open(path) as database:
        assert database.count_events() == 0
    assert path.exists()
    with Database.open(f"sqlite:///{tmp_path / 'url.sqlite3'}") as database:
        assert str(database.place) == str(tmp_path / "url.sqlite3")
