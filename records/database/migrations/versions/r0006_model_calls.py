"""Calls to language models: the cost ledger, its running sums, money held for calls under way, and kept answers."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0006"
down_revision = "rhyme0005"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

SQLITE_GUARDS = (
    "CREATE TRIGGER model_calls_no_update BEFORE UPDATE ON model_calls BEGIN"
    " SELECT RAISE(ABORT, 'the cost ledger is append-only'); END",
    "CREATE TRIGGER model_calls_no_delete BEFORE DELETE ON model_calls BEGIN"
    " SELECT RAISE(ABORT, 'the cost ledger is append-only'); END",
)
POSTGRES_GUARDS = (
    "CREATE FUNCTION model_calls_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'the cost ledger is append-only'; END $$",
    "CREATE TRIGGER model_calls_no_change BEFORE UPDATE OR DELETE ON model_calls"
    " FOR EACH ROW EXECUTE FUNCTION model_calls_refuse()",
)


def upgrade() -> None:
    op.create_table(
        "model_calls",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(128), nullable=False),
        sa.Column("prompt", sa.String(128), nullable=False),
        sa.Column("prompt_digest", sa.String(64), nullable=False),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("tokens_estimated", sa.Boolean, nullable=False),
        sa.Column("cost_nano", sa.BigInteger),
        sa.Column("uncertain_tokens", sa.BigInteger, nullable=False),
        sa.Column("uncertain_nano", sa.BigInteger),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_model_calls"),
    )
    op.create_index("ix_model_calls_at", "model_calls", ["at"])
    op.create_table(
        "model_spending",
        sa.Column("period", sa.String(80), nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_nano", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("period", name="pk_model_spending"),
    )
    op.create_table(
        "model_holds",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run_period", sa.String(80), nullable=False),
        sa.Column("day_period", sa.String(80), nullable=False),
        sa.Column("month_period", sa.String(80), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_nano", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_model_holds"),
    )
    op.create_index("ix_model_holds_month_period", "model_holds", ["month_period"])
    op.create_table(
        "model_answers",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_model_answers"),
    )
    for statement in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRES_GUARDS:
        op.execute(statement)
