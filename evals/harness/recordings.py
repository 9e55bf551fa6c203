"""Answers of a language model kept by the content of the request: to go on after a stop, and to grade again without the model.

A file of answers is gzipped or plain JSON lines; the first line says of which model they are and when they were recorded.
"""

import gzip
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeGuard

from pydantic import Field

from models.interface import (
    Answer,
    ConversingModel,
    Exchange,
    LanguageModel,
    OnRestart,
    OnToken,
    Prompt,
    Schema,
    ToolCall,
    Turned,
)
from records.analysis import ModelCall
from records.base import Record
from records.errors import ModelAnswerInvalid, ModelCannot, ModelError, ModelMissing, StoreCorrupt, StoreUnwritable
from records.times import UtcDatetime

Row = dict[str, Any]
KEPT_ERRORS: Mapping[str, type[ModelError]] = {"model_answer_invalid": ModelAnswerInvalid, "model_cannot": ModelCannot}
"""Failures that are the model's own answer; an outage is none and is asked again."""


class RecordingMissing(ModelMissing):
    """A replay was asked for an answer that nobody recorded."""


class About(Record):
    """Whose answers a file holds."""

    model: str
    provider: Literal["openai", "local", "scripted"]
    profile: Literal["capable", "embedded"]
    context_tokens: int
    recorded_at: UtcDatetime
    limits: dict[str, int | None] = Field(default_factory=dict)
    """Suite → cases that were put to the model, None: all; a replay asks no others."""


_calls: ContextVar[list[ModelCall] | None] = ContextVar("calls made for the case at hand", default=None)


@contextmanager
def metered() -> Iterator[list[ModelCall]]:
    """The model calls that are made meanwhile in this context."""
    calls: list[ModelCall] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


def _count(calls: Sequence[ModelCall]) -> None:
    kept = _calls.get()
    if kept is not None:
        kept.extend(calls)


class Recordings:
    """Answers by key. With a path each is on disk before the next is asked for."""

    def __init__(self, about: About, rows: Mapping[str, Row], path: Path | None = None) -> None:
        self.about = about
        self._rows = dict(rows)
        self._path = path
        self._lock = threading.Lock()
        self.reused = 0

    @classmethod
    def read(cls, path: Path) -> "Recordings":
        """A finished file. Raises ModelMissing when there is none, StoreCorrupt."""
        try:
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return cls(*_parsed(raw.decode("utf-8"), path))
        except FileNotFoundError as error:
            raise ModelMissing(
                f"There are no recorded answers in {path}. Run without --replay, with a model."
            ) from error
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise StoreCorrupt(f"The recorded answers in {path} cannot be read: {error}. Restore the file.") from error

    @classmethod
    def going_on(cls, path: Path, about: About) -> "Recordings":
        """The answers of a run that was stopped, or a new file. Raises StoreUnwritable, StoreCorrupt."""
        try:
            if path.is_file() and (text := path.read_text(encoding="utf-8")).strip():
                known, rows = _parsed(text, path, cut=True)
                if known.model == about.model:
                    return cls(known, rows, path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(about.model_dump_json() + "\n", encoding="utf-8")
        except OSError as error:
            raise StoreUnwritable(
                f"Answers cannot be kept in {path} ({error.strerror}). Make room for them."
            ) from error
        return cls(about, {}, path)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: str) -> Row | None:
        """The answer kept under `key`."""
        with self._lock:
            found = self._rows.get(key)
            self.reused += found is not None
        return found

    def keep(self, key: str, row: Row) -> None:
        """Raises StoreUnwritable."""
        with self._lock:
            self._rows[key] = row
            if self._path is None:
                return
            try:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, **row}, ensure_ascii=False) + "\n")
            except OSError as error:
                raise StoreUnwritable(f"An answer cannot be kept in {self._path} ({error.strerror}).") from error

    def pack(self, path: Path, limits: Mapping[str, int | None]) -> None:
        """Writes a finished file: gzipped, sorted by key, the same bytes for the same answers. What a file of the same model that
        stands there already has is kept. `limits`: of the suites that were answered. Raises StoreCorrupt."""
        before = Recordings.read(path) if path.is_file() else None
        same = before is not None and before.about.model == self.about.model
        rows = {**(before._rows if before and same else {}), **self._rows}
        known = before.about.limits if before and same else {}
        about = self.about.model_copy(update={"limits": dict(sorted({**known, **limits}.items()))})
        lines = [about.model_dump_json()]
        lines += [json.dumps({"key": key, **rows[key]}, ensure_ascii=False) for key in sorted(rows)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def _parsed(text: str, path: Path, *, cut: bool = False) -> tuple[About, dict[str, Row]]:
    """`cut`: the last line may be broken off, and is then asked again."""
    head, *lines = text.split("\n")
    rows: dict[str, Row] = {}
    try:
        about = About.model_validate_json(head)
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                row = json.loads(line)
            except ValueError:
                if cut and number == len(lines):
                    path.write_text("".join(f"{one}\n" for one in (head, *lines[:-1])), encoding="utf-8")
                    break
                raise
            rows[row.pop("key")] = row
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(
            f"{path} holds no recorded answers ({error!r}). Remove it, or restore it from the project."
        ) from error
    return about, rows


class RecordedModel:
    """A model whose answers are looked up, and asked from `inner` where there is one: without one it is a replay."""

    def __init__(self, recordings: Recordings, inner: LanguageModel | None = None) -> None:
        about = recordings.about
        self.name, self.provider, self.profile = about.model, about.provider, about.profile
        self.context_tokens = about.context_tokens
        self._recordings = recordings
        self._inner = inner

    def structured(
        self,
        prompt: Prompt,
        schema: type[Schema],
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
    ) -> Answer[Schema]:
        """As the interface says; raises RecordingMissing in a replay."""
        row = self._row(
            _key("structured", prompt, schema.model_json_schema(), max_output_tokens),
            f"{purpose}, prompt {prompt.name}",
            lambda model: _kept(
                model.structured(
                    prompt, schema, purpose=purpose, max_output_tokens=max_output_tokens, on_token=on_token
                ),
                lambda value: value.model_dump(mode="json"),
            ),
        )
        return Answer(schema.model_validate(row["value"]), _counted(row))

    def choose(self, prompt: Prompt, choices: Sequence[str], *, purpose: str) -> Answer[Mapping[str, float]]:
        """As the interface says; raises RecordingMissing in a replay."""
        row = self._row(
            _key("choose", prompt, list(choices)),
            f"{purpose}, prompt {prompt.name}",
            lambda model: _kept(model.choose(prompt, choices, purpose=purpose), dict),
        )
        return Answer(row["value"], _counted(row))

    def write(
        self,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        stop: Sequence[str] = (),
        on_token: OnToken | None = None,
    ) -> Answer[str]:
        """As the interface says; raises RecordingMissing in a replay."""
        row = self._row(
            _key("write", prompt, max_output_tokens, list(stop)),
            f"{purpose}, prompt {prompt.name}",
            lambda model: _kept(
                model.write(prompt, purpose=purpose, max_output_tokens=max_output_tokens, stop=stop, on_token=on_token),
                str,
            ),
        )
        return Answer(row["value"], _counted(row))

    def converse(
        self,
        exchange: Exchange,
        prompt: Prompt,
        *,
        purpose: str,
        max_output_tokens: int,
        on_token: OnToken | None = None,
        on_restart: OnRestart | None = None,
    ) -> Turned:
        """As `ConversingModel` says; raises RecordingMissing in a replay."""

        def ask(model: LanguageModel) -> Row:
            if not _converses(model):
                raise ModelCannot(f"{model.name} does not call tools. Choose a model that does.")
            turn = model.converse(
                exchange,
                prompt,
                purpose=purpose,
                max_output_tokens=max_output_tokens,
                on_token=on_token,
                on_restart=on_restart,
            )
            tools = [[one.id, one.name, one.arguments] for one in turn.tool_calls]
            return {"value": turn.text, "tools": tools, "calls": [turn.call.model_dump(mode="json")]}

        content = [list(exchange.messages), list(exchange.tools), max_output_tokens]
        row = self._row(_digest("converse", content), f"{purpose}, prompt {prompt.name}", ask)
        return Turned(row["value"], tuple(ToolCall(*one) for one in row["tools"]), _counted(row)[0])

    def count_tokens(self, text: str) -> int:
        """As the interface says; raises RecordingMissing in a replay."""
        row = self._row(
            _digest("count", text), "the number of a text's tokens", lambda model: {"value": model.count_tokens(text)}
        )
        return int(row["value"])

    def close(self) -> None:
        """The inner model belongs to whoever opened it."""

    def _row(self, key: str, what: str, ask: Callable[[LanguageModel], Row]) -> Row:
        row = self._recordings.get(key)
        if row is None:
            if self._inner is None:
                raise RecordingMissing(
                    f"No answer of {self.name} is recorded for a request ({what}, key {key}): a prompt, a schema or the data "
                    "changed since. Record anew with `rhyme eval all --record FILE`, or run without --replay."
                )
            try:
                row = ask(self._inner)
            except ModelError as error:
                if error.kind not in KEPT_ERRORS:
                    raise
                row = {"error": error.kind, "message": str(error)}
            self._recordings.keep(key, row)
        if "error" in row:
            raise KEPT_ERRORS[row["error"]](row["message"])
        return row


def _converses(model: LanguageModel) -> TypeGuard[ConversingModel]:
    return hasattr(model, "converse")


def _kept(answer: Answer[Any], dump: Callable[[Any], Any]) -> Row:
    return {
        "value": dump(answer.value),
        "calls": [call.model_dump(mode="json", exclude_defaults=True) for call in answer.calls],
    }


def _counted(row: Row) -> tuple[ModelCall, ...]:
    calls = tuple(ModelCall.model_validate(call) for call in row["calls"])
    _count(calls)
    return calls


def _key(method: str, prompt: Prompt, *rest: Any) -> str:
    return _digest(method, [[one.role, one.content] for one in prompt.messages], *rest)


def _digest(*parts: Any) -> str:
    whole = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def about_of(model: LanguageModel, moment: datetime) -> About:
    """What a new file says of its model."""
    return About(
        model=model.name,
        provider=model.provider,
        profile=model.profile,
        context_tokens=model.context_tokens,
        recorded_at=moment,
    )
