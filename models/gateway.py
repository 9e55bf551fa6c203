"""The gate in full: cache, limiter, breaker, budget, one try at the provider, ledger.

The budget comes last before sending: what waits in a queue holds no money, and a process killed while it waits leaves no
hold behind. Everything a provider may bill is in the ledger or held, at every moment.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from models.answer_cache import from_payload, request_digest, to_payload
from models.breaker import Breaker, Trial
from models.budget import HoldingBooks, bound_of, hold, nano_usd
from models.gate import Errand, Passage, Send, TokenBound
from models.limiter import Limiter, Turn
from models.retry import asked_wait, is_transient, may_be_billed, outcome_of
from models.wire import Completion, Usage
from records.spending import BudgetLimits, CallBound, CallEntry, Outcome
from records.times import Clock, utc_now


class Books(HoldingBooks, Protocol):
    """The ledger, the budgets and the kept answers (`records.database.model_calls.ModelCalls`)."""

    def settle(
        self,
        entry: CallEntry,
        hold: int | None = None,
        *,
        held_at: datetime | None = None,
        answer: str | None = None,
    ) -> None: ...
    def find_answer(self, digest: str) -> str | None: ...
    def keep_answer(self, digest: str, payload: str, at: datetime) -> None: ...


@dataclass(frozen=True)
class Gateway:
    """One model's gate in this process, safe to share between threads."""

    open_books: Callable[[], Books]
    """Called once, at the first call to the model."""
    run_id: str
    cache: bool = True
    limiter: Limiter | None = None
    breaker: Breaker | None = None
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    now: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _opened: list[Books] = field(default_factory=list, repr=False)

    @property
    def books(self) -> Books:
        with self._lock:
            if not self._opened:
                self._opened.append(self.open_books())
            return self._opened[0]

    def passage(self, errand: Errand) -> Passage:
        """The way of one errand."""
        return _Passage(self, errand)


@dataclass
class _Try:
    """One try under way."""

    turn: Turn
    trial: Trial
    number: int | None
    bound: CallBound
    held_at: datetime
    started: float


class _Passage:
    def __init__(self, gateway: Gateway, errand: Errand) -> None:
        self._gateway = gateway
        self._errand = errand
        self._waited = 0.0
        self._done: Completion | None = None
        """The answer that is still to be kept, should it prove to be of use."""

    @cached_property
    def _tokens(self) -> TokenBound | None:
        return self._errand.bound() if self._errand.bound else None

    @cached_property
    def _digest(self) -> str:
        return request_digest(self._errand)

    def waited(self) -> float:
        return self._waited

    def kept(self) -> Completion | None:
        if not self._gateway.cache:
            return None
        payload = self._gateway.books.find_answer(self._digest)
        if payload is None:
            return None
        try:
            done = from_payload(payload)
        except (ValueError, KeyError, TypeError):
            return None  # an older Rhyme's form: the answer is asked for anew
        self._gateway.books.settle(self._entry(Outcome.CACHE_HIT, 0.0))
        return done

    def keep(self) -> None:
        if self._gateway.cache and self._done is not None:
            self._gateway.books.keep_answer(self._digest, to_payload(self._done), self._gateway.now())

    def attempt(self, send: Send) -> Completion:
        gateway = self._gateway
        with ExitStack() as leaving:
            if gateway.breaker:
                gateway.breaker.refuse_if_open()  # before the queue: who must not be sent need not wait
            turn, trial = Turn(0.0, 0, 0), Trial(probe=False)
            if gateway.limiter and self._tokens:
                turn = leaving.enter_context(gateway.limiter.turn(self._tokens.expected_input + self._tokens.output))
                turn.sent = False
                self._waited += turn.waited
            if gateway.breaker:
                trial = leaving.enter_context(gateway.breaker.trial())
            held_at = gateway.now()
            number, bound = None, CallBound()
            if self._tokens:
                bound = bound_of(self._errand, self._tokens)
                number = self._hold(bound, held_at)
            turn.sent = True
            return self._sent(send, _Try(turn, trial, number, bound, held_at, gateway.monotonic()))

    def _hold(self, bound: CallBound, at: datetime) -> int:
        gateway = self._gateway
        need = (gateway.books, bound, gateway.budget)
        return hold(*need, run_id=gateway.run_id, at=at, model=self._errand.model, request_digest=self._digest)

    def _sent(self, send: Send, under_way: _Try) -> Completion:
        limiter = self._gateway.limiter
        try:
            done = send(limiter.heard if limiter else None)
        except BaseException as error:
            self._failed(error, under_way)
            raise
        usage = self._errand.counted(done)
        entry = self._entry(self._errand.judged(done), self._gateway.monotonic() - under_way.started)
        # of use for sure: kept in the transaction that settles it, not in one more
        keeps = self._gateway.cache and self._errand.judges_whole and entry.outcome is Outcome.ANSWERED
        self._gateway.books.settle(
            replace(_billed(entry, usage, self._errand.price(usage)), tokens_estimated=done.usage is None),
            under_way.number,
            held_at=under_way.held_at,
            answer=to_payload(done) if keeps else None,
        )
        under_way.trial.failed = False
        under_way.turn.used = usage.input_tokens + usage.output_tokens
        if limiter:
            limiter.answered()
        self._done = None if keeps else done
        return done

    def _failed(self, error: BaseException, under_way: _Try) -> None:
        outcome = outcome_of(error)
        limiter = self._gateway.limiter
        headers = getattr(getattr(error, "response", None), "headers", None)
        if limiter and headers is not None:
            limiter.heard(headers)
        if outcome is Outcome.RATE_LIMITED:
            if limiter:
                limiter.throttled(under_way.turn, asked_wait(error, self._gateway.now))
        elif outcome is Outcome.REFUSED:
            under_way.trial.failed = False  # it answers, if only with a no
        elif outcome is not Outcome.STOPPED:
            under_way.trial.failed = is_transient(error)
        billed = may_be_billed(error)
        if not billed:
            under_way.turn.used = 0
        entry = self._entry(outcome, self._gateway.monotonic() - under_way.started)
        uncertain = under_way.bound if billed else CallBound()
        self._gateway.books.settle(replace(entry, uncertain=uncertain), under_way.number, held_at=under_way.held_at)

    def _entry(self, outcome: Outcome, seconds: float) -> CallEntry:
        errand = self._errand
        return CallEntry(
            at=self._gateway.now(),
            run_id=self._gateway.run_id,
            provider=errand.provider,
            model=errand.model,
            purpose=errand.purpose,
            prompt=f"{errand.prompt.name}@{errand.prompt.version}",
            prompt_digest=errand.prompt.digest,
            request_digest=self._digest,
            outcome=outcome,
            seconds=seconds,
        )


def _billed(entry: CallEntry, usage: Usage, cost_usd: float | None) -> CallEntry:
    return replace(
        entry,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost_nano=nano_usd(cost_usd),
    )
