"""Analyses in the order in which they were kept, by any process: what is new since a number."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from records.analysis import Analysis
from records.database import tables
from records.database.prepared import Prepared, new_row
from records.database.web_tables import analysis_numbers
from records.summary import AnalysisSummary, summary_of

_NEXT = Prepared(new_row(analysis_numbers))
Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class NewAnalysis:
    """One analysis with its place in the order."""

    number: int
    summary: AnalysisSummary


def number(connection: Connection, analysis_ids: Sequence[str]) -> None:
    """Gives them the next numbers, in the transaction that keeps them: writers take turns, so a smaller number is never seen
    after a larger one."""
    _NEXT.each(connection, [{"analysis_id": one} for one in analysis_ids])


class Announced:
    """A part of the database (`Database.announced`)."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    def latest(self) -> int:
        """The largest number; 0: there are no analyses."""
        with self._reading() as connection:
            return connection.execute(select(func.max(analysis_numbers.c.number))).scalar() or 0

    def since(self, number: int, limit: int) -> list[NewAnalysis]:
        """Those with a larger number, the smallest first."""
        analysis = tables.analyses.c
        query = (
            select(analysis_numbers.c.number, analysis.summary, analysis.payload)
            .join(tables.analyses, analysis.id == analysis_numbers.c.analysis_id)
            .where(analysis_numbers.c.number > number)
            .order_by(analysis_numbers.c.number)
            .limit(limit)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
        return [NewAnalysis(row.number, _summary(row.summary, row.payload)) for row in rows]


def _summary(summary: str | None, payload: str) -> AnalysisSummary:
    if summary is not None:
        return AnalysisSummary.model_validate_json(summary)
    return summary_of(Analysis.model_validate_json(payload))
