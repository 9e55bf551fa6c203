"""Jobs: articles that wait to be analysed and what became of them; the workers that are at it."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0005"
down_revision = "rhyme0004"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("starts", sa.Integer, nullable=False),
        sa.Column("leads", sa.Boolean, nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("result", sa.String(16)),
        sa.Column("failure", sa.String(64)),
        sa.Column("reason", sa.Text),
        sa.Column("analysis_id", sa.String(64)),
        sa.Column("former_analysis_id", sa.String(64)),
        sa.Column("story_id", sa.String(128)),
        sa.Column("cost_usd", sa.Float),
        sa.PrimaryKeyConstraint("article_id", name="pk_jobs"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_jobs_article_id"),
    )
    op.create_index("ix_jobs_status_priority", "jobs", ["status", "priority", "added_at"])
    op.create_index("ix_jobs_story_id", "jobs", ["story_id"])
    op.create_table(
        "job_workers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("machine", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("beats", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("heir", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_job_workers"),
    )
