"""From a pydantic type to the JSON schema a provider accepts, and from a model's text back to a validated value.

Two dialects: a remote server gets the strict subset that every strict implementation accepts (bounds become words in
the description, ours to check afterwards); llama.cpp gets the bounds too, because its grammar enforces lengths, counts
and integer ranges.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from string import Template
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel, ValidationError

from models.closed_list import ClosedForm, with_values
from records.errors import ModelCannot
from records.prompt import Message

Schema = TypeVar("Schema", bound=BaseModel)
Bounds = Literal["kept", "described"]

_BOUNDS = (
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
)
_DROPPED = ("default", "title", "examples", "discriminator", "deprecated", "readOnly", "writeOnly")
SCHEMAS_KEPT = 256
"""Schemas kept for the next call with the same type: making one takes about ten milliseconds."""
_MOST_FAULTS = 12
"""A model mends a dozen faults or none; more would push the article out of a small context."""
_ECHO_CHARACTERS = 1500
"""How much of a broken answer is shown back: a looping one may fill the context otherwise."""


@dataclass
class SchemaViolation(Exception):
    """The text is not a value of the schema. `faults` says where, in words a model can act on."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.faults)


def schema_name(model: type[BaseModel]) -> str:
    """The type's name in the alphabet that `response_format` allows."""
    return re.sub(r"[^a-zA-Z0-9_-]", "_", model.__name__)[:64]


@lru_cache(maxsize=SCHEMAS_KEPT)
def strict_schema(model: type[BaseModel], *, bounds: Bounds) -> dict[str, Any]:
    """A JSON schema in which every object is closed and every field required; it is kept, and not to be changed.

    `bounds="described"` moves lengths, ranges, patterns and counts into the description. Raises ModelCannot for what
    strict schemas cannot say: open dictionaries, fixed tuples, untyped values, a root that is no object.
    """
    if issubclass(model, ClosedForm) and model.closed is not None:
        closed = model.closed
        made: dict[str, Any] = with_values(
            strict_schema(closed.pattern, bounds=bounds), closed.placeholders, closed.values
        )
        return made
    source = model.model_json_schema()
    prepared = _Preparation(model.__name__, source.get("$defs", {}), bounds)
    root = prepared.node({key: value for key, value in source.items() if key != "$defs"}, model.__name__, ())
    if root.get("type") != "object" and "$ref" not in root:
        raise ModelCannot(f"{model.__name__} is no object at its root: wrap it in a model with one field.")
    if "$ref" in root:
        root = dict(prepared.definition(root["$ref"]))
    definitions = prepared.used_definitions(root)
    return {**root, "$defs": definitions} if definitions else root


class _Preparation:
    """Walks one schema; remembers the definitions so that references can be inlined or kept."""

    def __init__(self, name: str, definitions: dict[str, Any], bounds: Bounds) -> None:
        self.name = name
        self.bounds = bounds
        self.source = definitions
        self.done: dict[str, dict[str, Any]] = {}

    def definition(self, reference: str) -> dict[str, Any]:
        key = reference.removeprefix("#/$defs/")
        if key not in self.done:
            self.done[key] = {}
            self.done[key] = self.node(self.source[key], key, (key,))
        return self.done[key]

    def used_definitions(self, root: dict[str, Any]) -> dict[str, Any]:
        used: dict[str, Any] = {}
        waiting = _references(root)
        while waiting:
            key = waiting.pop()
            if key not in used:
                used[key] = self.definition(f"#/$defs/{key}")
                waiting |= _references(used[key])
        return dict(sorted(used.items()))

    def node(self, node: dict[str, Any], path: str, inside: tuple[str, ...]) -> dict[str, Any]:
        if "$ref" in node:
            return self._reference(node, path, inside)
        if len(node.get("allOf", ())) == 1:
            merged = {**node["allOf"][0], **{key: value for key, value in node.items() if key != "allOf"}}
            return self.node(merged, path, inside)
        unsupported = {"allOf", "not", "if", "prefixItems", "patternProperties", "propertyNames"} & node.keys()
        if unsupported:
            self._refuse(path, ", ".join(sorted(unsupported)))
        kept = {key: value for key, value in node.items() if key not in _DROPPED}
        if "const" in kept:
            kept["enum"] = [kept.pop("const")]
        kept = self._bounded(kept)
        variants = kept.pop("oneOf", None) or kept.pop("anyOf", None)
        if variants is not None:
            kept["anyOf"] = [self.node(variant, path, inside) for variant in variants]
        elif kept.get("type") == "object":
            self._object(kept, path, inside)
        elif kept.get("type") == "array":
            if not isinstance(kept.get("items"), dict) or not kept["items"]:
                self._refuse(path, "a list of untyped values")
            kept["items"] = self.node(kept["items"], f"{path}[]", inside)
        elif "type" not in kept and "enum" not in kept:
            self._refuse(path, "an untyped value")
        return kept

    def _object(self, node: dict[str, Any], path: str, inside: tuple[str, ...]) -> None:
        if node.get("additionalProperties") not in (None, False):
            self._refuse(path, "a dictionary with free keys")
        properties = node.get("properties", {})
        node["properties"] = {key: self.node(value, f"{path}.{key}", inside) for key, value in properties.items()}
        node["required"] = list(properties)
        node["additionalProperties"] = False

    def _reference(self, node: dict[str, Any], path: str, inside: tuple[str, ...]) -> dict[str, Any]:
        key = node["$ref"].removeprefix("#/$defs/")
        siblings = {name: value for name, value in node.items() if name != "$ref" and name not in _DROPPED}
        # Strict servers refuse words beside a reference: write the definition out, unless it contains itself.
        if not siblings or key in inside:
            return {"$ref": f"#/$defs/{key}"}
        return self.node({**self.source[key], **siblings}, path, (*inside, key))

    def _bounded(self, node: dict[str, Any]) -> dict[str, Any]:
        if self.bounds == "kept":
            return node
        stated = [f"{key} {node[key]}" for key in _BOUNDS if key in node and node[key] is not False]
        kept = {key: value for key, value in node.items() if key not in _BOUNDS}
        if stated:
            kept["description"] = f"{kept.get('description', '')} ({', '.join(stated)})".strip()
        return kept

    def _refuse(self, path: str, what: str) -> None:
        raise ModelCannot(
            f"{self.name} cannot be asked for as a strict JSON schema: {path} is {what}. Use closed models, lists of "
            "one type, enums and plain values."
        )


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"].removeprefix("#/$defs/")} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()


_FENCED = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


def validate_answer(model: type[Schema], text: str) -> Schema:
    """The value in `text`, which must be one JSON value, bare or as one fenced block. Raises SchemaViolation."""
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    bare = fenced.group(1) if fenced else stripped
    closed = model.closed if issubclass(model, ClosedForm) else None
    if closed is not None:
        with suppress(ValidationError):
            answer = closed.open_form.model_validate_json(bare)
            if closed.holds(answer):
                return cast(Schema, answer)
    try:
        return model.model_validate_json(
            bare
        )  # also for the faults of a form with a closed list, as pydantic words them
    except ValidationError as error:
        raise SchemaViolation(_faults(error)) from error


def _faults(error: ValidationError) -> tuple[str, ...]:
    lines = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"]) or "the answer"
        seen = "" if fault["type"] in ("missing", "json_invalid") else f" (got {_short(repr(fault['input']), 120)})"
        lines.append(f"{where}: {fault['msg']}{seen}")
    hidden = len(lines) - _MOST_FAULTS
    return (*lines[:_MOST_FAULTS], *((f"and {hidden} more",) if hidden > 0 else ()))


def repair_messages(messages: Sequence[Message], answer: str, violation: SchemaViolation) -> tuple[Message, ...]:
    """The conversation continued: the broken answer, then what is wrong with it."""
    faults = "\n".join(f"- {fault}" for fault in violation.faults)
    request = _template("repair.md").substitute(faults=faults).strip()
    echo = Message("assistant", _short(answer.strip(), _ECHO_CHARACTERS) or "(empty)")
    return (*messages, echo, Message("user", request))


def messages_with_schema(messages: Sequence[Message], schema: dict[str, Any]) -> tuple[Message, ...]:
    """The schema written into the last message, for servers that cannot enforce one."""
    compact = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
    request = _template("schema_in_prompt.md").substitute(schema=compact).strip()
    last = messages[-1]
    return (*messages[:-1], Message(last.role, f"{last.content}\n\n{request}"))


def _template(name: str) -> Template:
    return Template((resources.files("models") / "data" / name).read_text(encoding="utf-8"))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"
