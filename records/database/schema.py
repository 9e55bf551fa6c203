"""Brings a database to the newest schema when it is opened, all or nothing, one process at a time."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from records.database.engine import Place, explained, writing
from records.errors import StoreMismatch

HEAD = "rhyme0016"
"""The newest revision under migrations/versions; a test compares. Known here so that opening needs no Alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, place: Place) -> None:
    """Runs the missing migrations in one transaction under the write lock.

    Raises StoreMismatch for a database that a newer Rhyme or another program wrote; other StoreErrors as `explained`.
    """
    with explained(place):
        with engine.begin() as connection:
            if _revision(connection) == HEAD:
                return
        with writing(engine) as connection:
            revision = _revision(connection)  # again, now alone: another process may just have done it
            if revision == HEAD:
                return
            if revision is None and inspect(connection).get_table_names():
                raise StoreMismatch(
                    f"The database {place} holds another program's tables, so Rhyme left it as it is. Set a database "
                    "of its own for Rhyme."
                )
            _run_alembic(connection, revision, place)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run_alembic(connection: Connection, revision: str | None, place: Place) -> None:
    from alembic import (
        command,
    )  # here, because nearly every start finds the schema up to date and Alembic is slow to load
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if revision is not None and revision not in known:
        raise StoreMismatch(
            f"The database {place} has schema {revision!r}; this Rhyme knows up to {HEAD!r}. A newer Rhyme wrote it: "
            "update Rhyme, or set another database."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
