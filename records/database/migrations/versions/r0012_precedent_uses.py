"""Which analyses showed an event as a precedent, for those that were kept before this was noted."""

import json

import sqlalchemy as sa
from alembic import op

revision = "rhyme0012"
down_revision = "rhyme0011"

PIECE = 500


def upgrade() -> None:
    connection = op.get_bind()
    asked = sa.text("SELECT id, as_of, payload FROM analyses WHERE id > :after ORDER BY id LIMIT :piece")
    added = sa.text(
        "INSERT INTO analysis_labels(kind, label, analysis_id, as_of) VALUES ('event', :label, :id, :as_of)"
        " ON CONFLICT DO NOTHING"
    )
    after = ""
    while rows := connection.execute(asked, {"after": after, "piece": PIECE}).all():
        after = rows[-1].id
        labels = [
            {"label": label, "id": row.id, "as_of": row.as_of}
            for row in rows
            for label in dict.fromkeys(one["event_id"] for one in json.loads(row.payload)["precedents"])
        ]
        if labels:
            connection.execute(added, labels)
