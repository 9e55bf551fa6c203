"""Rules of alerts, and which alerts were told."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0016"
down_revision = "rhyme0015"


def upgrade() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("removed_at", sa.BigInteger),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", "added_at", name="pk_alert_rules"),
    )
    op.create_table(
        "alert_told",
        sa.Column("rule", sa.String(64), nullable=False),
        sa.Column("added_at", sa.BigInteger, nullable=False),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("rule", "added_at", "analysis_id", name="pk_alert_told"),
        sa.ForeignKeyConstraint(["analysis_id"], ["analyses.id"], name="fk_alert_told_analysis_id_analyses"),
    )
