"""OpenAI's Batch API by the official client: a file of requests in, files of answers out.

https://developers.openai.com/api/docs/guides/batch: at most 50,000 requests and 200 MB in one file, answers within 24 hours,
in any order, those that had no turn in the error file. Creating a batch is the one call that must not happen twice.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import openai
from openai.types import Batch as ServiceBatch

from models.batch_lines import PATH, AnswerLine, answer_line
from models.openai_provider import Endpoint, client_of
from models.refusals import translated
from models.retry import RetryPolicy, call_with_retries, is_transient, may_be_billed
from records.errors import ModelCannot, ModelError, ModelRefused

MOST_REQUESTS = 50_000
MOST_BYTES = 190_000_000
"""Under the 200 MB of the service: what frames a line is counted roughly."""
KEY = "rhyme_batch"
"""Name in a batch's metadata under which it bears our key."""
ENDED = frozenset({"failed", "completed", "expired", "cancelled"})
QUIET_SECONDS = 30.0
"""A creation that may be on its way arrives within this, or never."""
_ABSENT = frozenset({404, 405, 501})
_SPOOLED_BYTES = 8_000_000
PAGE = 100

Result = TypeVar("Result")


class BatchNotTaken(ModelRefused):
    """The service refused to create a batch: there is none."""


@dataclass(frozen=True)
class BatchState:
    """A batch as its service tells it."""

    id: str
    status: str
    done: int
    failed: int
    total: int
    output_file_id: str | None
    error_file_id: str | None
    error: str | None
    """Why the service took none of it; None unless it failed as a whole."""
    too_much: bool
    """It failed because too many tokens were in line already."""
    tokens: int | None
    """Billed in all; None: the service does not say."""

    @property
    def ended(self) -> bool:
        """No more answers will come."""
        return self.status in ENDED


class BatchApi:
    """The batches of one account. Raises ModelError subclasses only."""

    def __init__(self, endpoint: Endpoint, *, timeout_seconds: float = 120.0, retry: RetryPolicy | None = None) -> None:
        """Raises ModelCannot for Azure's dated API, whose batches differ."""
        if endpoint.api_version:
            raise ModelCannot(
                f"Batch mode does not speak the dated Azure API at {endpoint.shown()}, whose batches need a deployment of their "
                "own kind and other paths. Run `rhyme worker` without --batch, or set base_url to the resource's /openai/v1 "
                "address and no api_version, with a model that is deployed for batches."
            )
        self.identity = endpoint.identity
        self._endpoint = endpoint
        self._client = client_of(endpoint, timeout_seconds)
        self._retry = retry or RetryPolicy()

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self._client.close()

    def check(self) -> None:
        """Raises ModelCannot where the server has no batches, other ModelErrors where it cannot be asked."""
        try:
            call_with_retries(lambda: self._client.batches.list(limit=1), self._retry, target=self._who())
        except openai.APIStatusError as error:
            if error.status_code not in _ABSENT:
                raise self._told(error) from error
            raise ModelCannot(
                f"{self._who()} has no Batch API (HTTP {error.status_code}). Run `rhyme worker` without --batch; the jobs stay "
                "as they are."
            ) from error
        except openai.APIError as error:
            raise self._told(error) from error

    def upload(self, name: str, lines: Iterable[bytes]) -> str:
        """Sends the file; its id. Sent twice it is only there twice: nothing is billed for it."""
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as file:
            for line in lines:
                file.write(line)

            def send() -> str:
                file.seek(0)
                return self._client.files.create(file=(name, file), purpose="batch").id

            return self._ask(send)

    def create(
        self,
        key: str,
        file_id: str,
        *,
        asked_before: bool,
        asking: Callable[[], None],
        quiet_seconds: float = QUIET_SECONDS,
    ) -> BatchState:
        """The batch of that key: a new one, unless the service has it. `asked_before`: its creation may have been asked for
        already, at least `quiet_seconds` ago; `asking` is called each time before it is. Raises BatchNotTaken when the service
        has taken nothing."""

        def attempt() -> ServiceBatch:
            nonlocal asked_before
            if asked_before and (found := self._find(key)) is not None:
                return found
            asked_before = True
            asking()
            try:
                return self._client.batches.create(
                    input_file_id=file_id, endpoint=PATH, completion_window="24h", metadata={KEY: key}
                )
            except openai.APIError as error:
                if may_be_billed(error):
                    self._retry.sleep(quiet_seconds)  # it may still arrive: then the next try finds it
                elif isinstance(error, openai.APIStatusError) and not is_transient(error):
                    raise BatchNotTaken(str(self._told(error))) from error
                raise

        return _state(self._ask(attempt))

    def look(self, batch_id: str) -> BatchState:
        """How far it is. Raises ModelRefused for one that this account does not have."""
        try:
            return _state(self._ask(lambda: self._client.batches.retrieve(batch_id)))
        except ModelRefused as error:
            if isinstance(error.__cause__, openai.NotFoundError):
                raise ModelRefused(
                    f"{self._who()} does not know the batch {batch_id}, which was sent there. Set the key (account and project) "
                    "that it was sent with; its answers are paid for."
                ) from error
            raise

    def cancel(self, batch_id: str) -> BatchState:
        """Asks for its end; what is answered by then is billed and there."""
        return _state(self._ask(lambda: self._client.batches.cancel(batch_id)))

    def lines(self, file_id: str) -> Iterator[AnswerLine]:
        """The lines of an output or error file; those that name no request are left out. A connection that breaks is begun
        anew, so that a line may come twice."""
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES) as file:

            def fetch() -> None:
                file.seek(0)
                file.truncate()
                with self._client.files.with_streaming_response.content(file_id) as response:
                    for piece in response.iter_bytes():
                        file.write(piece)

            try:
                self._ask(fetch)
            except ModelRefused as error:
                if isinstance(error.__cause__, openai.NotFoundError):
                    return  # deleted there: nobody will ever read it
                raise
            file.seek(0)
            for line in file:
                if (read := answer_line(line.decode("utf-8", "replace"))) is not None:
                    yield read

    def _find(self, key: str) -> ServiceBatch | None:
        """The batch that bears the key, of all there are."""
        return next(
            (each for each in self._client.batches.list(limit=PAGE) if (each.metadata or {}).get(KEY) == key), None
        )

    def _ask(self, attempt: Callable[[], Result]) -> Result:
        try:
            return call_with_retries(attempt, self._retry, target=self._who()).result
        except openai.APIError as error:
            raise self._told(error) from error

    def _told(self, error: openai.APIError) -> ModelError:
        return translated(error, who=self._who(), key=self._endpoint.api_key)

    def _who(self) -> str:
        return f"The batch service at {self._endpoint.shown()}"


def _state(batch: ServiceBatch) -> BatchState:
    counts, usage = batch.request_counts, batch.usage
    told = (batch.errors.data or []) if batch.errors else []
    error = "; ".join(dict.fromkeys(one.message or one.code or "no reason given" for one in told)) or None
    if batch.status == "failed" and error is None:
        error = "the service gave no reason"
    return BatchState(
        id=batch.id,
        status=batch.status,
        done=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        total=counts.total if counts else 0,
        output_file_id=batch.output_file_id,
        error_file_id=batch.error_file_id,
        error=error,
        too_much=any(one.code == "token_limit_exceeded" for one in told),
        tokens=usage.total_tokens if usage else None,
    )
