"""Private companies with a listed backer: who holds what, since when, from which public document."""

import csv
from collections.abc import Sequence
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from typing import NamedTuple

from markets.tokens import Token, joins, name_key


class Backing(NamedTuple):
    """One relation between a private company and a listed one, for the time it held."""

    name: str
    """The private company."""
    spellings: tuple[tuple[str, ...], ...]
    """Its names as lookup keys."""
    ticker: str
    """The listed company."""
    relation: str
    """'shareholder', 'owner', 'agreed buyer', …"""
    since: date
    until: date | None
    """Last day; None: still so when checked."""
    stake_percent: float | None
    """Published share; None: not published, or it changed."""
    source: str
    """The public document."""
    checked_on: date

    def valid_on(self, day: date) -> bool:
        """Whether the relation was public and held on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)

    def note(self, listed_name: str) -> str:
        """One clause for the reader: who is what to whom, with the source."""
        stake = (
            f" of about {self.stake_percent:g} %" if self.stake_percent is not None and self.stake_percent < 100 else ""
        )
        return f"{listed_name} is its {self.relation}{stake} since {self.since.isoformat()} ({self.source})"


class BackedMention(NamedTuple):
    """A private company named in a text."""

    backing: Backing
    start: int
    end: int


def load_backings(folder: Traversable | None = None) -> tuple[Backing, ...]:
    """The shipped table, or `backers.csv` in `folder`."""
    source = folder or resources.files("markets") / "data"
    rows = csv.DictReader((source / "backers.csv").read_text(encoding="utf-8").splitlines())
    return tuple(
        Backing(
            row["name"],
            tuple(name_key(spelling) for spelling in (row["name"], *row["also"].split("|")) if spelling),
            row["ticker"],
            row["relation"],
            date.fromisoformat(row["since"]),
            date.fromisoformat(row["until"]) if row["until"] else None,
            float(row["stake_percent"]) if row["stake_percent"] else None,
            row["source"],
            date.fromisoformat(row["checked_on"]),
        )
        for row in rows
    )


def find_backed(body: str, tokens: Sequence[Token], backings: Sequence[Backing], day: date) -> list[BackedMention]:
    """Every place where a private company with a listed backer on `day` is named, in order; one row per backer."""
    by_first: dict[str, list[tuple[tuple[str, ...], Backing]]] = {}
    for backing in backings:
        if backing.valid_on(day):
            for key in backing.spellings:
                by_first.setdefault(key[0], []).append((key, backing))
    found = []
    for index, token in enumerate(tokens):
        for key, backing in by_first.get(token.key, ()):
            run = tokens[index : index + len(key)]
            if tuple(word.key for word in run) == key and _written_as_name(run) and _joined(body, run):
                found.append(BackedMention(backing, token.start, run[-1].end))
    return found


def _written_as_name(run: Sequence[Token]) -> bool:
    return any(character.isupper() for character in run[0].text)


def _joined(body: str, run: Sequence[Token]) -> bool:
    return all(joins(body, left, right) for left, right in pairwise(run))
