"""Draw the starter precedents and measure what the market did after each: `python -m evals.starter.select --data DIR --out DIR`.

The rule, which never looks at an outcome:

1. Four pools (evals/starter/pools.py, official.py), each filtered by text, source and length only.
2. Newswire 2011–2015: the same number from every year; within a year each event type gets a share proportional to the square
   root of its count (earnings and deals lead but do not crowd out the rest), at most MAX_TYPE_SHARE of the year; at most
   two events per ticker.
3. Recent 2019–2025: equal years; half of each in rounds over the themes (AI deals, tariffs, chip export rules, antitrust,
   regulation, cyber; by words of the headline), half by event type as in 2; at most MAX_PER_TICKER_YEAR per ticker and year.
4. Federal Reserve decisions and geopolitical shocks: in rounds over the years.
5. Within a stratum the order is that of a seeded shuffle. A story is passed over when a drawn one has the same ticker within three
   days or a similar title, and when its reaction cannot be measured for want of prices (counted, by reason).
"""

import argparse
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rapidfuzz import fuzz, utils

from evals.starter.official import decisions, shocks
from evals.starter.pools import THEMES, Draft, newswire, recent
from markets.prices import ParquetPrices, PriceSource
from markets.reaction import measure
from markets.sessions import Sessions, sessions
from records.market import Reaction

SEED = 20_151_231
NEWSWIRE_EVENTS = 440
RECENT_EVENTS = 150
FOMC_EVENTS = 40
GEOPOLITICAL_EVENTS = 12
MAX_TYPE_SHARE = 0.12
MAX_PER_TICKER = 2
MAX_PER_TICKER_YEAR = 6
"""The recent pool has eleven large companies after 2019: more would make it a history of two of them."""
SAME_STORY_DAYS = 3
SAME_TITLE = 85
"""rapidfuzz token_set_ratio from which two titles are one story (0–100)."""
WORK_PARTS = 4
SHOWN_BODY = 600


@dataclass
class Drawing:
    """The events drawn so far, and why others were passed over."""

    prices: PriceSource
    calendar: Sessions
    drawn: list[tuple[Draft, Reaction]] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    _by_ticker: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    _per_ticker: Counter[str] = field(default_factory=Counter)

    def take(self, draft: Draft, ticker_limit: int | None) -> bool:
        """Add the draft unless it repeats a drawn story, its ticker is full or its reaction is unknown."""
        key = (
            f"{draft.part}/{draft.ticker}"
            if draft.part == "newswire"
            else f"{draft.part}/{draft.ticker}/{draft.published_at.year}"
        )
        if ticker_limit is not None and self._per_ticker[key] >= ticker_limit:
            self.passed_over[f"{draft.part}: ticker is full"] += 1
        elif self._repeats(draft):
            self.passed_over[f"{draft.part}: same story or same ticker within {SAME_STORY_DAYS} days"] += 1
        else:
            reaction = measure(
                draft.price_ticker, draft.published_at, self.prices, self.calendar, date_only=draft.date_only
            )
            if isinstance(reaction, Reaction):
                self.drawn.append((draft, reaction.model_copy(update={"ticker": draft.ticker})))
                self._by_ticker[draft.ticker].append(draft.published_at)
                self._per_ticker[key] += 1
                return True
            self.passed_over[f"{draft.part}: no reaction, {reaction.reason}"] += 1
        return False

    def _repeats(self, draft: Draft) -> bool:
        span = timedelta(days=SAME_STORY_DAYS)
        if any(abs(draft.published_at - other) <= span for other in self._by_ticker[draft.ticker]):
            return True
        if draft.part == "fomc":
            return False
        return any(
            fuzz.token_set_ratio(draft.headline, other.headline, processor=utils.default_process) >= SAME_TITLE
            for other, _ in self.drawn
            if other.part == draft.part and abs(draft.published_at - other.published_at) <= timedelta(days=30)
        )


def quotas(counts: dict[str, int], total: int) -> dict[str, int]:
    """Places per stratum, proportional to √count and at most MAX_TYPE_SHARE of `total` each; they sum to at most `total`."""
    cap = math.ceil(MAX_TYPE_SHARE * total)
    weight = {name: math.sqrt(count) for name, count in counts.items()}
    share = {name: min(cap, counts[name], int(total * weight[name] / sum(weight.values()))) for name in counts}
    for name in sorted(counts, key=lambda name: (-weight[name], name)) * cap:
        if sum(share.values()) >= total:
            break
        if share[name] < min(cap, counts[name]):
            share[name] += 1
    return share


def draw_newswire(pool: Iterable[Draft], drawing: Drawing, total: int, rng: random.Random) -> None:
    """Equal years, square-root shares of event types; places a stratum cannot fill go to the year's other types in turn."""
    strata = _shuffled(pool, rng)
    years = sorted({name.split("/")[0] for name in strata})
    for year in years:
        mine = {name: drafts for name, drafts in strata.items() if name.startswith(year)}
        wanted = quotas({name: len(drafts) for name, drafts in mine.items()}, total // len(years))
        for name in sorted(wanted):
            _fill(mine[name], drawing, wanted[name], MAX_PER_TICKER)


def draw_recent(pool: Iterable[Draft], drawing: Drawing, total: int, rng: random.Random) -> None:
    """Equal years; in each, half in rounds over the themes, half in square-root shares of event types."""
    strata = _shuffled(pool, rng)
    years = sorted({name.split("/")[0] for name in strata if len(_of_year(strata, name.split("/")[0])) > 5})
    for year in years:
        mine = _of_year(strata, year)
        limit = MAX_PER_TICKER if year == "2019" else MAX_PER_TICKER_YEAR
        themes = [name for name in mine if name.split("/")[1] in THEMES]
        per_year = total // len(years)
        by_theme = _rounds(mine, themes, drawing, per_year // 2, limit)
        wanted = quotas({name: len(mine[name]) for name in mine if name not in themes}, per_year - by_theme)
        for name in sorted(wanted):
            _fill(mine[name], drawing, wanted[name], limit)


def draw_index(pool: Iterable[Draft], drawing: Drawing, total: int, rng: random.Random) -> None:
    """Rounds over the years in shuffled order: every year once before any year twice."""
    strata = _shuffled(pool, rng)
    order = sorted(strata)
    rng.shuffle(order)
    _rounds(strata, order, drawing, total, None)


def _rounds(
    strata: dict[str, list[Draft]], order: Sequence[str], drawing: Drawing, total: int, ticker_limit: int | None
) -> int:
    """One from each stratum in turn until `total` are taken or all are empty. Returns how many were taken."""
    taken = 0
    while taken < total and any(strata[name] for name in order):
        for name in order:
            if taken < total:
                taken += _fill(strata[name], drawing, 1, ticker_limit)
    return taken


def _fill(drafts: list[Draft], drawing: Drawing, wanted: int, ticker_limit: int | None) -> int:
    """Take up to `wanted` from the front, using up what is passed over. Returns how many were taken."""
    taken = 0
    while drafts and taken < wanted:
        taken += drawing.take(drafts.pop(0), ticker_limit)
    return taken


def _shuffled(pool: Iterable[Draft], rng: random.Random) -> dict[str, list[Draft]]:
    strata: dict[str, list[Draft]] = defaultdict(list)
    for draft in sorted(pool, key=lambda draft: draft.id):
        strata[draft.stratum].append(draft)
    for name in sorted(strata):
        rng.shuffle(strata[name])
    return {name: strata[name] for name in sorted(strata)}


def _of_year(strata: dict[str, list[Draft]], year: str) -> dict[str, list[Draft]]:
    return {name: drafts for name, drafts in strata.items() if name.startswith(f"{year}/")}


def select(data: Path, prices: PriceSource, calendar: Sessions, seed: int = SEED) -> Drawing:
    """Draw all four parts from the data folder."""
    rng = random.Random(seed)
    drawing = Drawing(prices, calendar)
    draw_newswire(newswire(data / "impact"), drawing, NEWSWIRE_EVENTS, rng)
    draw_recent(recent(data / "recent"), drawing, RECENT_EVENTS, rng)
    draw_index(decisions(data / "precedents" / "fed_decisions_spx.csv"), drawing, FOMC_EVENTS, rng)
    draw_index(shocks(data / "precedents" / "geopolitical_events.jsonl"), drawing, GEOPOLITICAL_EVENTS, rng)
    return drawing


def write(drawing: Drawing, out: Path, seed: int = SEED) -> None:
    """work_1 … work_4.jsonl for the writers, without any outcome, in shuffled order; reactions.jsonl with it;
    selection.json counts what was passed over."""
    out.mkdir(parents=True, exist_ok=True)
    order = list(drawing.drawn)
    random.Random(seed).shuffle(order)
    for part in range(WORK_PARTS):
        lines = [json.dumps(_work(draft), ensure_ascii=False) for draft, _ in order[part::WORK_PARTS]]
        (out / f"work_{part + 1}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = [
        json.dumps(_outcome(draft, reaction))
        for draft, reaction in sorted(drawing.drawn, key=lambda pair: pair[0].published_at)
    ]
    (out / "reactions.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    passed_over = dict(sorted(drawing.passed_over.items()))
    (out / "selection.json").write_text(json.dumps({"seed": seed, "passed_over": passed_over}) + "\n", encoding="utf-8")


def _work(draft: Draft) -> dict[str, object]:
    return {
        "id": draft.id,
        "published_at": draft.published_at.isoformat(),
        "date_only": draft.date_only,
        "ticker": draft.ticker,
        "company": draft.company,
        "headline": draft.headline,
        "body": draft.body[:SHOWN_BODY],
        "rule_event_type": draft.rule_type.value,
    }


def _outcome(draft: Draft, reaction: Reaction) -> dict[str, object]:
    return {
        "id": draft.id,
        "tickers": [draft.ticker],
        "published_at": draft.published_at.isoformat(),
        "date_only": draft.date_only,
        "source": "starter",
        "part": draft.part,
        "rule_event_type": draft.rule_type.value,
        "reaction": reaction.model_dump(mode="json"),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description="Draw the starter precedents by a rule that never looks at an outcome."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with impact/, recent/, precedents/ and prices/"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for work_*.jsonl and reactions.jsonl")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    drawing = select(options.data, ParquetPrices(options.data / "prices"), sessions(), options.seed)
    write(drawing, options.out, options.seed)
    beyond = sum(abs(reaction.z) > 2 for _, reaction in drawing.drawn)
    print(f"{len(drawing.drawn)} events, {beyond / len(drawing.drawn):.1%} beyond 2σ")
    for counts in (Counter(draft.part for draft, _ in drawing.drawn), drawing.passed_over):
        for name, count in sorted(counts.items()):
            print(f"{count:6} {name}")


if __name__ == "__main__":
    main()
