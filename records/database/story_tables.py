from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, LargeBinary, String, Table, Text

from records.database.tables import RowNumber, metadata

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
    Column("key", BigInteger, primary_key=True),  # hash of what candidates are found by: digest, MinHash band, ticker, terms
    Column("at", BigInteger, primary_key=True),  # of the member, again: a lookup reads one range of this table alone
    Column("member_number", BigInteger, primary_key=True),
    Column("first_seen_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
