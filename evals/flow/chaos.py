"""Chaos: articles through workers, a failing model server and kill -9 at random moments, over and over, each run checked.

`measure` makes what the runs share, runs seed after seed and sums up. A run that violates an invariant names its seed: the same
kills are planned again with that seed, though the moments in which they meet the processes are those of the machine.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Literal

from evals.flow.chaos_nursery import Nursery
from evals.flow.chaos_postgres import PostgresCluster
from evals.flow.chaos_run import Plan, Told, run
from evals.flow.chaos_world import Parts, Template

FAULTS = 0.2
SERVER_ENTRY = "evals.flow.simulated_openai:main"

Say = Callable[[str], None]
Engine = Literal["sqlite", "postgres"]


@dataclass(frozen=True)
class CommandLine:
    """How `rhyme` is started: handed in, because it stands above this room."""

    entry: str
    """MODULE:FUNCTION that takes arguments and returns an exit code."""
    preload: Sequence[str]
    """Modules that every process of it loads anyway."""


@contextmanager
def parts_for(command_line: CommandLine, engine: Engine, others: Parts | None = None) -> Iterator[Parts]:
    """What runs share, made once. `others`: whose nurseries, which take seconds to load, serve here too. Raises SettingsError where
    PostgreSQL cannot run."""
    with ExitStack() as closing:
        made = tempfile.TemporaryDirectory(prefix="rhyme-chaos-", ignore_cleanup_errors=True)
        folder = Path(closing.enter_context(made))
        if others is not None:
            commands, servers = others.commands, others.servers
        else:
            commands = closing.enter_context(Nursery(command_line.entry, command_line.preload, folder))
            servers = closing.enter_context(Nursery(SERVER_ENTRY, (), folder))
        cluster = closing.enter_context(PostgresCluster()) if engine == "postgres" else None
        yield Parts(folder, commands, servers, cluster, _template(folder / "template", cluster))


def measure(
    command_line: CommandLine,
    *,
    runs: int,
    seed: int,
    engine: Engine = "sqlite",
    articles: int | None = None,
    faults: float = FAULTS,
    say: Say = lambda _: None,
) -> Mapping[str, object]:
    """`runs` seeds from `seed` on. The object that `rhyme bench chaos --json` prints (docs/evaluations/flow/chaos.md)."""
    told: list[Told] = []
    with parts_for(command_line, engine) as parts:
        for number in range(seed, seed + runs):
            one = run(parts, Plan.of(number, articles=articles, faults=faults))
            told.append(one)
            say(_line(one, engine))
    return {"database": engine, "faults_share": faults, **summed(told)}


def summed(told: Sequence[Told]) -> Mapping[str, object]:
    """The sums over runs, and each run."""

    def over(counts: Callable[[Told], Counter[str]]) -> dict[str, int]:
        return dict(sorted(sum((counts(one) for one in told), Counter[str]()).items()))

    return {
        "runs": len(told),
        "seconds_median": round(median(one.seconds for one in told), 2),
        "cpu_seconds_median": round(median(one.cpu_seconds for one in told), 2),
        "seconds_most": round(max(one.seconds for one in told), 2),
        "articles": sum(one.plan.articles for one in told),
        "budgeted_runs": sum(one.plan.budget_tokens is not None for one in told),
        "kills": over(lambda one: one.kills),
        "faults": over(lambda one: one.faults),
        "outcomes": over(lambda one: one.outcomes),
        "pauses": over(lambda one: one.pauses),
        "exits": over(lambda one: one.exits),
        "requests": sum(one.requests for one in told),
        "tally_tokens": sum(one.books.tally_tokens for one in told),
        "ledger_tokens": sum(one.books.ledger_tokens for one in told),
        "uncertain_tokens": sum(one.books.uncertain_tokens for one in told),
        "uncertain_calls": sum(one.books.uncertain_calls for one in told),
        "unheard_calls": sum(one.books.unheard_calls for one in told),
        "violations": sum(len(one.violations) for one in told),
        "each": [one.as_json() for one in told],
    }


def _line(told: Told, engine: Engine) -> str:
    plan = told.plan
    lines = [
        f"seed {plan.seed}: {plan.articles} articles, {plan.workers} workers, {sum(told.kills.values())} kills, "
        f"{told.requests} requests, {told.seconds:.1f} s"
    ]
    lines += [f"  VIOLATED {one.invariant}: {one.told}" for one in told.violations]
    if told.violations:
        lines.append(f"  again: rhyme bench chaos --seed {plan.seed} --runs 1 --database {engine}")
    return "\n".join(lines)


def _template(folder: Path, cluster: PostgresCluster | None) -> Template:
    """An empty store that holds itself to have its starter events: those are thousands to embed, and no part of this."""
    from agent.jobs import JobQueue
    from records.database import Database
    from vectorstore.starter import DATA, EVENTS_FILE, NOTE

    folder.mkdir()
    name = cluster.create() if cluster is not None else None
    address = str(folder / "rhyme.db") if cluster is None or name is None else cluster.address(name)
    with Database.open(address) as database:
        database.set_note(NOTE, sha256((DATA / EVENTS_FILE).read_bytes()).hexdigest()[:16])
        JobQueue.open(database.place).close()
    return Template(files=tuple(folder.glob("*.db")), database=name)
