"""The tables of model calls: the cost ledger, its running sums, what is held for calls under way, and kept answers."""

from sqlalchemy import BigInteger, Boolean, Column, Float, String, Table, Text

from records.database.tables import RowNumber, metadata

model_calls = Table(  # the cost ledger: rows are appended, never changed
    "model_calls",
    metadata,
    Column("number", RowNumber, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("run_id", String(64), nullable=False),
    Column("provider", String(16), nullable=False),
    Column("model", Text, nullable=False),
    Column("purpose", String(128), nullable=False),
    Column("prompt", String(128), nullable=False),  # name@version
    Column("prompt_digest", String(64), nullable=False),
    Column("request_digest", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),  # of records.spending.Outcome
    Column("input_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("tokens_estimated", Boolean, nullable=False),
    Column("cost_nano", BigInteger),  # nano-dollars; None: the price is not known
    Column("uncertain_tokens", BigInteger, nullable=False),  # what may have been billed beyond, at most
    Column("uncertain_nano", BigInteger),
    Column("seconds", Float, nullable=False),
    Column("batch_id", Text),  # of the batch that it went in; None: it was sent by itself
)

model_spending = Table(  # running sums of model_calls, uncertain parts included, by run, day and month
    "model_spending",
    metadata,
    Column("period", String(80), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("cost_nano", BigInteger, nullable=False),
)

model_holds = (
    Table(  # what calls under way may take at most; a row stays when its process died: it may have been billed
        "model_holds",
        metadata,
        Column("number", RowNumber, primary_key=True, autoincrement=True),
        Column("at", BigInteger, nullable=False),
        Column("run_period", String(80), nullable=False),
        Column("day_period", String(80), nullable=False),
        Column("month_period", String(80), nullable=False, index=True),
        Column("model", Text, nullable=False),
        Column("request_digest", String(64), nullable=False),
        Column("tokens", BigInteger, nullable=False),
        Column("cost_nano", BigInteger, nullable=False),
    )
)

model_answers = Table(  # answers that proved usable, by the digest of the exact request
    "model_answers",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("payload", Text, nullable=False),
)
