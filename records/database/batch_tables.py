"""The tables of batches: what was sent together, each request of it, and how far the articles behind them are."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from records.database.tables import RowNumber, metadata

batches = Table(
    "batches",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("identity", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("file_id", Text),
    Column("batch_id", Text),
    Column("status", String(32), nullable=False),
    Column("requests", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("cost_nano", BigInteger, nullable=False),  # of the settled requests whose price is known
    Column("created_at", BigInteger, nullable=False),  # also the moment at which its money was held
    Column("creating_at", BigInteger),
    Column("submitted_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("error", Text),
)

batch_requests = Table(
    "batch_requests",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("article_id", String(64), nullable=False),  # whose question it is: a round of a job
    Column("round", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("purpose", String(128), nullable=False),
    Column("prompt", String(128), nullable=False),
    Column("prompt_digest", String(64), nullable=False),
    Column("body", Text),  # None once it is answered or given up
    Column("bytes", Integer, nullable=False),
    Column("bound_tokens", BigInteger, nullable=False),
    Column("bound_nano", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # records.batch.RequestState
    Column("batch_key", String(32), ForeignKey("batches.key")),  # the last one it was in
    Column("custom_id", String(64)),
    Column("hold", BigInteger),  # number in model_holds while it is in a batch
    Column("payload", Text),
    Column("status_code", Integer),
    Column("error", Text),
    UniqueConstraint("article_id", "round", "digest"),
    Index(None, "digest"),
    Index(None, "state", "number"),
    Index(None, "batch_key", "custom_id"),
)

batch_owners = Table(  # how far an article is whose questions go out in batches
    "batch_owners",
    metadata,
    Column("article_id", String(64), primary_key=True),
    Column("round", Integer, primary_key=True),
    Column("placed", Text),  # JSON of agent.jobs.course.Placed
    Column("prepared", Text),  # JSON of agent.prepared.Prepared
)
