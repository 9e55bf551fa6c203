"""The cost ledger, budgets and kept answers on both engines, and budgets between real processes."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import records
from records.database import Database, model_calls
from records.database.prepared import Prepared
from records.errors import StoreError, StoreUnreachable
from records.spending import BudgetLimit, BudgetLimits, CallBound, CallEntry, Outcome, Shortfall, Spent

ROOT = Path(records.__file__).parents[1]
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
CALL = CallEntry(
    at=NOON, run_id="r1", provider="openai", model="gpt", purpose="read", prompt="read@1", prompt_digest="ab",
    request_digest="cd", outcome=Outcome.ANSWERED, input_tokens=100, cached_tokens=40, output_tokens=20, cost_nano=5_000,
    seconds=0.5,
)  # fmt: skip


def hold(database: Database, bound: CallBound, limits: BudgetLimits, at: datetime = NOON, run: str = "r1") -> object:
    return database.model_calls.hold(bound, limits, run_id=run, at=at, model="gpt", request_digest="cd")


def test_a_row_of_the_cost_ledger_reads_back_as_it_was_written(database: Database) -> None:
    broken = replace(
        CALL, outcome=Outcome.BROKEN_OFF, cost_nano=None, uncertain=CallBound(900, None), tokens_estimated=True
    )
    database.model_calls.settle(CALL)
    database.model_calls.settle(broken)
    assert database.model_calls.entries() == [CALL, broken]


@pytest.mark.parametrize("statement", ["UPDATE model_calls SET input_tokens = 0", "DELETE FROM model_calls"])
def test_rows_of_the_cost_ledger_cannot_be_changed_or_removed(database: Database, statement: str) -> None:
    database.model_calls.settle(CALL)
    with pytest.raises(StoreError, match="append-only"), database._writing() as connection:
        connection.execute(text(statement))
    assert database.model_calls.entries() == [CALL]


def test_a_row_is_written_once_though_nobody_heard_that_it_was(database: Database) -> None:
    """A server that is lost as it says that all is kept leaves the writer to try again."""
    held = hold(database, CallBound(300, 6_000), BudgetLimits())
    assert isinstance(held, int)
    database.model_calls.settle(CALL, held)
    database.model_calls.settle(CALL, held)
    assert database.model_calls.entries() == [CALL]
    assert database.model_calls.taken("r1", NOON)["day"] == Spent(5_000, 120)


def test_a_paid_answer_waits_for_a_database_server_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_calls, "AWAY_LOOK_SECONDS", 0.0)
    tried: list[int] = []

    def write() -> int:
        tried.append(1)
        if len(tried) < 4:
            raise StoreUnreachable("away")
        return len(tried)

    assert model_calls.patiently(write, again=True) == 4
    tried.clear()
    with pytest.raises(StoreUnreachable):
        model_calls.patiently(write)
    monkeypatch.setattr(model_calls, "AWAY_SECONDS", -1.0)
    with pytest.raises(StoreUnreachable):
        model_calls.patiently(write, again=True)


@pytest.mark.parametrize("period", ["run", "day", "month"])
def test_a_call_that_could_exceed_a_limit_is_not_allowed(database: Database, period: str) -> None:
    limits = BudgetLimits(**{period: BudgetLimit(cost_nano=10_000, tokens=500)})
    first = hold(database, CallBound(300, 6_000), limits)
    assert isinstance(first, int)
    assert hold(database, CallBound(100, 6_000), limits) == Shortfall(period, "usd", 10_000, 6_000, 6_000)  # type: ignore[arg-type]
    assert hold(database, CallBound(201, 1_000), limits) == Shortfall(period, "tokens", 500, 300, 201)  # type: ignore[arg-type]
    database.model_calls.settle(CALL, first)
    assert database.model_calls.holds() == []
    assert database.model_calls.taken("r1", NOON)["day"] == Spent(5_000, 120)
    assert isinstance(hold(database, CallBound(380, 5_000), limits), int)


def test_each_limit_is_of_its_own_run_day_and_month(database: Database) -> None:
    one = BudgetLimit(tokens=100)
    full = CallBound(100, 0)
    assert isinstance(hold(database, full, BudgetLimits(run=one)), int)
    assert isinstance(hold(database, full, BudgetLimits(run=one), run="r2"), int)
    assert isinstance(hold(database, full, BudgetLimits(day=one), NOON + timedelta(days=1)), int)
    assert isinstance(hold(database, full, BudgetLimits(day=one), NOON + timedelta(days=1)), Shortfall)
    assert isinstance(hold(database, full, BudgetLimits(month=one), NOON + timedelta(days=5)), int)
    assert isinstance(hold(database, full, BudgetLimits(month=one), NOON + timedelta(days=6)), Shortfall)


def test_a_call_over_midnight_counts_in_the_day_that_allowed_it(database: Database) -> None:
    number = hold(database, CallBound(500, 9_000), BudgetLimits())
    assert isinstance(number, int)
    database.model_calls.settle(replace(CALL, at=NOON + timedelta(hours=13)), number, held_at=NOON)
    assert database.model_calls.taken("r1", NOON)["day"] == Spent(5_000, 120)
    assert database.model_calls.taken("r1", NOON + timedelta(hours=13))["day"] == Spent(0, 0)


def test_what_may_have_been_billed_counts_as_taken(database: Database) -> None:
    cut = replace(
        CALL, outcome=Outcome.BROKEN_OFF, input_tokens=0, output_tokens=0, cost_nano=0, uncertain=CallBound(700, 8_000)
    )
    database.model_calls.settle(cut)
    assert database.model_calls.taken("r1", NOON)["run"] == Spent(8_000, 700)


def test_costs_are_summed_by_day_model_prompt_and_run(database: Database) -> None:
    rows = [
        CALL,
        replace(CALL, at=NOON + timedelta(days=1), model="gpt-mini", prompt="explain@1", cost_nano=None),
        replace(CALL, outcome=Outcome.RATE_LIMITED, input_tokens=0, cached_tokens=0, output_tokens=0, cost_nano=0),
    ]
    for row in rows:
        database.model_calls.settle(row)
    days = database.model_calls.costs("day")
    assert [(line.group, line.outcome, line.calls, line.input_tokens) for line in days] == [
        ("2026-11-26", Outcome.ANSWERED, 1, 100),
        ("2026-11-26", Outcome.RATE_LIMITED, 1, 0),
        ("2026-11-27", Outcome.ANSWERED, 1, 100),
    ]
    assert [line.group for line in database.model_calls.costs("model")] == ["gpt", "gpt", "gpt-mini"]
    assert [line.unpriced for line in database.model_calls.costs("prompt")] == [1, 0, 0]
    assert [line.group for line in database.model_calls.costs("run", since=NOON + timedelta(hours=1))] == ["r1"]
    assert database.model_calls.costs("day", until=NOON) == []


def test_the_first_answer_kept_for_a_request_stays(database: Database) -> None:
    assert database.model_calls.find_answer("ee") is None
    database.model_calls.keep_answer("ee", '{"text": "one"}', NOON)
    database.model_calls.keep_answer("ee", '{"text": "two"}', NOON)
    database.model_calls.settle(replace(CALL, request_digest="ee"), answer='{"text": "three"}')
    assert database.model_calls.find_answer("ee") == '{"text": "one"}'


def test_a_call_and_its_answer_are_written_together_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(database, CallBound(300, 6_000), BudgetLimits())
    assert isinstance(held, int)
    with monkeypatch.context() as broken:
        refused = Prepared(text("INSERT INTO model_answers (digest) VALUES (NULL)"))
        broken.setattr(model_calls, "_KEEP_ANSWER", refused)
        with pytest.raises(StoreError):
            database.model_calls.settle(CALL, held, answer='{"text": "one"}')
    assert database.model_calls.entries() == []
    assert [one.number for one in database.model_calls.holds()] == [held]
    database.model_calls.settle(CALL, held, answer='{"text": "one"}')
    assert database.model_calls.entries() == [CALL]
    assert database.model_calls.find_answer("cd") == '{"text": "one"}'


def test_the_first_call_of_a_new_day_begins_its_sum_and_adds_to_the_months(database: Database) -> None:
    for at in (NOON, NOON + timedelta(days=1)):
        database.model_calls.settle(replace(CALL, at=at))
    taken = database.model_calls.taken("r1", NOON + timedelta(days=1))
    assert taken == {"run": Spent(10_000, 240), "day": Spent(5_000, 120), "month": Spent(10_000, 240)}


SPENDER = """
import sys, threading
from dataclasses import replace
from datetime import UTC, datetime
from records.database import Database
from records.spending import *
at = datetime(2026, 11, 26, 12, tzinfo=UTC)
limits = BudgetLimits(day=BudgetLimit(tokens=1_000))
entry = CallEntry(at=at, run_id="r", provider="openai", model="m", purpose="p", prompt="p@1", prompt_digest="", request_digest="",
                  outcome=Outcome.ANSWERED, input_tokens=13)
def spend(database):
    while True:
        number = database.model_calls.hold(CallBound(17, 0), limits, run_id="r", at=at, model="m", request_digest="")
        if not isinstance(number, int):
            return
        database.model_calls.settle(entry, number)
with Database.open(sys.argv[1]) as database:
    threads = [threading.Thread(target=spend, args=(database,)) for _ in range(4)]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
"""


def test_processes_and_threads_together_never_exceed_a_budget(address: str) -> None:
    with Database.open(address) as database:
        command = [sys.executable, "-c", SPENDER, address]
        started = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        assert [process.communicate()[1] for process in started] == ["", ""]
        spent = database.model_calls.taken("r", NOON)["day"].tokens
        assert spent == sum(entry.input_tokens for entry in database.model_calls.entries())
        # the last call allowed had at least 17 left: it stops only when the next could break the limit
        assert 1_000 - 17 - 7 * 17 <= spent <= 1_000
        assert database.model_calls.holds() == []
