"""The Batch API of the simulated server: files in, batches that take their time, files out, with its own kinds of failure.

A batch is worked off line by line; a line is billed, and stands in the tally, in the moment it is done. Files and batches live
in memory and go with the server's process. `POST /v1/simulated/batches` sets how the batches created from then on behave: a JSON
object with fields of `BatchPlan`.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from email import message_from_bytes
from email.policy import HTTP
from itertools import count
from typing import Any

from evals.flow.chat_route import answer_to, completion_object
from evals.flow.desk import Desk
from evals.flow.http_server import Reply, Request, Route

ENDPOINT = "/v1/chat/completions"
ENDED = ("failed", "completed", "expired", "cancelled")
PAGE = 20
EXPIRED = "This request could not be executed before the completion window expired."
_TASKS: set["asyncio.Task[None]"] = set()
"""The loop alone holds its tasks weakly."""


@dataclass(frozen=True)
class BatchPlan:
    """How batches behave, by the number of the line within its batch, from 0."""

    line_seconds: float = 0.0
    """Until a line is done."""
    validating_seconds: float = 0.0
    create_seconds: float = 0.0
    """Between creating a batch and saying so."""
    refused_lines: tuple[int, ...] = ()
    """Answered with 400."""
    broken_lines: tuple[int, ...] = ()
    """Answered with 500."""
    lost_lines: tuple[int, ...] = ()
    """In no file, and not billed."""
    expires_after: int | None = None
    """Lines done before the batch expires; None: it does not."""
    invalid: str | None = None
    """Code of the error with which validation fails; None: it passes."""
    most_requests: int | None = None
    """A larger batch fails with `token_limit_exceeded`; None: no such limit."""
    usage: bool = True
    """Whether the batch tells its sum of tokens."""


@dataclass
class SimulatedBatch:
    """One batch."""

    id: str
    plan: BatchPlan
    input_file_id: str
    lines: list[dict[str, Any]]
    metadata: Mapping[str, str]
    created_at: int
    status: str = "validating"
    done: int = 0
    failed: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None
    refusal: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        """In OpenAI's form."""
        told: dict[str, Any] = {
            "id": self.id,
            "object": "batch",
            "endpoint": ENDPOINT,
            "errors": {"object": "list", "data": [self.refusal]} if self.refusal else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": self.created_at,
            "request_counts": {"total": len(self.lines), "completed": self.done, "failed": self.failed},
            "metadata": dict(self.metadata) or None,
        }
        if self.plan.usage:
            read, written = self.tokens
            told["usage"] = {
                "input_tokens": read,
                "output_tokens": written,
                "total_tokens": read + written,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens_details": {"reasoning_tokens": 0},
            }
        return told


class Batches:
    """All files and batches of one server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, SimulatedBatch] = {}
        self._numbers = count(1)
        self.plan = BatchPlan()

    async def set_plan(self, request: Request, reply: Reply) -> None:
        """POST /v1/simulated/batches."""
        known = {one.name for one in fields(BatchPlan)}
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in request.json().items()
        }
        if unknown := set(given) - known:
            await reply.error(400, f"no such behaviour: {sorted(unknown)}", kind="invalid_request_error")
            return
        self.plan = BatchPlan(**given)
        await reply.json({})

    async def upload(self, request: Request, reply: Reply) -> None:
        """POST /v1/files."""
        parts = _form(request)
        if parts.get("purpose") != b"batch" or "file" not in parts:
            await reply.error(400, "'purpose' must be 'batch', with a 'file'.", kind="invalid_request_error")
            return
        await reply.json(self._file_object(self._keep(parts["file"])))

    async def content(self, request: Request, reply: Reply) -> None:
        """GET /v1/files/{id}/content."""
        content = self._files.get(request.parameters["id"])
        if content is None:
            await reply.error(404, "No such File object.", kind="invalid_request_error")
            return
        await reply.whole(content, "application/octet-stream")

    async def create(self, request: Request, reply: Reply) -> None:
        """POST /v1/batches."""
        asked = request.json()
        content = self._files.get(asked.get("input_file_id", ""))
        if content is None or asked.get("endpoint") != ENDPOINT or asked.get("completion_window") != "24h":
            await reply.error(400, "Invalid input file, endpoint or completion_window.", kind="invalid_request_error")
            return
        batch = SimulatedBatch(
            id=f"batch_simulated_{next(self._numbers)}",
            plan=self.plan,
            input_file_id=asked["input_file_id"],
            lines=[json.loads(line) for line in content.splitlines() if line.strip()],
            metadata=asked.get("metadata") or {},
            created_at=int(time.time()),
        )
        self._batches[batch.id] = batch
        task = asyncio.get_running_loop().create_task(self._work(batch, request))
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)
        await asyncio.sleep(batch.plan.create_seconds)
        await reply.json(batch.shown())

    async def listed(self, request: Request, reply: Reply) -> None:
        """GET /v1/batches: the newest first."""
        newest = list(reversed(self._batches.values()))
        after = request.query.get("after")
        start = next((place + 1 for place, one in enumerate(newest) if one.id == after), 0)
        limit = int(request.query.get("limit", PAGE))
        page = newest[start : start + limit]
        listed = {"object": "list", "data": [one.shown() for one in page], "has_more": start + limit < len(newest)}
        await reply.json(listed)

    async def one(self, request: Request, reply: Reply) -> None:
        """GET /v1/batches/{id}."""
        batch = self._batches.get(request.parameters["id"])
        if batch is None:
            await reply.error(404, "No such batch.", kind="invalid_request_error", code="not_found")
            return
        await reply.json(batch.shown())

    async def cancel(self, request: Request, reply: Reply) -> None:
        """POST /v1/batches/{id}/cancel."""
        batch = self._batches.get(request.parameters["id"])
        if batch is not None and batch.status not in ENDED:
            batch.status = "cancelling"
        await self.one(request, reply)

    async def _work(self, batch: SimulatedBatch, request: Request) -> None:
        await asyncio.sleep(batch.plan.validating_seconds)
        batch.refusal = _refusal(batch)
        if batch.refusal is not None:
            batch.status = "failed"
            return
        if batch.status == "validating":
            batch.status = "in_progress"
        end = "completed"
        for number, line in enumerate(batch.lines):
            await asyncio.sleep(batch.plan.line_seconds)
            if batch.status == "cancelling":
                end = "cancelled"
                break
            if batch.plan.expires_after is not None and number >= batch.plan.expires_after:
                end = "expired"
                for left in batch.lines[number:]:
                    batch.errors.append(_error_line(left, {"code": "batch_expired", "message": EXPIRED}))
                    batch.failed += 1
                break
            self._line(batch, number, line, request)
        batch.output_file_id = self._keep("\n".join(batch.output).encode()) if batch.output else None
        batch.error_file_id = self._keep("\n".join(batch.errors).encode()) if batch.errors else None
        batch.status = end

    def _line(self, batch: SimulatedBatch, number: int, line: dict[str, Any], request: Request) -> None:
        plan, body, n = batch.plan, line["body"], self._desk.number()
        status = 400 if number in plan.refused_lines else 500 if number in plan.broken_lines else 200
        if number in plan.lost_lines:
            return
        if status != 200:
            self._desk.count(n, request, body, endpoint="batch", status=status)
            told = {"message": f"line {number} was refused", "type": "simulated", "param": None, "code": "simulated"}
            batch.errors.append(_answer_line(line, n, status, {"error": told}))
            batch.failed += 1
            return
        answer = answer_to(body, self._desk)
        self._desk.count(n, request, body, endpoint="batch", usage=answer.usage)
        batch.output.append(_answer_line(line, n, 200, completion_object(n, body["model"], answer)))
        batch.done += 1
        batch.tokens[0] += answer.usage.input_tokens
        batch.tokens[1] += answer.usage.output_tokens

    def _keep(self, content: bytes) -> str:
        file_id = f"file-simulated-{next(self._numbers)}"
        self._files[file_id] = content
        return file_id

    def _file_object(self, file_id: str) -> dict[str, Any]:
        return {
            "id": file_id,
            "object": "file",
            "bytes": len(self._files[file_id]),
            "created_at": int(time.time()),
            "filename": "batch.jsonl",
            "purpose": "batch",
            "status": "processed",
        }


def batch_routes(desk: Desk) -> Iterable[Route]:
    """Files and batches."""
    batches = Batches(desk)
    yield Route("POST", "/v1/files", batches.upload)
    yield Route("GET", "/v1/files/{id}/content", batches.content)
    yield Route("POST", "/v1/batches", batches.create)
    yield Route("GET", "/v1/batches", batches.listed)
    yield Route("GET", "/v1/batches/{id}", batches.one)
    yield Route("POST", "/v1/batches/{id}/cancel", batches.cancel)
    yield Route("POST", "/v1/simulated/batches", batches.set_plan)


def _refusal(batch: SimulatedBatch) -> dict[str, Any] | None:
    """The error with which validation fails."""
    most = batch.plan.most_requests
    if most is not None and len(batch.lines) > most:
        code, message = "token_limit_exceeded", "Enqueued token limit reached for this model."
    elif batch.plan.invalid is not None:
        code, message = batch.plan.invalid, "The input file is not valid."
    elif len({line.get("custom_id") for line in batch.lines}) < len(batch.lines):
        code, message = "duplicate_custom_id", "The custom_id of a request must be unique."
    elif any(line.get("url") != ENDPOINT or line["body"].get("stream") for line in batch.lines):
        code, message = "invalid_request", "Every request must be for the batch's endpoint, and none may stream."
    else:
        return None
    return {"code": code, "message": message, "line": None, "param": None}


def _answer_line(line: Mapping[str, Any], n: int, status: int, body: Mapping[str, Any]) -> str:
    response = {"status_code": status, "request_id": f"req-simulated-{n}", "body": body}
    told = {"id": f"batch_req_{n}", "custom_id": line["custom_id"], "response": response, "error": None}
    return json.dumps(told, ensure_ascii=False)


def _error_line(line: Mapping[str, Any], error: Mapping[str, str]) -> str:
    told = {"id": "batch_req_none", "custom_id": line["custom_id"], "response": None, "error": dict(error)}
    return json.dumps(told, ensure_ascii=False)


def _form(request: Request) -> dict[str, bytes]:
    """The parts of a multipart form by name."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    parts = {}
    for part in message_from_bytes(head + request.body, policy=HTTP).iter_parts():
        content = part.get_payload(decode=True)
        parts[str(part.get_param("name", header="content-disposition"))] = (
            content if isinstance(content, bytes) else b""
        )
    return parts
