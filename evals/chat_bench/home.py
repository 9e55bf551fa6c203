"""A home to measure in: many analyses and events in one database, their vectors, prices, and what is held."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from evals.made.analyses import DAYS, END, KNOWN, fill
from evals.made.prose import COMMON
from evals.memory import corpus as corpora
from evals.memory.corpus import Corpus, Say
from evals.memory.synthetic import CHUNK, World
from evals.memory.table_embedder import TableEmbedder
from markets.sessions import sessions
from records.alert import AlertRule, Conditions
from records.database import Database
from records.taxonomy import EventType, Tag
from vectorstore.memory import EventMemory

DATABASE, EVENTS, CORPUS, PRICES, PORTFOLIO, MARK = (
    "rhyme.db",
    "made-events",
    "made-corpus",
    "prices.csv",
    "book.csv",
    "made.json",
)
QUESTIONS_A_SHARE = 20
PRICE_DAYS = 900


@dataclass(frozen=True)
class MadeHome:
    """Where it all lies."""

    folder: Path
    corpus: Corpus

    @property
    def database(self) -> Path:
        """As Rhyme itself calls it, so that its commands find it."""
        return self.folder / DATABASE

    @property
    def embedder(self) -> TableEmbedder:
        """Knows the vectors of the corpus's questions."""
        return TableEmbedder(self.corpus)


def make_home(folder: Path, *, analyses: int, events: int, seed: int, say: Say) -> MadeHome:
    """Makes it, or takes what an earlier run with the same numbers left there."""
    folder.mkdir(parents=True, exist_ok=True)
    mark, wanted = folder / MARK, {"analyses": analyses, "events": events, "seed": seed}
    made = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
    world = World(events, seed)
    home = MadeHome(folder, corpora.make(folder / CORPUS, world, QUESTIONS_A_SHARE, say))
    with Database.open(home.database) as database:
        if made.get("analyses") != analyses or made.get("seed") != seed:
            say(f"Making {analyses:,} analyses …")
            fill(database, analyses, seed, on_progress=lambda done: _told(say, done, analyses))
            mark.write_text(json.dumps({**wanted, "events": 0}), encoding="utf-8")
            made = {}
        _set_rules(database)
        if made.get("events") != events:
            _add_events(home, database, world, say)
    _write_prices(folder / PRICES)
    lines = [f"{ticker},{1 / len(KNOWN):.3f}" for ticker in KNOWN]
    (folder / PORTFOLIO).write_text("\n".join(["ticker,weight", *lines]) + "\n", encoding="utf-8")
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    return home


def _set_rules(database: Database) -> None:
    """Twenty rules of alerts as a desk would have them, in force all the time: three look at all analyses."""
    if database.alerts.rules():
        return
    wanted = [Conditions(tickers=(one,)) for one in KNOWN]
    wanted += [Conditions(tags=(tag,), min_p_material=0.1) for tag in list(Tag)[::10]]
    wanted += [Conditions(event_types=(kind,), sentiment="negative") for kind in list(EventType)[:3]]
    wanted += [
        Conditions(min_score=0.8),
        Conditions(sentiment="negative", min_score=0.6),
        Conditions(words=(COMMON[-1],)),
    ]
    for number, conditions in enumerate(wanted):
        rule = AlertRule(name=f"rule-{number}", conditions=conditions, added_at=END - timedelta(days=DAYS))
        database.alerts.add(rule)


def _told(say: Say, done: int, whole: int) -> None:
    if done % 20_000 == 0:
        say(f"{done:,} of {whole:,} analyses made")


def _add_events(home: MadeHome, database: Database, world: World, say: Say) -> None:
    with EventMemory.open(home.folder / EVENTS, database, home.embedder) as memory:
        for start in range(0, world.events, CHUNK):
            events = world.chunk_events(start)
            rows = home.corpus.vectors[start : start + CHUNK]
            memory.add(events, vectors={event.id: row for event, row in zip(events, rows, strict=True)})
            say(f"{start + len(events):,} of {world.events:,} events added")


def _write_prices(path: Path) -> None:
    """Daily closes of a random walk for the companies that questions name, and for their market."""
    if path.exists():
        return
    days = _session_days(END.date() - timedelta(days=PRICE_DAYS), END.date())
    generator = np.random.default_rng(1)
    lines = ["date,ticker,adjusted_close"]
    for ticker in ("^GSPC", *KNOWN):
        closes = 100 * np.exp(np.cumsum(generator.normal(0, 0.012, len(days))))
        lines += [f"{day},{ticker},{close:.4f}" for day, close in zip(days, closes.tolist(), strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _session_days(first: date, last: date) -> list[date]:
    return list(sessions().between(first, last))
