"""The web terminal: users, sessions, tokens, the audit log, saved views, keys of repeated requests, and the order of analyses."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0010"
down_revision = "rhyme0009"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _order_of_analyses()
    _users()
    _kept_for_visitors()


def _order_of_analyses() -> None:
    op.create_table(
        "analysis_numbers",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_analysis_numbers"),
        sa.ForeignKeyConstraint(["analysis_id"], ["analyses.id"], name="fk_analysis_numbers_analysis_id"),
        sa.UniqueConstraint("analysis_id", name="uq_analysis_numbers_analysis_id"),
    )
    op.execute("INSERT INTO analysis_numbers(analysis_id) SELECT id FROM analyses ORDER BY created_at, id")


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
        sa.UniqueConstraint("subject", name="uq_users_subject"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(128), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name="fk_sessions_user_name", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_name", "sessions", ["user_name"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("digest", name="uq_api_tokens_digest"),
        sa.ForeignKeyConstraint(["user_name"], ["users.name"], name="fk_api_tokens_user_name", ondelete="CASCADE"),
    )
    op.create_index("ix_api_tokens_user_name", "api_tokens", ["user_name"])


def _kept_for_visitors() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("visitor", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("object", sa.Text),
        sa.Column("address", sa.String(64)),
        sa.PrimaryKeyConstraint("number", name="pk_audit_log"),
    )
    op.create_table(
        "saved_views",
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_saved_views"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("content_type", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
