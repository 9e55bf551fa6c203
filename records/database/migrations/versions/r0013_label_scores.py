"""Labels know the score of their analysis and from when on another stood in its place: lists by company or theme, by score or by
several of them, and counts over time read the labels alone."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0013"
down_revision = "rhyme0012"


def upgrade() -> None:
    op.add_column("analysis_labels", sa.Column("score", sa.Float))
    op.add_column("analysis_labels", sa.Column("replaced_at", sa.BigInteger))
    op.execute(
        "UPDATE analysis_labels SET score = (SELECT a.score FROM analyses a WHERE a.id = analysis_labels.analysis_id), "
        "replaced_at = (SELECT min(o.as_of) FROM analyses a JOIN analyses o ON o.article_id = a.article_id "
        "WHERE a.id = analysis_labels.analysis_id AND (o.created_at > a.created_at OR "
        "(o.created_at = a.created_at AND o.id > a.id)))"
    )
    op.create_index(
        "ix_analysis_labels_kind_label_score_analysis_id", "analysis_labels", ["kind", "label", "score", "analysis_id"]
    )
    op.create_index(
        "ix_analysis_labels_kind_as_of_label_score_replaced_at",
        "analysis_labels",
        ["kind", "as_of", "label", "score", "replaced_at"],
    )
