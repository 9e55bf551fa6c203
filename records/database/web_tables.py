"""The tables of the web terminal: who may sign in, what was done, what is kept for a visitor, and the order of analyses."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from records.database.tables import RowNumber, metadata

analysis_numbers = Table(  # in the order they were kept, whatever process kept them: writers take turns
    "analysis_numbers",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("analysis_id", String(64), ForeignKey("analyses.id"), nullable=False, unique=True),
)

users = Table(
    "users",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password", Text),  # argon2id with its salt; None: none is set
    Column("subject", Text, unique=True),  # issuer and subject of OIDC
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of what the cookie holds
    Column("user_name", String(128), ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "user_name"),
    Index(None, "expires_at"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the token
    Column("user_name", String(128), ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index(None, "user_name"),
)

audit_log = Table(  # rows are appended, never changed
    "audit_log",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("visitor", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("object", Text),
    Column("address", String(64)),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("owner", String(128), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("query", Text, nullable=False),  # JSON object
    Column("created_at", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(128), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(64), nullable=False),  # SHA-256 of method, path and body
    Column("created_at", BigInteger, nullable=False),
    Column("status", Integer),  # of the answer; None: it is being worked on
    Column("content_type", Text),
    Column("body", LargeBinary),
    Index(None, "created_at"),
)

chat_turns = Table(  # questions at the web terminal and their answers
    "chat_turns",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("who", String(128), nullable=False),
    Column("conversation", String(16), nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),  # JSON of records.chat.KeptTurn
    Index(None, "who", "conversation", "number"),
)
