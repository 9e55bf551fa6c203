"""Grades name matching against tagged news: `python -m evals.instruments.grade --data DIR [--errors N]`.

DIR may hold `tagging/reuters_ticker_tags.jsonl` (stories with the wire's own tickers, 2011–2018), `impact/*.parquet` (the same
wire, more stories, only tickers that have prices) and `recent/*.parquet` (2019–2025, one ticker a row). What is not there is
skipped. Companies are compared, not share classes. Wires tag the companies a story is about, so a correctly found bystander counts
as an error here: precision is a lower bound, and means nothing on `recent`, whose rows carry one ticker of several.
"""

import argparse
import collections
import json
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as parquet  # type: ignore[import-untyped]

from markets.instruments import InstrumentTable, market_day
from markets.names import find_candidates
from records.market import Candidate

_LIST_DAY = date(2018, 1, 2)
"""A day on which the tickers that the wire used were all in force."""
_SAMPLE = 4_000
_SEED = 20180618


@dataclass(frozen=True)
class Story:
    """A tagged story."""

    title: str
    text: str
    at: datetime
    tickers: frozenset[str]


@dataclass
class Tally:
    """Counts over stories."""

    stories: int = 0
    right: int = 0
    wrong: int = 0
    missed: int = 0
    exact: int = 0
    first_right: int = 0
    with_candidates: int = 0
    seconds: float = 0.0
    wrong_names: collections.Counter[str] = field(default_factory=collections.Counter)
    missed_tickers: collections.Counter[str] = field(default_factory=collections.Counter)

    def add(self, found: Sequence[tuple[str, str]], gold: frozenset[str]) -> None:
        """`found`: (company, words) in order of prominence."""
        companies = {company for company, _ in found}
        self.stories += 1
        self.right += len(companies & gold)
        self.wrong += len(companies - gold)
        self.missed += len(gold - companies)
        self.exact += companies == gold
        if found:
            self.with_candidates += 1
            self.first_right += found[0][0] in gold
        self.wrong_names.update(f"{company}:{words}" for company, words in found if company not in gold)
        self.missed_tickers.update(gold - companies)

    def line(self, name: str) -> str:
        """One line of the report."""
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        first = self.first_right / max(1, self.with_candidates)
        return (
            f"{name:34s} stories {self.stories:6d}  precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}  "
            f"exact set {self.exact / max(1, self.stories):.3f}  first right {first:.3f}"
        )


def company(ticker: str, table: InstrumentTable, day: date) -> str:
    """One name for all classes and later tickers of a company."""
    listing = table.cited(ticker, day) or table.cited(ticker, _LIST_DAY)
    cited = listing.ticker if listing else ticker
    return table.successor(cited) or cited


def grade(stories: Iterable[Story], table: InstrumentTable, errors: list[str]) -> tuple[Tally, Tally]:
    """(sure candidates only, ambiguous ones too). Fills `errors` with one line per story that is not exactly right."""
    sure, all_found = Tally(), Tally()
    for story in stories:
        day = market_day(story.at)
        gold = frozenset(company(ticker, table, day) for ticker in story.tickers)
        started = time.perf_counter()
        candidates = find_candidates(story.title, story.text, table, story.at)
        sure.seconds += time.perf_counter() - started
        shares = [
            candidate
            for candidate in candidates
            if candidate.instrument.kind == "share" and candidate.match != "backer"
        ]
        found = [(company(c.instrument.ticker, table, day), c.name, c.ambiguous) for c in shares]
        sure.add([(ticker, name) for ticker, name, ambiguous in found if not ambiguous], gold)
        all_found.add([(ticker, name) for ticker, name, _ in found], gold)
        if {ticker for ticker, _, ambiguous in found if not ambiguous} != gold:
            errors.append(
                f"{story.at.date()} gold={sorted(gold)} found={_brief(shares)} | {story.title} | {story.text[:240]}"
            )
    return sure, all_found


def _brief(candidates: Sequence[Candidate]) -> str:
    return ", ".join(f"{c.instrument.ticker}{'?' if c.ambiguous else ''}={c.name}" for c in candidates)


def read_tagging(folder: Path) -> list[Story]:
    """The wire's own tickers."""
    path = folder / "tagging" / "reuters_ticker_tags.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Story(row["headline"], row["body"] or "", _end_of(row["date"]), frozenset(row["tickers"])) for row in rows]


def read_impact(folder: Path) -> list[Story]:
    """A fixed sample of the larger set."""
    tickers: dict[tuple[str, str, str], set[str]] = collections.defaultdict(set)
    for path in sorted((folder / "impact").glob("impact_*_val.parquet")):
        columns = parquet.read_table(path, columns=["date", "headline", "body", "ticker"]).to_pydict()
        for day, headline, body, ticker in zip(*columns.values(), strict=True):
            tickers[(str(day)[:10], headline, body or "")].add(ticker)
    stories = [Story(key[1], key[2], _end_of(key[0]), frozenset(found)) for key, found in tickers.items()]
    return random.Random(_SEED).sample(stories, min(_SAMPLE, len(stories)))


def read_recent(folder: Path) -> list[Story]:
    """2019–2025: headlines alone, one ticker each."""
    stories = []
    for path in sorted((folder / "recent").glob("*.parquet")):
        columns = parquet.read_table(path, columns=["ts", "headline", "body", "ticker"]).to_pydict()
        for at, headline, body, ticker in zip(*columns.values(), strict=True):
            if headline and at is not None:
                moment = at if at.tzinfo else at.replace(tzinfo=UTC)
                stories.append(Story(headline, body or "", moment, frozenset({ticker})))
    return random.Random(_SEED).sample(stories, min(_SAMPLE, len(stories)))


def _end_of(day: str) -> datetime:
    return datetime.fromisoformat(day[:10]).replace(hour=20, tzinfo=UTC)


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.instruments.grade", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with tagging/, impact/ or recent/")
    parser.add_argument("--errors", type=int, default=0, help="stories to print that were not exactly right")
    parser.add_argument("--only", choices=("tagging", "impact", "recent"), help="grade one set")
    options = parser.parse_args(argv)
    table = InstrumentTable.load()
    for name, read in (("tagging", read_tagging), ("impact", read_impact), ("recent", read_recent)):
        if options.only not in (None, name):
            continue
        stories = read(options.data)
        if not stories:
            print(f"{name}: not present, skipped")
            continue
        errors: list[str] = []
        sure, all_found = grade(stories, table, errors)
        print(sure.line(f"{name}: sure"))
        print(all_found.line(f"{name}: with ambiguous"))
        print(f"{'':34s} {1000 * sure.seconds / len(stories):.2f} ms a story")
        if options.errors:
            print("most often wrong:", sure.wrong_names.most_common(60))
            print("wrong only when ambiguous ones count:", (all_found.wrong_names - sure.wrong_names).most_common(60))
            print("most often missed:", sure.missed_tickers.most_common(60))
            for line in random.Random(_SEED).sample(errors, min(options.errors, len(errors))):
                print("  ", line)


if __name__ == "__main__":
    main()
