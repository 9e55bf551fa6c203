"""Which parts of the chat completions protocol a server takes, learnt from its refusals. Every step down is noted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import openai
from pydantic import BaseModel

from models.schema import messages_with_schema, schema_name, strict_schema
from records.prompt import Message

Form = Literal["json_schema", "json_object", "text"]
Limit = Literal["max_completion_tokens", "max_tokens"]
Part = Literal["form", "limit", "temperature", "usage", "stop"]

STEPS_DOWN = 6
"""How often a dialect can change: the form twice, every other part once."""
_OTHER: dict[Limit, Limit] = {"max_completion_tokens": "max_tokens", "max_tokens": "max_completion_tokens"}
_HUMBLER: dict[Form, Form] = {"json_schema": "json_object", "json_object": "text"}
_IN_WORDS: dict[Form, str] = {
    "json_object": "json_object with the schema in the prompt",
    "text": "the schema in the prompt only",
}


@dataclass(frozen=True)
class Dialect:
    """What to send to one server and model."""

    form: Form = "json_schema"
    """How a schema is asked for: enforced, as some JSON object, or only in words."""
    limit: Limit = "max_completion_tokens"
    """The name of the output limit."""
    temperature: bool = True
    """False for models that reason: they fix it themselves."""
    usage: bool = True
    """Whether the stream may be asked for its token counts."""
    stop: bool = True
    """Whether stop sequences are taken."""
    notes: tuple[tuple[Part, str], ...] = ()
    """What was given up after a refusal, in the order it happened."""

    def without(self, error: openai.APIStatusError) -> "Dialect | None":
        """A humbler dialect that avoids what `error` refused; None if nothing in it is ours to change."""
        refused = _refused_parameter(error)
        if refused in ("response_format", "json_schema", "json_object") and self.form != "text":
            form = _HUMBLER[self.form]
            return self._noted("form", f"the server refused {self.form}: {_IN_WORDS[form]}", form=form)
        if refused == self.limit and not any(part == "limit" for part, _ in self.notes):
            limit = _OTHER[self.limit]
            return self._noted("limit", f"the server refused {self.limit}: {limit} sent", limit=limit)
        if refused == "temperature" and self.temperature:
            return self._noted("temperature", "the server refused temperature 0: its default used", temperature=False)
        if refused in ("stream_options", "include_usage") and self.usage:
            return self._noted("usage", "the server refused stream_options: tokens estimated", usage=False)
        if refused == "stop" and self.stop:
            return self._noted("stop", "the server refused stop sequences: cut after the answer", stop=False)
        return None

    def format_of(
        self, schema: type[BaseModel], messages: Sequence[Message]
    ) -> tuple[tuple[Message, ...], dict[str, Any]]:
        """The messages to send and the `response_format` argument (empty if there is none) that ask for `schema`."""
        prepared = strict_schema(schema, bounds="described")
        if self.form == "json_schema":
            named = {"name": schema_name(schema), "strict": True, "schema": prepared}
            return tuple(messages), {"response_format": {"type": "json_schema", "json_schema": named}}
        asked = messages_with_schema(messages, prepared)
        return asked, {"response_format": {"type": "json_object"}} if self.form == "json_object" else {}

    def fallback(self, *, structured: bool, stopped: bool) -> str | None:
        """The notes that concern a call with a schema or with stop sequences; None if there are none."""
        idle = {part for part, used in (("form", structured), ("stop", stopped)) if not used}
        return "; ".join(note for part, note in self.notes if part not in idle) or None

    def _noted(self, part: Part, note: str, **changes: Any) -> "Dialect":
        return replace(self, notes=(*self.notes, (part, note)), **changes)


_NAMES = re.compile(
    r"\b(response_format|json_schema|json_object|max_completion_tokens|max_tokens|temperature|stream_options|"
    r"include_usage|stop|logprobs|top_logprobs)\b"
)


def _refused_parameter(error: openai.APIStatusError) -> str | None:
    """The parameter the error is about: its `param`, else the first one its message names."""
    if error.param:
        return error.param.split(".")[0]
    found = _NAMES.search(f"{error.message} {error.body or ''}")
    return found.group(1) if found else None


def refuses_logprobs(error: openai.APIStatusError) -> bool:
    """Whether the server says that it has no log-probabilities."""
    return _refused_parameter(error) in ("logprobs", "top_logprobs")
