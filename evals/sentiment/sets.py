"""The labelled sets, each text with whom the sentiment is towards and what a person called it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from records.errors import SourceUnreadable

Label = Literal["negative", "neutral", "positive"]
LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")
WHOLE = "investors"
"""Towards whom the sentiment of a whole text is asked, as the embedded reader asks it."""


@dataclass(frozen=True)
class Labelled:
    """One question with its answer."""

    text: str
    subject: str
    label: Label

    @property
    def text_id(self) -> str:
        """Digest of the text: what intervals are drawn by, and all that a report shows of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def id(self) -> str:
        """Digest of text and subject."""
        return hashlib.sha256(f"{self.text}\n{self.subject}".encode()).hexdigest()[:12]


@dataclass(frozen=True)
class LabelledSet:
    """One file."""

    name: str
    digest: str
    """SHA-256 of the file."""
    rows: tuple[Labelled, ...]
    left_out: Mapping[str, int]
    """Reason → rows that are not graded."""


Row = Mapping[str, Any]
Read = Callable[[Row], Iterator[tuple[str, str, str]]]


def _finentity(row: Row) -> Iterator[tuple[str, str, str]]:
    for note in row["annotations"]:
        yield row["content"], note["value"], note["label"]


def _sentfin(row: Row) -> Iterator[tuple[str, str, str]]:
    for entity, label in row["entities"].items():
        yield row["headline"], entity, label


def _plain(row: Row) -> Iterator[tuple[str, str, str]]:
    yield row["text"], WHOLE, row["label"]


def _gold(row: Row) -> Iterator[tuple[str, str, str]]:
    yield row["news"], "gold", row["price_sentiment"]


FILES: Mapping[str, tuple[str, Read]] = {
    "finentity": ("finentity.jsonl", _finentity),
    "sentfin": ("sentfin.jsonl", _sentfin),
    "phrasebank": ("phrasebank.jsonl", _plain),
    "fiqa_phrasebank": ("fiqa_phrasebank_kaggle.jsonl", _plain),
    "twitter": ("twitter_fin_train.jsonl", _plain),
    "gold_commodity": ("gold_commodity.jsonl", _gold),
}
"""Set → its file in labels/ and how a row is read."""

NEEDS = {
    "finentity": "content and annotations with value and label",
    "sentfin": "headline and entities",
    "phrasebank": "text and label",
    "fiqa_phrasebank": "text and label",
    "twitter": "text and label",
    "gold_commodity": "news and price_sentiment",
}


def load_sets(folder: Path, names: Sequence[str] = (), seen: frozenset[str] = frozenset()) -> tuple[LabelledSet, ...]:
    """The sets of `folder`/labels that are there, or just `names`. `seen`: ids of texts that something was fitted on, left out.

    Raises SourceUnreadable when none is there, one of `names` is not, or a line is broken.
    """
    unknown = [name for name in names if name not in FILES]
    if unknown:
        raise SourceUnreadable(f"There is no labelled set {unknown[0]!r}; Rhyme reads {', '.join(FILES)}.")
    inside = folder / "labels" if (folder / "labels").is_dir() else folder
    missing = [name for name in names if not (inside / FILES[name][0]).is_file()]
    if missing:
        raise SourceUnreadable(f"There is no {FILES[missing[0]][0]} in {inside}. Put it there, or leave --set out.")
    found = tuple(
        _load(name, inside / file, read, seen)
        for name, (file, read) in FILES.items()
        if (inside / file).is_file() and (not names or name in names)
    )
    if not found:
        files = ", ".join(file for file, _ in FILES.values())
        raise SourceUnreadable(f"There is no labelled set in {inside}: it needs at least one of {files}.")
    return found


def _load(name: str, path: Path, read: Read, seen: frozenset[str]) -> LabelledSet:
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceUnreadable(f"The labelled set {path} cannot be read: {error}.") from error
    rows: dict[str, Labelled] = {}
    left_out = {"no sentiment label": 0, "asked twice": 0, "fitted on": 0}
    for number, line in enumerate(lines, 1):
        for row in _rows(path, number, line, name, read):
            if isinstance(row, str):
                left_out["no sentiment label"] += 1
            elif row.text_id in seen:
                left_out["fitted on"] += 1
            elif row.id in rows:
                left_out["asked twice"] += 1
            else:
                rows[row.id] = row
    if not rows:
        raise SourceUnreadable(f"There is no labelled text in {path}: each line needs {NEEDS[name]}.")
    kept = {reason: count for reason, count in left_out.items() if count}
    return LabelledSet(name, hashlib.sha256(data).hexdigest(), tuple(rows.values()), kept)


def _rows(path: Path, number: int, line: str, name: str, read: Read) -> Iterator[Labelled | str]:
    if not line.strip():
        return
    try:
        for text, subject, label in read(json.loads(line)):
            known = next((one for one in LABELS if one == str(label).casefold()), None)
            yield Labelled(text, subject, known) if known and text.strip() else str(label)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnreadable(f"Line {number} of {path} is broken ({error!r}): it needs {NEEDS[name]}.") from error
