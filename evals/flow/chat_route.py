"""POST /v1/chat/completions: an answer as it should be, or broken as the fault plan says."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from evals.flow.answers import answer_text, off_schema
from evals.flow.desk import Desk, Ticket, Usage
from evals.flow.faults import Fault
from evals.flow.http_server import Aborted, Reply, Request, Route
from evals.flow.tokens import BYTES_A_TOKEN, count_tokens, prompt_text, prompt_tokens

UNSAID_OUTPUT_TOKENS = 1_024
"""Counted against the token limit for a request without an output limit."""
DECLINED = "I'm sorry, but I can't help with that request."
HALF = 0.5
"""How far a cut or hanging answer gets."""
DRIPS = 10


@dataclass(frozen=True)
class ChatAnswer:
    """The words of one answer and what they cost."""

    text: str
    refusal: str
    finish_reason: str
    usage: Usage


def chat_routes(desk: Desk) -> Iterable[Route]:
    """The one route."""

    async def handler(request: Request, reply: Reply) -> None:
        try:
            body = request.json()
            asked = prompt_tokens(body) + (_output_limit(body) or UNSAID_OUTPUT_TOKENS)
        except (ValueError, TypeError, AttributeError):
            await reply.error(400, "We could not parse the JSON body of your request.", kind="invalid_request_error")
            return
        if not body.get("messages"):
            await reply.error(400, "'messages' must not be empty.", kind="invalid_request_error")
            return
        ticket = await desk.admit(request, reply, body, endpoint="chat", tokens=asked)
        if ticket is None:
            return
        async with desk.turn():
            await asyncio.sleep(ticket.latency_seconds)
            answer = answer_to(body, desk, ticket.fault)
            desk.settle(asked, answer.usage)
            desk.count(ticket.n, request, body, endpoint="chat", usage=answer.usage, fault=ticket.fault)
            await _Telling(desk, request, reply, body, ticket, answer).tell()

    yield Route("POST", "/v1/chat/completions", handler)


def answer_to(body: Mapping[str, Any], desk: Desk, fault: Fault | None = None) -> ChatAnswer:
    """The answer to the body of a chat request, with its usage; a fault of what is said is in it."""
    text, refusal, finish_reason = answer_text(body), "", "stop"
    if fault is Fault.REFUSAL:
        text, refusal = "", DECLINED
    elif fault is Fault.INVALID_JSON:
        text = text[: int(len(text) * HALF)]
    elif fault is Fault.WRONG_SCHEMA:
        text = off_schema(text)
    most = _output_limit(body)
    if most is not None and count_tokens(text) > most:
        text, finish_reason = text.encode()[: most * BYTES_A_TOKEN].decode(errors="ignore"), "length"
    said = text[: int(len(text) * HALF)] if fault in (Fault.CUT_STREAM, Fault.HANG) else text or refusal
    read = prompt_tokens(body)
    cached = desk.prefixes.cached_tokens(prompt_text(body), read)
    return ChatAnswer(text, refusal, finish_reason, Usage(read, count_tokens(said), cached))


def completion_object(n: int, model: str, answer: ChatAnswer) -> dict[str, Any]:
    """The answer as one `chat.completion` object."""
    message = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal or None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return {**_head(n, model, "chat.completion"), "choices": [choice], "usage": usage_object(answer.usage)}


def usage_object(usage: Usage) -> dict[str, Any]:
    """A usage block in OpenAI's form."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _head(n: int, model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-simulated-{n}", "object": kind, "created": 0, "model": model}


def _output_limit(body: Mapping[str, Any]) -> int | None:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return int(limit) if limit else None


@dataclass(frozen=True)
class _Telling:
    """One answer on its way."""

    desk: Desk
    request: Request
    reply: Reply
    body: Mapping[str, Any]
    ticket: Ticket
    answer: ChatAnswer

    async def tell(self) -> None:
        headers = self.desk.headers() | {"x-request-id": f"req-simulated-{self.ticket.n}"}
        if self.body.get("stream"):
            await self.reply.begin("text/event-stream; charset=utf-8", headers=headers)
            await self._events()
        else:
            await self._object(headers)

    async def _object(self, headers: Mapping[str, str]) -> None:
        content = json.dumps(completion_object(self.ticket.n, self._model, self.answer), ensure_ascii=False).encode()
        fault = self.ticket.fault
        if fault not in (Fault.CUT_STREAM, Fault.HANG, Fault.SLOW_DRIP):
            await self.reply.whole(content, "application/json", headers=headers)
            return
        await self.reply.begin("application/json", headers={**headers, "content-length": str(len(content))})
        await self._broken(fault, [content[start : start + 256] for start in range(0, len(content), 256)])
        await self.reply.end()

    async def _events(self) -> None:
        events = self._all_events()
        fault = self.ticket.fault
        if fault in (Fault.CUT_STREAM, Fault.HANG, Fault.SLOW_DRIP):
            await self._broken(fault, events)
        else:
            await self.reply.piece(events[0])
            await self.reply.piece(b"".join(events[1:]))
        await self.reply.end()

    async def _broken(self, fault: Fault | None, pieces: list[bytes]) -> None:
        """Sends the pieces as the fault says. Raises Aborted where the line is cut."""
        if fault is Fault.SLOW_DRIP:
            step = -(-len(pieces) // DRIPS)
            for start in range(0, len(pieces), step):
                await self.reply.piece(b"".join(pieces[start : start + step]))
                await asyncio.sleep(self.desk.pace.drip_seconds / DRIPS)
            return
        await self.reply.piece(b"".join(pieces[: max(1, int(len(pieces) * HALF))]))
        if fault is Fault.HANG:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.request.gone(), self.desk.pace.hang_seconds)
        raise Aborted

    def _all_events(self) -> list[bytes]:
        """Every event of the stream: the role, the text, the reason of its end, the usage if it was asked for, the end."""
        # one object is written out; the others differ from it in their one value
        opening = json.dumps(_head(self.ticket.n, self._model, "chat.completion.chunk"))[:-1]
        before = f'data: {opening}, "choices": [{{"index": 0, "delta": '
        after = ', "finish_reason": null}]}\n\n'
        deltas = ['{"role": "assistant", "content": ""}', *self._deltas()]
        events = [f"{before}{delta}{after}".encode() for delta in deltas]
        events.append(f'{before}{{}}, "finish_reason": "{self.answer.finish_reason}"}}]}}\n\n'.encode())
        if (self.body.get("stream_options") or {}).get("include_usage"):
            told = json.dumps(usage_object(self.answer.usage))
            events.append(f'data: {opening}, "choices": [], "usage": {told}}}\n\n'.encode())
        return [*events, b"data: [DONE]\n\n"]

    def _deltas(self) -> list[str]:
        if self.answer.refusal:
            return [json.dumps({"refusal": self.answer.refusal})]
        step = BYTES_A_TOKEN * self.desk.pace.tokens_per_chunk
        text = self.answer.text
        return [json.dumps({"content": text[start : start + step]}) for start in range(0, len(text), step)]

    @property
    def _model(self) -> str:
        return str(self.body.get("model", ""))
