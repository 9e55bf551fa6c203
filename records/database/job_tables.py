"""The tables of jobs and of the workers that are at them."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from records.database.tables import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("article_id", String(64), ForeignKey("articles.id"), primary_key=True),
    Column("status", String(16), nullable=False),  # records.job.JobStatus
    Column("priority", Integer, nullable=False),
    Column("round", Integer, nullable=False),  # 1, and one more for each retry
    Column("starts", Integer, nullable=False),  # of this round
    Column("leads", Boolean, nullable=False),  # in this round it is the one of its story that is analysed
    Column("added_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("result", String(16)),  # records.job.JobResult
    Column("failure", String(64)),
    Column("reason", Text),
    Column("analysis_id", String(64)),
    Column("former_analysis_id", String(64)),
    Column("story_id", String(128)),
    Column("cost_usd", Float),
    Index("ix_jobs_status_priority", "status", "priority", "added_at"),
    Index(None, "story_id"),
)

job_workers = Table(
    "job_workers",
    metadata,
    Column("id", String(64), primary_key=True),  # the executor's id in the durable engine
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("beats", BigInteger, nullable=False),  # grows while it lives
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("heir", String(64)),  # the worker that is taking its work over
)
