"""Labelled pairs of headlines, as articles: `dup/*.jsonl` with a, b, a_body, b_body, label, kind, ticker, date."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from records.article import Article
from records.errors import SourceUnreadable


@dataclass(frozen=True)
class Pair:
    """Two headlines and whether they tell one story."""

    a: str
    b: str
    a_body: str
    b_body: str
    same: bool
    kind: str
    ticker: str
    at: datetime
    """Of the first headline; that of the second is not known, so both are taken to be of this time: the harder case."""

    @property
    def digest(self) -> str:
        """Identifies the pair without its text; the same whichever headline stands first."""
        return hashlib.sha256("|".join(sorted((self.a, self.b))).encode()).hexdigest()[:10]

    def articles(self, *, bodies: bool) -> tuple[Article, Article]:
        """The two as articles, the second a minute after the first; without bodies the headlines alone."""
        return (
            article_of(self.a, self.a_body if bodies else "", self.at),
            article_of(self.b, self.b_body if bodies else "", self.at + timedelta(minutes=1)),
        )


def article_of(title: str, text: str, at: datetime, *, source: str | None = None, distinct: str = "") -> Article:
    """An article with the id that feeds give; `distinct` sets equal texts apart, where an evaluation needs both."""
    whole = f"{title}\n\n{text}{distinct}".encode()
    return Article(
        id=hashlib.sha256(whole).hexdigest()[:16],
        title=title,
        text=text,
        source=source,
        published_at=at,
        first_seen_at=at,
    )


def load_pairs(folder: Path) -> list[Pair]:
    """Every pair of the folder's dup/ (or of the folder itself). Raises SourceUnreadable when there is none or one is broken."""
    inside = folder / "dup"
    files = sorted((inside if inside.is_dir() else folder).glob("*.jsonl"))
    pairs = [_pair(path, number, line) for path in files for number, line in enumerate(_lines(path), 1) if line.strip()]
    if not pairs:
        raise SourceUnreadable(f"There are no labelled pairs in {folder}: it needs dup/*.jsonl with a, b and label.")
    return pairs


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The pairs in {path} cannot be read: {error}.") from error


def _pair(path: Path, number: int, line: str) -> Pair:
    try:
        row = json.loads(line)
        return Pair(
            a=row["a"],
            b=row["b"],
            a_body=row.get("a_body") or "",
            b_body=row.get("b_body") or "",
            same=bool(int(row["label"])),
            kind=row.get("kind") or ("same" if int(row["label"]) else "other"),
            ticker=row.get("ticker") or "",
            at=datetime.fromisoformat(row["date"]).replace(hour=12, tzinfo=UTC) if row.get("date") else DEFAULT_AT,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnreadable(
            f"Line {number} of {path} is no labelled pair ({error!r}): it needs a, b and label."
        ) from error


DEFAULT_AT = datetime(2020, 1, 1, 12, tzinfo=UTC)
"""For a row without a date."""
