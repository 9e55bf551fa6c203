"""One worker in this process: stories, failures, pauses, priorities, commands."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from agent.jobs import JobDesk, JobQueue, Patience, Worker
from agent.jobs.pausing import Pausing
from records.article import Article
from records.database import Database
from records.errors import BudgetSpent, ModelUnavailable, NotFound, SourceUnreadable, UsageError
from records.times import utc_now
from vectorstore.threads import StoryThreads

QUICK = Patience(passing=3, code=2, first_pause_seconds=0.01)
OnCall = Callable[[str, str], None]
Working = Callable[[OnCall], "contextmanager[Worker]"]


def silent(_: str, __: str) -> None:
    """Every question is answered."""


@pytest.fixture
def queue(database: Database) -> Iterator[JobQueue]:
    with JobQueue.open(database.place) as opened:
        yield opened


@pytest.fixture
def desk(database: Database, queue: JobQueue) -> JobDesk:
    return JobDesk(database, queue, utc_now)


@pytest.fixture
def work(kit: ModuleType, database: Database, queue: JobQueue) -> Callable[[OnCall], None]:
    """Works until nothing is left."""

    def until_empty(on_call: OnCall) -> None:
        course = kit.course_over(database, on_call, patience=QUICK)
        with Worker(database, queue, course, clock=utc_now, concurrency=1, beat_seconds=0.1) as worker:
            kit.until(lambda: not database.jobs.counts().open)
            worker.leave(30)

    return until_empty


def test_a_reprint_joins_its_story_and_costs_no_question(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    one, calls = kit.article(1), list[str]()
    kit.fill(database, [one, kit.again(one, 2), kit.again(one, 3)])
    work(lambda article_id, _: calls.append(article_id))
    counts = database.jobs.counts()
    assert (counts.analysed, counts.joined) == (1, 2)
    assert calls == [one.id, one.id]
    joined = database.jobs.get(f"{2:04x}").outcome
    assert joined.analysis_id == database.jobs.get(one.id).outcome.analysis_id


def test_the_analysis_that_a_job_has_kept_is_found_by_the_whole_id_alone(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    one = kit.article(1)
    kit.fill(database, [one])
    assert database.jobs.kept_analysis(one.id) is None
    work(silent)
    assert database.jobs.kept_analysis(one.id) == database.jobs.get(one.id).outcome.analysis_id is not None
    with pytest.raises(NotFound, match="There is no job"):
        database.jobs.kept_analysis(one.id[:6])


def test_a_correction_is_analysed_and_names_the_analysis_before_it(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    one = kit.article(1)
    update = kit.again(one, 2).model_copy(
        update={"title": f"CORRECTED: {one.title}", "text": f"{one.text}\n\nCorrection."}
    )
    kit.fill(database, [one, update])
    work(silent)
    outcome = database.jobs.get(update.id).outcome
    assert (outcome.result, outcome.former_analysis_id) == ("updated", database.jobs.get(one.id).outcome.analysis_id)
    assert outcome.analysis_id not in (None, outcome.former_analysis_id)


def test_an_update_waits_for_the_analysis_of_its_story_that_is_under_way(
    kit: ModuleType, database: Database, queue: JobQueue
) -> None:
    one, calls = kit.article(1), list[tuple[str, str]]()
    text = {"title": f"CORRECTED: {one.title}", "text": f"{one.text}\n\nCorrection."}
    update = kit.again(one, 2).model_copy(update=text)
    for article in (one, update):
        StoryThreads(database).place(article)
    kit.fill(database, [one, update])
    both = threading.Event()

    def on_call(article_id: str, purpose: str) -> None:
        calls.append((article_id, purpose))
        if article_id == one.id:
            kit.until(lambda: database.jobs.get(update.id).starts > 0)  # the update is begun, and must wait
            both.wait(0.5)

    course = kit.course_over(database, on_call, patience=QUICK)
    with Worker(database, queue, course, clock=utc_now, concurrency=2, beat_seconds=0.1) as worker:
        kit.until(lambda: not database.jobs.counts().open)
        worker.leave(30)
    assert calls == [(one.id, "read"), (one.id, "explain"), (update.id, "read"), (update.id, "explain")]
    first, second = (database.jobs.get(article.id).outcome.analysis_id or "" for article in (one, update))
    assert database.load_analysis(second).former_id == first


def test_the_first_of_a_story_is_analysed_though_its_update_was_begun_before_it(
    kit: ModuleType, database: Database
) -> None:
    one = kit.article(1)
    text = {"title": f"CORRECTED: {one.title}", "text": f"{one.text}\n\nCorrection."}
    update, reprint = kit.again(one, 2).model_copy(update=text), kit.again(one, 3)
    for article in (one, update, reprint):
        StoryThreads(database).place(article)
    kit.fill(database, [one, update, reprint])
    course = kit.course_over(database, silent)
    assert [database.jobs.begin(article.id, 1) for article in (update, one, reprint)] == [1, 1, 1]
    assert course.place(update.id, 1).outcome is None
    assert course.place(one.id, 1).outcome is None
    joined = course.place(reprint.id, 1).outcome
    assert joined is not None
    assert joined.result == "joined"
    assert database.jobs.open_before(update.id, f"S{one.id}") == {"running"}
    assert database.jobs.open_before(one.id, f"S{one.id}") == set()


def test_live_articles_go_before_a_backfill(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    old, live = [kit.article(number) for number in range(3)], [kit.article(number) for number in range(3, 5)]
    kit.fill(database, old)
    kit.fill(database, live, priority="live")
    calls: list[str] = []
    work(lambda article_id, purpose: calls.append(article_id) if purpose == "read" else None)
    assert calls == [one.id for one in [*live, *old]]


def test_poison_is_set_aside_with_its_reason_and_done_again_by_command(
    kit: ModuleType, database: Database, desk: JobDesk, work: Callable[[OnCall], None]
) -> None:
    articles = [kit.article(number) for number in range(4)]
    kit.fill(database, articles)
    calls: list[str] = []
    errors = {
        articles[0].id: SourceUnreadable("no words"),
        articles[1].id: ModelUnavailable("down"),
        articles[2].id: KeyError("x"),
    }

    def on_call(article_id: str, _: str) -> None:
        calls.append(article_id)
        if article_id in errors:
            raise errors[article_id]

    work(on_call)
    counts = database.jobs.counts()
    assert counts.failed == {"source_unreadable": 1, "model_unavailable": 1, "code_error": 1}
    assert counts.analysed == 1
    assert [calls.count(one.id) for one in articles] == [1, 3, 2, 2]
    assert [database.jobs.get(one.id).outcome.reason for one in articles[:3]] == ["no words", "down", "KeyError: 'x'"]
    assert len(desk.retry(failed=True)) == 3
    errors.clear()
    work(on_call)
    assert (database.jobs.counts().analysed, database.jobs.counts().failed) == (4, {})


def test_a_spent_budget_pauses_everything_and_nothing_is_lost(
    kit: ModuleType, database: Database, queue: JobQueue, desk: JobDesk
) -> None:
    articles, spent = [kit.article(number) for number in range(3)], threading.Event()
    kit.fill(database, articles)
    spent.set()

    def on_call(_: str, __: str) -> None:
        if spent.is_set():
            raise BudgetSpent("the budget of the day is spent")

    course = kit.course_over(database, on_call, patience=QUICK)
    with Worker(database, queue, course, clock=utc_now, concurrency=1, beat_seconds=0.1) as worker:
        kit.until(lambda: desk.paused() is not None)
        pause = desk.paused()
        assert pause is not None
        assert (pause.kind, pause.reason) == ("budget_spent", "the budget of the day is spent")
        assert database.jobs.counts().open == 3
        spent.clear()
        desk.resume()
        kit.until(lambda: not database.jobs.counts().open)
        worker.leave(30)
    assert database.jobs.counts().analysed == 3


def test_paused_nothing_is_begun_also_by_a_worker_that_starts_then(
    kit: ModuleType, database: Database, queue: JobQueue, desk: JobDesk
) -> None:
    kit.fill(database, [kit.article(1)])
    desk.pause()
    with Worker(
        database, queue, kit.course_over(database, silent), clock=utc_now, concurrency=1, beat_seconds=0.05
    ) as worker:
        beats = lambda: database.job_workers.all()[0].beats  # noqa: E731
        seen = beats()
        kit.until(lambda: beats() > seen + 10)
        assert (database.jobs.counts().waiting, worker.in_hand) == (1, 0)
        desk.resume()
        kit.until(lambda: database.jobs.counts().analysed == 1)
        worker.leave(30)


def test_single_jobs_rest_go_on_and_are_cancelled(
    kit: ModuleType, database: Database, desk: JobDesk, work: Callable[[OnCall], None]
) -> None:
    resting, cancelled, third = (kit.article(number) for number in range(3))
    kit.fill(database, [resting, cancelled, third])
    assert desk.pause([resting.id]) == [resting.id]
    assert desk.cancel([cancelled.id[:6]]) == [cancelled.id]
    with pytest.raises(UsageError, match="is cancelled, and only one that is waiting"):
        desk.pause([cancelled.id])
    work(silent)
    counts = database.jobs.counts()
    assert (counts.paused, counts.cancelled, counts.analysed) == (1, 1, 1)
    desk.resume([resting.id])
    desk.retry([cancelled.id])
    work(silent)
    assert database.jobs.counts().analysed == 3


def test_what_a_killed_command_did_not_put_into_the_queue_is_put_in_by_the_next_worker(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    one: Article = kit.article(1)
    database.jobs.keep(one)
    database.jobs.add([one.id], 10, utc_now())  # and killed here
    work(silent)
    assert database.jobs.counts().analysed == 1


def test_a_job_that_never_came_into_the_queue_can_be_paused_and_goes_on(
    kit: ModuleType, database: Database, desk: JobDesk, work: Callable[[OnCall], None]
) -> None:
    one: Article = kit.article(1)
    database.jobs.keep(one)
    database.jobs.add([one.id], 10, utc_now())  # and killed here
    assert desk.pause([one.id]) == [one.id]
    assert desk.resume([one.id]) == [one.id]
    work(silent)
    assert database.jobs.counts().analysed == 1


def test_an_article_that_is_not_kept_makes_no_job(database: Database, desk: JobDesk, kit: ModuleType) -> None:
    database.jobs.keep(kit.article(1))
    with pytest.raises(NotFound, match="no article 'feed'"):
        desk.add([kit.article(1).id, "feed"])
    assert database.jobs.counts().total == 0


def test_only_what_is_kept_and_neither_analysed_nor_in_a_job_is_new(
    kit: ModuleType, database: Database, work: Callable[[OnCall], None]
) -> None:
    first, second = kit.article(1), kit.article(2)
    kit.fill(database, [first])
    work(silent)
    database.jobs.keep(second)
    assert database.jobs.without_job() == [second.id]


def test_a_pause_that_stands_keeps_its_reason(database: Database) -> None:
    pausing = Pausing(database, utc_now)
    pausing.begin("the disk is full", "store_unwritable")
    assert pausing.begin("paused by command").reason == "the disk is full"
    assert pausing.end() is not None
    assert pausing.now() is None
