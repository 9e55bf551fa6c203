"""The datasheet of the starter precedents, written from the events themselves so that it cannot drift from them."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from records.event import Event

MATERIAL = 2.0

_TEMPLATE = """# Starter precedents

{n} past events that Rhyme ships with (`vectorstore/data/starter_events.parquet`), so that the first article
has something to be compared with. This page is written by `python -m evals.starter.assemble` from the shipped
file; do not edit it by hand.

## Source of facts
Public newswire headlines and leads of 2011–2015 and 2019–2025, the dates of Federal Reserve rate decisions
and of geopolitical shocks, joined with daily prices. No source text is shipped: each event is one factual
sentence of our own, checked by code to share no run of eight words with its source and to say nothing about
the price. Event type and tags come from `records/taxonomy.py`. The writers saw no outcome.

## Fields
One row per event: the fields of `records.event.Event` (`id`, `summary`, `event_type`, `tickers`, `tags`,
`published_at`, `date_only`, `story_id`, `source`, `taxonomy_version`) and those of its `Reaction`, prefixed
`reaction_`. Tickers are today's symbol where a company only renamed its share (META), else the symbol of the
time. Reactions are measured by `markets/reaction.py`: abnormal return beyond the market (S&P 500), σ of the
abnormal returns before the event, z, the window and `known_at`, the close of the window's last session.

## Selection rule
It never looks at an outcome; `evals/starter/` holds it as code, seeded ({seed}).

1. Newswire 2011–2015 (target 440): the company is named in the headline, the text does not tell the price
   move, at most three companies share the story, the lead has 120 characters or more; round-ups, opinion and
   series without one event are left out. Equal numbers per year; within a year by event type (keyword rules,
   `labeller.py`) in proportion to the square root of its count, at most 12 % a type and two events a ticker.
2. Recent 2019 and 2022–2025 (target 150): the headline names its company within 30 characters; opinion, lists
   and price talk left out. Equal numbers per year; half in rounds over themes by headline words (AI deals,
   tariffs, chip export rules, antitrust, regulation, cyber), half by event type as above; at most six events
   per ticker and year.
3. Federal Reserve decisions 2000–2025 (target 40) and geopolitical shocks 2015–2025 (target 12), on the S&P
   500, in rounds over the years.
4. A story is passed over when a drawn one has the same ticker within three days or a similar title, or when
   its reaction cannot be measured. What was passed over is counted below.
5. Stories that hold no usable event are left out after reading the text, with no outcome shown.

| passed over or left out | stories |
|---|---|
{left_out}

## Base rate
{beyond:.1%} of the events moved beyond 2σ (ordinary stock-days: 6 %); the median |z| is {median:.2f}. News
days are wilder than ordinary days, earnings most of all; the rate was not steered. Over all development events
(`agent/data/prior_v1.json`) the same measure gives the same level.

| beyond 2σ | events | share |
|---|---|---|
{by_window}

## By year
{by_year}

## By event type
| event type | events | beyond 2σ |
|---|---|---|
{by_type}

## Limits
- {date_only} events have a date without a time of day. Their window holds two sessions and may contain a
  reaction to earlier news; their z is divided by √2, so a move of one session looks smaller than in a
  one-session window.
- {intraday} events came out while the market was open: the session's whole move is counted, including the
  part before the news. An aggregator's timestamp can be hours later than the first report.
- Survivorship: prices exist for shares that were still listed around 2017 (newswire) or were in the S&P 500
  in 2025 (recent). About one story in ten had no price, mostly companies since acquired or delisted.
- Sources of the 2010–2017 prices disagree on more than a tenth of the days for 4 % of the tickers; the first
  source was kept.
- After 2019 the companies are few and large, mostly American technology; 2016–2018, 2020 and 2021 hold index
  events only.
- Announcement hours of the Federal Reserve are from its practice: 14:15 New York time to January 2013 (12:30
  with a press conference), 14:00 since.
- One sentence keeps less than the story had; the type and tags are one reader's judgement.

## Rebuild
    python -m evals.starter.select --data DIR --out WORK
    python -m evals.starter.assemble --work WORK --out vectorstore/data/starter_events.parquet --sheet docs/starter-precedents.md

Between the two, WORK/work_*.jsonl are described in WORK/descriptions_*.jsonl (id, summary, event_type, tags,
or id and skip).
"""


def render(events: Sequence[Event], notes: Mapping[str, Any]) -> str:
    """The Markdown page. `notes` holds seed, passed_over and skipped: counts by reason."""
    sizes = [abs(event.reaction.z) for event in events if event.reaction is not None]
    return _TEMPLATE.format(
        n=len(events),
        seed=notes["seed"],
        left_out="\n".join(
            f"| {name} | {count} |" for name, count in {**notes["passed_over"], **notes["skipped"]}.items()
        ),
        beyond=_share(events),
        median=sorted(sizes)[len(sizes) // 2],
        by_window=_by_window(events),
        by_year=_years(events),
        by_type=_by_type(events),
        date_only=sum(event.date_only for event in events),
        intraday=sum(event.reaction is not None and event.reaction.intraday for event in events),
    )


def _by_window(events: Sequence[Event]) -> str:
    kinds = {
        "shares, two-session window (date only)": [
            event for event in events if event.date_only and not _on_index(event)
        ],
        "shares, one-session window": [event for event in events if not event.date_only and not _on_index(event)],
        "S&P 500": [event for event in events if _on_index(event)],
    }
    return "\n".join(
        f"| {name} | {len(members)} | {_share(members):.1%} |" for name, members in kinds.items() if members
    )


def _by_type(events: Sequence[Event]) -> str:
    counts = Counter(event.event_type for event in events)
    rows = []
    for kind, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        beyond = sum(
            event.reaction is not None and abs(event.reaction.z) > MATERIAL
            for event in events
            if event.event_type == kind
        )
        rows.append(f"| {kind.value} | {count} | {beyond} |")
    return "\n".join(rows)


def _share(events: Sequence[Event]) -> float:
    """Share of the events with a reaction that moved beyond 2σ."""
    sizes = [abs(event.reaction.z) for event in events if event.reaction is not None]
    return sum(size > MATERIAL for size in sizes) / len(sizes)


def _on_index(event: Event) -> bool:
    return any(ticker.startswith("^") for ticker in event.tickers)


def _years(events: Sequence[Event]) -> str:
    counts = Counter(str(event.published_at.year) for event in events)
    return textwrap.fill(", ".join(f"{year}: {count}" for year, count in sorted(counts.items())), 110)
