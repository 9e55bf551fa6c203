"""Batches in the database: what is wanted, what was sent together, and what came of it. Each method is one transaction.

A request is wanted, then its bound is held and it is in a batch that is written down before it is sent, then it is settled:
its row of the cost ledger, the end of its hold and its answer are one transaction, which does nothing the second time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from records.batch import Batch, KeptRequest, RequestCounts, SentRequest, SettledRequest, WantedRequest
from records.database.batch_rows import CHUNK, affordable, batch_of, hold_all, sent_of
from records.database.batch_tables import batch_owners, batch_requests, batches
from records.database.engine import Place
from records.database.job_tables import jobs
from records.database.jobs import Turn
from records.database.model_call_tables import model_calls, model_holds
from records.database.model_calls import patiently, settle_in
from records.database.turns import Turns
from records.spending import BudgetLimits, Shortfall, periods
from records.times import from_epoch, to_epoch

_request, _batch, _owner, _call = batch_requests.c, batches.c, batch_owners.c, model_calls.c
OPEN = ("wanted", "sent")
_BATCHED = exists().where(
    jobs.c.article_id == _request.article_id, jobs.c.round == _request.round, jobs.c.status == "batched"
)
"""The article of the request is at work in batches."""

Transaction = Callable[[], AbstractContextManager[Connection]]


class Batches:
    """The batches of one database (`Database.batches`). Raises StoreError subclasses."""

    def __init__(self, reading: Transaction, writing: Transaction, place: Place) -> None:
        self._reading = reading
        self._write = writing
        self._turns = Turns(place)

    # the questions of one article

    def kept(self, owner: str, digest: str) -> KeptRequest | None:
        """What is known of this request of this owner."""
        query = select(batch_requests).where(*_of(owner, batch_requests), _request.digest == digest)
        with self._reading() as connection:
            row: Any = connection.execute(query).first()
        return None if row is None else KeptRequest(row.state, row.tries, row.payload, row.status_code, row.error)

    def want(self, owner: str, wanted: WantedRequest) -> None:
        """Puts a request among those that wait for a batch, one that failed once more. One that any owner has under way is
        waited for instead."""

        def write() -> None:
            with self._writing() as connection:
                open_ = or_(_request.state == "sent", and_(_request.state == "wanted", _BATCHED))
                under_way = select(_request.number).where(_request.digest == wanted.digest, open_)
                if connection.execute(under_way.limit(1)).first() is not None:
                    return
                fresh = {"state": "wanted", "body": wanted.body, "status_code": None, "error": None, "payload": None}
                again = update(batch_requests).where(*_of(owner, batch_requests), _request.digest == wanted.digest)
                if connection.execute(again.values(**fresh, tries=_request.tries + 1)).rowcount == 0:
                    connection.execute(insert(batch_requests).values(_row(owner, wanted) | fresh | {"tries": 1}))

        patiently(write, again=True)

    def progress(self, owner: str) -> tuple[str | None, str | None]:
        """How far an article is: what `keep_progress` kept last, placed and prepared."""
        query = select(_owner.placed, _owner.prepared).where(*_of(owner, batch_owners))
        with self._reading() as connection:
            row = connection.execute(query).first()
        return (None, None) if row is None else (row.placed, row.prepared)

    def keep_progress(self, owner: str, **parts: str) -> None:
        """Keeps `placed` or `prepared`, JSON."""

        def write() -> None:
            with self._writing() as connection:
                if (
                    connection.execute(update(batch_owners).where(*_of(owner, batch_owners)).values(parts)).rowcount
                    == 0
                ):
                    connection.execute(insert(batch_owners).values(_named(owner) | parts))

        patiently(write, again=True)

    def forget(self, owner: str) -> None:
        """The article is finished: its texts are not needed any more."""

        def write() -> None:
            with self._writing() as connection:
                _forget(connection, and_(*_of(owner, batch_owners)), and_(*_of(owner, batch_requests)))

        patiently(write, again=True)

    def sweep(self, identity: str, model: str) -> None:
        """Forgets what belongs to no article at work, left by a process that was killed or taken away by a command, and what
        waits for another model or server than the one that is asked now."""
        at_work = exists().where(
            jobs.c.article_id == _owner.article_id, jobs.c.round == _owner.round, jobs.c.status == "batched"
        )
        others = or_(_request.identity != identity, _request.model != model)

        def write() -> None:
            with self._writing() as connection:
                _forget(
                    connection, ~at_work, ~_BATCHED & or_(_request.body.is_not(None), _request.payload.is_not(None))
                )
                connection.execute(delete(batch_requests).where(_request.state == "wanted", others))

        patiently(write, again=True)

    def ready(self) -> list[Turn]:
        """The articles at work that have no request under way, in the order in which they were put in line."""
        waits = exists().where(
            _request.article_id == jobs.c.article_id, _request.round == jobs.c.round, _request.state.in_(OPEN)
        )
        query = (
            select(jobs.c.article_id, jobs.c.round, jobs.c.priority)
            .where(jobs.c.status == "batched", ~waits)
            .order_by(jobs.c.priority, jobs.c.added_at)
        )
        with self._reading() as connection:
            return [Turn(*row) for row in connection.execute(query)]

    def counts(self) -> RequestCounts:
        """The requests of the articles at work, by state."""
        query = select(_request.state, func.count()).where(_BATCHED).group_by(_request.state)
        with self._reading() as connection:
            return RequestCounts(**{str(state): int(number) for state, number in connection.execute(query)})

    # sending

    def intend(
        self, key: str, *, run_id: str, identity: str, at: datetime, limits: BudgetLimits, requests: int, size: int
    ) -> tuple[Batch | None, Shortfall | None]:
        """Writes down a batch of the requests of one model that wait longest, as many as `requests`, `size` (bytes) and the
        budgets allow, and holds their bounds. None: none waits or none is allowed; the shortfall says what stopped at it."""

        def write() -> tuple[Batch | None, Shortfall | None]:
            with self._writing() as connection:
                rows = _waiting(connection, identity, requests, size)
                names = periods(run_id, at)
                number, short = affordable(connection, rows, names, limits)
                rows = rows[:number]
                if not rows:
                    return None, short
                connection.execute(
                    insert(batches).values(
                        key=key,
                        identity=identity,
                        model=rows[0].model,
                        run_id=run_id,
                        status="intended",
                        requests=number,
                        done=0,
                        failed=0,
                        cost_nano=0,
                        created_at=to_epoch(at),
                    )
                )
                holds = hold_all(connection, rows, names, to_epoch(at))
                connection.execute(
                    update(batch_requests)
                    .where(_request.number == bindparam("this"))
                    .values(state="sent", batch_key=key, hold=bindparam("held"), custom_id=bindparam("called")),
                    [
                        {"this": row.number, "held": held, "called": f"{row.number}-{row.tries}"}
                        for row, held in zip(rows, holds, strict=True)
                    ],
                )
                return batch_of(connection.execute(select(batches).where(_batch.key == key)).one()), short

        return patiently(write)

    def bodies(self, key: str) -> Iterator[tuple[str, str]]:
        """The requests of a batch: name in it, JSON."""
        last = 0
        while True:
            query = (
                select(_request.number, _request.custom_id, _request.body)
                .where(_request.batch_key == key, _request.state == "sent", _request.number > last)
                .order_by(_request.number)
                .limit(CHUNK)
            )
            with self._reading() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            for row in rows:
                yield row.custom_id, row.body
            last = rows[-1].number

    def note(self, key: str, **values: Any) -> None:
        """Notes columns of a batch, moments as aware datetimes: file_id, batch_id, status, done, failed; creating_at whenever
        its creation is about to be asked for, submitted_at when it is confirmed."""
        plain = {name: to_epoch(value) if isinstance(value, datetime) else value for name, value in values.items()}

        def write() -> None:
            with self._writing() as connection:
                connection.execute(update(batches).where(_batch.key == key).values(plain))

        patiently(write, again=True)

    def withdraw(self, key: str, error: str, at: datetime) -> None:
        """The provider took nothing of the batch: its requests wait as before and their holds go."""

        def write() -> None:
            with self._writing() as connection:
                mine = and_(_request.batch_key == key, _request.state == "sent")
                connection.execute(
                    delete(model_holds).where(model_holds.c.number.in_(select(_request.hold).where(mine)))
                )
                connection.execute(update(batch_requests).where(mine).values(state="wanted", batch_key=None, hold=None))
                ended = {"status": "failed", "error": error, "ended_at": to_epoch(at)}
                connection.execute(update(batches).where(_batch.key == key).values(ended))

        patiently(write, again=True)

    # coming back

    def listed(self, limit: int | None = None, *, open_only: bool = False) -> list[Batch]:
        """The newest first; `open_only`: those not settled yet, the oldest first."""
        query = select(batches).order_by(_batch.created_at.desc(), _batch.key).limit(limit)
        if open_only:
            query = select(batches).where(_batch.ended_at.is_(None)).order_by(_batch.created_at, _batch.key)
        with self._reading() as connection:
            return [batch_of(row) for row in connection.execute(query)]

    def unsettled(self, key: str, custom_ids: Sequence[str] | None = None, limit: int = CHUNK) -> list[SentRequest]:
        """Requests of a batch that are not settled, at most `limit`; those of these names."""
        query = select(batch_requests).where(_request.batch_key == key, _request.state == "sent")
        if custom_ids is not None:
            query = query.where(_request.custom_id.in_(custom_ids))
        with self._reading() as connection:
            return [sent_of(row) for row in connection.execute(query.order_by(_request.number).limit(limit))]

    def settle(self, key: str, ends: Sequence[SettledRequest]) -> None:
        """Writes the rows of the ledger, lets the holds go and keeps the answers, of those that are not settled yet."""

        def write() -> None:
            with self._writing() as connection:
                held_at = from_epoch(
                    connection.execute(select(_batch.created_at).where(_batch.key == key)).scalar_one()
                )
                cost = sum(_settle(connection, key, end, held_at) for end in ends)
                more = {"cost_nano": _batch.cost_nano + cost}
                connection.execute(update(batches).where(_batch.key == key).values(more))

        patiently(write, again=True)

    def finish(self, key: str, status: str, at: datetime, error: str | None = None) -> None:
        """Everything of the batch is settled."""

        def write() -> None:
            with self._writing() as connection:
                states = select(func.count()).where(_request.batch_key == key)
                values = {
                    "done": states.where(_request.state == "answered").scalar_subquery(),
                    "failed": states.where(_request.state == "failed").scalar_subquery(),
                }
                ended = {"status": status, "ended_at": to_epoch(at), "error": error}
                connection.execute(update(batches).where(_batch.key == key).values(values | ended))

        patiently(write, again=True)

    def tokens(self, batch_id: str) -> int:
        """Billed by the rows of the ledger that went in it."""
        query = select(func.coalesce(func.sum(_call.input_tokens + _call.output_tokens), 0)).where(
            _call.batch_id == batch_id
        )
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def holds(self) -> set[int]:
        """The numbers of the holds that belong to batches under way."""
        with self._reading() as connection:
            return set(connection.execute(select(_request.hold).where(_request.hold.is_not(None))).scalars())

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turns.turn(), self._write() as connection:
            yield connection


def _named(owner: str) -> dict[str, Any]:
    """The two parts of a round's name."""
    article_id, _, round_ = owner.rpartition(".")
    return {"article_id": article_id, "round": int(round_)}


def _of(owner: str, table: Any) -> list[Any]:
    return [table.c[name] == value for name, value in _named(owner).items()]


def _row(owner: str, wanted: WantedRequest) -> dict[str, Any]:
    plain = ("digest", "provider", "model", "identity", "purpose", "prompt", "prompt_digest")
    return (
        {name: getattr(wanted, name) for name in plain}
        | _named(owner)
        | {
            "bytes": len(wanted.body.encode()),
            "bound_tokens": wanted.bound.tokens,
            "bound_nano": wanted.bound.cost_nano,
        }
    )


def _waiting(connection: Connection, identity: str, requests: int, size: int) -> list[Any]:
    """Of one model, oldest first, together at most so many and so large; one at least, if one waits."""
    columns = ("number", "tries", "model", "digest", "bytes", "bound_tokens", "bound_nano")
    waiting = and_(_request.state == "wanted", _request.identity == identity, _BATCHED)
    first = select(_request.model).where(waiting).order_by(_request.number).limit(1).scalar_subquery()
    query = select(*(_request[name] for name in columns)).where(waiting, _request.model == first)
    rows: list[Any] = []
    total = 0
    for row in connection.execute(query.order_by(_request.number).limit(requests)):
        total += row.bytes + LINE_BYTES
        if rows and total > size:
            break
        rows.append(row)
    return rows


LINE_BYTES = 160
"""What frames a request in its line of the file, at most."""


def _settle(connection: Connection, key: str, end: SettledRequest, held_at: datetime) -> int:
    """Nano-dollars that it cost, so far as they are known; 0 for one that was settled before."""
    mine = and_(_request.number == end.number, _request.batch_key == key, _request.state == "sent")
    hold = connection.execute(select(_request.hold).where(mine)).first()
    if hold is None:
        return 0
    values: dict[str, Any] = {
        "state": "failed" if end.payload is None else "answered",
        "body": None,
        "hold": None,
        "payload": end.payload,
        "status_code": end.status_code,
        "error": end.error,
    }
    connection.execute(update(batch_requests).where(mine).values(values))
    if end.entry is None:
        connection.execute(delete(model_holds).where(model_holds.c.number == hold.hold))
        return 0
    settle_in(connection, end.entry, hold.hold, held_at)
    return end.entry.cost_nano or 0


def _forget(connection: Connection, owners: Any, requests: Any) -> None:
    connection.execute(delete(batch_owners).where(owners))
    bare = {"payload": None}
    connection.execute(update(batch_requests).where(requests, _request.state.in_(("answered", "failed"))).values(bare))
    connection.execute(delete(batch_requests).where(requests, _request.state == "wanted"))
