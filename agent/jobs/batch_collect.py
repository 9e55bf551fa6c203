"""A batch that has ended: each of its requests is settled once, whatever runs twice."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Protocol

from models.answer_cache import to_payload
from models.batch_api import BatchState
from models.batch_lines import AnswerLine, LineError
from models.budget import nano_usd
from models.wire import Completion, Usage
from records.batch import Batch, SentRequest, SettledRequest
from records.database.batches import Batches
from records.spending import CallBound, CallEntry, Outcome
from records.times import Clock

CHUNK = 200
"""Lines settled by one transaction."""

Price = Callable[[str, Usage], float | None]
"""US dollars of a usage of the model of that name, at the price of a batch."""


class Files(Protocol):
    """Where answers are fetched from (`models.batch_api.BatchApi`)."""

    def lines(self, file_id: str) -> Iterator[AnswerLine]: ...


class Collector:
    """Settles batches that have ended. A killed one is simply begun again."""

    def __init__(self, batches: Batches, files: Files, price: Price, clock: Clock) -> None:
        self._batches = batches
        self._files = files
        self._price = price
        self._clock = clock

    def collect(self, batch: Batch, state: BatchState) -> None:
        """Settles everything of it. Raises ModelError, StoreError."""
        now = self._clock()
        if state.status == "failed":
            if state.too_much:
                self._batches.withdraw(batch.key, state.error or "", now)
                return
            self._refused(batch, state)
        else:
            for file_id in (state.output_file_id, state.error_file_id):
                if file_id is not None:
                    self._file(batch, file_id, now)
            self._missing(batch, state, now)
        self._batches.finish(batch.key, state.status, now, state.error)

    def _file(self, batch: Batch, file_id: str, now: datetime) -> None:
        lines = self._files.lines(file_id)
        while chunk := {line.custom_id: line for line in islice(lines, CHUNK)}:
            sent = self._batches.unsettled(batch.key, list(chunk), limit=CHUNK)
            self._batches.settle(batch.key, [self._settled(batch, one, chunk[one.custom_id], now) for one in sent])

    def _settled(self, batch: Batch, sent: SentRequest, line: AnswerLine, now: datetime) -> SettledRequest:
        done = line.completion
        if done is None:
            error = line.error or LineError("no reason was given")
            entry = self._entry(batch, sent, _outcome(line.status_code, error), now)
            if line.status_code == 200:
                entry = _uncertain(entry, sent.bound)
            return SettledRequest(sent.number, entry, status_code=line.status_code, error=error.to_json())
        entry = self._entry(batch, sent, _judged(done), now, done.usage)
        if done.usage is None:
            entry = _uncertain(entry, sent.bound)
        return SettledRequest(sent.number, entry, payload=to_payload(done), status_code=200)

    def _missing(self, batch: Batch, state: BatchState, now: datetime) -> None:
        """Requests that neither file names: not billed if the service's own sum says so, else perhaps."""
        error = LineError(f"the batch ended as {state.status} and said nothing of this request", code="no_line")
        known = state.tokens is not None and state.tokens == self._batches.tokens(batch.batch_id or "")
        while sent := self._batches.unsettled(batch.key):
            ends = []
            for one in sent:
                entry = self._entry(batch, one, Outcome.STOPPED, now)
                ends.append(
                    SettledRequest(one.number, entry if known else _uncertain(entry, one.bound), error=error.to_json())
                )
            self._batches.settle(batch.key, ends)

    def _refused(self, batch: Batch, state: BatchState) -> None:
        """The service took none of it, so nothing is billed and nothing was tried."""
        error = LineError(f"the whole batch was refused: {state.error}", code="batch_refused").to_json()
        while sent := self._batches.unsettled(batch.key):
            self._batches.settle(batch.key, [SettledRequest(one.number, None, error=error) for one in sent])

    def _entry(
        self, batch: Batch, sent: SentRequest, outcome: Outcome, now: datetime, usage: Usage | None = None
    ) -> CallEntry:
        used = usage or Usage(0, 0)
        return CallEntry(
            at=now,
            run_id=batch.run_id,
            provider=sent.provider,
            model=sent.model,
            purpose=sent.purpose,
            prompt=sent.prompt,
            prompt_digest=sent.prompt_digest,
            request_digest=sent.digest,
            outcome=outcome,
            input_tokens=used.input_tokens,
            cached_tokens=used.cached_tokens,
            cache_write_tokens=used.cache_write_tokens,
            output_tokens=used.output_tokens,
            reasoning_tokens=used.reasoning_tokens,
            cost_nano=nano_usd(self._price(sent.model, used)) if usage else 0,
            seconds=(now - (batch.submitted_at or batch.created_at)).total_seconds(),
            batch_id=batch.batch_id,
        )


def _uncertain(entry: CallEntry, bound: CallBound) -> CallEntry:

    return replace(entry, uncertain=bound)


def _judged(done: Completion) -> Outcome:
    """As far as it can be seen without the schema: the article's own turn sees the rest."""
    if done.refusal or done.finish_reason == "content_filter":
        return Outcome.DECLINED
    return Outcome.UNUSABLE if done.finish_reason == "length" else Outcome.ANSWERED


def _outcome(status_code: int | None, error: LineError) -> Outcome:
    if status_code is None:
        return Outcome.TIMED_OUT if error.code == "batch_expired" else Outcome.STOPPED
    if status_code == 429:
        return Outcome.RATE_LIMITED
    if status_code == 200:
        return Outcome.UNUSABLE
    return Outcome.REFUSED if 400 <= status_code < 500 else Outcome.SERVER_ERROR
