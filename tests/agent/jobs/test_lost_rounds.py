"""What the queue lost, or took for lost, while its database was away: it is done, and nothing is done twice."""

from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy import text

from agent.jobs import JobDesk, JobQueue, Worker
from records.database import Database
from records.database.engine import writing
from records.database.jobs import Turn
from records.job import JobOutcome
from records.times import utc_now


@pytest.fixture
def queue(database: Database) -> Iterator[JobQueue]:
    with JobQueue.open(database.place) as opened:
        yield opened


def test_a_round_put_in_again_after_its_analysis_keeps_it_and_asks_nothing(kit: ModuleType, database: Database) -> None:
    one, calls = kit.article(1), Counter[str]()
    course = kit.course_over(database, lambda _, purpose: calls.update([purpose]))
    kit.fill(database, [one])
    course.begin(one.id, 1)
    made = course.analyse(one.id, course.place(one.id, 1))
    assert database.jobs.renew([Turn(one.id, 1, 10)]) == [Turn(one.id, 2, 10)]  # as `JobDesk.mend` does
    course.begin(one.id, 2)
    placed = course.place(one.id, 2)
    assert placed.outcome is None  # it does not join its own analysis
    course.note(one.id, 2, course.analyse(one.id, placed))
    outcome = database.jobs.get(one.id).outcome
    assert (outcome.result, outcome.analysis_id) == ("analysed", made.analysis_id)
    assert calls == {"read": 1, "explain": 1}


def test_a_job_that_failed_after_its_analysis_is_finished_by_a_retry(
    kit: ModuleType, database: Database, queue: JobQueue
) -> None:
    one, calls = kit.article(1), Counter[str]()
    course = kit.course_over(database, lambda _, purpose: calls.update([purpose]))
    kit.fill(database, [one])
    course.begin(one.id, 1)
    made = course.analyse(one.id, course.place(one.id, 1))
    course.note(one.id, 1, JobOutcome(failure="store_locked", reason="its event could not be remembered"))
    assert JobDesk(database, queue, utc_now).retry(failed=True) == [one.id]
    course.begin(one.id, 2)
    outcome = course.analyse(one.id, course.place(one.id, 2))
    assert (outcome.result, outcome.analysis_id) == ("analysed", made.analysis_id)
    assert calls == {"read": 1, "explain": 1}


def test_a_round_that_was_claimed_and_never_begun_is_put_back(
    kit: ModuleType, database: Database, queue: JobQueue
) -> None:
    """The server is lost as it says yes to a claim: the worker that has the round knows nothing of it."""
    desk, one = JobDesk(database, queue, utc_now), kit.article(1)
    course = kit.course_over(database, lambda *_: None)
    desk.pause()
    quick = {"beat_seconds": 0.05, "forgotten_seconds": 0.2}
    with Worker(database, queue, course, clock=utc_now, concurrency=1, **quick) as worker:
        kit.fill(database, [one])
        with writing(queue._engine) as connection:
            claimed = text("UPDATE workflow_status SET status = 'PENDING', executor_id = :worker")
            assert connection.execute(claimed, {"worker": worker.id}).rowcount == 1
        desk.resume()
        kit.until(lambda: not database.jobs.counts().open, 60)
        worker.leave(30)
    assert database.jobs.counts().analysed == 1


def test_a_job_that_ends_while_the_queue_is_looked_through_is_not_begun_again(
    kit: ModuleType, database: Database, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, desk = kit.article(1), JobDesk(database, queue, utc_now)
    course = kit.course_over(database, lambda *_: None)
    kit.fill(database, [one])
    course.begin(one.id, 1)

    def alive() -> set[str]:
        course.note(one.id, 1, course.analyse(one.id, course.place(one.id, 1)))
        return set()

    monkeypatch.setattr(queue, "alive", alive)
    assert desk.mend() == 0
    job = database.jobs.get(one.id)
    assert (job.status, job.round) == ("done", 1)


def test_a_start_is_held_until_another_follows_it_or_a_command_takes_the_job_away(
    kit: ModuleType, database: Database, queue: JobQueue
) -> None:
    one = kit.article(1)
    course = kit.course_over(database, lambda *_: None)
    kit.fill(database, [one])
    assert course.begin(one.id, 1) == 1
    assert course.is_held(one.id, 1, 1)
    assert not course.is_held(one.id, 2, 1)
    assert course.begin(one.id, 1) == 2
    assert (course.is_held(one.id, 1, 1), course.is_held(one.id, 1, 2)) == (False, True)
    JobDesk(database, queue, utc_now).cancel([one.id])
    assert not course.is_held(one.id, 1, 2)


def test_a_worker_that_was_held_to_be_lost_asks_no_model(
    kit: ModuleType, database: Database, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, calls = kit.article(1), Counter[str]()
    course = kit.course_over(database, lambda _, purpose: calls.update([purpose]))
    kit.fill(database, [one])
    # the heir begins while the worker still waits
    monkeypatch.setattr(course, "wait_for_leader", lambda article_id, _: database.jobs.begin(article_id, 1))
    with Worker(database, queue, course, clock=utc_now, concurrency=1) as worker:
        kit.until(lambda: database.jobs.get(one.id).starts == 2 and not worker.in_hand, 60)
        worker.leave(30)
    assert (database.jobs.get(one.id).status, calls) == ("running", {})


def test_an_article_that_ended_five_workers_is_set_aside(kit: ModuleType, database: Database) -> None:
    one = kit.article(1)
    course = kit.course_over(database, lambda *_: None)
    kit.fill(database, [one])
    assert [course.begin(one.id, 1) for _ in range(5)] == [1, 2, 3, 4, 5]
    ended = course.begin(one.id, 1)
    assert isinstance(ended, JobOutcome)
    course.note(one.id, 1, ended)
    job = database.jobs.get(one.id)
    assert (job.status, job.outcome.failure) == ("failed", "worker_lost")
    assert "5 workers ended" in (job.outcome.reason or "")
