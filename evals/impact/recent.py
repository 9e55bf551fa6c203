"""The score after the models' knowledge cutoff: `python -m evals.impact.recent --data DIR [--dense NAME --models DIR] [--out DIR]`.

DIR/recent holds timestamped news (id, ts, ticker, headline, body and the reaction columns), DIR/impact and DIR/prices what
`rhyme eval impact` reads. A company's day from CUTOFF on is forecast from its texts, its prices, and every earlier event of
recent/ and impact/. A sentence embedder of 2021 has not read this news, so its neighbours cannot know how a story went on.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from agent.features import speaks_of_results
from evals.impact.baselines import DENSE, baselines_of, dense_numbers, graded
from evals.impact.bootstrap import Evaluation, evaluate
from evals.impact.events import load_stories
from evals.impact.metrics import Forecasts
from evals.impact.page import spread, table
from evals.impact.report import plain
from evals.impact.run import Ground, Say, ground_of
from evals.impact.targets import advantage
from evals.starter.pools import PRICE_WORDS
from markets.instruments import InstrumentTable
from records.embedder import Embedder
from records.errors import SourceUnreachable
from records.times import new_york_date

CUTOFF = date(2022, 1, 1)
"""The embedders' papers and weights are of 2020 and 2021."""
BEFORE, AFTER = "recent before the cutoff", "recent"
NEEDED = ("id", "ts", "ticker", "headline", "body", "z01", "sigma", "beta", "car01")
MAIN = "score"
RUNGS = ("constant", "event-type mean", "TF-IDF ridge", "kNN lexical k=200", DENSE)
METRICS = ("spearman", "spearman_hard", "crps", "auc_2sigma", "ece", "coverage_80")
LEAST_GRADED = 100
CAVEAT = (
    "These are development data, of a few companies and nearly all of them mega-caps that are in the news on most days: most of "
    "these events are ordinary days of such a company. The intervals are wide, and the figures do not compare with those of the "
    "validation years."
)


@dataclass(frozen=True)
class Recent:
    """The graded news after the cutoff."""

    evaluation: Evaluation
    years: Mapping[int, Evaluation]
    """Year → the score alone, where enough was graded."""
    companies: Mapping[str, int]
    """Ticker → graded events."""
    left_out: Mapping[str, int]
    told: int
    """Stories left out because they tell the price move."""
    about: Mapping[str, object]


def recent_rows(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """Rows of the impact layout from `folder`/recent, one event a company and New York day, and the number of stories left out
    because their text tells the price move. Raises SourceUnreachable without files.
    """
    files = sorted((folder / "recent").glob("*.parquet"))
    if not files:
        raise SourceUnreachable(f"There are no files recent/*.parquet in {folder}. Give the folder that holds recent/.")
    table_of_names = InstrumentTable.load()
    rows, told = [], 0
    for story in _stories(files):
        text = f"{story['headline']} . {story['body'] or ''}"
        if PRICE_WORDS.search(text):
            told += 1
            continue
        moment: datetime = story["ts"].astimezone(UTC) if story["ts"].tzinfo else story["ts"].replace(tzinfo=UTC)
        day = new_york_date(moment)
        listing = table_of_names.cited(story["ticker"], day)
        rows.append(
            {
                **{name: story[name] for name in NEEDED if name != "ts"},
                "event_id": f"recent {story['ticker']} {day}",
                "split": AFTER if day >= CUTOFF else BEFORE,
                "date": day,
                "company": listing.name if listing else story["ticker"],
                "price_leak": False,
                "earn": speaks_of_results(story["headline"]),
            }
        )
    return rows, told


def _stories(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for path in files:
        for story in pq.read_table(path, columns=list(NEEDED)).to_pylist():
            if story["id"] not in seen and story["headline"]:
                seen.add(story["id"])
                yield story


def grade_recent(folder: Path, say: Say, embedder: Embedder | None = None) -> Recent:
    """Forecasts and grades every event from CUTOFF on. Raises SourceError, ModelError."""
    rows, told = recent_rows(folder)
    ground = ground_of([*load_stories(folder), *rows], AFTER, (folder,), say)
    main = ground.forecasts()
    numbers = baselines_of(ground.data, ground.y, ground.rows, ground.scored)
    if embedder is not None:
        say(f"embedding {len(ground.data.events):,} events with {embedder.name} …")
        numbers[DENSE] = dense_numbers(ground, embedder)
    kept = {name: numbers[name] for name in RUNGS if name in numbers}
    ladder = {MAIN: main, **graded(kept, ground.model.artifact.baselines, ground.model, ground.ref)}
    events = [ground.data.events[place] for place in ground.graded]
    return Recent(
        evaluation=evaluate(ladder, ground.outcomes(), ground.ref, main=MAIN, metrics=METRICS),
        years=_years(ground, main, np.array([event.day.year for event in events])),
        companies={str(name): int(count) for name, count in zip(*_counts([e.ticker for e in events]), strict=True)},
        left_out=ground.left_out,
        told=told,
        about={**ground.about, "embedder": embedder.name if embedder else None},
    )


def _counts(names: Sequence[str]) -> tuple[list[str], list[int]]:
    found, counts = np.unique(names, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return found[order].tolist(), counts[order].tolist()


def _years(ground: Ground, main: Forecasts, years: NDArray[np.int64]) -> dict[int, Evaluation]:
    outcomes = ground.outcomes()
    return {
        int(year): evaluate(
            {MAIN: main.subset(years == year)}, outcomes.subset(years == year), ground.ref, main=MAIN, metrics=METRICS
        )
        for year in np.unique(years)
        if (years == year).sum() >= LEAST_GRADED
    }


def page(found: Recent) -> str:
    """The Markdown page."""
    graded_, about = found.evaluation, found.about
    ladder = table(
        ("forecaster", *METRICS, "score better by (spearman)", "score better by (crps)"),
        (
            [f"**{name}**" if name == MAIN else name]
            + [spread(values.get(metric), 4 if metric == "crps" else 3) for metric in METRICS]
            + [
                spread(advantage(metric, graded_.differences.get(name, {}).get(metric)), digits)
                for metric, digits in (("spearman", 3), ("crps", 4))
            ]
            for name, values in graded_.metrics.items()
        ),
    )
    years = table(
        ("year", "events", "session-days", *METRICS),
        (
            [str(year), one.n_events, one.n_days]
            + [spread(one.metrics[MAIN].get(metric), 4 if metric == "crps" else 3) for metric in METRICS]
            for year, one in found.years.items()
        ),
    )
    left_out = [("stories that tell the price move", found.told), *found.left_out.items()]
    summary = (
        f"{graded_.n_events:,} company-days from {about['first_day']} to {about['last_day']} ({graded_.n_hard:,} hard: no "
        f"headline of results) on {graded_.n_days:,} session-days; "
        f"{about['store_before_the_first_day']:,} earlier events to recall. In "
        f"brackets: 95 % intervals, {graded_.draws:,} bootstrap draws of whole session-days. {CAVEAT}"
    )
    parts = (
        f"# After the models' cutoff: {about['score']}",
        summary,
        f"Embedder of the dense rung: {about['embedder'] or 'none'}.",
        "## Ladder\n\n" + ladder,
        "## The score, year by year\n\n" + years,
        "## Companies\n\n" + table(("ticker", "events"), found.companies.items()),
        "## Left out\n\n" + table(("reason", "number"), left_out),
    )
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with recent/, impact/ and prices/")
    parser.add_argument("--dense", metavar="NAME", help="also grade neighbours by this embedder")
    parser.add_argument("--models", type=Path, help="models folder that holds it")
    parser.add_argument("--out", type=Path, help="folder for after_cutoff.md and after_cutoff.json")
    options = parser.parse_args(arguments)
    if options.dense and not options.models:
        parser.error("--dense needs --models, the folder that the embedder was pulled to")
    found = grade_recent(options.data, print, _embedder(options.dense, options.models))
    print(page(found))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "after_cutoff.md").write_text(page(found), encoding="utf-8")
        (options.out / "after_cutoff.json").write_text(
            json.dumps(plain(found), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def _embedder(name: str | None, models: Path | None) -> Embedder | None:
    if name is None or models is None:
        return None
    from models.embedding import load_embedder

    return load_embedder(name, models)


if __name__ == "__main__":
    main()
