"""`python -m evals.harness.grounding --data DIR [--out DIR] [--kept DIR]`: runs the experiment of docs/grounding-experiment.md.

DIR holds impact/, prices/ and recent/. About 15 minutes on two quiet cores; with --kept what was finished before is not made
again.
"""

import argparse
import hashlib
import pickle
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from evals.harness.grounding.analysis import declared_tests, findings
from evals.harness.grounding.arms import RIVALS, Field, Rivals, field_of, fit_rival
from evals.harness.grounding.page import page, write_report
from evals.impact.events import Measured, events_of, load_stories, measured, price_source
from evals.impact.fit import UNTIL, Development
from evals.impact.recent import AFTER, recent_rows
from evals.impact.run import ground_of
from markets.reference import reference
from records.errors import SourceUnreachable, UsageError

VALIDATION, CUTOFF, SINCE_2022, AFTER_FILES = (
    "validation",
    "after the cutoff",
    "from 2022 on",
    "after the model's files",
)
FIRST_DAYS = {CUTOFF: date(2024, 1, 1), AFTER_FILES: date(2024, 10, 1)}
VAL = "val"
DEPARTURES: tuple[str, ...] = (
    "The band of the calibrated priors is widened by 1.25, as that of every forecast without precedents: this touches the coverage "
    "of the 80 % interval alone, none of the declared tests.",
    "A first run was stopped by its time limit before anything was forecast or graded; nothing was seen of it, and nothing was "
    "changed after it but that finished steps are kept.",
)

Made = TypeVar("Made")


def fields(data: Path, kept: Path | None, say: Callable[[str], None]) -> tuple[Field, Field]:
    """Validation, and all recent news from 2022 on: every event is measured once. Raises SourceError."""
    rows, told = recent_rows(data)
    rows = [*load_stories(data), *rows]
    say(f"{len(rows):,} stories; {told:,} more tell the price move and are left out")

    def whole() -> Measured:
        prices = price_source([data])
        if prices is None:
            raise SourceUnreachable(f"There is no prices/ in {data}: outcomes are measured from prices.")
        return measured(events_of(rows), prices)

    every = _once(kept, "measured", whole)
    days = np.array([event.day for event in every.events])

    def rivals() -> Rivals:
        dev = Development(every.select(days <= UNTIL), reference(), say)
        learnt = _once(kept, "learnt", dev.rows)
        return Rivals(*(_once(kept, name, partial(fit_rival, name, dev, *learnt)) for name in RIVALS))

    def field(name: str, split: str) -> Field:
        last = max(event.day for event in every.events if event.split == split)
        ground = ground_of([], split, (data,), say, data=every.select(days <= last))
        return field_of(name, ground, _once(kept, "rivals", rivals))

    recent = _once(kept, "recent", lambda: field(SINCE_2022, AFTER))
    return _once(kept, "validation", lambda: field(VALIDATION, VAL)), recent


def _once(kept: Path | None, name: str, make: Callable[[], Made]) -> Made:
    """What was made before, from our own file of an earlier run; else made now."""
    if kept is None:
        return make()
    path = kept / f"{name}.pickle"
    if path.is_file():
        found: Made = pickle.loads(path.read_bytes())
        return found
    made = make()
    kept.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(made))
    return made


def digest_of(data: Path) -> str:
    """SHA-256 of the files that are read, 16 hex digits."""
    found = hashlib.sha256()
    for folder in ("impact", "prices", "recent"):
        for path in sorted((data / folder).glob("*.parquet")):
            found.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.harness.grounding", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/, prices/ and recent/")
    parser.add_argument("--out", type=Path, help="folder for report.md, report.json and the picture")
    parser.add_argument("--kept", type=Path, help="folder for forecasts of an interrupted run")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        raise UsageError(f"There is no folder {options.data}. Give the one that holds impact/, prices/ and recent/.")
    validation, recent = fields(options.data, options.kept, print)
    later = {name: recent.subset(recent.published >= first.toordinal(), name) for name, first in FIRST_DAYS.items()}
    ref = reference()
    print("testing …")
    family = declared_tests((validation, later[CUTOFF]), ref)
    found = [findings(each, ref) for each in (validation, later[CUTOFF], recent, later[AFTER_FILES])]
    about = {
        "score": validation.about["score"],
        "reference": validation.about["reference"],
        "data digest": digest_of(options.data),
        "validation": f"{_day(validation.published.min())} to {_day(validation.published.max())}",
        "recent": f"{_day(recent.published.min())} to {_day(recent.published.max())}",
        "store before validation": validation.about["store_before_the_first_day"],
        "store before the recent news": recent.about["store_before_the_first_day"],
        "outcomes from": validation.about["outcomes_from"],
    }
    print(page(family, found, about, DEPARTURES))
    if options.out:
        write_report(options.out, family, found, about, DEPARTURES)


def _day(ordinal: np.int64) -> str:
    return date.fromordinal(int(ordinal)).isoformat()


if __name__ == "__main__":
    main()
