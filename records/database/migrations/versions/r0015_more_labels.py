"""Event type and sentiment are labels too, and the indexes hold all that a list goes by: a list narrowed to one of them, or from a
score on, reads no analysis that it leaves out."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "rhyme0015"
down_revision = "rhyme0014"

PIECE = 500


def upgrade() -> None:
    op.execute(
        "INSERT INTO analysis_labels(kind, label, analysis_id, as_of, score) SELECT 'type', event_type, id, as_of, score "
        "FROM analyses"
    )
    _sentiments(op.get_bind())
    op.execute(
        "UPDATE analysis_labels SET replaced_at = (SELECT min(o.as_of) FROM analyses a JOIN analyses o ON o.article_id = "
        "a.article_id WHERE a.id = analysis_labels.analysis_id AND (o.created_at > a.created_at OR "
        "(o.created_at = a.created_at AND o.id > a.id))) WHERE kind IN ('type', 'polarity')"
    )
    _indexes()


def _sentiments(connection: sa.Connection) -> None:
    asked = sa.text(
        "SELECT id, as_of, score, summary, CASE WHEN summary IS NULL THEN payload END AS payload FROM analyses "
        "WHERE id > :after ORDER BY id LIMIT :piece"
    )
    added = sa.text(
        "INSERT INTO analysis_labels(kind, label, analysis_id, as_of, score) VALUES ('polarity', :label, :id, :as_of, :score)"
        " ON CONFLICT DO NOTHING"
    )
    after = ""
    while rows := connection.execute(asked, {"after": after, "piece": PIECE}).all():
        after = rows[-1].id
        labels = [
            {"label": label, "id": row.id, "as_of": row.as_of, "score": row.score}
            for row in rows
            if (label := _sentiment(row)) is not None
        ]
        if labels:
            connection.execute(added, labels)


def _sentiment(row: Any) -> str | None:
    """None: it was not measured."""
    if row.summary is not None:
        label: str | None = json.loads(row.summary)["sentiment"]
        return label
    sentiment = json.loads(row.payload)["reading"].get("sentiment")
    return sentiment["label"] if sentiment else None


def _indexes() -> None:
    op.drop_index("ix_analyses_as_of", "analyses", if_exists=True)
    op.create_index("ix_analyses_as_of_id_score", "analyses", ["as_of", "id", "score"])
    labels, both = "analysis_labels", ["kind", "label"]
    op.drop_index("ix_analysis_labels_kind_label_as_of", labels)
    op.create_index("ix_analysis_labels_in_order", labels, [*both, "as_of", "analysis_id", "score", "replaced_at"])
    op.drop_index("ix_analysis_labels_kind_label_score_analysis_id", labels)
    op.create_index("ix_analysis_labels_by_score", labels, [*both, "score", "analysis_id", "as_of", "replaced_at"])
