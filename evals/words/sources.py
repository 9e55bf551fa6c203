"""True sentences with the article they tell: summaries of earnings calls, and two newsrooms' versions of one story.

Nothing of the texts is kept: reports name ids and places only.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from records.errors import SourceUnreachable, SourceUnreadable

Half = Literal["dev", "report"]
CALLS, REPRINTS = "calls", "reprints"
_CALL = "Earnings call"
"""For a headline, which calls have none."""

_DATE = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|March|April|June|July)\.?\s+\d{1,2}\s+"
_DATELINE = re.compile(
    rf"^(?P<city>(?:[A-Z][A-Z.'’]+(?![A-Za-z])[ /,-]*)+(?:[A-Z][a-z]+\.\s+|Alberta\s+)?)?(?P<date>{_DATE})?(?=[A-Z*'\"“])"
)
_PREFIX = re.compile(
    r"^(?:(?:CORRECTED|REFILE|RPT|UPDATE \d+|WRAPUP ?\d*|EXCLUSIVE|BRIEF|FACTBOX|ANALYSIS|RESEARCH ALERT|REUTERS SUMMIT)"
    r"(?:\s?-\s?|:\s?))+",
    re.IGNORECASE,
)
_SUFFIX = re.compile(
    r"(?:\s*\|\s*Video|\s*Source text.*|\s*Further company coverage.*|\s*For a summary of rating actions.*)$", re.DOTALL
)
_CODE = re.compile(r"\s*<\s*[A-Z.]+\s*>")
_BULLET = re.compile(r"^\*\s*")


@dataclass(frozen=True)
class Told:
    """One sentence by a person, and the article it is held against."""

    id: str
    """Article and number of the sentence: `AN_q3_2020:4`, `pair17:a:1`."""
    group: str
    """CALLS or REPRINTS."""
    text: str
    body: str
    headline: str
    published_on: date | None
    half: Half


def half_of(article_id: str) -> Half:
    """By a hash of the article's id, so that every sentence of an article falls in one half."""
    return "dev" if int(hashlib.sha256(article_id.encode()).hexdigest()[:8], 16) % 2 == 0 else "report"


def load(folder: Path) -> list[Told]:
    """Every sentence found under `folder` (summ/*.parquet, dup/*.jsonl). Raises SourceError when there is none."""
    told = [*_calls(folder / "summ"), *_reprints(folder / "dup")]
    if not told:
        raise SourceUnreachable(
            f"{folder} has neither summ/*.parquet (id, doc, summary) nor dup/*.jsonl (a, b, a_body, b_body, label). "
            "Give a folder with at least one of them."
        )
    return told


def _calls(folder: Path) -> Iterator[Told]:
    for path in sorted(folder.glob("*.parquet")):
        try:
            rows = pq.read_table(path, columns=["id", "doc", "summary"]).to_pylist()
        except (OSError, ValueError, KeyError) as error:
            raise SourceUnreadable(f"{path} cannot be read as calls with id, doc and summary: {error}") from error
        for row in rows:
            for number, line in enumerate(row["summary"].splitlines()):
                text = line.replace("\u200d", "").replace("\u200b", "").strip()
                if text:
                    body = f"{_CALL}\n\n{row['doc']}"
                    yield Told(f"{row['id']}:{number}", CALLS, text, body, _CALL, None, half_of(row["id"]))


def _reprints(folder: Path) -> Iterator[Told]:
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            try:
                row = json.loads(line)
                if row["label"] != 1:
                    continue
                yield from _pair(row, f"pair{number}")
            except (ValueError, KeyError, TypeError) as error:
                raise SourceUnreadable(f"{path}, line {number + 1}: no pair of stories ({error}).") from error


def _pair(row: dict[str, str], pair_id: str) -> Iterator[Told]:
    """Headline and lead of each version, held against the other version. A headline in capitals throughout is left out: in it
    names cannot be told from other words."""
    on = date.fromisoformat(row["date"][:10]) if row.get("date") else None
    for mine, other in (("a", "b"), ("b", "a")):
        body = f"{row[other]}\n\n{row.get(f'{other}_body') or ''}".strip()
        theirs = sentence_of(row.get(f"{other}_body") or "", row[other])
        texts = [_PREFIX.sub("", row[mine]), sentence_of(row.get(f"{mine}_body") or "", row[mine])]
        for number, text in enumerate(texts):
            if len(text.split()) >= _SHORTEST and text != theirs and not _in_capitals(text):
                yield Told(f"{pair_id}:{mine}:{number}", REPRINTS, text, body, row[other], on, half_of(pair_id))


_SHORTEST = 4
"""Words; less is a fragment, no sentence."""


def _in_capitals(text: str) -> bool:
    words: list[str] = re.findall(r"[A-Za-z]{3,}", text)
    return sum(word[0].isupper() for word in words) > 0.7 * len(words)


def sentence_of(lead: str, headline: str) -> str:
    """A lead without what is no part of its sentence: "LONDON May 3", a bullet, codes and the agency's pointers."""
    lead = _CODE.sub("", _SUFFIX.sub("", _BULLET.sub("", lead.strip())))
    found = _DATELINE.match(lead)
    if found is None:
        return lead
    city = (found["city"] or "").strip()
    if city and (city.split("/")[0] in headline or not (found["date"] or len(city) > 3)):
        return lead
    return lead[found.end() :]
