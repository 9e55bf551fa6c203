"""The durable engine's own tables: where they are, and the few things asked of them from outside a worker.

SQLite: a file of its own beside the database, because the engine writes for every round and would otherwise wait for, and hold up,
the bulk writes there. PostgreSQL: the same database under a schema of its own, so that one address and one backup are enough.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from dbos import error as dbos_error
from sqlalchemy import Engine

from records.database.engine import Place, connect, explained, place_of, writing
from records.database.jobs import Turn
from records.errors import StoreError

APPLICATION = "rhyme"
SCHEMA = "rhyme_jobs"
QUEUE = "articles"
WORKFLOW = "analyse_article"
VERSION = "jobs-1"
"""Pinned: the engine gives work to workers of its version only. To be raised when the workflow takes something else in."""
POLL_SECONDS = 0.5
"""How long a worker leaves the queue alone: a look takes some five milliseconds of processor time, whether or not it finds work."""
BATCH = 500
"""Jobs put in by one transaction."""

ALIVE = ["ENQUEUED", "DELAYED", "PENDING"]

Say = Callable[[int, int], None]
"""Receives how many of how many are done."""


def place_beside(place: Place) -> Place:
    """Where the engine's tables of a database are."""
    if not place.is_sqlite:
        return place
    path = Path(str(place.url.database))
    return place_of(path.with_name(f"{path.stem}-jobs{path.suffix}"))


def address_of(place: Place) -> str:
    """For the engine, password and all: never to be printed."""
    return place.url.render_as_string(hide_password=False)


def workflow_id(turn: Turn) -> str:
    """The engine's name of a round: put in twice, it is one."""
    return f"{turn.article_id}.{turn.round}"


def article_of(workflow: str) -> str:
    """The article of a round."""
    return workflow.rpartition(".")[0]


class JobQueue:
    """The engine from outside. Every method raises StoreError subclasses."""

    def __init__(self, client: DBOSClient, engine: Engine, place: Place) -> None:
        self._client = client
        self._engine = engine
        self._place = place

    @classmethod
    def open(cls, place: Place) -> "JobQueue":
        """Opens the engine's tables of the database at `place`, making them when they are missing."""
        _hush()
        beside = place_beside(place)
        engine = connect(beside)
        with told(beside):
            if beside.is_sqlite:
                engine.connect().close()  # sets the file to write ahead: readers and the writer do not wait for each other
            DBOS.migrate(address_of(beside), schema=SCHEMA)  # one process at a time: it sees to that itself
            client = DBOSClient(
                system_database_url=address_of(beside),
                dbos_system_schema=SCHEMA,
                application_name=APPLICATION,
                serializer=DBOSPortableJSONSerializer(),
                retry_connection_errors=False,
            )
        return cls(client, engine, beside)

    def close(self) -> None:
        """Releases the connections."""
        self._client.destroy()
        self._engine.dispose()

    def __enter__(self) -> "JobQueue":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def put(self, turns: Sequence[Turn], said: Say | None = None) -> None:
        """Puts rounds into the queue; those that were put in before stay as they are."""
        for start in range(0, len(turns), BATCH):
            with told(self._place), writing(self._engine) as connection:
                for turn in turns[start : start + BATCH]:
                    options = EnqueueOptions(
                        workflow_name=WORKFLOW,
                        queue_name=QUEUE,
                        workflow_id=workflow_id(turn),
                        app_version=VERSION,
                        priority=turn.priority,
                    )
                    self._client.enqueue_in_transaction(connection, options, turn.article_id, turn.round)
            if said is not None:
                said(min(start + BATCH, len(turns)), len(turns))

    def cancel(self, turns: Sequence[Turn]) -> None:
        """Takes rounds out; one that is being worked on ends before it asks the model, or
        is not kept."""
        if turns:
            with told(self._place):
                self._client.cancel_workflows([workflow_id(turn) for turn in turns])

    def resume(self, workflows: Sequence[str]) -> None:
        """Puts rounds back that a worker has or that were taken out; what is kept of them stays."""
        if workflows:
            with told(self._place):
                self._client.resume_workflows(list(workflows), queue_name=QUEUE)

    def in_hand(self, workers: Collection[str]) -> list[str]:
        """The rounds that these workers have begun and not ended."""
        if not workers:
            return []
        with told(self._place):
            found = self._client.list_workflows(
                status="PENDING", executor_id=list(workers), queue_name=QUEUE, load_input=False, load_output=False
            )
        return [one.workflow_id for one in found]

    def alive(self) -> set[str]:
        """The rounds that wait or are being worked on."""
        with told(self._place):
            found = self._client.list_workflows(status=ALIVE, queue_name=QUEUE, load_input=False, load_output=False)
        return {one.workflow_id for one in found}

    def known(self, workflows: Sequence[str]) -> set[str]:
        """Those of the rounds that were ever put in."""
        found: set[str] = set()
        for start in range(0, len(workflows), BATCH):
            with told(self._place):
                listed = self._client.list_workflows(
                    workflow_ids=list(workflows[start : start + BATCH]), load_input=False, load_output=False
                )
            found |= {one.workflow_id for one in listed}
        return found

    def limit(self, each: int, together: int | None = None, *, closed: bool = False) -> None:
        """Sets how many rounds a worker may have at once, and all workers together (None: no limit); `closed`: none is begun."""
        with told(self._place):
            self._client.register_queue(
                QUEUE,
                worker_concurrency=0 if closed else each,
                global_concurrency=together,
                polling_interval_sec=POLL_SECONDS,
                application_name=APPLICATION,
            )

    def close_door(self, *, closed: bool, each: int) -> None:
        """Lets no round be begun, or lets them be begun again; changes nothing that stands so already."""
        with told(self._place):
            queue = self._client.retrieve_queue(QUEUE)
            if queue is None:
                return
            shut = queue.worker_concurrency == 0
            if shut != closed:
                queue.set_worker_concurrency(0 if closed else each)


def _hush() -> None:
    """Keeps the engine's own log off the terminal: what matters of its errors is told in our words."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.CRITICAL)
    logger.propagate = False
    logger.handlers[:] = [logging.NullHandler()]


@contextmanager
def told(place: Place) -> Iterator[None]:
    """The engine's errors, and those of its database, as ours."""
    try:
        with explained(place):
            yield
    except dbos_error.DBOSException as error:
        raise StoreError(f"The job queue at {place} refused an operation: {error}. Please report this.") from error
