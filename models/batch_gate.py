"""The gate of batch mode: nothing is sent; a request without an answer is wanted, and its article waits.

A request is the same, to its digest, as one that is sent by itself, so answers serve both. What was answered in a batch is
delivered to the one who wanted it as often as he asks, with the tokens that it was billed for.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from models.answer_cache import from_payload, plain_request, request_digest, to_payload
from models.batch_lines import LineError, status_error, worth_another_batch
from models.budget import bound_of
from models.gate import Errand, Passage, Send
from models.gateway import Books
from models.wire import Completion
from records.batch import KeptRequest, WantedRequest
from records.spending import CallBound, CallEntry, Outcome
from records.times import Clock, utc_now

TRIES = 3
"""Batches that one request may be in."""


class Waiting(BaseException):
    """Ends the work on an article until a batch has brought its answer. No Exception, so that nothing takes it for a failure."""


class GivenUp(BaseException):
    """Ends the work on an article: its request came back from every batch without an answer."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class Shelf(Protocol):
    """Where requests wait and answers come to (`records.database.batches.Batches`)."""

    def kept(self, owner: str, digest: str) -> KeptRequest | None: ...
    def want(self, owner: str, wanted: WantedRequest) -> None: ...


@dataclass
class BatchGate:
    """For one thread: it answers one owner's questions at a time."""

    open_shelf: Callable[[], Shelf]
    open_books: Callable[[], Books]
    run_id: str
    cache: bool = True
    """Whether answers kept at an earlier time are taken."""
    tries: int = TRIES
    limited_in_usd: bool = False
    """Whether a request of unknown price must not be sent."""
    now: Clock = utc_now
    _owners: list[str] = field(default_factory=list, repr=False)

    @contextmanager
    def answering(self, owner: str) -> Iterator[None]:
        """Inside it, questions are this owner's."""
        self._owners.append(owner)
        try:
            yield
        finally:
            self._owners.pop()

    @property
    def owner(self) -> str:
        """Whose question it is."""
        return self._owners[-1]

    @cached_property
    def shelf(self) -> Shelf:
        """Opened at the first question."""
        return self.open_shelf()

    @cached_property
    def books(self) -> Books:
        """Opened at the first question."""
        return self.open_books()

    def passage(self, errand: Errand) -> Passage:
        """The way of one errand."""
        return _Passage(self, errand)


class _Passage:
    def __init__(self, gate: BatchGate, errand: Errand) -> None:
        self._gate = gate
        self._errand = errand
        self._digest = request_digest(errand)
        self._mine = gate.shelf.kept(gate.owner, self._digest)
        self._done: Completion | None = None

    def waited(self) -> float:
        return 0.0

    def kept(self) -> Completion | None:
        """An answer that was paid for another time; one that this owner's batch brought is no such."""
        gate = self._gate
        if not gate.cache or (self._mine is not None and self._mine.state == "answered"):
            return None
        payload = gate.books.find_answer(self._digest)
        if payload is None:
            return None
        try:
            done = from_payload(payload)
        except (ValueError, KeyError, TypeError):
            return None
        gate.books.settle(self._hit())
        return done

    def keep(self) -> None:
        if self._gate.cache and self._done is not None:
            self._gate.books.keep_answer(self._digest, to_payload(self._done), self._gate.now())

    def attempt(self, send: Send) -> Completion:  # noqa: ARG002 - nothing is sent from here
        """The answer of a batch. Raises Waiting, GivenUp, or what the request would have raised had it been sent."""
        mine = self._mine
        if mine is not None and mine.state == "answered" and mine.payload is not None:
            self._done = from_payload(mine.payload)
            return self._done
        if mine is not None and mine.state == "failed":
            self._judge(mine)
        if mine is None or mine.state not in ("wanted", "sent"):
            self._gate.shelf.want(self._gate.owner, self._wanted())
        raise Waiting

    def _judge(self, failed: KeptRequest) -> None:
        """Returns when another batch is worth it."""
        error = LineError.of(json.loads(failed.error or "{}"))
        if failed.status_code is not None and not worth_another_batch(failed.status_code, error):
            raise status_error(failed.status_code, error, self._errand.identity)
        if failed.tries >= self._gate.tries:
            what = f"{error.message} ({error.code})" if error.code else error.message
            raise GivenUp(
                "model_unavailable",
                f"The request {self._errand.purpose!r} to {self._errand.model} came back without an answer from {failed.tries} "
                f"batches. The last one said: {what} `rhyme jobs retry` asks anew.",
            )

    def _wanted(self) -> WantedRequest:
        errand = self._errand
        bound = bound_of(errand, errand.bound()) if errand.bound else CallBound()
        if bound.cost_nano is None and self._gate.limited_in_usd:
            raise GivenUp(
                "budget_spent",
                f"A budget in US dollars is set, but the batch price of {errand.model} for a request of up to "
                f"{bound.tokens:,} tokens is not known, so it was not sent. Set price_file to a table that has it "
                "(with `batch`), or use the budgets in tokens, then `rhyme jobs retry`.",
            )
        return WantedRequest(
            digest=self._digest,
            provider=errand.provider,
            model=errand.model,
            identity=errand.identity,
            purpose=errand.purpose,
            prompt=f"{errand.prompt.name}@{errand.prompt.version}",
            prompt_digest=errand.prompt.digest,
            body=json.dumps(plain_request(errand), ensure_ascii=False, separators=(",", ":")),
            bound=bound,
        )

    def _hit(self) -> CallEntry:
        errand = self._errand
        return CallEntry(
            at=self._gate.now(),
            run_id=self._gate.run_id,
            provider=errand.provider,
            model=errand.model,
            purpose=errand.purpose,
            prompt=f"{errand.prompt.name}@{errand.prompt.version}",
            prompt_digest=errand.prompt.digest,
            request_digest=self._digest,
            outcome=Outcome.CACHE_HIT,
        )
