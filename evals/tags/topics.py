"""Articles with topics, their topics turned into Rhyme's tags by `mapping.csv`."""

import csv
import hashlib
import html
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from records.errors import SettingsError, SourceUnreadable
from records.taxonomy import Tag

FILE = "reuters21578_test.jsonl"
MEASURED = 5
"""A tag is graded from this many articles."""


@dataclass(frozen=True)
class Tagged:
    """One article with its tags."""

    text: str
    """Title and body."""
    tags: frozenset[Tag]

    @property
    def id(self) -> str:
        """Digest of the text: all that a report shows of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class TagSet:
    """The articles that can be graded."""

    digest: str
    """SHA-256 of the file."""
    articles: tuple[Tagged, ...]
    tags: tuple[Tag, ...]
    """Those that can be graded, in the order of the taxonomy."""
    left_out: Mapping[str, int]
    """Topic without a tag → articles that carry it."""
    dropped: int
    """Articles with no topic that has a tag: not among `articles`."""


def read_mapping() -> Mapping[str, Tag | None]:
    """Topic → tag; None where there is no counterpart. Raises SettingsError for a tag that the taxonomy lacks."""
    file = resources.files("evals.tags") / "mapping.csv"
    known = {tag.value: tag for tag in Tag}
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    unknown = [row["tag"] for row in rows if row["tag"] and row["tag"] not in known]
    if unknown:
        raise SettingsError(
            f"mapping.csv maps a topic onto {unknown[0]!r}, which is no tag of records/taxonomy.py. Correct the row."
        )
    return {row["topic"]: known[row["tag"]] if row["tag"] else None for row in rows}


def load_articles(folder: Path) -> TagSet:
    """The articles of `folder`/labels. Raises SourceUnreadable when the file is missing, broken or of no use."""
    inside = folder / "labels" if (folder / "labels").is_dir() else folder
    path = inside / FILE
    if not path.is_file():
        raise SourceUnreadable(
            f"There is no {FILE} in {inside}: give a folder with that file, a line an article with title, body and topics."
        )
    mapping = read_mapping()
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The articles in {path} cannot be read: {error}.") from error
    left_out: Counter[str] = Counter()
    found: list[Tagged] = []
    dropped = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        text, topics = _article(path, number, line)
        left_out.update(topic for topic in topics if mapping.get(topic) is None)
        tags = frozenset(tag for topic in topics if (tag := mapping.get(topic)) is not None)
        if tags:
            found.append(Tagged(text, tags))
        else:
            dropped += 1
    counts = Counter(tag for article in found for tag in article.tags)
    graded = tuple(tag for tag in Tag if counts[tag] >= MEASURED)
    if not graded:
        raise SourceUnreadable(
            f"No tag stands in {MEASURED} articles of {path}, so none can be graded. Give more articles."
        )
    return TagSet(hashlib.sha256(data).hexdigest(), tuple(found), graded, dict(left_out), dropped)


def _article(path: Path, number: int, line: str) -> tuple[str, tuple[str, ...]]:
    try:
        row = json.loads(line)
        body = html.unescape(row["body"] or "").replace("\x03", "").removesuffix("REUTER ").strip()
        return f"{row['title']}\n\n{body}".strip(), tuple(map(str, row["topics"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnreadable(
            f"Line {number} of {path} is broken ({error!r}): it needs title, body and topics."
        ) from error
