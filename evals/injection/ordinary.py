"""What the defences take from ordinary news: the other side of the injection suite, where nobody attacks.

`python -m evals.injection.ordinary --data DIR` counts sentences that are withheld from the model, that the output filter takes out,
and that are no statement about the news: over dup/*.jsonl (versions of stories), impact/*_dev.parquet (headline, body) and
summ/*.parquet (calls with summaries by people) of DIR, and over the shipped articles. Texts are counted, not kept.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from agent.guard_addressed import judge
from agent.guard_news import News, shown_title
from agent.guard_output import fault_of
from agent.sentences import split_sentences
from evals.injection.case import hosts
from evals.tickers.grade import Share
from evals.words.sources import CALLS, load

SENTENCES_SHOWN = 14
"""Of an article: so many are facts of the embedded profile."""
MOST_ARTICLES = 3_000
"""Of the leads, in the file's order."""
Piece = tuple[str, str, list[str]]
"""Headline and text of an article, and the sentences judged."""


@dataclass
class Counts:
    """Of one kind of text."""

    sentences: int = 0
    titles: int = 0
    cut_titles: int = 0
    withheld: int = 0
    filtered: int = 0
    not_news: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, object]:
        """Shares with Wilson's intervals."""
        return {
            "sentences": self.sentences,
            "withheld": Share(self.withheld, self.sentences).to_json(),
            "output_filter": Share(self.filtered, self.sentences).to_json(),
            "news_only": Share(self.not_news, self.sentences).to_json(),
            "news_only_reasons": dict(self.reasons.most_common()),
            "headlines_cut": Share(self.cut_titles, self.titles).to_json(),
        }


def counted(pieces: Iterable[Piece]) -> Counts:
    """What each defence would take out of these sentences; one that two take counts for both."""
    counts = Counts()
    for title, text, sentences in pieces:
        news = News.of(title, text)
        counts.titles += 1
        counts.cut_titles += shown_title(title, text) != title
        for sentence in sentences:
            counts.sentences += 1
            counts.withheld += judge(sentence) is not None
            counts.filtered += fault_of(sentence) is not None
            if (fault := news.fault(sentence)) is not None:
                counts.not_news += 1
                counts.reasons[fault] += 1
    return counts


def kinds_of(folder: Path) -> dict[str, Callable[[], Iterator[Piece]]]:
    """Name → texts. Raises SourceError."""
    return {
        "human summaries of calls": lambda: _summaries(folder),
        "versions of stories": lambda: _reprints(folder),
        "leads": lambda: _leads(folder),
        "shipped articles": _shipped,
    }


def _summaries(folder: Path) -> Iterator[Piece]:
    for told in load(folder):
        if told.group == CALLS:
            yield told.headline, told.body[len(told.headline) :].strip(), [told.text]


def _reprints(folder: Path) -> Iterator[Piece]:
    for path in sorted((folder / "dup").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for mine in ("a", "b") if row["label"] == 1 else ():
                yield _piece(row[mine], row.get(f"{mine}_body") or "")


def _leads(folder: Path) -> Iterator[Piece]:
    for path in sorted((folder / "impact").glob("*_dev.parquet"))[-1:]:
        for row in pq.read_table(path, columns=["headline", "body"]).to_pylist()[:MOST_ARTICLES]:
            yield _piece(row["headline"], row["body"] or "")


def _shipped() -> Iterator[Piece]:
    for host in hosts():
        yield _piece(host.title, "\n\n".join(host.paragraphs))


def _piece(title: str, text: str) -> Piece:
    return title, text, [words for _, words in split_sentences(text)][:SENTENCES_SHOWN]


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    print(json.dumps({name: counted(make()).to_json() for name, make in kinds_of(folder).items()}, indent=1))


if __name__ == "__main__":
    main()
