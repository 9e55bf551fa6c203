"""When each article was known stands beside its number: a search then passes by what came later without reading the articles."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0011"
down_revision = "rhyme0010"


def upgrade() -> None:
    op.add_column("article_numbers", sa.Column("at", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(
        "UPDATE article_numbers SET at = (SELECT coalesce(a.published_at, a.first_seen_at) FROM articles a "
        "WHERE a.id = article_numbers.article_id)"
    )
