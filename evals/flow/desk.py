"""Where the simulated server's requests are admitted, counted and billed, whatever their route."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from evals.flow.faults import UNBILLED, Fault, FaultPlan
from evals.flow.http_server import Reply, Request
from evals.flow.limits import ServerLimits
from evals.flow.tally import Tally, TallyRow
from evals.flow.tokens import PrefixCache

SERVER_ERRORS = (500, 502, 503)
FAULT_RETRY_MILLISECONDS = 200
"""What an injected 429 asks to wait."""
TRANSPORT = ("stream", "stream_options")


@dataclass(frozen=True)
class Pace:
    """How fast answers come."""

    latency_seconds: float = 0.0
    hang_seconds: float = 300.0
    drip_seconds: float = 2.0
    tokens_per_chunk: int = 1


@dataclass(frozen=True)
class Usage:
    """What one answer is billed for."""

    input_tokens: int
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True)
class Ticket:
    """A request that got in: its number and what is to happen to it."""

    n: int
    fault: Fault | None
    latency_seconds: float


class Desk:
    """One server's limits, faults, prefix cache and tally."""

    def __init__(
        self,
        *,
        limits: ServerLimits,
        plan: FaultPlan,
        pace: Pace,
        tally: Tally,
        at_once: int | None = None,
    ) -> None:
        self.pace = pace
        self.prefixes = PrefixCache()
        self._limits = limits
        self._plan = plan
        self._tally = tally
        self._next = tally.last + 1
        self._turns = asyncio.Semaphore(at_once) if at_once else None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One of the requests answered at once."""
        async with self._turns or nullcontext():
            yield

    def number(self) -> int:
        """The next request's."""
        n = self._next
        self._next += 1
        return n

    async def admit(
        self, request: Request, reply: Reply, body: Mapping[str, Any], *, endpoint: str, tokens: int | None
    ) -> Ticket | None:
        """A ticket for a request that takes up to `tokens`, or None when it was sent away with a 429 or an error. None: it is not
        limited."""
        n = self.number()
        fault = self._plan.of(n)
        if tokens is not None and (excess := self._limits.take(tokens)):
            self.count(n, request, body, endpoint=endpoint, status=429)
            headers = self._limits.headers() | _retry_after(excess.seconds)
            await reply.error(429, excess.message, kind=excess.kind, code="rate_limit_exceeded", headers=headers)
            return None
        if fault in UNBILLED:
            self._limits.correct(tokens or 0, 0)
            await self._fail(n, request, reply, body, endpoint, fault)
            return None
        wobble = 0.75 + 0.5 * self._plan.draw(n, "latency")
        return Ticket(n, fault, self.pace.latency_seconds * wobble)

    def headers(self) -> dict[str, str]:
        """The rate limits as every answer tells them."""
        return self._limits.headers()

    def settle(self, asked: int, usage: Usage) -> None:
        """Gives back what an answer did not need of the tokens it was admitted with."""
        self._limits.correct(asked, usage.input_tokens + usage.output_tokens)

    def count(
        self,
        n: int,
        request: Request,
        body: Mapping[str, Any],
        *,
        endpoint: str,
        status: int = 200,
        usage: Usage | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Writes the request's row, before anything of its answer is sent. `usage` None: it is not billed."""
        row = TallyRow(
            n=n,
            at=time.time(),
            endpoint=endpoint,
            client_request_id=request.headers.get("x-client-request-id"),
            model=str(body.get("model", "")),
            status=status,
            input_tokens=usage.input_tokens if usage else 0,
            cached_tokens=usage.cached_tokens if usage else 0,
            output_tokens=usage.output_tokens if usage else 0,
            fault=fault.value if fault else None,
            billed=usage is not None,
            digest=body_digest(body),
        )
        self._tally.write(row)

    async def _fail(
        self, n: int, request: Request, reply: Reply, body: Mapping[str, Any], endpoint: str, fault: Fault | None
    ) -> None:
        if fault is Fault.RATE_LIMIT:
            self.count(n, request, body, endpoint=endpoint, status=429, fault=fault)
            headers = self.headers() | _retry_after(FAULT_RETRY_MILLISECONDS / 1_000)
            told = "The engine is currently overloaded, please try again later."
            await reply.error(429, told, kind="requests", code="rate_limit_exceeded", headers=headers)
            return
        status = SERVER_ERRORS[int(self._plan.draw(n, "status") * len(SERVER_ERRORS))]
        self.count(n, request, body, endpoint=endpoint, status=status, fault=fault)
        told = "The server had an error while processing your request. Sorry about that!"
        await reply.error(status, told, kind="server_error", headers=self.headers())


def body_digest(body: Mapping[str, Any]) -> str:
    """64 hex digits of the request without how it is transported."""
    asked = {name: value for name, value in body.items() if name not in TRANSPORT}
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _retry_after(seconds: float) -> dict[str, str]:
    return {"retry-after-ms": str(int(seconds * 1_000) + 1), "retry-after": str(int(seconds) + 1)}
