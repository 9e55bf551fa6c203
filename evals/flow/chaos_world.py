"""What one run is made of: a home, a database, the simulated server, and processes of the command line to be killed."""

import json
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evals.flow.chaos_nursery import Child, Nursery
from evals.flow.chaos_postgres import PostgresCluster
from evals.flow.simulated_server import ServerPlan
from evals.flow.tally import TallyRow, read_rows

MODEL = "gpt-4.1-mini"
EMBEDDER = "text-embedding-3-small"
DIMENSIONS = 64
PRICES = {
    "checked_on": "2026-11-01",
    "source": "made up",
    "note": "for the simulated server",
    "models": [
        {
            "model": MODEL, "input": 0.4, "cached_input": 0.1, "cache_write": None, "output": 1.6,
            "up_to_input_tokens": 1_000_000,
        }
    ],
}  # fmt: skip
TIMEOUT_SECONDS = 1.0
"""Of the client: how long a hang costs."""
SERVER_SECONDS = 30.0


@dataclass(frozen=True)
class Parts:
    """What all runs share."""

    folder: Path
    commands: Nursery
    """Starts `rhyme`."""
    servers: Nursery
    """Starts the simulated server."""
    cluster: PostgresCluster | None
    """None: SQLite."""
    template: "Template"


@dataclass(frozen=True)
class Template:
    """An empty store with all its tables, copied for each run: making them takes longer than a run may."""

    files: tuple[Path, ...] = ()
    database: str | None = None


class ModelServer:
    """The simulated server, on one port and one tally through all its lives."""

    def __init__(self, nursery: Nursery, folder: Path, plan: ServerPlan, name: str = "server") -> None:
        self._nursery = nursery
        self._name = name
        self._folder = folder
        self._plan = plan
        self._tally = folder / f"{name}.tally"
        self._child: Child | None = None
        self._lives = 0
        self.base_url = ""
        self.start()

    def start(self) -> None:
        """Begins to serve."""
        self._lives += 1
        log = self._folder / f"{self._name}-{self._lives}.log"
        port = urlsplit(self.base_url).port or 0 if self.base_url else 0
        arguments = ["--port", str(port), "--tally", str(self._tally), *self._plan.arguments()]
        self._child = self._nursery.start(arguments, log)
        end = time.monotonic() + SERVER_SECONDS
        while not (log.exists() and log.read_text().endswith("\n")):
            if self._child.code() is not None or time.monotonic() > end:
                raise RuntimeError(f"The simulated server did not start: {log.read_text() if log.exists() else ''}")
            time.sleep(0.005)
        self.base_url = json.loads(log.read_text().splitlines()[0])["base_url"]

    def kill(self) -> bool:
        """kill -9."""
        return self._child is not None and self._child.kill()

    @property
    def requests(self) -> int:
        """How many there were so far, embeddings included."""
        return self._tally.read_bytes().count(b"\n") if self._tally.exists() else 0

    def rows(self) -> list[TallyRow]:
        """Every request to the language model so far. Embeddings, which are no part of the ledger, are left out."""
        return [row for row in read_rows(self._tally) if row.endpoint == "chat"]


class World:
    """The processes of one run. A context manager: all of them are gone at its end."""

    def __init__(self, parts: Parts, name: str, plan: ServerPlan, rng: random.Random) -> None:
        self.parts = parts
        self.rng = rng
        self.home = parts.folder / name
        self.home.mkdir()
        self._database: str | None = None
        if parts.cluster is None:
            for file in parts.template.files:
                shutil.copy(file, self.home / file.name)
            self.address = str(self.home / "rhyme.db")
        else:
            self._database = parts.cluster.create(parts.template.database)
            self.address = parts.cluster.address(self._database)
        (self.home / "prices.json").write_text(json.dumps(PRICES))
        self.server = ModelServer(parts.servers, self.home, plan)
        self.workers: list[Child] = []
        self._others: list[Child] = []

    def __enter__(self) -> "World":
        return self

    def __exit__(self, *_: object) -> None:
        for child in [*self.workers, *self._others]:
            child.kill()
        self.server.kill()
        if self.parts.cluster is not None and self._database is not None:
            self.parts.cluster.drop(self._database)

    def configure(self, budget_tokens: int | None, **more: object) -> None:
        """Writes the settings, `more` of them too; who starts later goes by them."""
        lines: dict[str, object] = {
            "model": MODEL,
            "base_url": self.server.base_url,
            "api_key": "none",
            "price_file": str(self.home / "prices.json"),
            "embedder": EMBEDDER,
            "embedding_dimensions": DIMENSIONS,
            "timeout_seconds": TIMEOUT_SECONDS,
            **more,
        }
        if budget_tokens is not None:
            lines["budget_month_tokens"] = budget_tokens
        if self.parts.cluster is not None:
            lines["database_url"] = self.address
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        (self.home / "config.toml").write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> Child:
        """`rhyme` with these arguments, under way."""
        child = self.parts.commands.start([*arguments, "--home", str(self.home)], self.home / "log")
        self._others.append(child)
        return child

    def add_worker(self, concurrency: int) -> None:
        """One more worker that works until it is stopped."""
        self.workers.append(self.parts.commands.start(self._worker(concurrency), self.home / "log"))

    def _worker(self, concurrency: int) -> Sequence[str]:
        return ("worker", "--quiet", "--concurrency", str(concurrency), "--home", str(self.home))

    @property
    def store_files(self) -> list[Path]:
        """What a writer of the SQLite databases has locked; none on PostgreSQL."""
        if self.parts.cluster is not None:
            return []
        return [self.home / name for name in ("rhyme.db-shm", "rhyme-jobs.db-shm", "rhyme.db-turn")]


def wait_until(condition: Callable[[], bool], seconds: float, look: float = 0.03) -> bool:
    """Whether it came within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(look)
    return True
