"""The `local` provider: a GGUF file behind llama.cpp's own server on loopback, driven by the official OpenAI client."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
import openai

from models.chat_model import Ask, ChatModel, OnCall, Reply
from models.gate import Gate
from models.local_engine import EngineSettings, LocalEngine
from models.refusals import translated
from models.retry import RetryPolicy, call_with_retries
from models.schema import schema_name, strict_schema
from models.wire import Completion, Usage, complete
from records.errors import ModelCannot, ModelUnavailable

_LISTED_TOKENS = 200
"""First tokens with log-probabilities for choose(): enough that single letters and Yes/No are always among them."""

_CONTROL = re.compile(r"<\|[^<>|\s]{1,64}\|>|</?s>|\[/?INST\]|</?think>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>")


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn. Defaults: the likeliest one, so that a run can be repeated."""

    temperature: float = 0.0
    seed: int = 0
    repeat_penalty: float = 1.05
    """Small models loop under greedy decoding; 1.05 breaks most loops. 1.1 and more begins to bend names and
    figures."""
    repeat_last_n: int = 256
    """Tokens the penalty looks back on: a paragraph, so that words of the article before it may be quoted freely."""


class LocalModel(ChatModel):
    """A model file of one's own. Loading begins with the object; the first call waits for it."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        name: str,
        profile: Literal["capable", "embedded"] = "embedded",
        sampling: Sampling | None = None,
        timeout_seconds: float = 600.0,
        on_call: OnCall | None = None,
        gate: Gate | None = None,
        identity: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ModelMissing or ModelFileInvalid at once for a file that cannot be a model.

        `timeout_seconds` is the longest silence: reading a full context on a busy two-core machine takes minutes.
        `identity` tells this model's answers from another file's of the same name: the file's digest, else size and time.
        """
        super().__init__(
            name=name,
            provider="local",
            profile=profile,
            context_tokens=settings.context_tokens,
            on_call=on_call,
            gate=gate,
            monotonic=monotonic,
        )
        self._identity = f"{identity or _identity(settings.model_path)} {settings.context_tokens}"
        self._settings = settings
        self._sampling = sampling or Sampling()
        self._timeout_seconds = timeout_seconds
        self._engine = LocalEngine(settings)
        self._client: openai.OpenAI | None = None
        self._lock = threading.Lock()
        self._closed = False
        # A loopback server does not recover by waiting: one more try covers a connection dropped in between.
        self._retry = RetryPolicy(attempts=2, first_wait_seconds=0.2)

    def wait_until_ready(self) -> None:
        """Block until the model is loaded. Raises ModelFileInvalid or ModelUnavailable."""
        self._connected()

    @property
    def pid(self) -> int:
        """Process id of the engine, for measurements."""
        return self._engine.pid

    def count_tokens(self, text: str) -> int:
        """Exact, by the model's own tokenizer; words that look like control tokens count as plain text."""
        reply = self._post("tokenize", {"content": text, "add_special": False, "parse_special": False})
        return len(reply["tokens"])

    def close(self) -> None:
        """End the engine's process and free its memory; safe to call twice."""
        self._closed = True
        if self._client:
            self._client.close()
        self._engine.close()

    def _cost_usd(self, usage: Usage) -> float | None:  # noqa: ARG002
        return 0.0

    def _send(self, ask: Ask) -> Reply:
        if ask.exchange is not None:
            raise ModelCannot(
                f"{self._who()} does not call tools: the embedded profile plans, looks up and answers in short steps instead. Use "
                "`rhyme ask` with it, or a model that calls tools."
            )
        request = self._request(ask)
        passage = self._gate.passage(self._errand(ask, request, self._identity, None))
        kept = passage.kept()
        if kept is not None:
            if ask.on_token and kept.text:
                ask.on_token(kept.text)
            return Reply(kept, cache_hit=True)
        client = self._connected()

        def attempt() -> Completion:
            return passage.attempt(lambda heard: complete(client, request, ask.on_token, heard))

        try:
            done = call_with_retries(attempt, self._retry, target=self._who(), waited=passage.waited)
        except ModelUnavailable as error:
            died = self._died()
            if died is None:
                raise
            raise died from error
        except openai.APIError as error:
            raise translated(error, who=self._who(), key=self._engine.key) from error
        return Reply(done.result, done.attempts, keep=passage.keep)

    def _request(self, ask: Ask) -> dict[str, Any]:
        messages = [{"role": message.role, "content": neutralised(message.content)} for message in ask.messages]
        extra: dict[str, Any] = {"cache_prompt": True, "chat_template_kwargs": {"enable_thinking": False}}
        request: dict[str, Any] = {
            "model": "local",
            "messages": messages,
            "max_tokens": ask.max_output_tokens,
            "temperature": self._sampling.temperature,
            "seed": self._sampling.seed,
            "stream_options": {"include_usage": True},
            "extra_body": extra,
        }
        if ask.choices:
            extra["grammar"] = "root ::= " + " | ".join(_quoted(choice) for choice in ask.choices)
            request |= {"logprobs": True, "top_logprobs": _LISTED_TOKENS}
            return request
        extra |= {"repeat_penalty": self._sampling.repeat_penalty, "repeat_last_n": self._sampling.repeat_last_n}
        if ask.schema:
            schema = {
                "name": schema_name(ask.schema),
                "strict": True,
                "schema": strict_schema(ask.schema, bounds="kept"),
            }
            request["response_format"] = {"type": "json_schema", "json_schema": schema}
        if ask.stop:
            request["stop"] = list(ask.stop)
        return request

    def _connected(self) -> openai.OpenAI:
        with self._lock:
            if self._closed:
                raise ModelUnavailable(f"{self._who()} was closed. Open it again before asking.")
            if self._client and self._engine.running:
                return self._client
            if self._client:
                # The process died between two calls: its memory is gone, the file is not. Start it once more.
                self._client.close()
                self._engine.close()
                self._engine = LocalEngine(self._settings)
            self._client = self._new_client()
            return self._client

    def _new_client(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{self._engine.address()}/v1",
            api_key=self._engine.key.get_secret_value(),
            max_retries=0,
            timeout=openai.Timeout(self._timeout_seconds, connect=10.0),
            # trust_env=False: a proxy from the environment must not see loopback traffic.
            http_client=openai.DefaultHttpx2Client(trust_env=False),
        )

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        client = self._connected()
        url = f"{self._engine.address()}/{path}"
        try:
            return dict(client.post(url, cast_to=httpx2.Response, body=body).json())
        except openai.APIError as error:
            raise self._died() or translated(error, who=self._who(), key=self._engine.key) from error

    def _died(self) -> ModelUnavailable | None:
        if self._engine.running:
            return None
        return ModelUnavailable(
            "The local model's process ended unexpectedly while answering. It may have run out of memory (the default "
            f"model needs 2 GB): free some and run the command again. It says: {self._engine.log_tail() or 'nothing'}"
        )


def _identity(path: Path) -> str:
    """Of a file nobody vouches for."""
    try:
        facts = path.stat()
    except OSError:
        return path.name  # the engine says what is wrong with it
    return f"{path.name} {facts.st_size} {facts.st_mtime_ns}"


def neutralised(text: str) -> str:
    """`text` with chat control words (`<|im_end|>`, `</s>`, `[INST]` …) made plain, same length.

    llama.cpp parses control tokens anywhere in the templated prompt: an article could otherwise end its turn and speak
    as system.
    """
    return _CONTROL.sub(lambda match: match.group().translate(_PLAIN), text)


_PLAIN = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")"})


def _quoted(choice: str) -> str:
    escaped = choice.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
