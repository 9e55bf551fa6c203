"""The gold set: sentences of our own, each name in them with its ticker on the day, or none. See data/DATASHEET.md."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from records.base import Record
from records.errors import SourceUnreadable

Split = Literal["dev", "test"]

NOON_UTC = 17
"""Hour of `as_of` in UTC: about noon in New York, so that the day is the same there."""


class GoldMention(Record):
    """One name as it stands in its sentence."""

    start: int
    end: int
    surface: str
    """The words at start…end."""
    tickers: tuple[str, ...]
    """Any of these is right, the first by the rule; empty: no ticker is."""
    kind: str
    """What makes it hard; see the datasheet."""


class GoldSentence(Record):
    """One sentence and the day on which it is read."""

    id: str
    """First ten hex digits of the text's SHA-256."""
    split: Split
    """By the hash of the id. `dev` may be tuned on."""
    text: str
    as_of: date
    mentions: tuple[GoldMention, ...]

    @property
    def moment(self) -> datetime:
        """Noon of the day in New York."""
        return datetime(self.as_of.year, self.as_of.month, self.as_of.day, NOON_UTC, tzinfo=UTC)


def load_gold(path: Path | None = None) -> tuple[GoldSentence, ...]:
    """The shipped set, or the one at `path`. Raises SourceUnreadable for a broken line or a span that is not its words."""
    file = path or resources.files("evals.tickers") / "data" / "gold.jsonl"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The gold set {file} cannot be read: {error}. Restore it from the project.") from error
    sentences = tuple(_sentence(str(file), number, line) for number, line in enumerate(lines, 1) if line.strip())
    if not sentences:
        raise SourceUnreadable(f"The gold set {file} is empty. Restore it from the project.")
    return sentences


def _sentence(file: str, number: int, line: str) -> GoldSentence:
    try:
        sentence = GoldSentence.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise SourceUnreadable(
            f"Line {number} of {file} is no gold sentence: {error}. It needs id, split, text, as_of and mentions."
        ) from error
    for mention in sentence.mentions:
        if sentence.text[mention.start : mention.end] != mention.surface:
            raise SourceUnreadable(
                f"Line {number} of {file}: characters {mention.start}–{mention.end} are "
                f"{sentence.text[mention.start : mention.end]!r}, not {mention.surface!r}. Correct the span."
            )
    return sentence


def id_of(text: str) -> str:
    """The id of a sentence."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def split_of(sentence_id: str) -> Split:
    """Which half a sentence belongs to, whatever else is in the set."""
    return "dev" if int(hashlib.sha256(sentence_id.encode()).hexdigest(), 16) % 2 == 0 else "test"


def digest_of(sentences: Sequence[GoldSentence]) -> str:
    """SHA-256 over the content, for reports."""
    whole = "\n".join(sentence.model_dump_json() for sentence in sentences)
    return hashlib.sha256(whole.encode()).hexdigest()
