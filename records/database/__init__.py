"""The store of record: analyses, articles, past events, their texts and vectors, in SQLite or PostgreSQL.

Takes and returns records only; raises StoreError subclasses, never SQLAlchemy's. It computes no embedding, calls no
clock and knows nothing of Chroma, which is an index that can always be rebuilt from here.
"""

from records.database.analyses import AnalysisLine
from records.database.counts import EventCounts
from records.database.database import Database
from records.database.events import AddResult, StoreSnapshot
from records.database.index_parts import IndexPart
from records.database.ledger import LedgerCheck, LedgerFault, LedgerForecast, LedgerRow
from records.database.vectors import ChangedEvent, Changes, EmbedderIdentity, RecallableEvents

__all__ = [
    "AddResult",
    "AnalysisLine",
    "ChangedEvent",
    "Changes",
    "Database",
    "EmbedderIdentity",
    "EventCounts",
    "IndexPart",
    "LedgerCheck",
    "LedgerFault",
    "LedgerForecast",
    "LedgerRow",
    "RecallableEvents",
    "StoreSnapshot",
]
