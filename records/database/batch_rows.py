"""Rows of the tables of batches as records, and the statements that more than one method of `Batches` needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from records.batch import Batch, SentRequest
from records.database.model_call_tables import model_holds
from records.database.model_calls import taken_in
from records.spending import BudgetLimits, CallBound, Period, Shortfall, Spent
from records.times import from_epoch

PERIODS: tuple[Period, ...] = ("run", "day", "month")
CHUNK = 500
"""Rows in one statement."""


def batch_of(row: Any) -> Batch:
    """A row of `batches`."""
    plain = (
        "key", "identity", "model", "run_id", "file_id", "batch_id", "status", "requests", "done", "failed", "cost_nano", "error",
    )  # fmt: skip
    return Batch(
        **{name: getattr(row, name) for name in plain},
        created_at=from_epoch(row.created_at),
        creating_at=_moment(row.creating_at),
        submitted_at=_moment(row.submitted_at),
        ended_at=_moment(row.ended_at),
    )


def _moment(epoch: int | None) -> datetime | None:
    return None if epoch is None else from_epoch(epoch)


def sent_of(row: Any) -> SentRequest:
    """A row of `batch_requests` that is in a batch."""
    plain = ("number", "custom_id", "digest", "provider", "model", "purpose", "prompt", "prompt_digest")
    bound = CallBound(row.bound_tokens, row.bound_nano)
    return SentRequest(**{name: getattr(row, name) for name in plain}, bound=bound)


def affordable(
    connection: Connection, rows: Sequence[Any], names: dict[Period, str], limits: BudgetLimits
) -> tuple[int, Shortfall | None]:
    """How many of the rows, from the first on, the budgets allow together, and what the next one could break."""
    limited = [
        period for period in PERIODS if limits.of(period).cost_nano is not None or limits.of(period).tokens is not None
    ]
    taken = {period: taken_in(connection, period, names) for period in limited}
    for place, row in enumerate(rows):
        asked = Spent(row.bound_nano or 0, row.bound_tokens)
        for period, spent in taken.items():
            limit = limits.of(period)
            if limit.cost_nano is not None and spent.cost_nano + asked.cost_nano > limit.cost_nano:
                return place, Shortfall(period, "usd", limit.cost_nano, spent.cost_nano, asked.cost_nano)
            if limit.tokens is not None and spent.tokens + asked.tokens > limit.tokens:
                return place, Shortfall(period, "tokens", limit.tokens, spent.tokens, asked.tokens)
        taken = {
            period: Spent(spent.cost_nano + asked.cost_nano, spent.tokens + asked.tokens)
            for period, spent in taken.items()
        }
    return len(rows), None


def hold_all(connection: Connection, rows: Sequence[Any], names: dict[Period, str], at: int) -> list[int]:
    """Holds the bound of each row; the holds' numbers in the order of the rows."""
    named = {f"{period}_period": name for period, name in names.items()}
    values = [
        named
        | {
            "at": at,
            "model": row.model,
            "request_digest": row.digest,
            "tokens": row.bound_tokens,
            "cost_nano": row.bound_nano or 0,
        }
        for row in rows
    ]
    added = insert(model_holds).returning(model_holds.c.number, sort_by_parameter_order=True)
    return [int(number) for number in connection.execute(added, values).scalars()]
