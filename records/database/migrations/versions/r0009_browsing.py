"""What lists, searches, tools and briefs ask of analyses: their labels, a small form of each, the full text of articles, and what
briefs have told."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "rhyme0009"
down_revision = "rhyme0008"

PIECE = 500
SQLITE_TEXTS = (
    "CREATE VIRTUAL TABLE article_texts USING fts5(title, text, content='',"
    " tokenize='porter unicode61 remove_diacritics 2')"
)
POSTGRES_TEXTS = (
    "CREATE TABLE article_texts (number BIGINT PRIMARY KEY REFERENCES article_numbers (number) ON DELETE CASCADE,"
    " document TSVECTOR NOT NULL)",
    "CREATE INDEX ix_article_texts_document ON article_texts USING gin (document)",
)
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "article_numbers",
        sa.Column("number", NUMBER, nullable=False, autoincrement=True),
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_article_numbers"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_numbers_article_id"),
        sa.UniqueConstraint("article_id", name="uq_article_numbers_article_id"),
    )
    op.create_table(
        "analysis_labels",
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("kind", "label", "analysis_id", name="pk_analysis_labels"),
        sa.ForeignKeyConstraint(["analysis_id"], ["analyses.id"], name="fk_analysis_labels_analysis_id"),
    )
    op.create_index("ix_analysis_labels_kind_label_as_of", "analysis_labels", ["kind", "label", "as_of"])
    op.create_index("ix_analysis_labels_analysis_id", "analysis_labels", ["analysis_id"])
    op.create_table(
        "briefs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_briefs"),
    )
    op.create_index("ix_briefs_scope_as_of", "briefs", ["scope", "as_of"])
    op.create_index("ix_briefs_created_at", "briefs", ["created_at"])
    op.create_table(
        "brief_told",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("analysis_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("scope", "analysis_id", name="pk_brief_told"),
        sa.ForeignKeyConstraint(["analysis_id"], ["analyses.id"], name="fk_brief_told_analysis_id"),
    )
    op.add_column("analyses", sa.Column("summary", sa.Text))
    op.add_column("analyses", sa.Column("story_id", sa.String(128)))
    op.create_index("ix_analyses_story_id_as_of", "analyses", ["story_id", "as_of"])
    op.create_index("ix_analyses_score_id", "analyses", ["score", "id"])
    _full_text()
    _labels()


def _full_text() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text("INSERT INTO article_numbers(article_id) SELECT id FROM articles ORDER BY first_seen_at, id")
    )
    join = "FROM articles a JOIN article_numbers n ON n.article_id = a.id"
    if connection.dialect.name == "sqlite":
        op.execute(SQLITE_TEXTS)
        connection.execute(
            sa.text(f"INSERT INTO article_texts(rowid, title, text) SELECT n.number, a.title, a.text {join}")
        )
        return
    for statement in POSTGRES_TEXTS:
        op.execute(statement)
    document = "setweight(to_tsvector('english', a.title), 'A') || setweight(to_tsvector('english', left(a.text, 200000)), 'D')"
    connection.execute(sa.text(f"INSERT INTO article_texts(number, document) SELECT n.number, {document} {join}"))


def _labels() -> None:
    connection = op.get_bind()
    after = ""
    asked = sa.text("SELECT id, as_of, payload FROM analyses WHERE id > :after ORDER BY id LIMIT :piece")
    while rows := connection.execute(asked, {"after": after, "piece": PIECE}).all():
        after = rows[-1].id
        for row in rows:
            _label(connection, row)


def _label(connection: Any, row: Any) -> None:
    kept = json.loads(row.payload)
    reading, story = kept["reading"], kept.get("story")
    tickers = [kept["impact"]["ticker"]]
    tickers += [one["ticker"] for one in reading["mentions"] if one["role"] != "mentioned"]
    labels = [("ticker", one) for one in dict.fromkeys(tickers) if one] + [
        ("tag", one) for one in dict.fromkeys(reading["tags"])
    ]
    added = sa.text("INSERT INTO analysis_labels(kind, label, analysis_id, as_of) VALUES (:kind, :label, :id, :as_of)")
    for kind, label in labels:
        connection.execute(added, {"kind": kind, "label": label, "id": row.id, "as_of": row.as_of})
    if story:
        told = sa.text("UPDATE analyses SET story_id = :story WHERE id = :id")
        connection.execute(told, {"story": story["story_id"], "id": row.id})
