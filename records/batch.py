"""Batches: requests to a language model that go to its provider together and come back within a day, at a lower price."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from records.spending import CallBound, CallEntry

RequestState = Literal["wanted", "sent", "answered", "failed"]
"""Waits for a batch; is in one (or in one that is about to be sent); has its answer; came back without one."""


@dataclass(frozen=True)
class WantedRequest:
    """One exact request, with all that its row of the cost ledger will say."""

    digest: str
    provider: str
    model: str
    identity: str
    """Who would answer: the server's address."""
    purpose: str
    prompt: str
    """name@version"""
    prompt_digest: str
    body: str
    """The request as JSON."""
    bound: CallBound
    """The most it can cost, at the price of a batch."""


@dataclass(frozen=True)
class KeptRequest:
    """What is known of a request of one owner."""

    state: RequestState
    tries: int
    """Batches that it was in or is to be in."""
    payload: str | None
    """The answer, in the form of `models.answer_cache`; None unless `answered` and still needed."""
    status_code: int | None
    """Of a failed one: the HTTP status of its line. None: the batch ended without trying it."""
    error: str | None
    """Of a failed one: the provider's error as a JSON object."""


@dataclass(frozen=True)
class SentRequest:
    """A request in a batch, without its text."""

    number: int
    custom_id: str
    digest: str
    provider: str
    model: str
    purpose: str
    prompt: str
    prompt_digest: str
    bound: CallBound


@dataclass(frozen=True)
class SettledRequest:
    """How a request of a batch ended."""

    number: int
    entry: CallEntry | None
    """Its row of the cost ledger; None: the provider refused the whole batch and tried nothing."""
    payload: str | None = None
    """The answer; None: it failed."""
    status_code: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Batch:
    """One batch. It is written down before anything of it is sent."""

    key: str
    """Ours: sent with the batch, so that one whose creation nobody heard of is found again."""
    identity: str
    model: str
    run_id: str
    file_id: str | None
    batch_id: str | None
    """The provider's; None: not created yet, or its creation was not heard of."""
    status: str
    """The provider's word; `intended` before it had one."""
    requests: int
    done: int
    failed: int
    cost_nano: int
    """Nano-dollars of the rows settled so far whose price is known."""
    created_at: datetime
    creating_at: datetime | None
    """When its creation was first asked for."""
    submitted_at: datetime | None
    ended_at: datetime | None
    """When everything of it was settled."""
    error: str | None


@dataclass(frozen=True)
class RequestCounts:
    """The requests of articles that are at work in batches, by state."""

    wanted: int = 0
    sent: int = 0
    answered: int = 0
    failed: int = 0
