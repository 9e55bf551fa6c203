"""A backfill through batches: the real analyst and the real client against a server on loopback that bills."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agent.jobs import JobDesk, JobQueue, Worker
from agent.jobs.batch_evidence import KeptEvidence
from agent.jobs.pausing import Pausing
from agent.score import ScoreModel
from evals.flow.simulated_server import SimulatedServer
from evals.flow.tally import TallyRow, billed_tokens
from models.wire import Usage
from records.database import Database
from records.database.batch_turn import alone
from records.errors import BudgetSpent, ModelCannot, ModelRefused, SettingsError, UsageError
from records.event import Event, Precedent
from records.market import Reaction
from records.spending import BudgetLimit, BudgetLimits, Outcome
from records.taxonomy import EventType
from records.times import utc_now


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SimulatedServer]:
    with SimulatedServer(tmp_path / "tally") as started:
        yield started


@pytest.fixture
def work(batch_kit: ModuleType, database: Database, server: SimulatedServer, tmp_path: Path) -> Callable[..., str]:
    """Works until it ends by itself; says how."""

    def until_the_end(**options: Any) -> str:
        with batch_kit.batch_worker(database, server.base_url, tmp_path, **options) as worker:
            return str(worker.run())

    return until_the_end


def asked_once(rows: list[TallyRow]) -> bool:
    return len({row.digest for row in rows}) == len(rows)


def fill(kit: ModuleType, database: Database, number: int) -> list[Any]:
    articles = [kit.article(one) for one in range(number)]
    kit.fill(database, articles)
    return articles


def test_a_backfill_goes_in_two_waves_and_the_ledger_is_the_servers_count_at_half_price(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    articles = fill(kit, database, 20)
    assert work() == "empty"
    counts, rows, entries = database.jobs.counts(), server.rows(), database.model_calls.entries()
    assert (counts.analysed, counts.total, counts.batched) == (20, 20, 0)
    assert database.batches.listed()[-1].requests == 20
    assert len(database.batches.listed()) == 2
    assert asked_once(rows)
    assert len(entries) == len(rows) > 20
    assert sum(one.input_tokens for one in entries) == sum(row.input_tokens for row in rows)
    assert sum(one.cached_tokens for one in entries) == sum(row.cached_tokens for row in rows)
    assert sum(one.output_tokens for one in entries) == sum(row.output_tokens for row in rows)
    single = sum(batch_kit.PRICE.cost_usd(Usage(r.input_tokens, r.output_tokens, r.cached_tokens)) or 0 for r in rows)
    assert sum(one.cost_nano or 0 for one in entries) / 1e9 == pytest.approx(single / 2, rel=1e-6)
    assert counts.cost_usd == pytest.approx(single / 2, rel=1e-6)
    assert {one.purpose for one in entries} == {"read", "explain"}
    assert all(one.batch_id for one in entries)
    assert database.model_calls.holds() == []
    analysis = database.load_analysis(database.jobs.get(articles[0].id).outcome.analysis_id or "")
    assert not any(call.cache_hit for call in analysis.provenance.model_calls)


def test_translations_are_waves_of_their_own_and_ask_nothing_twice(
    kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    """The server answers in English, so that every sentence is asked for once more and then stays as it was checked."""
    articles = fill(kit, database, 3)
    assert work(output_language="de") == "empty"
    assert (database.jobs.counts().analysed, len(database.batches.listed())) == (3, 4)
    assert asked_once(server.rows())
    entries = database.model_calls.entries()
    assert {one.purpose for one in entries} == {"read", "explain", "translate", "translate.repair"}
    analysis = database.load_analysis(database.jobs.get(articles[0].id).outcome.analysis_id or "")
    assert analysis.translation is not None
    told = [*analysis.translation.summary, *analysis.translation.analysis]
    assert told
    assert all(one.text == one.source and one.faults for one in told)
    assert analysis.provenance.missing[-1].endswith("the German could not be held against what was checked")


def test_an_article_analysed_live_after_its_batch_costs_nothing(
    kit: ModuleType,
    batch_kit: ModuleType,
    database: Database,
    server: SimulatedServer,
    work: Callable[..., str],
    tmp_path: Path,
) -> None:
    (one,) = fill(kit, database, 1)
    work()
    before = server.rows()
    again = batch_kit.live(database, server.base_url, tmp_path, one)
    assert again.provenance.cost_usd == 0.0
    assert again.provenance.cache_hit
    assert server.rows() == before


def test_an_article_batched_after_it_was_analysed_live_sends_nothing(
    kit: ModuleType,
    batch_kit: ModuleType,
    database: Database,
    server: SimulatedServer,
    work: Callable[..., str],
    tmp_path: Path,
) -> None:
    (one,) = fill(kit, database, 1)
    batch_kit.live(database, server.base_url, tmp_path, one)
    before = server.rows()
    assert work() == "empty"
    assert database.jobs.counts().analysed + database.jobs.counts().joined == 1
    assert server.rows() == before
    assert database.batches.listed() == []


def test_a_wave_is_cut_to_what_the_budget_allows_and_the_rest_waits_for_another_day(
    kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 6)
    limit = BudgetLimits(day=BudgetLimit(tokens=20_000))
    with pytest.raises(BudgetSpent, match="budget_day_tokens"):
        work(budget=limit)
    first = database.batches.listed()[-1]
    assert 1 <= first.requests < 6
    assert billed_tokens(server.rows()) <= 20_000
    assert database.model_calls.taken("run", utc_now())["day"].tokens <= 20_000
    assert database.jobs.counts().batched > 0
    assert work() == "empty"
    assert database.jobs.counts().analysed == 6
    assert asked_once(server.rows())


def test_a_budget_below_one_request_sends_nothing(
    kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 1)
    with pytest.raises(BudgetSpent, match="was not sent"):
        work(budget=BudgetLimits(month=BudgetLimit(cost_nano=1_000)))
    assert database.batches.listed() == []
    assert server.rows() == []


def test_a_broken_line_goes_on_in_the_next_batch(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 3)
    batch_kit.plan(server.base_url, broken_lines=[1])
    told = lambda _: batch_kit.plan(server.base_url) if database.batches.listed() else None  # noqa: E731
    assert work(told=told) == "empty"
    counts = database.jobs.counts()
    assert (counts.analysed, counts.failed) == (3, {})
    outcomes = [one.outcome for one in database.model_calls.entries()]
    assert outcomes.count(Outcome.SERVER_ERROR) == 1
    assert sum(one.input_tokens + one.output_tokens for one in database.model_calls.entries()) == billed_tokens(
        server.rows()
    )


def test_a_line_that_breaks_in_every_batch_is_set_aside_after_three(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    (one,) = fill(kit, database, 1)
    batch_kit.plan(server.base_url, broken_lines=[0])
    assert work() == "empty"
    outcome = database.jobs.get(one.id).outcome
    assert outcome.failure == "model_unavailable"
    assert "from 3 batches" in (outcome.reason or "")
    assert "line 0 was refused" in (outcome.reason or "")
    assert len(database.batches.listed()) == 3
    assert database.model_calls.holds() == []


def test_a_refused_line_is_set_aside_at_once(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 3)
    batch_kit.plan(server.base_url, refused_lines=[1])
    told = lambda _: batch_kit.plan(server.base_url) if database.batches.listed() else None  # noqa: E731
    assert work(told=told) == "empty"
    counts = database.jobs.counts()
    assert (counts.analysed, counts.failed) == (2, {"model_refused": 1})


def test_what_an_expired_batch_left_undone_goes_on_in_the_next(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 4)
    batch_kit.plan(server.base_url, expires_after=2)
    assert work() == "empty"
    assert database.jobs.counts().analysed == 4
    assert {batch.status for batch in database.batches.listed()} >= {"expired"}
    entries = database.model_calls.entries()
    assert Outcome.TIMED_OUT in {one.outcome for one in entries}
    assert all(one.uncertain.tokens == 0 for one in entries)
    assert sum(one.input_tokens + one.output_tokens for one in entries) == billed_tokens(server.rows())
    assert asked_once(server.rows())


def test_a_batch_that_fails_validation_costs_nothing_and_is_given_up_after_three(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    (one,) = fill(kit, database, 1)
    batch_kit.plan(server.base_url, invalid="invalid_json_line")
    assert work() == "empty"
    assert "The input file is not valid." in (database.jobs.get(one.id).outcome.reason or "")
    assert database.model_calls.entries() == []
    assert database.model_calls.holds() == []


def test_too_many_tokens_in_line_make_the_batches_smaller(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, work: Callable[..., str]
) -> None:
    fill(kit, database, 5)
    batch_kit.plan(server.base_url, most_requests=2)
    assert work() == "empty"
    assert database.jobs.counts().analysed == 5
    assert max(batch.requests for batch in database.batches.listed() if batch.status == "completed") <= 2
    assert asked_once(server.rows())


@pytest.mark.parametrize("usage", [True, False], ids=["the sum is told", "it is not"])
def test_a_request_that_no_file_names_counts_as_spent_unless_the_provider_says_its_sum(
    kit: ModuleType,
    batch_kit: ModuleType,
    database: Database,
    server: SimulatedServer,
    work: Callable[..., str],
    usage: bool,
) -> None:
    fill(kit, database, 2)
    batch_kit.plan(server.base_url, lost_lines=[0], usage=usage)
    told = lambda _: batch_kit.plan(server.base_url) if database.batches.listed() else None  # noqa: E731
    assert work(told=told) == "empty"
    assert database.jobs.counts().analysed == 2
    lost = [one for one in database.model_calls.entries() if one.outcome is Outcome.STOPPED]
    assert len(lost) == 1
    assert (lost[0].uncertain.tokens == 0) is usage


@pytest.fixture
def past() -> list[Precedent]:
    """Three events of 2023 with known outcomes."""
    at = datetime(2023, 5, 2, 15, tzinfo=UTC)
    reaction = Reaction(
        ticker="AAPL", window="one_session", session_on=at.date(), abnormal_return=0.02, sigma=0.01, z=2.0,
        known_at=at + timedelta(hours=5),
    )  # fmt: skip
    return [
        Precedent(
            id=f"P{number}", event_id=f"e{number}", summary=f"Apple was sued for the {number}. time.",
            event_type=EventType.REGULATORY_ACTION, tickers=("AAPL",), published_at=at, similarity=0.8, why="same company",
            reaction=reaction,
        )
        for number in (1, 2, 3)
    ]  # fmt: skip


class ForgetfulMemory:
    """Answers another way each time it is asked, as a memory does while others are filled in."""

    embedder, snapshot = "none", "none"

    def __init__(self, plain: Any, precedents: list[Any]) -> None:
        self._plain = plain
        self._precedents = precedents
        self.asked = 0

    def recall(self, *args: Any, **options: Any) -> Any:
        self.asked += 1
        found = self._plain.recall(*args, **options)
        return replace(found, precedents=tuple(self._precedents[: self.asked]), status="found")

    def add(self, events: list[Event]) -> object:
        return self._plain.add(events)


def test_what_the_memory_learns_meanwhile_does_not_change_the_question_that_was_sent(
    kit: ModuleType, database: Database, work: Callable[..., str], past: list[Precedent]
) -> None:
    (one,) = fill(kit, database, 1)
    memory = ForgetfulMemory(kit.PlainMemory(database), past)
    assert work(memory=memory) == "empty"
    assert [row.purpose for row in database.model_calls.entries()] == ["read", "explain"]
    analysis = database.load_analysis(database.jobs.get(one.id).outcome.analysis_id or "")
    assert len(analysis.precedents) == 1


def test_a_forecast_stays_as_it_was_made_first(database: Database) -> None:
    evidence, scores = KeptEvidence(database.batches), ScoreModel()
    made = []
    for reason in ("first", "second"):
        with evidence.of(f"{1:016x}.1"):
            made.append(evidence.forecast(lambda reason=reason: scores.not_scoreable(reason)))  # type: ignore[misc]
    assert [one.reason for one in made] == ["first", "first"]


def test_reprints_join_their_story_and_live_articles_are_left_to_the_other_worker(
    kit: ModuleType, database: Database, work: Callable[..., str]
) -> None:
    one, live = kit.article(1), kit.article(2)
    kit.fill(database, [one, kit.again(one, 3), kit.again(one, 4)])
    kit.fill(database, [live], priority="live")
    assert work() == "empty"
    counts = database.jobs.counts()
    assert (counts.analysed, counts.joined, counts.waiting) == (1, 2, 1)


def test_a_worker_of_single_questions_leaves_what_is_in_batches_alone(kit: ModuleType, database: Database) -> None:
    fill(kit, database, 2)
    database.jobs.claim_for_batches(10)
    live = kit.article(7)
    kit.fill(database, [live], priority="live")
    asked: list[str] = []
    with JobQueue.open(database.place) as queue:
        course = kit.course_over(database, lambda article_id, _: asked.append(article_id))
        with Worker(database, queue, course, clock=utc_now, concurrency=1, beat_seconds=0.1) as worker:
            kit.until(lambda: not database.jobs.counts().open)
            worker.leave(30)
    assert set(asked) == {live.id}
    assert database.jobs.counts().batched == 2


def test_a_job_taken_away_by_command_is_not_sent(kit: ModuleType, database: Database, work: Callable[..., str]) -> None:
    articles = fill(kit, database, 3)
    database.jobs.claim_for_batches(10)
    with JobQueue.open(database.place) as queue:
        JobDesk(database, queue, utc_now).cancel([articles[0].id])
    assert work() == "empty"
    assert (database.jobs.counts().cancelled, database.jobs.counts().analysed) == (1, 2)


def test_paused_nothing_is_sent_and_what_is_under_way_is_collected(
    kit: ModuleType, database: Database, work: Callable[..., str]
) -> None:
    fill(kit, database, 2)
    told = lambda _: Pausing(database, utc_now).begin("enough") if database.batches.listed() else None  # noqa: E731
    assert work(told=told) == "paused"
    (batch,) = database.batches.listed()
    assert (batch.status, batch.done) == ("completed", 2)
    Pausing(database, utc_now).end()
    assert work() == "empty"
    assert database.jobs.counts().analysed == 2


def test_a_batch_under_way_elsewhere_stops_a_worker_with_other_settings(
    kit: ModuleType,
    batch_kit: ModuleType,
    database: Database,
    server: SimulatedServer,
    tmp_path: Path,
) -> None:
    fill(kit, database, 1)
    batch_kit.plan(server.base_url, validating_seconds=60)
    stopping: list[Any] = []
    with batch_kit.batch_worker(
        database, server.base_url, tmp_path, told=lambda _: stopping[0].stop() if database.batches.listed() else None
    ) as worker:
        stopping.append(worker)
        assert worker.run() == "stopped"
    with (
        SimulatedServer(tmp_path / "other") as other,
        batch_kit.batch_worker(database, other.base_url, tmp_path) as worker,
        pytest.raises(SettingsError, match="Set base_url back"),
    ):
        worker.run()
    assert len(database.batches.listed(open_only=True)) == 1


def test_a_server_without_batches_is_told_at_once_and_no_job_is_taken(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, tmp_path: Path
) -> None:
    fill(kit, database, 1)
    with (
        batch_kit.batch_worker(database, f"{server.base_url}/elsewhere", tmp_path) as worker,
        pytest.raises(ModelCannot, match="has no Batch API"),
    ):
        worker.run()
    assert database.jobs.counts().waiting == 1


def test_one_batch_worker_at_a_time(database: Database) -> None:
    with (
        alone(database.place),
        pytest.raises(UsageError, match="Another `rhyme worker --batch`"),
        alone(database.place),
    ):
        pass
    with alone(database.place):
        pass


def test_a_batch_the_service_refuses_is_withdrawn_and_its_money_free(
    kit: ModuleType, batch_kit: ModuleType, database: Database, server: SimulatedServer, tmp_path: Path
) -> None:
    fill(kit, database, 1)
    with batch_kit.batch_worker(database, server.base_url, tmp_path) as worker:
        worker._service.upload = lambda *_: "file-that-is-gone"
        with pytest.raises(ModelRefused, match="Invalid input file"):
            worker.run()
    assert database.model_calls.holds() == []
    assert database.batches.listed(open_only=True) == []
    assert database.batches.counts().wanted == 1
