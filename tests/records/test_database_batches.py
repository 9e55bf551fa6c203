"""Batches on both engines: what is wanted, held, sent, settled once, or withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from records.article import Article
from records.batch import Batch, SettledRequest, WantedRequest
from records.database import Database
from records.database.batch_turn import alone
from records.errors import UsageError
from records.spending import BudgetLimit, BudgetLimits, CallBound, CallEntry, Outcome, Shortfall, Spent

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
SERVER = "http://127.0.0.1/v1"


def wanted(number: int) -> WantedRequest:
    return WantedRequest(
        digest=f"{number:064x}", provider="openai", model="gpt", identity=SERVER, purpose="read", prompt="read@1",
        prompt_digest="ab", body='{"model":"gpt"}', bound=CallBound(100, 1_000),
    )  # fmt: skip


@pytest.fixture
def owners(database: Database) -> list[str]:
    """Three articles at work in batches, each with one request that waits."""
    named = []
    for number in range(3):
        article = Article(id=f"{number:016x}", title=f"Story {number}", text="Text.", first_seen_at=NOON, language="en")
        database.jobs.keep(article)
        named.append(f"{article.id}.1")
    database.jobs.add([one.split(".")[0] for one in named], 10, NOON)
    assert len(database.jobs.claim_for_batches(10)) == 3
    for number, owner in enumerate(named):
        database.batches.want(owner, wanted(number))
    return named


def intend(database: Database, key: str, **changes: Any) -> tuple[Batch | None, Shortfall | None]:
    options: dict[str, Any] = {"run_id": "r1", "identity": SERVER, "at": NOON, "limits": BudgetLimits()}
    return database.batches.intend(key, **options | {"requests": 10, "size": 10_000} | changes)


def answered(database: Database, key: str) -> list[SettledRequest]:
    """What comes back for everything that is in the batch."""
    return [
        SettledRequest(
            one.number,
            CallEntry(
                at=NOON + timedelta(hours=13), run_id="r1", provider="openai", model="gpt", purpose=one.purpose,
                prompt=one.prompt, prompt_digest=one.prompt_digest, request_digest=one.digest, outcome=Outcome.ANSWERED,
                input_tokens=50, output_tokens=10, cost_nano=400, batch_id="batch_1",
            ),
            payload="{}",
            status_code=200,
        )
        for one in database.batches.unsettled(key)
    ]  # fmt: skip


def test_what_is_sent_is_held_and_settled_once_in_the_day_that_allowed_it(
    database: Database, owners: list[str]
) -> None:
    batch, short = intend(database, "k1")
    assert batch is not None
    assert (batch.requests, batch.status, short) == (3, "intended", None)
    assert database.batches.holds() == {hold.number for hold in database.model_calls.holds()}
    assert database.model_calls.taken("r1", NOON)["day"] == Spent(3_000, 300)
    assert len(dict(database.batches.bodies("k1"))) == 3
    assert database.batches.ready() == []
    ends = answered(database, "k1")
    database.batches.settle("k1", ends[:2])
    database.batches.settle("k1", ends)
    database.batches.settle("k1", ends)
    database.batches.finish("k1", "completed", NOON)
    assert len(database.model_calls.entries()) == 3
    assert database.model_calls.holds() == []
    assert database.model_calls.taken("r1", NOON)["day"] == Spent(1_200, 180)
    assert database.batches.tokens("batch_1") == 180
    (listed,) = database.batches.listed()
    assert (listed.done, listed.failed, listed.cost_nano) == (3, 0, 1_200)
    assert [f"{turn.article_id}.{turn.round}" for turn in database.batches.ready()] == owners


@pytest.mark.usefixtures("owners")
@pytest.mark.parametrize("period", ["run", "day", "month"])
@pytest.mark.parametrize("limit", [BudgetLimit(tokens=250), BudgetLimit(cost_nano=2_500)], ids=["tokens", "usd"])
def test_a_batch_is_cut_to_what_each_budget_allows(database: Database, period: str, limit: BudgetLimit) -> None:
    limits = BudgetLimits(**{period: limit})
    batch, short = intend(database, "k1", limits=limits)
    assert batch is not None
    assert short is not None
    assert (batch.requests, short.period) == (2, period)
    again, short = intend(database, "k2", limits=limits)
    assert again is None
    assert short is not None
    assert len(database.model_calls.holds()) == 2


@pytest.mark.usefixtures("owners")
def test_a_batch_has_at_most_so_many_requests_and_bytes_but_one_at_least(database: Database) -> None:
    first, _ = intend(database, "k1", requests=2)
    second, _ = intend(database, "k2", size=1)
    assert [one.requests for one in (first, second) if one] == [2, 1]


@pytest.mark.usefixtures("owners")
def test_a_withdrawn_batch_leaves_its_requests_waiting_and_their_money_free(database: Database) -> None:
    intend(database, "k1")
    database.batches.withdraw("k1", "no", NOON)
    assert database.model_calls.holds() == []
    assert database.batches.counts().wanted == 3
    batch, _ = intend(database, "k2")
    assert batch is not None
    assert batch.requests == 3


def test_what_another_owner_has_under_way_is_waited_for_and_not_sent_twice(
    database: Database, owners: list[str]
) -> None:
    database.batches.want(owners[1], wanted(0))
    assert database.batches.counts().wanted == 3


def test_a_request_that_failed_waits_again_and_its_tries_are_counted(database: Database, owners: list[str]) -> None:
    intend(database, "k1")
    failed = [replace(one, payload=None, status_code=500, error="{}") for one in answered(database, "k1")]
    database.batches.settle("k1", failed)
    database.batches.want(owners[0], wanted(0))
    kept = database.batches.kept(owners[0], wanted(0).digest)
    assert kept is not None
    assert (kept.state, kept.tries) == ("wanted", 2)


def test_what_belongs_to_no_article_at_work_or_to_another_model_is_swept(database: Database, owners: list[str]) -> None:
    database.batches.keep_progress(owners[0], placed="{}", prepared="{}")
    database.jobs.move(database.jobs.turns(("batched",), {owners[0].split(".")[0]}), ("batched",), "cancelled")
    database.batches.sweep(SERVER, "gpt")
    assert database.batches.progress(owners[0]) == (None, None)
    assert database.batches.counts().wanted == 2
    database.batches.sweep(SERVER, "another")
    assert database.batches.counts().wanted == 0


def test_one_worker_at_a_time_has_the_right_to_send(database: Database) -> None:
    with alone(database.place), pytest.raises(UsageError, match="one at a time"), alone(database.place):
        pass
    with alone(database.place):
        pass
