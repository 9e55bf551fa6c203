"""Who is held to be lost: by silence elsewhere, at once on the same machine, and by one heir only."""

import os
from collections.abc import Iterator

import pytest

from agent.jobs.engine import JobQueue
from agent.jobs.lost import LostWorkers, is_running, this_machine
from records.database import Database
from records.times import utc_now

NO_PROCESS = 2**22 + 1  # above the largest process id that Linux gives


@pytest.fixture
def queue(database: Database) -> Iterator[JobQueue]:
    with JobQueue.open(database.place) as opened:
        yield opened


def there(database: Database) -> list[str]:
    return [row.id for row in database.job_workers.all()]


def test_a_worker_elsewhere_is_lost_once_its_beats_stand_still_for_long(database: Database, queue: JobQueue) -> None:
    now = [0.0]
    watch = LostWorkers(database, queue, "me", silent_seconds=20, ticks=lambda: now[0])
    database.job_workers.beat("far", "another machine", NO_PROCESS, utc_now())
    watch.take_over()
    now[0] = 19.0
    database.job_workers.beat("far", "another machine", NO_PROCESS, utc_now())
    watch.take_over()
    now[0] = 38.0
    watch.take_over()
    assert there(database) == ["far"]  # 19 s of silence
    now[0] = 39.5
    watch.take_over()
    assert there(database) == []


def test_a_worker_of_this_machine_is_lost_when_its_process_is_gone(database: Database, queue: JobQueue) -> None:
    assert not is_running(NO_PROCESS)
    database.job_workers.beat("gone", this_machine(), NO_PROCESS, utc_now())
    database.job_workers.beat("alive", this_machine(), os.getppid(), utc_now())
    database.job_workers.beat("before me", this_machine(), os.getpid(), utc_now())
    LostWorkers(database, queue, "me").take_over()
    assert there(database) == ["alive"]


def test_one_heir_takes_over_and_a_beat_in_between_stops_it(database: Database) -> None:
    database.job_workers.beat("lost", "another machine", 1, utc_now())
    seen = database.job_workers.all()[0]
    assert database.job_workers.inherit(seen, "first")
    assert not database.job_workers.inherit(seen, "second")
    database.job_workers.beat("lost", "another machine", 1, utc_now())
    assert not database.job_workers.inherit(seen, "first")
