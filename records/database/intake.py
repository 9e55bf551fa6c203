"""What comes in, as the rest of Rhyme keeps and asks it: articles, feeds and their entries, one transaction a call."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from records.article import Article
from records.database import articles, feeds, line
from records.database.engine import Place
from records.database.turns import Turns
from records.feed import Feed
from records.story import TakenIn

Transaction = Callable[[], AbstractContextManager[Connection]]


class IntakeStore:
    """A part of the database (`Database.intake`); raises what its methods raise."""

    def __init__(self, reading: Transaction, writing: Transaction, place: Place) -> None:
        self._reading = reading
        self._writing = writing
        self._turns = Turns(place)

    def turn(self) -> AbstractContextManager[None]:
        """Held while a batch is taken in, so that feeds read side by side write one after the other: SQLite lets writers poll
        for its lock, and one that writes batch after batch would starve the others until they give up."""
        return self._turns.turn()

    def save_articles(self, new: Sequence[Article]) -> set[str]:
        """All or nothing; one that is kept already stays as it was first seen. Returns the ids that were new."""
        with self._writing() as connection:
            return articles.save(connection, new)

    def taken_in(self) -> TakenIn:
        """All that was taken in so far, counted."""
        with self._reading() as connection:
            return articles.taken_in(connection)

    def articles_without_story(self, ids: Sequence[str]) -> list[Article]:
        """Those kept but not placed in a story, as they were first seen, in the order of `ids`."""
        with self._reading() as connection:
            return articles.without_story(connection, ids)

    def articles_to_analyse(self, limit: int) -> list[Article]:
        """The first of a story, updates and corrections without an analysis, newest first. Reprints are not among them."""
        with self._reading() as connection:
            return articles.to_analyse(connection, limit)

    def articles_without_job(self, ids: Sequence[str]) -> list[str]:
        """Those that say something new of their story, have no analysis and are in no job, in the order of `ids`."""
        with self._reading() as connection:
            return line.lacking_a_job(connection, ids)

    def add_feed(self, feed: Feed) -> None:
        """Raises UsageError when its name or address is taken."""
        with self._writing() as connection:
            feeds.add(connection, feed)

    def update_feed(self, feed: Feed) -> bool:
        """Keeps how its last reading ended; False, and nothing written, if it was removed meanwhile. Waits for its turn, so
        not to be asked within one."""
        with self.turn(), self._writing() as connection:
            return feeds.update_one(connection, feed)

    def remove_feed(self, name: str) -> Feed:
        """Forgets it and its entries; its articles stay. Raises NotFound."""
        with self._writing() as connection:
            return feeds.remove(connection, name)

    def feed(self, name: str) -> Feed:
        """Raises NotFound, naming those there are."""
        with self._reading() as connection:
            return feeds.one(connection, name)

    def feeds(self) -> list[Feed]:
        """All, by name."""
        with self._reading() as connection:
            return feeds.every(connection)

    def entries(self, address: str) -> dict[str, str]:
        """Entry digest → version digest of what was taken in from a source."""
        with self._reading() as connection:
            return feeds.entries(connection, feeds.source_key(address))

    def note_entries(self, address: str, taken: Mapping[str, str], seen_at: datetime) -> None:
        """Notes versions of entries as taken in, in place of former ones."""
        if taken:
            with self._writing() as connection:
                feeds.note_entries(connection, feeds.source_key(address), taken, seen_at)
