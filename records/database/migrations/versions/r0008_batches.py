"""Batches of requests to a language model, and the rows of the cost ledger that went in one."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0008"
down_revision = "rhyme0007"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("model_calls", sa.Column("batch_id", sa.Text))
    op.create_table(
        "batches",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("file_id", sa.Text),
        sa.Column("batch_id", sa.Text),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("cost_nano", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("creating_at", sa.BigInteger),
        sa.Column("submitted_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("key", name="pk_batches"),
    )
    op.create_table(
        "batch_requests",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("purpose", sa.String(128), nullable=False),
        sa.Column("prompt", sa.String(128), nullable=False),
        sa.Column("prompt_digest", sa.String(64), nullable=False),
        sa.Column("body", sa.Text),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("bound_tokens", sa.BigInteger, nullable=False),
        sa.Column("bound_nano", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("batch_key", sa.String(32)),
        sa.Column("custom_id", sa.String(64)),
        sa.Column("hold", sa.BigInteger),
        sa.Column("payload", sa.Text),
        sa.Column("status_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_batch_requests"),
        sa.ForeignKeyConstraint(["batch_key"], ["batches.key"], name="fk_batch_requests_batch_key"),
        sa.UniqueConstraint("article_id", "round", "digest", name="uq_batch_requests_article_id_round_digest"),
    )
    op.create_index("ix_batch_requests_digest", "batch_requests", ["digest"])
    op.create_index("ix_batch_requests_state_number", "batch_requests", ["state", "number"])
    op.create_index("ix_batch_requests_batch_key_custom_id", "batch_requests", ["batch_key", "custom_id"])
    op.create_table(
        "batch_owners",
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("placed", sa.Text),
        sa.Column("prepared", sa.Text),
        sa.PrimaryKeyConstraint("article_id", "round", name="pk_batch_owners"),
    )
