"""The form of a reading with its closed list of tickers is what pydantic makes of it: the same schema, the same faults."""

import json
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, create_model

from agent.read_capable import MentionAnswer, ReadAnswer, answer_schema
from models.schema import Bounds, SchemaViolation, strict_schema, validate_answer
from records.taxonomy import EventType, Scope, Tag

LISTS = [
    (),
    ("AAPL",),
    ("AAPL", "MSFT"),
    ("MSFT", "AAPL"),
    ("BRK.B", "^GSPC", "RDS-A"),
    ("O'X", 'A"B', "Ü", "first"),
    tuple(f"T{number}" for number in range(40)),
]


def by_pydantic(tickers: tuple[str, ...]) -> type[ReadAnswer]:
    choice: Any = Annotated[Literal[tickers], tickers] | None if tickers else None
    mention = create_model("MentionAnswer", __base__=MentionAnswer, ticker=(choice, ...))
    mentions: Any = Annotated[list[mention], Field(max_length=12)]  # type: ignore[valid-type]
    return create_model("ReadAnswer", __base__=ReadAnswer, mentions=(mentions, ...))


def reading(*tickers: object, **changes: object) -> dict[str, object]:
    sentiment = {"negative": 0.1, "neutral": 0.2, "positive": 0.7}
    mention = {"name": "Apple", "role": "subject", "sentiment": sentiment, "quote": ""}
    plain: dict[str, object] = {
        "summary": "Apple said that it sold more than before.",
        "event_type": next(iter(EventType)).value,
        "tags": [next(iter(Tag)).value],
        "mentions": [{**mention, "ticker": ticker} for ticker in tickers],
        "sentiment": sentiment,
        "surprise": 1,
        "scheduled": False,
        "scope": next(iter(Scope)).value,
        "facts": [],
    }
    return {**plain, **changes}


ANSWERS = [
    json.dumps(reading()),
    json.dumps(reading("AAPL", None, "AAPL")),
    json.dumps(reading(None)),
    json.dumps(reading("MSFT", "aapl", "ZZZ")),
    json.dumps(reading("\x00first")),
    json.dumps(reading(5, ["AAPL"], {})),
    json.dumps(reading("AAPL", surprise=9, more=1)),
    json.dumps(reading("ZZZ", summary="short", tags=[])),
    f"```json\n{json.dumps(reading('AAPL'))}\n```",
    json.dumps(reading("AAPL"))[:-9],
    "{}",
    "no JSON",
    "null",
]


def read(form: type[ReadAnswer], text: str) -> object:
    try:
        return validate_answer(form, text).model_dump()
    except SchemaViolation as violation:
        return violation.faults


@pytest.mark.parametrize("tickers", LISTS, ids=str)
@pytest.mark.parametrize("bounds", ["described", "kept"])
def test_the_schema_is_pydantics_to_the_byte(tickers: tuple[str, ...], bounds: Bounds) -> None:
    ours, theirs = (
        strict_schema(answer_schema(tickers), bounds=bounds),
        strict_schema(by_pydantic(tickers), bounds=bounds),
    )
    assert json.dumps(ours) == json.dumps(theirs)
    assert answer_schema(tickers).model_json_schema() == by_pydantic(tickers).model_json_schema()


def test_tickers_are_sent_in_the_order_of_the_candidates_whatever_was_asked_before() -> None:
    for tickers in (("ABC", "DEF"), ("DEF", "ABC")):
        assert json.dumps(list(tickers)) in json.dumps(strict_schema(answer_schema(tickers), bounds="described"))
        assert json.dumps(list(tickers)) in json.dumps(answer_schema(tickers).model_json_schema())


@pytest.mark.parametrize("tickers", LISTS, ids=str)
def test_an_answer_has_pydantics_value_or_pydantics_faults(tickers: tuple[str, ...]) -> None:
    ours, theirs = answer_schema(tickers), by_pydantic(tickers)
    for answer in ANSWERS:
        assert read(ours, answer) == read(theirs, answer), answer


def test_a_ticker_outside_the_list_is_a_fault_that_names_the_list() -> None:
    with pytest.raises(SchemaViolation, match=r"mentions\.1\.ticker: Input should be 'AAPL' or 'MSFT' \(got 'ZZZ'\)"):
        validate_answer(answer_schema(("AAPL", "MSFT")), json.dumps(reading("AAPL", "ZZZ")))


def test_one_list_does_not_open_another() -> None:
    first, second = answer_schema(("AAPL",)), answer_schema(("MSFT",))
    assert validate_answer(first, json.dumps(reading("AAPL"))).mentions[0].ticker == "AAPL"
    with pytest.raises(SchemaViolation):
        validate_answer(second, json.dumps(reading("AAPL")))
    with pytest.raises(ValidationError):
        second.model_validate(reading("AAPL"))
