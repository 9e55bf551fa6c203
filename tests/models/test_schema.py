"""Strict JSON schemas from pydantic types, and answers checked against them."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import BaseModel, ConfigDict, Field

from models.schema import (
    SchemaViolation,
    messages_with_schema,
    repair_messages,
    schema_name,
    strict_schema,
    validate_answer,
)
from records.errors import ModelCannot
from records.prompt import Message


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=20, pattern="^[a-z]+$", description="in lower case")]
    weight: Annotated[float, Field(ge=0, lt=10)] = 1.0
    note: str | None = None


class Whole(BaseModel):
    """A thing made of parts."""

    kind: Literal["whole"] = "whole"
    colour: Annotated[Colour, Field(description="of the whole")]
    main: Part
    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=3)]
    level: Annotated[int, Field(ge=0, le=4)] = 0


class Tree(BaseModel):
    value: int
    children: list["Tree"]


class Link(BaseModel):
    name: str
    next: Annotated["Link", Field(description="the one after it")]


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every schema object in `schema`; the names of properties and definitions are no schemas."""
    if isinstance(schema, list):
        return [found for entry in schema for found in nodes(entry)]
    if not isinstance(schema, dict):
        return []
    inner = [value for key, value in schema.items() if key not in ("properties", "$defs")]
    named = [value for key in ("properties", "$defs") for value in schema.get(key, {}).values()]
    return [schema, *(found for entry in inner + named for found in nodes(entry))]


@pytest.mark.parametrize("bounds", ["kept", "described"])
def test_every_object_is_closed_and_requires_all_its_fields(bounds: Literal["kept", "described"]) -> None:
    objects = [node for node in nodes(strict_schema(Whole, bounds=bounds)) if node.get("type") == "object"]
    assert len(objects) >= 2
    for node in objects:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])


@pytest.mark.parametrize("bounds", ["kept", "described"])
def test_defaults_and_titles_are_left_out(bounds: Literal["kept", "described"]) -> None:
    for node in nodes(strict_schema(Whole, bounds=bounds)):
        assert not {"default", "title", "const", "oneOf", "allOf", "discriminator"} & node.keys()


def test_described_bounds_are_words_and_no_keywords() -> None:
    schema = strict_schema(Whole, bounds="described")
    keywords = {"minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMaximum", "minItems", "maxItems"}
    for node in nodes(schema):
        assert not keywords & node.keys()
    part = schema["$defs"]["Part"]
    assert part["properties"]["name"]["description"] == "in lower case (minLength 1, maxLength 20, pattern ^[a-z]+$)"
    assert schema["properties"]["level"]["description"] == "(minimum 0, maximum 4)"


def test_kept_bounds_stay_keywords() -> None:
    schema = strict_schema(Whole, bounds="kept")
    assert schema["properties"]["parts"]["maxItems"] == 3
    assert schema["$defs"]["Part"]["properties"]["name"]["maxLength"] == 20
    assert schema["properties"]["level"]["maximum"] == 4


def test_a_reference_with_words_beside_it_is_written_out() -> None:
    colour = strict_schema(Whole, bounds="described")["properties"]["colour"]
    assert colour == {"description": "of the whole", "enum": ["red", "blue"], "type": "string"}


def test_a_field_named_like_a_keyword_stays() -> None:
    class Heading(BaseModel):
        title: str
        default: int
        pattern: str

    schema = strict_schema(Heading, bounds="described")
    assert list(schema["properties"]) == ["title", "default", "pattern"]


def test_a_recursive_type_keeps_its_reference() -> None:
    schema = strict_schema(Tree, bounds="kept")
    assert schema["type"] == "object"
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["required"] == ["value", "children"]


def test_a_described_reference_to_itself_ends() -> None:
    schema = strict_schema(Link, bounds="kept")
    assert schema["properties"]["next"] == schema["$defs"]["Link"]["properties"]["next"] == {"$ref": "#/$defs/Link"}


@pytest.mark.parametrize("bounds", ["kept", "described"])
def test_what_fits_the_type_fits_its_schema(bounds: Literal["kept", "described"]) -> None:
    part = Part(name="wheel", weight=2.5)
    whole = Whole(colour=Colour.RED, main=part, parts=(part,), level=3)
    jsonschema.validate(whole.model_dump(mode="json"), strict_schema(whole.__class__, bounds=bounds))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**whole.model_dump(mode="json"), "more": 1}, strict_schema(Whole, bounds=bounds))


def test_preparing_a_schema_leaves_the_type_as_it_was() -> None:
    before = Whole.model_json_schema()
    strict_schema(Whole, bounds="described")
    assert Whole.model_json_schema() == before


def open_dictionary() -> type[BaseModel]:
    class Shares(BaseModel):
        shares: dict[str, float]

    return Shares


def fixed_tuple() -> type[BaseModel]:
    class Pair(BaseModel):
        pair: tuple[int, str]

    return Pair


def untyped() -> type[BaseModel]:
    class Anything(BaseModel):
        value: Any

    return Anything


@pytest.mark.parametrize(
    ("make", "words"),
    [(open_dictionary, "free keys"), (fixed_tuple, "prefixItems"), (untyped, "untyped")],
    ids=["dict", "tuple", "any"],
)
def test_what_a_strict_schema_cannot_say_is_refused_by_name(make: Any, words: str) -> None:
    model = make()
    with pytest.raises(ModelCannot, match=words) as caught:
        strict_schema(model, bounds="described")
    assert model.__name__ in str(caught.value)


def test_a_schema_name_uses_the_allowed_alphabet() -> None:
    generic = type("List[Part, ünd so]" + "x" * 80, (BaseModel,), {})
    assert schema_name(generic).startswith("List_Part___nd_so_")
    assert len(schema_name(generic)) == 64


GOOD = '{"name": "wheel", "weight": 2, "note": null}'


@pytest.mark.parametrize("text", [GOOD, f"\n {GOOD}\n", f"```json\n{GOOD}\n```", f"```\n{GOOD}\n```"])
def test_an_answer_may_be_bare_or_one_fenced_block(text: str) -> None:
    assert validate_answer(Part, text) == Part(name="wheel", weight=2.0)


@pytest.mark.parametrize("text", ["", "wheel", f"Here it is: {GOOD}", f"{GOOD} {GOOD}", GOOD[:-5], "[]", "null"])
def test_anything_else_is_a_violation(text: str) -> None:
    with pytest.raises(SchemaViolation):
        validate_answer(Part, text)


def test_a_violation_says_where_and_what_was_seen() -> None:
    with pytest.raises(SchemaViolation) as caught:
        validate_answer(Whole, '{"colour": "green", "main": {"name": "A"}, "parts": [], "level": 9}')
    faults = "\n".join(caught.value.faults)
    assert "colour: " in faults
    assert "'green'" in faults
    assert "main.name: " in faults
    assert "parts: " in faults
    assert "level: " in faults


def test_only_a_dozen_faults_are_listed() -> None:
    class Numbers(BaseModel):
        values: list[int]

    with pytest.raises(SchemaViolation) as caught:
        validate_answer(Numbers, '{"values": [' + ", ".join(['"x"'] * 40) + "]}")
    assert len(caught.value.faults) == 13
    assert caught.value.faults[-1] == "and 28 more"


def test_a_repair_shows_the_answer_and_its_faults_after_the_conversation() -> None:
    asked = (Message("system", "S"), Message("user", "U"))
    repaired = repair_messages(asked, '{"a": 1}', SchemaViolation(("a: not a string", "b: missing")))
    assert repaired[:2] == asked
    assert repaired[2] == Message("assistant", '{"a": 1}')
    assert repaired[3].role == "user"
    assert "- a: not a string\n- b: missing" in repaired[3].content


def test_a_looping_answer_is_shown_only_in_part() -> None:
    repaired = repair_messages((), "again and " * 5000, SchemaViolation(("cut off",)))
    assert len(repaired[0].content) < 2000


def test_faults_with_dollar_signs_stay_as_they_are() -> None:
    repaired = repair_messages((), "x", SchemaViolation(("price: $5 and $faults",)))
    assert "- price: $5 and $faults" in repaired[1].content


def test_a_schema_in_the_prompt_follows_the_last_message() -> None:
    asked = (Message("system", "S"), Message("user", "U"))
    sent = messages_with_schema(asked, {"type": "object"})
    assert sent[0] == asked[0]
    assert sent[1].content.startswith("U\n\n")
    assert '{"type":"object"}' in sent[1].content
    assert "JSON" in sent[1].content
