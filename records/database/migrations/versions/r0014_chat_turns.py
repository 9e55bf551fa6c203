"""What was asked at the web terminal, and the answers."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0014"
down_revision = "rhyme0013"


def upgrade() -> None:
    op.create_table(
        "chat_turns",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("conversation", sa.String(16), nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_chat_turns"),
    )
    op.create_index("ix_chat_turns_who_conversation_number", "chat_turns", ["who", "conversation", "number"])
