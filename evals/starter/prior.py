"""Fit the score's prior by event type: `python -m evals.starter.prior --data DIR --out FILE`.

Over every development story (2011–2015), typed by the keyword rules, one story per event (ticker and day): the first that is about
the company and does not tell the price move. Each type's scale is s = mean|z| / E|ε_ref|, shrunk towards the
mean of all types in logarithms: log s = (n·log s_type + k0·log s_all) / (n + k0), with k0 = v/τ² estimated from the same
events: v is the squared coefficient of variation of |z| (the variance of log mean|z| times n), τ² the variance of log s_type
between types that sampling does not explain. Decisions of the Federal Reserve on the S&P 500 stand in for monetary
policy, which a company's stories do not hold.
"""

import argparse
import csv
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from evals.starter.labeller import label
from evals.starter.official import announced_at
from evals.starter.pools import PRICE_WORDS, end_of_day
from markets.prices import MARKET, ParquetPrices, PriceSource
from markets.reaction import measure
from markets.reference import reference
from markets.sessions import Sessions, sessions
from records.market import Reaction
from records.taxonomy import EventType

SCHEDULED = (EventType.EARNINGS_RESULTS, EventType.MONETARY_POLICY, EventType.MACRO_DATA)
"""Types whose date is known beforehand: the other types' scale speaks for news without an appointment."""
LAST_YEAR = 2015
MATERIAL = 2.0
COLUMNS = ["event_id", "date", "ticker", "headline", "body", "about_head", "price_leak"]


@dataclass(frozen=True)
class Dated:
    """One event with the type its words name."""

    ticker: str
    day: date
    event_type: EventType


def events(folder: Path) -> tuple[list[Dated], int]:
    """One typed event per ticker and day, and how many have only stories that tell the price move or are about another company."""
    chosen: dict[str, Dated] = {}
    seen: set[str] = set()
    for path in sorted(folder.glob("impact_*_dev.parquet")):
        for row in pq.read_table(path, columns=COLUMNS).to_pylist():
            seen.add(row["event_id"])
            told = row["price_leak"] or PRICE_WORDS.search(f"{row['headline']}. {row['body']}")
            if row["event_id"] not in chosen and row["about_head"] and not told:
                chosen[row["event_id"]] = Dated(row["ticker"], row["date"].date(), label(row["headline"], row["body"]))
    return list(chosen.values()), len(seen) - len(chosen)


def company_z(
    dated: Sequence[Dated], prices: PriceSource, calendar: Sessions
) -> tuple[dict[EventType, list[float]], Counter[str]]:
    """|z| of the two-session window by type, and the reasons why others have none."""
    found: dict[EventType, list[float]] = defaultdict(list)
    missing: Counter[str] = Counter()
    for event in sorted(dated, key=lambda event: (event.ticker, event.day)):
        reaction = measure(event.ticker, end_of_day(event.day), prices, calendar, date_only=True)
        if isinstance(reaction, Reaction):
            found[event.event_type].append(abs(reaction.z))
        else:
            missing[reaction.reason] += 1
    return dict(found), missing


def decision_z(path: Path, prices: PriceSource, calendar: Sessions) -> Iterator[float]:
    """|z| of the S&P 500 on the Federal Reserve's decisions up to 2015, one session each."""
    with path.open(encoding="utf-8") as lines:
        days = [date.fromisoformat(row["decision_date"]) for row in csv.DictReader(lines)]
    for day in days:
        reaction = measure(MARKET, announced_at(day), prices, calendar)
        if day.year <= LAST_YEAR and isinstance(reaction, Reaction):
            yield abs(reaction.z)


def fit_prior(z_by_type: Mapping[EventType, Sequence[float]], mean_abs_reference: float) -> dict[str, object]:
    """Shrunk log scales by type from |z| values; types without events are left out. Shape of agent/data/prior_v1.json."""
    samples = {kind: np.asarray(values) for kind, values in z_by_type.items() if len(values) > 0}
    pooled = np.concatenate(list(samples.values()))
    overall = math.log(float(pooled.mean()) / mean_abs_reference)
    variation = float(pooled.var() / pooled.mean() ** 2)
    raw = {kind: math.log(float(values.mean()) / mean_abs_reference) for kind, values in samples.items()}
    k0 = variation / _between(raw, samples, overall, variation)
    return {
        "n": len(pooled),
        "k0": round(k0, 1),
        "global_log_s": round(overall, 4),
        "event_types": {
            kind.value: {
                "n": len(values),
                "log_s": round((len(values) * raw[kind] + k0 * overall) / (len(values) + k0), 4),
                "share_beyond_2": round(float((values > MATERIAL).mean()), 4),
                "scheduled": kind in SCHEDULED,
            }
            for kind, values in sorted(samples.items())
        },
    }


def _between(
    raw: Mapping[EventType, float], samples: Mapping[EventType, NDArray[np.float64]], overall: float, variation: float
) -> float:
    """Variance of true log scales between types: the observed one less what sampling explains, at least 0.001.

    By the method of moments; the floor keeps k0 finite when sampling explains everything.
    """
    counts = {kind: len(values) for kind, values in samples.items()}
    observed = sum(counts[kind] * (raw[kind] - overall) ** 2 for kind in raw)
    total = sum(counts.values())
    spread = total - sum(count**2 for count in counts.values()) / total
    return max(0.001, (observed - (len(raw) - 1) * variation) / spread)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Fit the scale of |z| by event type on the development stories.")
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/, precedents/ and prices/")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    prices, calendar = ParquetPrices(options.data / "prices"), sessions()
    dated, unusable = events(options.data / "impact")
    z_by_type, missing = company_z(dated, prices, calendar)
    z_by_type[EventType.MONETARY_POLICY] = list(
        decision_z(options.data / "precedents" / "fed_decisions_spx.csv", prices, calendar)
    )
    table = reference()
    prior = {
        "version": "prior_v1",
        "fitted_on": "newswire events 2011–2015 (one per ticker and day, two-session windows); Federal Reserve decisions 2000–2015",
        "reference": table.version,
        **fit_prior(z_by_type, table.mean_abs_z),
    }
    options.out.write_text(json.dumps(prior, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{unusable} events without a usable story; without a reaction: {dict(missing)}")
    print(json.dumps(prior, ensure_ascii=False))


if __name__ == "__main__":
    main()
