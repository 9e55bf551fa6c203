"""Story threads: the articles of each story, and the keys by which an article finds its candidates."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0004"
down_revision = "rhyme0003"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "story_members",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.Column("story_id", sa.String(128), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("relation", sa.String(16), nullable=False),
        sa.Column("novelty", sa.Float, nullable=False),
        sa.Column("tickers", sa.Text, nullable=False),
        sa.Column("event_type", sa.String(64)),
        sa.Column("embedder", sa.String(128)),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_story_members"),
        sa.UniqueConstraint("article_id", name="uq_story_members_article_id"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_story_members_article_id"),
    )
    op.create_index("ix_story_members_story_id_first_seen_at", "story_members", ["story_id", "first_seen_at"])
    op.create_table(
        "story_keys",
        sa.Column("key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("member_number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", "at", "member_number", name="pk_story_keys"),
        sqlite_with_rowid=False,
    )
