"""Calls to language models in the database: the cost ledger, budgets that hold across processes, and kept answers.

A hold is what a call under way may take at most. It is written before the request leaves and removed in the transaction
that writes the call's row, so at every moment spent + held covers what a provider can bill. The hold of a killed process
stays: nobody can tell whether its call was billed, and a budget that forgot it could be exceeded. It ends with its period.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    Text,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from records.database.engine import Place
from records.database.model_call_tables import model_answers, model_calls, model_holds, model_spending
from records.database.prepared import Prepared, new_row
from records.database.turns import Turns
from records.errors import StoreLocked, StoreUnreachable
from records.spending import BudgetLimits, CallBound, CallEntry, Outcome, Period, Shortfall, Spent, periods
from records.times import from_epoch, to_epoch

PATIENCE = 6
"""Times that a write waits for its turn, ten seconds each (`records.database.engine.LOCK_WAIT_SECONDS`)."""

AWAY_SECONDS = 60.0
"""How long a paid answer waits for a database server that is being started again."""
AWAY_LOOK_SECONDS = 0.2

Result = TypeVar("Result")
Transaction = Callable[[], AbstractContextManager[Connection]]

PERIODS: tuple[Period, ...] = ("run", "day", "month")


_HOLD = Prepared(new_row(model_holds).returning(model_holds.c.number))
_LET_GO = Prepared(delete(model_holds).where(model_holds.c.number == bindparam("hold")))
_CALL = Prepared(new_row(model_calls))
_SPEND = Prepared(
    update(model_spending)
    .where(model_spending.c.period.in_([bindparam(f"{period}_period") for period in PERIODS]))
    .values(
        tokens=model_spending.c.tokens + bindparam("more_tokens"),
        cost_nano=model_spending.c.cost_nano + bindparam("more_nano"),
    )
)
_ANSWER = Prepared(select(model_answers.c.payload).where(model_answers.c.digest == bindparam("wanted")))
_KEPT = exists().where(model_answers.c.digest == bindparam("digest", type_=String()))
_KEEP_ANSWER = Prepared(
    insert(model_answers).from_select(
        ("digest", "at", "payload"),
        select(
            bindparam("digest", type_=String()), bindparam("at", type_=BigInteger()), bindparam("payload", type_=Text())
        ).where(~_KEPT),
    )
)
GroupBy = Literal["day", "model", "prompt", "run"]
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Hold:
    """Money and tokens held for one call under way."""

    number: int
    at: datetime
    model: str
    request_digest: str
    bound: CallBound


@dataclass(frozen=True)
class CostLine:
    """Sums over the rows of one group and outcome."""

    group: str
    outcome: Outcome
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    estimated: int
    """Calls whose tokens we counted ourselves."""
    cost_nano: int
    unpriced: int
    """Calls with tokens whose price is not known; they are not in cost_nano."""
    uncertain: int
    """Calls that the provider may have billed without our hearing of it."""
    uncertain_tokens: int
    uncertain_nano: int
    batched: int
    """Calls that went in a batch, at its price."""
    batched_nano: int


class ModelCalls:
    """Safe to share between threads and processes, like the Database it belongs to; raises StoreError subclasses."""

    def __init__(self, reading: Transaction, writing: Transaction, place: Place) -> None:
        self._reading = reading
        self._write = writing
        self._turns = Turns(place)
        self._watching: list[Callable[[CallEntry], None]] = []

    def watch(self, told: Callable[[CallEntry], None]) -> None:
        """Has every call that is settled through here told as well, in the thread that settles it; it must not raise."""
        self._watching.append(told)

    def hold(
        self, bound: CallBound, limits: BudgetLimits, *, run_id: str, at: datetime, model: str, request_digest: str
    ) -> int | Shortfall:
        """Holds the bound and returns the hold's number, or says which limit it could break and holds nothing.

        A bound of unknown price is held as tokens only: whoever limits dollars must not ask with one."""
        names = periods(run_id, at)
        asked = Spent(bound.cost_nano or 0, bound.tokens)
        row: dict[str, Any] = {f"{period}_period": name for period, name in names.items()}
        row |= {"at": to_epoch(at), "model": model, "request_digest": request_digest}
        row |= {"tokens": asked.tokens, "cost_nano": asked.cost_nano}

        def write() -> int | Shortfall:
            with self._writing() as connection:
                short = _shortfall(connection, names, asked, limits)
                return short or int(_HOLD.rows(connection, row)[0][0])

        return patiently(write)

    def settle(
        self,
        entry: CallEntry,
        hold: int | None = None,
        *,
        held_at: datetime | None = None,
        answer: str | None = None,
    ) -> None:
        """Writes the row of a call that ended and lets its hold go, in one transaction, and keeps its answer if one is given.
        `held_at`: when it was held, so that a call over midnight counts in the day that allowed it."""

        def write() -> None:
            with self._writing() as connection:
                settle_in(connection, entry, hold, held_at or entry.at)
                if answer is not None:
                    _keep(connection, entry.request_digest, answer, entry.at)

        patiently(write, again=hold is not None)
        for told in self._watching:
            told(entry)

    def taken(self, run_id: str, at: datetime) -> dict[Period, Spent]:
        """Spent and held in each period."""
        names = periods(run_id, at)
        with self._reading() as connection:
            return {period: taken_in(connection, period, names) for period in PERIODS}

    def holds(self) -> list[Hold]:
        """What is held now, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(select(model_holds).order_by(model_holds.c.at, model_holds.c.number)).all()
        return [
            Hold(row.number, from_epoch(row.at), row.model, row.request_digest, CallBound(row.tokens, row.cost_nano))
            for row in rows
        ]

    def costs(self, by: GroupBy, *, since: datetime | None = None, until: datetime | None = None) -> list[CostLine]:
        """Sums by group and outcome, of the rows with since ≤ at < until; in the order of the groups' names."""
        with self._reading() as connection:
            return _costs(connection, by, since, until)

    def entries(self, *, since: datetime | None = None) -> list[CallEntry]:
        """The ledger's rows in the order they were written."""
        query = select(model_calls).order_by(model_calls.c.number)
        if since is not None:
            query = query.where(model_calls.c.at >= to_epoch(since))
        with self._reading() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def find_answer(self, digest: str) -> str | None:
        """The kept answer to the request of this digest."""
        with self._reading() as connection:
            found = _ANSWER.rows(connection, {"wanted": digest})
        return str(found[0][0]) if found else None

    def keep_answer(self, digest: str, payload: str, at: datetime) -> None:
        """Keeps an answer; the first one of a request stays."""

        def write() -> None:
            with self._writing() as connection:
                _keep(connection, digest, payload, at)

        patiently(write, again=True)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turns.turn(), self._write() as connection:
            yield connection


def patiently(work: Callable[[], Result], *, again: bool = False) -> Result:
    """Does `work` again while another process holds the write lock: a paid answer must not be lost for a long import. `again`: also
    while the database's server is away, for work whose second time changes nothing."""
    end = time.monotonic() + AWAY_SECONDS
    locked = 0
    while True:
        try:
            return work()
        except StoreLocked:
            locked += 1
            if locked >= PATIENCE:
                raise
        except StoreUnreachable:
            if not again or time.monotonic() > end:
                raise
            time.sleep(AWAY_LOOK_SECONDS)


def _shortfall(
    connection: Connection, names: dict[Period, str], asked: Spent, limits: BudgetLimits
) -> Shortfall | None:
    for period in PERIODS:
        limit = limits.of(period)
        if limit.cost_nano is None and limit.tokens is None:
            continue
        taken = taken_in(connection, period, names)
        if limit.cost_nano is not None and taken.cost_nano + asked.cost_nano > limit.cost_nano:
            return Shortfall(period, "usd", limit.cost_nano, taken.cost_nano, asked.cost_nano)
        if limit.tokens is not None and taken.tokens + asked.tokens > limit.tokens:
            return Shortfall(period, "tokens", limit.tokens, taken.tokens, asked.tokens)
    return None


def settle_in(connection: Connection, entry: CallEntry, hold: int | None, counts_at: datetime) -> None:
    """As `ModelCalls.settle`, in a transaction under way."""
    if hold is not None:
        let_go = _LET_GO.changed(connection, {"hold": hold})
        if let_go == 0:
            return  # written by a try before, of which nobody heard: the server was lost as it said so
    _CALL.changed(connection, _row(entry))
    tokens = entry.input_tokens + entry.output_tokens + entry.uncertain.tokens
    cost = (entry.cost_nano or 0) + (entry.uncertain.cost_nano or 0)
    if tokens or cost:
        _spend(connection, periods(entry.run_id, counts_at), tokens, cost)


def taken_in(connection: Connection, period: Period, names: dict[Period, str]) -> Spent:
    """What is spent and held in one of the periods."""
    spent = connection.execute(select(model_spending).where(model_spending.c.period == names[period])).first()
    column = {
        "run": model_holds.c.run_period,
        "day": model_holds.c.day_period,
        "month": model_holds.c.month_period,
    }[period]
    sums = select(func.coalesce(func.sum(model_holds.c.cost_nano), 0), func.coalesce(func.sum(model_holds.c.tokens), 0))
    held = connection.execute(sums.where(column == names[period])).one()
    base = (spent.cost_nano, spent.tokens) if spent else (0, 0)
    return Spent(base[0] + int(held[0]), base[1] + int(held[1]))


def _spend(connection: Connection, names: Mapping[Period, str], tokens: int, cost: int) -> None:
    asked = {f"{period}_period": name for period, name in names.items()}
    changed = _SPEND.changed(connection, {**asked, "more_tokens": tokens, "more_nano": cost})
    if changed < len(names):  # the first call of a run, a day or a month
        begun = select(model_spending.c.period).where(model_spending.c.period.in_(names.values()))
        known = set(connection.execute(begun).scalars())
        new = [{"period": name, "tokens": tokens, "cost_nano": cost} for name in names.values() if name not in known]
        connection.execute(insert(model_spending), new)


def _keep(connection: Connection, digest: str, payload: str, at: datetime) -> None:
    _KEEP_ANSWER.changed(connection, {"digest": digest, "payload": payload, "at": to_epoch(at)})


def _row(entry: CallEntry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in _PLAIN}
    uncertain = {"uncertain_tokens": entry.uncertain.tokens, "uncertain_nano": entry.uncertain.cost_nano}
    return values | uncertain | {"at": to_epoch(entry.at), "outcome": entry.outcome.value}


_PLAIN = (
    "run_id", "provider", "model", "purpose", "prompt", "prompt_digest", "request_digest", "input_tokens",
    "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "tokens_estimated", "cost_nano", "seconds",
    "batch_id",
)  # fmt: skip


def _entry(row: Any) -> CallEntry:
    return CallEntry(
        **{name: row[name] for name in _PLAIN},
        at=from_epoch(row["at"]),
        outcome=Outcome(row["outcome"]),
        uncertain=CallBound(row["uncertain_tokens"], row["uncertain_nano"]),
    )


def _costs(connection: Connection, by: GroupBy, since: datetime | None, until: datetime | None) -> list[CostLine]:
    columns = model_calls.c
    day = columns.at - columns.at % _DAY
    group = {"day": day, "model": columns.model, "prompt": columns.prompt, "run": columns.run_id}[by]
    tokens = columns.input_tokens + columns.output_tokens
    uncertain = columns.uncertain_tokens > 0
    query = select(
        group.label("group"),
        columns.outcome,
        func.count(),
        *(_sum(columns[name]) for name in ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")),
        func.count().filter(columns.tokens_estimated),
        _sum(columns.cost_nano),
        func.count().filter(columns.cost_nano.is_(None) & (tokens > 0)),
        func.count().filter(uncertain),
        _sum(columns.uncertain_tokens),
        _sum(columns.uncertain_nano),
        func.count(columns.batch_id),
        _sum(case((columns.batch_id.is_not(None), columns.cost_nano))),
    )
    if since is not None:
        query = query.where(columns.at >= to_epoch(since))
    if until is not None:
        query = query.where(columns.at < to_epoch(until))
    rows: Sequence[Any] = connection.execute(
        query.group_by(group, columns.outcome).order_by(group, columns.outcome)
    ).all()
    named = (f"{from_epoch(row[0]):%Y-%m-%d}" if by == "day" else str(row[0]) for row in rows)
    return [CostLine(name, Outcome(row[1]), *map(int, row[2:])) for name, row in zip(named, rows, strict=True)]


def _sum(column: Any) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
