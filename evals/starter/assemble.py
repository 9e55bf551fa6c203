"""Join the descriptions with the reactions and ship them: `python -m evals.starter.assemble --work DIR --out FILE --sheet FILE`.

DIR holds what `evals.starter.select` wrote and descriptions_*.jsonl, one line per event of work_*.jsonl: {id, summary, event_type,
tags}, or {id, skip} with the reason why the text holds no usable event. Whoever writes them sees no outcome. Every description
is checked; the faulty ones are listed in DIR/offenders.jsonl and nothing is shipped until there are none.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pydantic import ValidationError

from evals.starter.datasheet import render
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType

SHARED_WORDS = 8
"""A run of so many words in common with the source is its sentence, not ours."""
SHORTEST, LONGEST = 60, 260
"""Characters of a summary: enough for who, what and how much; short enough to stay one sentence."""
NO_EVENT = frozenset({EventType.MARKET_COMMENTARY, EventType.NOT_MARKET_RELEVANT})
"""Described as no event: left out, like a skip."""
OWN_TEXT_PARTS = frozenset({"fomc"})
"""Parts whose headline is already ours."""

OUTCOME_WORDS = re.compile(
    r"\b(shares?|stocks?|adrs?|index|s&p 500|wall street|investors)\b(?: \w+){0,3} "
    r"(rose|fell|jump(ed|s)?|surge[ds]?|drop(ped|s)|slid|tumbled|plunged|soared|gained|lost|climbed|sank|slipped|rallied|rises|falls|"
    r"rallies|edged|closed (up|down|higher|lower)|cheered|punished|higher|lower)\b|"
    r"\b(rallied|sell-?off|pre-?market|after-hours|record high|52-week|market (value|cap\w*) (rose|fell|dropped|lost))\b",
    re.IGNORECASE,
)
"""The sentence tells what the price did."""


@dataclass(frozen=True)
class Offender:
    """A description that may not be shipped as it is."""

    id: str
    faults: tuple[str, ...]
    summary: str
    headline: str


@dataclass(frozen=True)
class Assembly:
    """The events that passed, the faulty descriptions, and why the others were left out."""

    events: tuple[Event, ...]
    offenders: tuple[Offender, ...]
    skipped: Mapping[str, int]


def assemble(folder: Path) -> Assembly:
    """Join and check everything in `folder`."""
    sources = {row["id"]: row for row in _lines(folder, "work_*.jsonl")}
    outcomes = {row["id"]: row for row in _lines(folder, "reactions.jsonl")}
    written = list(_lines(folder, "descriptions_*.jsonl"))
    times = Counter(row["id"] for row in written)
    events: list[Event] = []
    offenders = [
        Offender(name, ("no description",), "", sources[name]["headline"])
        for name in sorted(outcomes.keys() - times.keys())
    ]
    skipped: Counter[str] = Counter()
    for row in written:
        faults = [] if row["id"] in outcomes else ["unknown id"]
        faults += ["described twice"] if times[row["id"]] > 1 else []
        if "skip" in row and not faults:
            skipped["no usable event in the text"] += 1
            continue
        source = sources.get(row["id"], {"headline": "", "body": ""})
        own_text = not faults and outcomes[row["id"]]["part"] in OWN_TEXT_PARTS
        faults += faults_of(row.get("summary", ""), "" if own_text else f"{source['headline']}\n{source['body']}")
        event = None if faults else _event(row, outcomes[row["id"]], faults)
        if event is None:
            offenders.append(Offender(row["id"], tuple(faults), row.get("summary", ""), source["headline"]))
        elif event.event_type in NO_EVENT:
            skipped["described as commentary or not market relevant"] += 1
        else:
            events.append(event)
    return Assembly(
        tuple(sorted(events, key=lambda event: (event.published_at, event.id))), tuple(offenders), dict(skipped)
    )


def faults_of(summary: str, source: str) -> list[str]:
    """What is wrong with a summary of `source`; empty when it may be shipped."""
    faults = []
    if not SHORTEST <= len(summary) <= LONGEST:
        faults.append(f"{len(summary)} characters, not {SHORTEST} to {LONGEST}")
    shared = shared_run(summary, source)
    if shared is not None:
        faults.append(f"shares {SHARED_WORDS} words with its source: {shared!r}")
    outcome = OUTCOME_WORDS.search(summary)
    if outcome is not None:
        faults.append(f"tells the price move: {outcome.group(0)!r}")
    return faults


def shared_run(summary: str, source: str) -> str | None:
    """The first run of SHARED_WORDS words that both texts have, None if there is none. Case and punctuation do not count."""
    known = set(_runs(_words(source)))
    return next((" ".join(run) for run in _runs(_words(summary)) if run in known), None)


def table_of(events: Sequence[Event], notes: Mapping[str, Any]) -> pa.Table:
    """Events as a flat table: the fields of Event, and those of its reaction as `reaction_…`; `notes` go to the metadata."""
    rows = []
    for event in events:
        row = event.model_dump(mode="python", exclude={"reaction"})
        row |= {
            "event_type": event.event_type.value,
            "tags": [tag.value for tag in event.tags],
            "tickers": list(event.tickers),
        }
        if event.reaction is not None:
            row |= {f"reaction_{name}": value for name, value in event.reaction.model_dump(mode="python").items()}
        rows.append(row)
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    return table.replace_schema_metadata({"selection": json.dumps(notes, sort_keys=True)})


def events_of(table: pa.Table) -> tuple[Event, ...]:
    """The inverse of `table_of`. Raises pydantic's ValidationError for a row that is no event."""
    events = []
    for row in table.to_pylist():
        reaction = {name.removeprefix("reaction_"): row.pop(name) for name in list(row) if name.startswith("reaction_")}
        events.append(Event.model_validate({**row, "reaction": None if reaction["z"] is None else reaction}))
    return tuple(events)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line. Returns 1 while descriptions are faulty."""
    parser = argparse.ArgumentParser(description="Join descriptions and reactions to the starter precedents.")
    parser.add_argument(
        "--work", type=Path, required=True, help="folder with work_*, reactions, selection and descriptions_*"
    )
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--sheet", type=Path, required=True, help="datasheet (Markdown) to write")
    options = parser.parse_args(arguments)
    assembly = assemble(options.work)
    listed = [
        json.dumps({"id": one.id, "faults": one.faults, "summary": one.summary, "headline": one.headline})
        for one in assembly.offenders
    ]
    (options.work / "offenders.jsonl").write_text("".join(f"{line}\n" for line in listed), encoding="utf-8")
    if assembly.offenders:
        listing = options.work / "offenders.jsonl"
        print(f"{len(assembly.offenders)} faulty descriptions are listed in {listing}: correct them and run again.")
        return 1
    notes = json.loads((options.work / "selection.json").read_text(encoding="utf-8")) | {
        "skipped": dict(assembly.skipped)
    }
    table = table_of(assembly.events, notes)
    pq.write_table(table, options.out, compression="zstd")
    options.sheet.write_text(render(assembly.events, notes), encoding="utf-8")
    print(
        f"{len(assembly.events)} events in {options.out}, {options.out.stat().st_size:,} bytes; left out: {dict(assembly.skipped)}"
    )
    return 0


_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("summary", pa.string()),
        ("event_type", pa.string()),
        ("tickers", pa.list_(pa.string())),
        ("tags", pa.list_(pa.string())),
        ("published_at", pa.timestamp("us", "UTC")),
        ("date_only", pa.bool_()),
        ("story_id", pa.string()),
        ("source", pa.string()),
        ("taxonomy_version", pa.int32()),
        ("reaction_ticker", pa.string()),
        ("reaction_window", pa.string()),
        ("reaction_session_on", pa.date32()),
        ("reaction_intraday", pa.bool_()),
        ("reaction_date_only", pa.bool_()),
        ("reaction_abnormal_return", pa.float64()),
        ("reaction_beta", pa.float64()),
        ("reaction_sigma", pa.float64()),
        ("reaction_z", pa.float64()),
        ("reaction_known_at", pa.timestamp("us", "UTC")),
    ]
)


def _event(row: Mapping[str, Any], outcome: Mapping[str, Any], faults: list[str]) -> Event | None:
    try:
        return Event(
            id=row["id"],
            summary=row["summary"],
            event_type=row["event_type"],
            tags=row["tags"],
            tickers=outcome["tickers"],
            published_at=outcome["published_at"],
            date_only=outcome["date_only"],
            source=outcome["source"],
            reaction=Reaction.model_validate(outcome["reaction"]),
        )
    except (KeyError, ValidationError) as error:
        faults.append(f"not an event: {error}")
        return None


def _words(text: str) -> list[str]:
    joined = re.sub(r"(?<=\d)[ ,](?=\d{3}\b)", "", text.lower())
    return re.findall(r"[a-z0-9]+(?:[.'’][a-z0-9]+)*", joined)


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + SHARED_WORDS]) for start in range(len(words) - SHARED_WORDS + 1))


def _lines(folder: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob(pattern)):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
