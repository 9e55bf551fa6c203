"""What the labels of an analysis know of it besides their own names: its score, and from when on another one stood in its place.

Lists by company or theme are read from the labels alone, so that they cost as much as they show.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from records.database.tables import analyses, analysis_labels

PIECE = 500
"""Ids named in one statement."""

_label = analysis_labels.c
_SETTLE = (
    update(analysis_labels)
    .where(_label.analysis_id == bindparam("settled"))
    .values(score=bindparam("its_score"), replaced_at=bindparam("its_end"))
)


def settle(connection: Connection, article_ids: Sequence[str]) -> None:
    """After analyses of these articles were written. An analysis is replaced from the first moment at which one made later of
    the same article was known."""
    column, ids = analyses.c, list(dict.fromkeys(article_ids))
    for start in range(0, len(ids), PIECE):
        query = (
            select(column.id, column.article_id, column.as_of, column.score)
            .where(column.article_id.in_(ids[start : start + PIECE]))
            .order_by(column.article_id, column.created_at.desc(), column.id.desc())
        )
        connection.execute(_SETTLE, _ends(connection.execute(query).all()))


def _ends(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """`rows`: by article, the latest made first."""
    found: list[dict[str, Any]] = []
    article, end = "", None
    for row in rows:
        if row.article_id != article:
            article, end = row.article_id, None
        found.append({"settled": row.id, "its_score": row.score, "its_end": end})
        end = row.as_of if end is None else min(end, row.as_of)
    return found
