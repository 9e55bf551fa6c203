"""What the labels of an analysis know of it besides their own names: its score, and from when on another one stood in its place.

Lists by company or theme are read from the labels alone, so that they cost as much as they show.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from records.database.prepared import Prepared, PreparedForMany
from records.database.tables import analyses, analysis_labels

_label = analysis_labels.c
_SETTLE = Prepared(
    update(analysis_labels)
    .where(_label.analysis_id == bindparam("settled"))
    .values(score=bindparam("its_score"), replaced_at=bindparam("its_end"))
)
_analysis = analyses.c
_OF_ARTICLES = PreparedForMany(
    lambda places: (
        select(_analysis.id, _analysis.article_id, _analysis.as_of, _analysis.score)
        .where(_analysis.article_id.in_(places))
        .order_by(_analysis.article_id, _analysis.created_at.desc(), _analysis.id.desc())
    )
)


def settle(connection: Connection, article_ids: Sequence[str]) -> None:
    """After analyses of these articles were written. An analysis is replaced from the first moment at which one made later of
    the same article was known."""
    _SETTLE.each(connection, _ends(_OF_ARTICLES.rows(connection, list(dict.fromkeys(article_ids)))))


def _ends(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """`rows`: by article, the latest made first."""
    found: list[dict[str, Any]] = []
    article, end = "", None
    for analysis_id, article_id, as_of, score in rows:
        if article_id != article:
            article, end = article_id, None
        found.append({"settled": analysis_id, "its_score": score, "its_end": end})
        end = as_of if end is None else min(end, as_of)
    return found
