"""One run: articles go in, processes are killed at random moments, and when nothing is open any more the invariants are checked."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from evals.flow.chaos_articles import made_articles, write_articles
from evals.flow.chaos_invariants import Evidence, Violation, gather, violations
from evals.flow.chaos_ledger import Books, BudgetSetting, books_of
from evals.flow.chaos_locks import kill_a_writer
from evals.flow.chaos_nursery import Child
from evals.flow.chaos_world import Parts, World
from evals.flow.simulated_server import ServerPlan
from records.database import Database
from records.errors import StoreError
from records.job import JobCounts, Pause

Victim = Literal["worker", "model_server", "database", "writer"]

LOOK_SECONDS = 0.03
COUNT_EVERY_SECONDS = 0.1
GIVE_UP_SECONDS = 240.0
"""Of one run: then it is held to be stuck."""
IDLE_SECONDS = 45.0
"""Without an article ending: a person would start a worker anew by now. A breaker is open for half a minute at first."""
STOP_SECONDS = 10.0
MOST_REQUESTS_BETWEEN = 8
"""Between two kills the server answers up to so many more requests, and then a moment passes: so kills meet work under way, however
slow the machine is."""
MOMENT_SECONDS = 0.15
QUIET_SECONDS = 5.0
"""Without a request for so long the next kill does not wait for one."""
WRITER_SECONDS = 0.5
STEP_KILLED = 0.4
"""Of the starts of `rhyme ingest` and `rhyme jobs add`, within STEP_SECONDS."""
STEP_SECONDS = 0.4
MOST_RESUMES = 8
NO_BOOKS = Books(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Plan:
    """What one seed stands for."""

    seed: int
    articles: int
    workers: int
    concurrency: int
    kills: int
    budget_tokens: int | None
    faults: float

    @classmethod
    def of(cls, seed: int, *, articles: int | None, faults: float) -> "Plan":
        """`articles` None: 8 to 14."""
        rng = random.Random(f"plan {seed}")
        count = articles or rng.randint(8, 14)
        return cls(
            seed=seed,
            articles=count,
            workers=rng.choices((1, 2, 3), (2, 2, 1))[0],
            concurrency=rng.randint(2, 4),
            kills=rng.randint(2, 6),
            budget_tokens=BUDGET_TOKENS_AN_ARTICLE * count if rng.random() < BUDGETED else None,
            faults=faults,
        )


BUDGETED = 0.4
"""Share of the runs with a budget that binds: it is then raised, as a person would."""
BUDGET_TOKENS_AN_ARTICLE = 3_000
"""Less than the calls of all articles take with the bounds of those that are cut off."""


@dataclass
class Told:
    """What happened in a run."""

    plan: Plan
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the processes of Rhyme, not of the servers."""
    kills: Counter[str] = field(default_factory=Counter)
    exits: Counter[str] = field(default_factory=Counter)
    """Processes that ended by themselves with an error, by command and exit code."""
    pauses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    books: Books = NO_BOOKS
    violations: list[Violation] = field(default_factory=list)

    def as_json(self) -> Mapping[str, object]:
        """For a file."""
        return {
            "seed": self.plan.seed,
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "articles": self.plan.articles,
            "workers": self.plan.workers,
            "budget_tokens": self.plan.budget_tokens,
            "kills": dict(sorted(self.kills.items())),
            "faults": dict(sorted(self.faults.items())),
            "outcomes": dict(sorted(self.outcomes.items())),
            "pauses": dict(sorted(self.pauses.items())),
            "exits": dict(sorted(self.exits.items())),
            "requests": self.requests,
            "tally_tokens": self.books.tally_tokens,
            "ledger_tokens": self.books.ledger_tokens,
            "uncertain_tokens": self.books.uncertain_tokens,
            "uncertain_calls": self.books.uncertain_calls,
            "unheard_calls": self.books.unheard_calls,
            "violations": [{"invariant": one.invariant, "told": one.told} for one in self.violations],
        }


def run(parts: Parts, plan: Plan, look: Callable[[Evidence], None] | None = None) -> Told:
    """Runs one seed to its end. `look`: receives what the checks saw."""
    rng = random.Random(f"run {plan.seed}")
    server = ServerPlan(
        latency_seconds=0.02,
        faults=plan.faults,
        seed=plan.seed,
        hang_seconds=4.0,
        drip_seconds=0.4,
        tokens_per_chunk=40,
    )
    begun, cpu = time.monotonic(), parts.commands.cpu_seconds
    name = f"run-{plan.seed}"
    with World(parts, name, server, rng) as world, Database.open(world.address) as database:
        told = _Run(world, database, plan).go(look)
    told.seconds, told.cpu_seconds = time.monotonic() - begun, parts.commands.cpu_seconds - cpu
    return told


@dataclass
class _Trigger:
    """When the next kill comes: a moment after a number of requests, or after a while without."""

    requests: int
    at: float
    moment: float
    _due_at: float | None = None

    def due(self, now: float, requests: int) -> bool:
        if self._due_at is None and (requests >= self.requests or now >= self.at):
            self._due_at = now + self.moment
        return self._due_at is not None and now >= self._due_at


class _Run:
    def __init__(self, world: World, database: Database, plan: Plan) -> None:
        self._world = world
        self._database = database
        self._plan = plan
        self._rng = world.rng
        self._told = Told(plan)
        self._budgets: list[BudgetSetting] = []
        self._source = world.home / "articles.jsonl"
        self._steps = [("ingest", str(self._source), "--quiet"), ("jobs", "add", "--new", "--quiet")]
        self._step: Child | None = None
        self._counts: JobCounts | None = None
        self._pause: Pause | None = None
        self._resumes = 0

    def go(self, look: Callable[[Evidence], None] | None) -> Told:
        plan, told = self._plan, self._told
        write_articles(made_articles(plan.articles, self._rng), self._source)
        self._set_budget(plan.budget_tokens)
        for _ in range(plan.workers):
            self._world.add_worker(plan.concurrency)
        stuck = not self._work()
        self._leave()
        seen = gather(self._database, plan.articles, self._world.server.rows(), self._budgets)
        if look is not None:
            look(seen)
        told.violations += violations(seen)
        if stuck:
            told.violations.append(
                Violation("it_comes_to_an_end", f"open after {GIVE_UP_SECONDS:.0f} s: {self._counts}")
            )
        self._sum_up(seen)
        return told

    def _work(self) -> bool:
        """Until nothing is open; False: it never came to that."""
        now = time.monotonic()
        end, count_at, idle_since, ended = now + GIVE_UP_SECONDS, now, now, 0
        kills, trigger = self._plan.kills, self._next_kill(now)
        while now < end:
            self._tend_step()
            self._tend_workers()
            if now >= count_at:
                self._count()
                count_at = now + COUNT_EVERY_SECONDS
                done = self._ended()
                if done != ended:
                    idle_since, ended = now, done
                if self._pause is not None:
                    if self._resumes >= MOST_RESUMES:
                        return False
                    self._lift(self._pause)
                    idle_since = time.monotonic()
                elif not self._steps and self._counts is not None and not self._counts.open:
                    return True
            if kills and trigger.due(now, self._world.server.requests):
                kills -= self._kill()
                trigger = self._next_kill(time.monotonic())
            elif now - idle_since > IDLE_SECONDS:
                self._kill_worker("impatience")
                idle_since = now
            time.sleep(LOOK_SECONDS)
            now = time.monotonic()
        return False

    def _next_kill(self, now: float) -> "_Trigger":
        requests = self._world.server.requests + self._rng.randint(0, MOST_REQUESTS_BETWEEN)
        return _Trigger(requests, now + QUIET_SECONDS, self._rng.uniform(0.0, MOMENT_SECONDS))

    # what is under way

    def _tend_step(self) -> None:
        if not self._steps:
            return
        code = self._step.code() if self._step is not None else None
        if code == 0:
            self._steps.pop(0)
            self._step = None
        elif code is not None and code > 0:
            self._told.exits[f"{self._steps[0][0]} {code}"] += 1
        if self._steps and (self._step is None or code is not None):
            self._step = self._world.command(*self._steps[0])
            if self._rng.random() < STEP_KILLED:
                time.sleep(self._rng.uniform(0.0, STEP_SECONDS))
                self._noted("ingest" if len(self._steps) == 2 else "jobs add", self._step.kill())

    def _tend_workers(self) -> None:
        for worker in list(self._world.workers):
            code = worker.code()
            if code is not None:
                self._world.workers.remove(worker)
                if code >= 0:
                    self._told.exits[f"worker {code}"] += 1
                self._world.add_worker(self._plan.concurrency)

    def _count(self) -> None:
        with suppress(StoreError):  # the database is being restarted
            from agent.jobs.pausing import Pausing
            from records.times import utc_now

            self._counts = self._database.jobs.counts()
            self._pause = Pausing(self._database, utc_now).now()

    def _ended(self) -> int:
        counts = self._counts
        return 0 if counts is None else counts.total - counts.open

    # what a person does

    def _set_budget(self, tokens: int | None) -> None:
        self._budgets.append(BudgetSetting(time.time(), tokens))
        self._world.configure(tokens)

    def _lift(self, pause: Pause) -> None:
        """What the pause asks for: another budget, and to go on."""
        self._resumes += 1
        self._told.pauses[pause.kind] += 1
        if pause.kind == "budget_spent":
            for worker in self._world.workers:
                worker.stop(STOP_SECONDS)
            self._world.workers.clear()
            former = self._budgets[-1].tokens or 0
            raised = former + BUDGET_TOKENS_AN_ARTICLE * self._plan.articles
            self._set_budget(raised if self._resumes < 3 else None)
            for _ in range(self._plan.workers):
                self._world.add_worker(self._plan.concurrency)
        if self._world.command("jobs", "resume", "--quiet").code(60) == 0:
            self._pause = None

    def _leave(self) -> None:
        for worker in self._world.workers:
            code = worker.stop(STOP_SECONDS)
            if code != 0:
                self._told.exits[f"worker stopping: {'hangs' if code is None else code}"] += 1

    # what is killed

    def _kill(self) -> int:
        """One kill at random; 0 when there was nothing of that kind."""
        choices: dict[Victim, int] = {"worker": 4, "model_server": 2}
        choices["writer" if self._world.parts.cluster is None else "database"] = 3
        victim = self._rng.choices(list(choices), list(choices.values()))[0]
        kill: dict[Victim, Callable[[], bool]] = {
            "worker": lambda: self._kill_worker("worker"),
            "model_server": self._kill_server,
            "database": self._kill_database,
            "writer": self._kill_writer,
        }
        return int(kill[victim]())

    def _kill_worker(self, why: str) -> bool:
        workers = self._world.workers
        return bool(workers) and self._noted(why, self._rng.choice(workers).kill())

    def _kill_server(self) -> bool:
        killed = self._noted("model_server", self._world.server.kill())
        time.sleep(self._rng.uniform(0.0, 0.3))
        self._world.server.start()
        return killed

    def _kill_database(self) -> bool:
        cluster = self._world.parts.cluster
        assert cluster is not None
        cluster.kill()
        time.sleep(self._rng.uniform(0.0, 0.3))
        cluster.restart()
        return self._noted("database", True)

    def _kill_writer(self) -> bool:
        others = [self._step] if self._step is not None else []
        among = [child.pid for child in [*self._world.workers, *others] if child.code() is None]
        return self._noted("writer", kill_a_writer(self._world.store_files, among, WRITER_SECONDS) is not None)

    def _noted(self, what: str, killed: bool) -> bool:
        self._told.kills[what] += killed
        return killed

    def _sum_up(self, seen: Evidence) -> None:
        told = self._told
        told.books = books_of(seen.entries, seen.holds, seen.rows)
        told.requests = len(seen.rows)
        told.faults = Counter(row.fault for row in seen.rows if row.fault)
        told.outcomes = Counter(job.outcome.result or f"set aside: {job.outcome.failure}" for job in seen.jobs)
