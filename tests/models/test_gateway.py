"""The gateway against a loopback server that bills, limits and fails; budgets and kills with real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

import models
from models.breaker import Breaker
from models.fallback import FallbackModel
from models.gateway import Gateway
from models.interface import LanguageModel
from models.limiter import Limiter, RateLimits
from models.open_model import ModelSpec, open_model
from models.retry import RetryPolicy
from records.database import Database
from records.errors import BudgetSpent, ModelAnswerInvalid, ModelQuotaSpent, ModelRefused, ModelUnavailable
from records.prompt import Message, Prompt
from records.spending import BudgetLimit, BudgetLimits, Outcome

ROOT = Path(models.__file__).parents[1]
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
PEAR = '{"name": "pear"}'


class Fruit(BaseModel):
    name: str = Field(max_length=30)


@dataclass
class BillingServer:
    """Answers in JSON and counts what it bills; `faults` maps the number of a request to what goes wrong with it."""

    base_url: str = ""
    faults: Callable[[int], str] = lambda _: ""
    never_mends: bool = False
    """Whether a repair is answered by bad JSON too."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    requests: int = 0
    billed_input: int = 0
    billed_output: int = 0
    billed_calls: int = 0
    answering: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def billed(self) -> int:
        return self.billed_input + self.billed_output

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.requests += 1
            number = self.requests
        fault = self.faults(number)
        if fault in ("429", "500", "400", "quota"):
            self._refuse(handler, fault)
        elif fault == "silent":
            self.answering.set()
            self.released.wait(20)
        else:
            self._stream(handler, body, fault, number)

    def _refuse(self, handler: BaseHTTPRequestHandler, fault: str) -> None:
        status = 429 if fault == "quota" else int(fault)
        error = {"message": "no", "code": "insufficient_quota" if fault == "quota" else "x"}
        content = json.dumps({"error": error}).encode()
        handler.send_response(status)
        if fault == "429":
            handler.send_header("Retry-After", "0.01")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _stream(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], fault: str, number: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("x-ratelimit-limit-requests", "100000")
        handler.send_header("x-ratelimit-remaining-requests", "99999")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        first_try = not any(message["role"] == "assistant" for message in body["messages"])
        text = "{no json" if fault == "bad json" and (first_try or self.never_mends) else PEAR
        chunk: dict[str, Any] = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        begin = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        handler.wfile.write(b"data: " + json.dumps(chunk | begin).encode() + b"\n\n")
        handler.wfile.flush()
        if fault == "cut":
            return
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        read, written = sum(len(each["content"]) for each in body["messages"]) // 4 + 3, 5 + number % 7
        usage: dict[str, Any] = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
        details = {"prompt_tokens_details": {"cached_tokens": number % 3}}
        with self.lock:
            self.billed_input += read
            self.billed_output += written
            self.billed_calls += 1
        for part in (end, {"choices": [], "usage": usage | details}):
            handler.wfile.write(b"data: " + json.dumps(chunk | part).encode() + b"\n\n")
        handler.wfile.write(b"data: [DONE]\n\n")


@pytest.fixture
def server() -> Iterator[BillingServer]:
    state = BillingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    state.base_url = f"http://127.0.0.1:{http.server_port}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.released.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


Open = Callable[..., LanguageModel]


@pytest.fixture
def opened(server: BillingServer, database: Database) -> Iterator[Open]:
    """Opens models on the server behind a gateway of their own."""
    opened_models: list[LanguageModel] = []

    def open_at(name: str = "big", *, timeout_seconds: float = 10.0, attempts: int = 8, **parts: Any) -> LanguageModel:
        fixed: dict[str, Any] = {"run_id": "r1", "now": lambda: NOON}
        gate = Gateway(lambda: database.model_calls, **fixed | parts)
        spec = ModelSpec(
            "openai", name, base_url=server.base_url, api_key=SecretStr("k"), timeout_seconds=timeout_seconds
        )
        model = open_model(spec, retry=RetryPolicy(attempts=attempts, sleep=lambda _: None), gate=gate)
        opened_models.append(model)
        return model

    yield open_at
    for model in opened_models:
        model.close()


def prompt(text: str) -> Prompt:
    return Prompt((Message("system", "Be short."), Message("user", text)), "try", "1", "0123456789abcdef")


def ask(model: LanguageModel, text: str) -> Any:
    return model.structured(prompt(text), Fruit, purpose="read", max_output_tokens=50)


def test_the_ledger_agrees_with_the_server_to_the_token_through_every_fault(
    server: BillingServer, database: Database, opened: Open
) -> None:
    kinds = {3: "429", 7: "500", 11: "bad json", 13: "cut", 17: "429", 19: "500"}
    server.faults = lambda number: kinds.get(number % 20, "")
    model = opened(limiter=Limiter(RateLimits(concurrency=8)), breaker=Breaker("big", failures=50))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: ask(model, f"What fruit is {number}?"), range(200)))
    assert len(answers) == 200
    rows = database.model_calls.entries()
    assert sum(row.input_tokens for row in rows) == server.billed_input
    assert sum(row.output_tokens for row in rows) == server.billed_output
    assert len(rows) == server.requests
    kinds_seen = {row.outcome for row in rows}
    assert kinds_seen == {
        Outcome.ANSWERED, Outcome.UNUSABLE, Outcome.RATE_LIMITED, Outcome.SERVER_ERROR, Outcome.BROKEN_OFF
    }  # fmt: skip
    assert sum(call.input_tokens + call.output_tokens for each in answers for call in each.calls) == server.billed
    assert database.model_calls.holds() == []


def test_unchanged_input_costs_nothing_on_another_day_in_another_run(
    server: BillingServer, database: Database, opened: Open
) -> None:
    first = ask(opened(), "What is it?")
    pieces: list[str] = []
    later = opened(run_id="r2", now=lambda: NOON + timedelta(days=40))
    again = later.structured(
        prompt("What is it?"), Fruit, purpose="other", max_output_tokens=50, on_token=pieces.append
    )
    assert again.value == first.value
    assert server.requests == 1
    assert [(c.cache_hit, c.input_tokens, c.output_tokens, c.cost_usd) for c in again.calls] == [(True, 0, 0, 0.0)]
    assert "".join(pieces) == PEAR
    hit = database.model_calls.entries()[-1]
    assert (hit.outcome, hit.run_id, hit.input_tokens + hit.output_tokens, hit.cost_nano) == (
        Outcome.CACHE_HIT, "r2", 0, 0
    )  # fmt: skip


def test_a_repaired_answer_is_kept_with_its_first_try(server: BillingServer, opened: Open) -> None:
    server.faults = lambda number: "bad json" if number == 1 else ""
    assert len(ask(opened(), "What is it?").calls) == 2
    assert [call.cache_hit for call in ask(opened(), "What is it?").calls] == [True, True]
    assert server.requests == 2


def test_an_answer_is_kept_as_its_call_is_settled_and_one_to_be_repaired_only_after(
    server: BillingServer, database: Database, opened: Open
) -> None:
    """A process that is killed after a call was settled does not pay for it again."""
    server.faults = lambda number: "bad json" if number == 1 else ""
    books, kept = database.model_calls, list[tuple[Outcome, bool]]()
    books.watch(lambda entry: kept.append((entry.outcome, books.find_answer(entry.request_digest) is not None)))
    assert len(ask(opened(), "What is it?").calls) == 2
    assert kept == [(Outcome.UNUSABLE, False), (Outcome.ANSWERED, True)]
    assert all(books.find_answer(entry.request_digest) for entry in books.entries())
    ask(opened(cache=False), "And now?")
    assert kept[-1] == (Outcome.ANSWERED, False)


def test_an_answer_that_could_not_be_repaired_is_asked_for_anew(server: BillingServer, opened: Open) -> None:
    server.never_mends, server.faults = True, lambda number: "bad json" if number <= 2 else ""
    with pytest.raises(ModelAnswerInvalid):
        ask(opened(), "What is it?")
    assert not ask(opened(), "What is it?").calls[0].cache_hit


@pytest.mark.parametrize("change", ["text", "model", "tokens", "off"])
def test_only_the_exact_request_to_the_same_model_is_answered_from_the_cache(
    server: BillingServer, opened: Open, change: str
) -> None:
    ask(opened(), "What is it?")
    model = opened("bigger" if change == "model" else "big", cache=change != "off")
    text = "What is it!" if change == "text" else "What is it?"
    tokens = 51 if change == "tokens" else 50
    model.structured(prompt(text), Fruit, purpose="read", max_output_tokens=tokens)
    assert server.requests == 2


SPENDER = """
import sys, threading
from datetime import UTC, datetime
from pydantic import BaseModel, SecretStr
from models.gateway import Gateway
from models.open_model import ModelSpec, open_model
from records.database import Database
from records.errors import BudgetSpent
from records.prompt import Message, Prompt
from records.spending import BudgetLimit, BudgetLimits
class Fruit(BaseModel):
    name: str
def spend(model, thread):
    for number in range(1000):
        prompt = Prompt((Message("user", f"What fruit is {sys.argv[3]} {thread} {number}?"),), "try", "1", "ab")
        try:
            model.structured(prompt, Fruit, purpose="read", max_output_tokens=50)
        except BudgetSpent:
            return
with Database.open(sys.argv[1]) as database:
    limits = BudgetLimits(day=BudgetLimit(tokens=int(sys.argv[4])))
    now = lambda: datetime(2026, 11, 26, 12, tzinfo=UTC)
    gate = Gateway(lambda: database.model_calls, run_id="r1", budget=limits, now=now)
    model = open_model(ModelSpec("openai", "big", base_url=sys.argv[2], api_key=SecretStr("k")), gate=gate)
    threads = [threading.Thread(target=spend, args=(model, thread)) for thread in range(8)]
    [thread.start() for thread in threads]; [thread.join() for thread in threads]
    model.close()
"""


def spender(server: BillingServer, tmp_path: Path, name: str, tokens: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", SPENDER, str(tmp_path / "rhyme.db"), server.base_url, name, str(tokens)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
def test_two_processes_of_eight_threads_never_exceed_a_budget(
    server: BillingServer, database: Database, tmp_path: Path
) -> None:
    server.faults = lambda number: {4: "bad json", 9: "500"}.get(number % 10, "")
    started = [spender(server, tmp_path, name, 4_000) for name in "ab"]
    assert [process.communicate()[1] for process in started] == ["", ""]
    assert 1_500 < server.billed <= 4_000
    assert sum(row.input_tokens + row.output_tokens for row in database.model_calls.entries()) == server.billed
    assert database.model_calls.holds() == []


def test_a_process_killed_in_the_middle_of_calls_leaves_a_true_ledger_and_its_calls_held(
    server: BillingServer, database: Database, tmp_path: Path
) -> None:
    server.faults = lambda number: "silent" if number > 12 else ""
    process = spender(server, tmp_path, "a", 1_000_000)
    assert server.answering.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    rows = database.model_calls.entries()
    held = database.model_calls.holds()
    # a killed process may have had an answer it did not come to write down: its hold stands for it
    unwritten = server.billed - sum(row.input_tokens + row.output_tokens for row in rows)
    assert 0 <= unwritten <= sum(hold.bound.tokens for hold in held)
    assert 1 <= len(held) <= 8
    assert len(rows) + len(held) >= server.billed_calls
    taken = database.model_calls.taken("r1", NOON)["day"].tokens
    assert taken == sum(row.input_tokens + row.output_tokens for row in rows) + sum(each.bound.tokens for each in held)
    assert server.billed <= taken
    # the next day, and any other run, is free of what the dead process held
    assert database.model_calls.taken("r2", NOON + timedelta(days=1))["day"].tokens == 0
    server.faults = lambda _: ""
    after = spender(server, tmp_path, "b", taken + 3_000)
    assert after.communicate()[1] == ""
    assert server.billed <= taken + 3_000
    assert len(database.model_calls.holds()) == len(held)


def test_a_budget_in_dollars_needs_a_price_and_nothing_is_sent_without(server: BillingServer, opened: Open) -> None:
    model = opened(budget=BudgetLimits(day=BudgetLimit(cost_nano=10**9)))
    with pytest.raises(BudgetSpent, match="the price of big"):
        ask(model, "What is it?")
    assert server.requests == 0


def test_a_spent_budget_names_the_setting_and_does_not_go_to_the_fallback(server: BillingServer, opened: Open) -> None:
    first = opened(budget=BudgetLimits(month=BudgetLimit(tokens=10)))
    model = FallbackModel(first, opened("small"))
    with pytest.raises(BudgetSpent, match="budget_month_tokens of 10 tokens has 10 tokens left"):
        ask(model, "What is it?")
    assert server.requests == 0


def test_an_answer_from_the_cache_needs_no_budget(opened: Open) -> None:
    ask(opened(), "What is it?")
    assert ask(opened(budget=BudgetLimits(run=BudgetLimit(tokens=0))), "What is it?").calls[0].cache_hit


@pytest.mark.parametrize("fault", ["cut", "silent"])
def test_a_call_that_broke_off_counts_with_all_it_may_have_cost(
    server: BillingServer, database: Database, opened: Open, fault: str
) -> None:
    server.faults = lambda _: fault
    with pytest.raises(ModelUnavailable):
        ask(opened(timeout_seconds=0.3, attempts=1), "What is it?")
    row = database.model_calls.entries()[0]
    assert row.outcome is (Outcome.BROKEN_OFF if fault == "cut" else Outcome.TIMED_OUT)
    assert row.input_tokens + row.output_tokens == 0
    assert row.uncertain.tokens > 50
    assert database.model_calls.taken("r1", NOON)["day"].tokens == row.uncertain.tokens


def test_a_refusal_by_status_is_known_to_cost_nothing(server: BillingServer, database: Database, opened: Open) -> None:
    server.faults = lambda _: "500"
    with pytest.raises(ModelUnavailable):
        ask(opened(attempts=3), "What is it?")
    assert [row.outcome for row in database.model_calls.entries()] == [Outcome.SERVER_ERROR] * 3
    assert database.model_calls.taken("r1", NOON)["day"].tokens == 0


def test_the_breaker_stops_calls_and_one_probe_brings_them_back(server: BillingServer, opened: Open) -> None:
    clock = [0.0]
    server.faults = lambda number: "500" if number <= 5 else ""
    model = opened(breaker=Breaker("The model big", cool_seconds=30, monotonic=lambda: clock[0]), attempts=5)
    with pytest.raises(ModelUnavailable, match="5 tries"):
        ask(model, "one")
    with pytest.raises(ModelUnavailable, match="failed 5 times in a row, so it is left alone for 30 s"):
        ask(model, "two")
    assert server.requests == 5
    clock[0] = 30.0
    assert ask(model, "three").value.name == "pear"
    assert ask(model, "four").value.name == "pear"


@pytest.mark.parametrize("fault", ["500", "429", "quota"])
def test_the_fallback_answers_for_a_model_that_is_not_to_be_had_and_says_why(
    server: BillingServer, database: Database, opened: Open, fault: str
) -> None:
    server.faults = lambda number: fault if number <= 2 else ""
    model = FallbackModel(opened("big", attempts=1 if fault == "quota" else 2), opened("small"))
    if fault == "quota":
        server.faults = lambda number: fault if number <= 1 else ""
    call = ask(model, "What is it?").calls[0]
    assert call.model == "small"
    assert (call.fallback or "").startswith("small answered in place of big: The openai model big")
    assert [row.model for row in database.model_calls.entries() if row.outcome is Outcome.ANSWERED] == ["small"]


def test_the_fallback_is_not_asked_for_a_bad_request(server: BillingServer, opened: Open) -> None:
    server.faults = lambda _: "400"
    with pytest.raises(ModelRefused) as caught:
        ask(FallbackModel(opened("big"), opened("small")), "What is it?")
    assert not isinstance(caught.value, ModelQuotaSpent)
    assert server.requests == 1


def test_a_used_up_account_is_a_kind_of_its_own(server: BillingServer, opened: Open) -> None:
    server.faults = lambda _: "quota"
    with pytest.raises(ModelQuotaSpent, match="quota is used up"):
        ask(opened(), "What is it?")
