"""Articles, analyses, events with their texts and vectors."""

import sqlalchemy as sa
from alembic import op

revision = "rhyme0001"  # distinctive: another program's Alembic table must not look like ours
down_revision = None

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# FTS5 over the events' own summaries (external content: the text is stored once). Stemmed, accents folded.
SQLITE_TEXTS = (
    "CREATE VIRTUAL TABLE event_texts USING fts5(summary, content='events', content_rowid='number',"
    " tokenize='porter unicode61 remove_diacritics 2')",
    "CREATE TRIGGER event_texts_insert AFTER INSERT ON events BEGIN"
    " INSERT INTO event_texts(rowid, summary) VALUES (new.number, new.summary); END",
    "CREATE TRIGGER event_texts_delete AFTER DELETE ON events BEGIN"
    " INSERT INTO event_texts(event_texts, rowid, summary) VALUES ('delete', old.number, old.summary); END",
    "CREATE TRIGGER event_texts_update AFTER UPDATE OF summary ON events BEGIN"
    " INSERT INTO event_texts(event_texts, rowid, summary) VALUES ('delete', old.number, old.summary);"
    " INSERT INTO event_texts(rowid, summary) VALUES (new.number, new.summary); END",
)
POSTGRES_TEXTS = (
    "CREATE TABLE event_texts (event_number BIGINT PRIMARY KEY REFERENCES events (number) ON DELETE CASCADE,"
    " document TSVECTOR NOT NULL)",
    "CREATE INDEX ix_event_texts_document ON event_texts USING gin (document)",
    "CREATE FUNCTION event_texts_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO event_texts VALUES (NEW.number, to_tsvector('english', NEW.summary))"
    " ON CONFLICT (event_number) DO UPDATE SET document = EXCLUDED.document; RETURN NEW; END $$",
    "CREATE TRIGGER event_texts_write AFTER INSERT OR UPDATE OF summary ON events"
    " FOR EACH ROW EXECUTE FUNCTION event_texts_write()",
)


def upgrade() -> None:
    _meta_and_analyses()
    _events()
    _embeddings()
    for statement in SQLITE_TEXTS if op.get_bind().dialect.name == "sqlite" else POSTGRES_TEXTS:
        op.execute(statement)


def _meta_and_analyses() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "articles",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("published_at", sa.BigInteger),
        sa.Column("date_only", sa.Boolean, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
    )
    op.create_index("ix_articles_published_at", "articles", ["published_at"])
    op.create_table(
        "analyses",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("article_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("ticker", sa.String(32)),
        sa.Column("score", sa.Float),
        sa.Column("evidence", sa.String(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_analyses"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_analyses_article_id"),
    )
    for columns in (["created_at"], ["as_of"], ["article_id"], ["ticker", "as_of"]):
        op.create_index(f"ix_analyses_{'_'.join(columns)}", "analyses", columns)


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("reaction_known_at", sa.BigInteger),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.Column("date_only", sa.Boolean, nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("tickers", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("story_id", sa.String(128)),
        sa.Column("source", sa.Text),
        sa.Column("taxonomy_version", sa.Integer, nullable=False),
        sa.Column("reaction_ticker", sa.String(32)),
        sa.Column("reaction_window", sa.String(16)),
        sa.Column("reaction_session_on", sa.String(10)),
        sa.Column("reaction_intraday", sa.Boolean),
        sa.Column("reaction_date_only", sa.Boolean),
        sa.Column("reaction_abnormal_return", sa.Float),
        sa.Column("reaction_beta", sa.Float),
        sa.Column("reaction_sigma", sa.Float),
        sa.Column("reaction_z", sa.Float),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
        sa.UniqueConstraint("id", name="uq_events_id"),
    )
    for column in ("reaction_known_at", "published_at", "story_id"):
        op.create_index(f"ix_events_{column}", "events", [column])
    op.create_table(
        "event_tickers",
        sa.Column("event_number", ROW_NUMBER, nullable=False),
        sa.Column("ticker", sa.String(32), nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("event_number", "ticker", name="pk_event_tickers"),
        sa.ForeignKeyConstraint(
            ["event_number"], ["events.number"], name="fk_event_tickers_event_number", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_event_tickers_ticker_published_at", "event_tickers", ["ticker", "published_at"])


def _embeddings() -> None:
    op.create_table(
        "embedders",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dimensions", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_embedders"),
    )
    op.create_table(
        "embeddings",
        sa.Column("event_number", ROW_NUMBER, nullable=False),
        sa.Column("embedder_digest", sa.String(64), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.Column("indexed_in", sa.String(64)),
        sa.PrimaryKeyConstraint("event_number", "embedder_digest", name="pk_embeddings"),
        sa.ForeignKeyConstraint(
            ["event_number"], ["events.number"], name="fk_embeddings_event_number", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["embedder_digest"], ["embedders.digest"], name="fk_embeddings_embedder_digest"),
    )
    held = ["embedder_digest", "indexed_in", "event_number"]
    op.create_index(f"ix_embeddings_{'_'.join(held)}", "embeddings", held)
