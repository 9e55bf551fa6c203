"""Analyses and their articles as rows: kept whole as JSON, with the columns that questions are asked of."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Column, Connection, bindparam, select

from records.analysis import ANALYSIS_SCHEMA_VERSION, Analysis
from records.article import Article
from records.database import announced, labels, tables, texts
from records.database.prepared import Prepared, new_row
from records.errors import NotFound, StoreCorrupt, StoreMismatch, UsageError
from records.summary import summary_of
from records.times import from_epoch, to_epoch

SUGGESTIONS = 5
"""Recent ids named when one is not found."""
LATEST = 2**62
"""Epoch microseconds after every time."""
PIECE = 500
"""Ids named in one statement."""


@dataclass(frozen=True)
class AnalysisLine:
    """One analysis as a list shows it."""

    id: str
    created_at: datetime
    title: str
    ticker: str | None
    score: float | None
    evidence: str


@dataclass(frozen=True)
class StoryAnalysis:
    """One analysis of an article of a story."""

    id: str
    article_id: str
    known_at: datetime
    """Publication of its article, of an undated one when it was first seen."""
    as_of: datetime
    """What it could know."""
    created_at: datetime


def save(connection: Connection, analysis: Analysis) -> bool:
    """Writes the article, if it is new, and the analysis; False if that id is already kept."""
    if _KEPT.rows(connection, {"wanted": analysis.id}):
        return False
    save_article(connection, analysis.article)
    _NEW.changed(connection, _analysis_values(analysis))
    _NEW_LABELS.each(connection, label_rows(analysis))
    labels.settle(connection, [analysis.article.id])
    announced.number(connection, [analysis.id])
    return True


def save_new(connection: Connection, new: Sequence[Analysis]) -> None:
    """As `save` for many, none of which is kept yet; their articles are."""
    if not new:
        return
    _NEW.each(connection, [_analysis_values(one) for one in new])
    _NEW_LABELS.each(connection, [row for one in new for row in label_rows(one)])
    labels.settle(connection, [one.article.id for one in new])
    announced.number(connection, [one.id for one in new])


def among(connection: Connection, column: Column[str], ids: Sequence[str]) -> set[str]:
    """Those of the ids that stand in the column."""
    found: set[str] = set()
    for start in range(0, len(ids), PIECE):
        found.update(connection.execute(select(column).where(column.in_(ids[start : start + PIECE]))).scalars())
    return found


def label_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """The rows of `analysis_labels`: what lists of analyses are filtered and counted by, and the events shown as
    precedents."""
    kinds = {
        "ticker": analysis.tickers,
        "tag": [tag.value for tag in analysis.reading.tags],
        "event": [precedent.event_id for precedent in analysis.precedents],
        "type": [analysis.reading.event_type.value],
        "polarity": [analysis.reading.sentiment.label] if analysis.reading.sentiment else [],
    }
    as_of = to_epoch(analysis.provenance.as_of)
    return [
        {"kind": kind, "label": label, "analysis_id": analysis.id, "as_of": as_of}
        for kind, named in kinds.items()
        for label in dict.fromkeys(named)
    ]


def save_article(connection: Connection, article: Article) -> None:
    """Writes the article if it is new."""
    if not _KEPT_ARTICLE.rows(connection, {"wanted": article.id}):
        _NEW_ARTICLE.changed(connection, article_values(article))
        texts.add(connection, [article])


def article_of(row: Mapping[str, Any]) -> Article:
    """The article of a row of `articles`."""
    published_at = row["published_at"]
    times = {
        "published_at": None if published_at is None else from_epoch(published_at),
        "first_seen_at": from_epoch(row["first_seen_at"]),
    }
    return Article(**{**row, **times, "notes": tuple(json.loads(row["notes"]))})


def load(connection: Connection, id_or_prefix: str) -> Analysis:
    """By whole id or a unique prefix. Raises NotFound, UsageError (ambiguous), StoreMismatch, StoreCorrupt."""
    wanted = id_or_prefix.strip().lower()
    columns = tables.analyses.c
    rows: Sequence[Any] = []
    if re.fullmatch(r"[0-9a-z_-]+", wanted):
        rows = _WHOLE.rows(connection, {"wanted": wanted})
        if not rows:
            query = (
                select(columns.id, columns.schema_version, columns.payload)
                .where(columns.id.startswith(wanted, autoescape=True))
                .order_by(columns.id)
                .limit(SUGGESTIONS)
            )
            rows = connection.execute(query).all()
    if not rows:
        raise NotFound(_not_found(connection, id_or_prefix))
    if len(rows) > 1:
        listed = ", ".join(row[0] for row in rows)
        raise UsageError(
            f"The id {id_or_prefix!r} fits more than one analysis ({listed}, …): give more of its characters."
        )
    return _analysis(rows[0])


def recent(connection: Connection, limit: int) -> list[AnalysisLine]:
    """Newest first."""
    columns = tables.analyses.c
    query = (
        select(columns.id, columns.created_at, tables.articles.c.title, columns.ticker, columns.score, columns.evidence)
        .join(tables.articles)
        .order_by(columns.created_at.desc(), columns.id)
        .limit(limit)
    )
    return [
        AnalysisLine(row.id, from_epoch(row.created_at), row.title, row.ticker, row.score, row.evidence)
        for row in connection.execute(query)
    ]


def of_story(connection: Connection, story_id: str) -> list[StoryAnalysis]:
    """All analyses of a story's articles, the newest first."""
    rows = _OF_STORY.rows(connection, {"story": story_id})
    return [StoryAnalysis(id_, article_id, *map(from_epoch, times)) for id_, article_id, *times in rows]


def scores(connection: Connection, since: datetime, until: datetime | None) -> list[float]:
    """One score an article, its latest, among analyses with since ≤ as_of (≤ until); ascending."""
    window = {"since": to_epoch(since), "until": LATEST if until is None else to_epoch(until)}
    return sorted(dict(_SCORES.rows(connection, window)).values())


def _not_found(connection: Connection, wanted: str) -> str:
    lines = recent(connection, SUGGESTIONS)
    if not lines:
        return f"There is no analysis {wanted!r}: none has been made yet. Make one with `rhyme analyze SOURCE`."
    listed = "; ".join(f"{line.id} ({line.title[:60]})" for line in lines)
    return f"There is no analysis {wanted!r}. The most recent are: {listed}. Give one of these ids or how it begins."


def article_values(article: Article) -> dict[str, Any]:
    """The row of `articles`."""
    values = article.model_dump(exclude={"withheld"})  # of an analysis, not of what was received
    values["published_at"] = to_epoch(article.published_at) if article.published_at is not None else None
    values["first_seen_at"] = to_epoch(article.first_seen_at)
    values["notes"] = json.dumps(article.notes, ensure_ascii=False)
    return values


def _analysis_values(analysis: Analysis) -> dict[str, Any]:
    return {
        "id": analysis.id,
        "article_id": analysis.article.id,
        "created_at": to_epoch(analysis.created_at),
        "as_of": to_epoch(analysis.provenance.as_of),
        "schema_version": analysis.schema_version,
        "event_type": analysis.reading.event_type.value,
        "ticker": analysis.impact.ticker,
        "score": analysis.impact.score,
        "evidence": analysis.impact.evidence,
        "payload": analysis.model_dump_json(),
        "summary": summary_of(analysis).model_dump_json(),
        "story_id": analysis.story.story_id if analysis.story else None,
    }


def _analysis(row: Any) -> Analysis:
    id_, schema_version, payload = row
    if schema_version > ANALYSIS_SCHEMA_VERSION:
        raise StoreMismatch(
            f"Analysis {id_} has schema {schema_version}; this Rhyme reads up to {ANALYSIS_SCHEMA_VERSION}. "
            "A newer Rhyme made it: update Rhyme to show it."
        )
    try:
        return Analysis.model_validate_json(payload)
    except ValidationError as error:
        raise StoreCorrupt(
            f"The stored analysis {id_} cannot be read ({str(error).splitlines()[0]}). It was changed from outside: "
            "analyze the article again."
        ) from error


_column, _member = tables.analyses.c, tables.story_members.c
_KEPT = Prepared(select(_column.id).where(_column.id == bindparam("wanted")))
_KEPT_ARTICLE = Prepared(select(tables.articles.c.id).where(tables.articles.c.id == bindparam("wanted")))
_NEW, _NEW_ARTICLE = Prepared(new_row(tables.analyses)), Prepared(new_row(tables.articles))
_NEW_LABELS = Prepared(new_row(tables.analysis_labels, without=("score", "replaced_at")))
_WHOLE = Prepared(select(_column.id, _column.schema_version, _column.payload).where(_column.id == bindparam("wanted")))
_OF_STORY = Prepared(
    select(_column.id, _column.article_id, _member.at, _column.as_of, _column.created_at)
    .join(tables.story_members, _member.article_id == _column.article_id)
    .where(_member.story_id == bindparam("story"))
    .order_by(_column.created_at.desc(), _column.id)
)
_SCORES = Prepared(
    select(_column.article_id, _column.score)
    .where(_column.as_of >= bindparam("since"), _column.as_of <= bindparam("until"), _column.score.is_not(None))
    .order_by(_column.as_of, _column.created_at, _column.id)
)
