"""The forward ledger: rows are appended, never changed, and each carries the digest of the one before."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0002"
down_revision = "rhyme0001"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
START = "0" * 64

# The insert triggers hold the chain together whoever writes: the next number, the last digest, and nothing twice. On
# SQLite they also stop INSERT OR REPLACE, which deletes the row it replaces without firing the delete trigger.
SQLITE_GUARDS = (
    "CREATE TRIGGER ledger_append BEFORE INSERT ON ledger BEGIN"
    " SELECT RAISE(ABORT, 'the ledger takes only the next row of its chain')"
    " WHERE NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM ledger)"
    f" OR NEW.previous IS NOT coalesce((SELECT digest FROM ledger ORDER BY sequence DESC LIMIT 1), '{START}')"
    " OR EXISTS (SELECT 1 FROM ledger WHERE digest = NEW.digest)"
    " OR EXISTS (SELECT 1 FROM ledger WHERE grades = NEW.grades); END",
    "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN"
    " SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN"
    " SELECT RAISE(ABORT, 'the ledger is append-only'); END",
)
POSTGRES_GUARDS = (
    "CREATE FUNCTION ledger_append() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.sequence IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) + 1 FROM ledger)"
    f" OR NEW.previous IS DISTINCT FROM coalesce((SELECT digest FROM ledger ORDER BY sequence DESC LIMIT 1), '{START}')"
    " THEN RAISE EXCEPTION 'the ledger takes only the next row of its chain'; END IF; RETURN NEW; END $$",
    "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'the ledger is append-only'; END $$",
    "CREATE TRIGGER ledger_append BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_append()",
    "CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION ledger_refuse()",
    "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("sequence", ROW_NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("grades", sa.String(64)),
        sa.PrimaryKeyConstraint("sequence", name="pk_ledger"),
        sa.UniqueConstraint("digest", name="uq_ledger_digest"),
        sa.UniqueConstraint("grades", name="uq_ledger_grades"),
    )
    for statement in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRES_GUARDS:
        op.execute(statement)
