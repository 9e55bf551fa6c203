"""What the event index needs: the order of changes, what was removed, and how the vector index is cut by time.

Full text is no longer the database's: its lists are kept by knowledge time beside the vectors.
"""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0003"
down_revision = "rhyme0002"

SQLITE_TEXTS_GONE = (
    "DROP TRIGGER event_texts_insert",
    "DROP TRIGGER event_texts_delete",
    "DROP TRIGGER event_texts_update",
    "DROP TABLE event_texts",
)
POSTGRES_TEXTS_GONE = (
    "DROP TRIGGER event_texts_write ON events",
    "DROP FUNCTION event_texts_write()",
    "DROP TABLE event_texts",
)


def upgrade() -> None:
    for statement in SQLITE_TEXTS_GONE if op.get_bind().dialect.name == "sqlite" else POSTGRES_TEXTS_GONE:
        op.execute(statement)
    op.add_column("events", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_events_revision", "events", ["revision"])
    op.create_table(
        "removed_events",
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("revision", "event_id", name="pk_removed_events"),
    )
    op.create_table(
        "index_parts",
        sa.Column("embedder_digest", sa.String(64), nullable=False),
        sa.Column("known_from", sa.BigInteger, nullable=False),
        sa.Column("collection", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("embedder_digest", "known_from", name="pk_index_parts"),
        sa.UniqueConstraint("collection", name="uq_index_parts_collection"),
        sa.ForeignKeyConstraint(["embedder_digest"], ["embedders.digest"], name="fk_index_parts_embedder_digest"),
    )
