"""What the pages of one story, precedent, company or theme ask of the store besides lists: bounded, as of a time."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from records.database import events, tables
from records.database.browse import PAYLOAD, Transaction, is_newest, summary_of_row
from records.event import Event
from records.summary import AnalysisSummary
from records.taxonomy import Tag
from records.times import to_epoch


class Shown:
    """A part of the database (`Database.shown`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction) -> None:
        self._reading = reading

    def story_sizes(self, story_ids: Collection[str], until: datetime) -> dict[str, int]:
        """How many articles each story had then; a story without any is left out."""
        member = tables.story_members.c
        query = (
            select(member.story_id, func.count())
            .where(member.story_id.in_(list(story_ids)), member.at <= to_epoch(until))
            .group_by(member.story_id)
        )
        if not story_ids:
            return {}
        with self._reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def newest_of_article(self, article_id: str, until: datetime) -> str | None:
        """The id of the article's newest analysis known then; None: there was none."""
        column = tables.analyses.c
        query = (
            select(column.id)
            .where(column.article_id == article_id, column.as_of <= to_epoch(until))
            .order_by(column.created_at.desc(), column.id.desc())
            .limit(1)
        )
        with self._reading() as connection:
            return connection.execute(query).scalar()

    def uses_of_event(self, event_id: str, until: datetime, limit: int) -> list[AnalysisSummary]:
        """The analyses that showed the event as a precedent, the newest first, of each article the newest."""
        label, column = tables.analysis_labels.c, tables.analyses.c
        query = (
            select(PAYLOAD, column.summary)
            .join(tables.analysis_labels, label.analysis_id == column.id)
            .where(label.kind == "event", label.label == event_id, label.as_of <= to_epoch(until), is_newest(until))
            .order_by(label.as_of.desc(), column.id.desc())
            .limit(limit)
        )
        with self._reading() as connection:
            return [summary_of_row(row) for row in connection.execute(query)]

    def events_of_tag(self, tag: Tag, until: datetime, limit: int) -> list[Event]:
        """Events under a theme, published by then, the newest first: read one after the other until there are enough."""
        column = tables.events.c
        query = (
            select(tables.events)
            .where(column.tags.contains(f'"{tag.value}"', autoescape=True), column.published_at <= to_epoch(until))
            .order_by(column.published_at.desc(), column.id)
            .limit(limit)
        )
        with self._reading() as connection:
            return [events.event_of(row) for row in connection.execute(query)]
