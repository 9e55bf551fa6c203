"""The tables. Times are epoch microseconds (`records.times`), so that SQLite and PostgreSQL compare them alike.

The migrations create them; a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={  # named constraints, so that later migrations can alter them on both engines
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only for a column declared INTEGER."""

meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

articles = Table(
    "articles",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text),
    Column("source", Text),
    Column("published_at", BigInteger),
    Column("date_only", Boolean, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("language", String(16)),
    Column("notes", Text, nullable=False),  # JSON list of strings
    Index(None, "published_at"),
)

article_numbers = Table(  # what the full text of `records.database.texts` knows an article by
    "article_numbers",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("article_id", String(64), ForeignKey("articles.id"), nullable=False, unique=True),
    Column("at", BigInteger, nullable=False, server_default="0"),  # its known_at, again
)

analyses = Table(
    "analyses",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("article_id", String(64), ForeignKey("articles.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("ticker", String(32)),
    Column("score", Float),
    Column("evidence", String(32), nullable=False),
    Column("payload", Text, nullable=False),  # JSON of records.analysis.Analysis, the whole of it
    Column("summary", Text),  # JSON of records.summary.AnalysisSummary; None: kept before there were any
    Column("story_id", String(128)),
    Index(None, "created_at"),
    Index(None, "as_of", "id", "score"),
    Index(None, "article_id"),
    Index(None, "ticker", "as_of"),
    Index(None, "story_id", "as_of"),
    Index(None, "score", "id"),
)

analysis_labels = Table(
    "analysis_labels",
    metadata,
    # 'ticker', 'tag', 'event' (shown as a precedent), 'type' (of its event) or 'polarity' (its sentiment)
    Column("kind", String(8), primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("analysis_id", String(64), ForeignKey("analyses.id"), primary_key=True),
    Column("as_of", BigInteger, nullable=False),  # of the analysis, again
    Column("score", Float),  # likewise
    Column("replaced_at", BigInteger),  # when another analysis of its article stood in its place; None: never yet
    Index("ix_analysis_labels_in_order", "kind", "label", "as_of", "analysis_id", "score", "replaced_at"),
    Index("ix_analysis_labels_by_score", "kind", "label", "score", "analysis_id", "as_of", "replaced_at"),
    Index(None, "kind", "as_of", "label", "score", "replaced_at"),
    Index(None, "analysis_id"),
)

briefs = Table(
    "briefs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),  # JSON of records.brief.Brief
    Index(None, "scope", "as_of"),
    Index(None, "created_at"),
)

brief_told = Table(  # what a scope was told, or was left out below a brief's limit
    "brief_told",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("analysis_id", String(64), ForeignKey("analyses.id"), primary_key=True),
)

events = Table(
    "events",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("reaction_known_at", BigInteger),  # early in the row: the as-of filter reads it for every candidate
    Column("id", String(64), nullable=False, unique=True),
    Column("digest", String(32), nullable=False),  # of the whole event: tells changed from unchanged
    Column("published_at", BigInteger, nullable=False),
    Column("date_only", Boolean, nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("summary", Text, nullable=False),
    Column("tickers", Text, nullable=False),  # JSON list; event_tickers is its index
    Column("tags", Text, nullable=False),  # JSON list
    Column("story_id", String(128)),
    Column("source", Text),
    Column("taxonomy_version", Integer, nullable=False),
    Column("reaction_ticker", String(32)),
    Column("reaction_window", String(16)),
    Column("reaction_session_on", String(10)),  # ISO date
    Column("reaction_intraday", Boolean),
    Column("reaction_date_only", Boolean),
    Column("reaction_abnormal_return", Float),
    Column("reaction_beta", Float),
    Column("reaction_sigma", Float),
    Column("reaction_z", Float),
    Column("revision", BigInteger, nullable=False, server_default="0"),  # of the write that last touched it
    Index(None, "reaction_known_at"),
    Index(None, "published_at"),
    Index(None, "story_id"),
    Index(None, "revision"),
)

removed_events = Table(
    "removed_events",
    metadata,
    Column("revision", BigInteger, primary_key=True),
    Column("event_id", String(64), primary_key=True),
)

event_tickers = Table(
    "event_tickers",
    metadata,
    Column("event_number", RowNumber, ForeignKey("events.number", ondelete="CASCADE"), primary_key=True),
    Column("ticker", String(32), primary_key=True),
    Column("published_at", BigInteger, nullable=False),
    Index(None, "ticker", "published_at"),
)

embedders = Table(
    "embedders",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("dimensions", Integer, nullable=False),
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("event_number", RowNumber, ForeignKey("events.number", ondelete="CASCADE"), primary_key=True),
    Column("embedder_digest", String(64), ForeignKey("embedders.digest"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),  # dimensions × float16, little-endian
    Column("indexed_in", String(64)),  # id of the vector collection that holds it; None: not yet in one
    Index(None, "embedder_digest", "indexed_in", "event_number"),  # answers what is indexed without reading vectors
)

index_parts = Table(
    "index_parts",
    metadata,
    Column("embedder_digest", String(64), ForeignKey("embedders.digest"), primary_key=True),
    Column("known_from", BigInteger, primary_key=True),  # a part goes up to the next one's known_from
    Column("collection", String(128), nullable=False, unique=True),  # its name in Chroma
)

ledger = Table(
    "ledger",
    metadata,
    Column("sequence", RowNumber, primary_key=True, autoincrement=False),  # 1, 2, 3, … without a gap
    Column("kind", String(16), nullable=False),  # 'forecast' or 'grade'
    Column("payload", Text, nullable=False),  # canonical JSON of records.forecast.Forecast or Grade
    Column("previous", String(64), nullable=False),  # digest of the row before; zeros for the first
    Column("digest", String(64), nullable=False, unique=True),
    Column("grades", String(64), unique=True),  # a grade's forecast, again: no forecast is graded twice
)

story_members = Table(
    "story_members",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("article_id", String(64), ForeignKey("articles.id"), nullable=False, unique=True),
    Column("story_id", String(128), nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # its publication if it has one, else first_seen_at
    Column("relation", String(16), nullable=False),
    Column("novelty", Float, nullable=False),
    Column("tickers", Text, nullable=False),  # JSON list
    Column("event_type", String(64)),
    Column("embedder", String(128)),  # name:digest of what made the vector
    Column("vector", LargeBinary),  # float16, little-endian
    Column("payload", Text, nullable=False),  # JSON of records.story.Placement
    Index(None, "story_id", "first_seen_at"),
)

story_keys = Table(
    "story_keys",
    metadata,
    Column(
        "key", BigInteger, primary_key=True
    ),  # hash of what candidates are found by: digest, MinHash band, ticker, terms
    Column("at", BigInteger, primary_key=True),  # of the member, again: a lookup reads one range of this table alone
    Column("member_number", BigInteger, primary_key=True),
    Column("first_seen_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

feeds = Table(
    "feeds",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("address", Text, nullable=False, unique=True),
    Column("every_seconds", Integer, nullable=False),
    Column("full_text", Boolean, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("due_at", BigInteger, nullable=False),
    Column("checked_at", BigInteger),
    Column("succeeded_at", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("error", Text),
)

feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed", String(32), primary_key=True),  # digest of the source's address: also of one that is not in `feeds`
    Column("entry", String(32), primary_key=True),  # digest of the entry's id, or of a file's path
    Column("version", String(32), nullable=False),  # digest of what it said: an edited entry is taken in again
    Column("seen_at", BigInteger, nullable=False),
)
