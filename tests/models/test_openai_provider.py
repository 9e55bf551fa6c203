"""The openai provider against a loopback server that plays the API: failures, refusals, fallbacks, what is recorded."""

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from models.choices import distribution
from models.interface import LanguageModel
from models.open_model import ModelSpec, open_model
from models.retry import RetryPolicy
from records.analysis import ModelCall
from records.errors import (
    ModelAnswerInvalid,
    ModelCannot,
    ModelDenied,
    ModelError,
    ModelMissing,
    ModelRefused,
    ModelUnavailable,
    SettingsError,
)
from records.prompt import Prompt
from records.times import utc_now

KEY = "sk-test-abcdef0123456789"
PEAR = '{"name": "pear", "count": 2}'


class Fruit(BaseModel):
    name: str = Field(max_length=30)
    count: int = Field(ge=1)


@dataclass
class Opened:
    """A model on the loopback server, its recorded calls and the waits it would have slept."""

    model: LanguageModel
    calls: list[ModelCall] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def opened(chat_server: Any) -> Iterator[Open]:
    """Opens models at the loopback server; closes them."""
    models: list[LanguageModel] = []

    def open_at(name: str = "some-model", **changes: Any) -> Opened:
        slept: list[float] = []
        calls: list[ModelCall] = []
        policy = RetryPolicy(attempts=3, sleep=slept.append, chance=lambda: 1.0)
        fixed = {"base_url": chat_server.base_url, "api_key": SecretStr(KEY), "timeout_seconds": 10.0}
        model = open_model(ModelSpec("openai", name, **{**fixed, **changes}), retry=policy, on_call=calls.append)
        models.append(model)
        return Opened(model, calls, slept)

    yield open_at
    for model in models:
        model.close()


def fruit(it: Opened, prompt: Prompt, **options: Any) -> Any:
    return it.model.structured(prompt, Fruit, purpose="read", max_output_tokens=50, **options)


def text(it: Opened, prompt: Prompt, **options: Any) -> Any:
    return it.model.write(prompt, purpose="write", max_output_tokens=50, **options)


def prices(folder: Path, name: str) -> Path:
    """A price table with one model."""
    price = {"model": name, "input": 2.0, "cached_input": 0.5, "cache_write": None, "output": 10.0}
    table = {"checked_on": "2026-11-20", "source": "c", "models": [{**price, "up_to_input_tokens": 32_000}]}
    path = folder / "prices.json"
    path.write_text(json.dumps(table))
    return path


def test_a_structured_answer_is_asked_strictly_and_validated(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says(PEAR)
    pieces: list[str] = []
    answer = fruit(opened(), prompt, on_token=pieces.append)
    assert answer.value == Fruit(name="pear", count=2)
    assert len(pieces) == 3
    assert "".join(pieces) == PEAR
    body = chat_server.bodies[0]
    assert body["messages"] == [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Say it."}]
    asked = body["response_format"]["json_schema"]
    assert (body["response_format"]["type"], asked["strict"], asked["name"]) == ("json_schema", True, "Fruit")
    assert asked["schema"]["required"] == ["name", "count"]
    assert asked["schema"]["properties"]["count"] == {"type": "integer", "description": "(minimum 1)"}
    assert chat_server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_tokens_and_cost_are_recorded_as_the_server_counted(
    chat_server: Any, opened: Open, prompt: Prompt, tmp_path: Path
) -> None:
    counted = chat_server.usage(1000, 30, cached_tokens=800, reasoning_tokens=10)
    chat_server.says(PEAR, counted=counted)
    it = opened("m-2026-01-31", prices=prices(tmp_path, "m"))
    call = fruit(it, prompt).calls[0]
    assert (call.input_tokens, call.cached_tokens, call.output_tokens) == (1000, 800, 30)
    assert call.cost_usd == pytest.approx((200 * 2.0 + 800 * 0.5 + 30 * 10.0) / 1e6)
    assert not call.tokens_estimated
    assert (call.attempts, call.repaired, call.fallback) == (1, False, None)
    assert it.calls == [call]
    assert it.model.context_tokens == 32_000


def test_another_servers_cost_is_unknown_even_under_a_known_name(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    chat_server.says(PEAR)
    assert fruit(opened("gpt-4o"), prompt).calls[0].cost_usd is None


def test_tokens_are_estimated_where_the_server_is_silent(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def silent(exchange: Any) -> None:
        exchange.begin()
        exchange.event(delta={"content": "Pears are sweet."}, finish_reason="stop")
        exchange.end()

    chat_server.plays.append(silent)
    call = text(opened(), prompt).calls[0]
    assert call.tokens_estimated
    assert call.output_tokens == 5
    # "Be short." and "Say it." are three tokens each, framed by four a message and three for the answer.
    assert call.input_tokens == 17


def test_a_rate_limit_is_waited_out_as_asked(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.refuses(429, {"code": "rate_limit_exceeded", "message": "slow"}, Retry_After="7")
    chat_server.says(PEAR)
    it = opened()
    assert fruit(it, prompt).calls[0].attempts == 2
    assert len(it.slept) == 1
    assert 7.0 <= it.slept[0] < 7.1


def test_a_retry_after_date_is_waited_for(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    soon = format_datetime(utc_now().replace(microsecond=0), usegmt=True)
    chat_server.refuses(503, "busy", Retry_After=soon)
    chat_server.says(PEAR)
    it = opened()
    fruit(it, prompt)
    assert 0.0 <= it.slept[0] < 1.1


def test_server_errors_are_tried_again_then_reported(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    for _ in range(3):
        chat_server.refuses(500, "boom")
    it = opened()
    with pytest.raises(
        ModelUnavailable, match=r"some-model at http://127\.0\.0\.1:\d+/v1 gave no answer after 3 tries"
    ):
        fruit(it, prompt)
    assert len(chat_server.bodies) == 3
    assert it.slept == [0.5, 1.0]


def test_a_silent_server_times_out(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    for _ in range(3):
        chat_server.hangs()
    it = opened(timeout_seconds=0.2)
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="time-out"):
        fruit(it, prompt)
    assert time.monotonic() - started < 5
    assert len(chat_server.bodies) == 3


def test_a_stream_that_falls_silent_times_out(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def falls_silent(exchange: Any) -> None:
        exchange.begin()
        exchange.event(delta={"content": '{"name'})
        chat_server.released.wait(20)

    chat_server.plays += [falls_silent]
    chat_server.says(PEAR)
    assert fruit(opened(timeout_seconds=0.2), prompt).calls[0].attempts == 2


def test_a_stream_that_breaks_off_is_tried_again(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.breaks_off('{"name": "pe')
    chat_server.says(PEAR)
    answer = fruit(opened(), prompt)
    assert answer.value.name == "pear"
    assert answer.calls[0].attempts == 2


def test_an_error_inside_the_stream_is_tried_again(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def fails_late(exchange: Any) -> None:
        exchange.begin()
        exchange.handler.wfile.write(b'data: {"error": {"message": "overloaded"}}\n\n')

    chat_server.plays.append(fails_late)
    chat_server.says(PEAR)
    assert fruit(opened(), prompt).calls[0].attempts == 2


def test_a_closed_port_is_reported_as_a_lost_connection(opened: Open, prompt: Prompt) -> None:
    with pytest.raises(ModelUnavailable, match="connection failed: ConnectError"):
        fruit(opened(base_url="http://127.0.0.1:9/v1"), prompt)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, {"message": f"Incorrect API key provided: {KEY}"}, "key is missing or wrong"),
        (403, {"message": "no"}, "no right to this model"),
        (404, {"message": "The model does not exist", "code": "model_not_found"}, "check the model's name"),
        (400, {"message": "strange"}, "HTTP 400: .*strange"),
        (400, {"message": "too long", "code": "context_length_exceeded"}, "cannot take a prompt this long"),
        (400, {"message": "policy", "code": "content_filter"}, "content filter"),
        (429, {"message": "pay", "code": "insufficient_quota"}, "quota is used up"),
    ],
    ids=["key", "right", "model", "other", "length", "filter", "quota"],
)
def test_a_refusal_is_not_repeated_and_says_what_to_do(
    chat_server: Any, opened: Open, prompt: Prompt, status: int, error: dict[str, str], words: str
) -> None:
    chat_server.refuses(status, error)
    it = opened()
    with pytest.raises(ModelRefused, match=words) as caught:
        fruit(it, prompt)
    assert len(chat_server.bodies) == 1
    assert it.slept == []
    assert KEY not in str(caught.value)
    assert isinstance(caught.value, ModelDenied) == (
        status in (401, 403, 404)
    )  # then every other article would be refused too


def test_a_declined_request_is_refused_with_the_models_words(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def declines(exchange: Any) -> None:
        exchange.begin()
        exchange.event(delta={"refusal": "I cannot "})
        exchange.event(delta={"refusal": "help with that."}, finish_reason="stop")
        exchange.end()

    chat_server.plays.append(declines)
    it = opened()
    with pytest.raises(ModelRefused, match="I cannot help with that"):
        fruit(it, prompt)
    assert len(it.calls) == 1


def test_an_answer_stopped_by_the_content_filter_is_refused(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says('{"name": "p', finish_reason="content_filter")
    with pytest.raises(ModelRefused, match="content filter"):
        fruit(opened(), prompt)


def test_invalid_json_is_repaired_once_by_saying_what_is_wrong(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says('{"name": "pear"}')
    chat_server.says(PEAR)
    answer = fruit(opened(), prompt)
    assert answer.value == Fruit(name="pear", count=2)
    assert [call.repaired for call in answer.calls] == [False, True]
    turns = chat_server.bodies[1]["messages"]
    assert turns[2] == {"role": "assistant", "content": '{"name": "pear"}'}
    assert "count: Field required" in turns[3]["content"]


def test_a_second_invalid_answer_is_an_error_and_both_calls_are_known(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    chat_server.says("Pears!")
    chat_server.says('{"name": "pear", "count": 0}')
    it = opened()
    with pytest.raises(ModelAnswerInvalid, match=r"no Fruit.*greater than or equal to 1"):
        fruit(it, prompt)
    assert len(chat_server.bodies) == len(it.calls) == 2


def test_an_answer_cut_off_is_repaired_with_that_reason(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says('{"name": "pe', finish_reason="length")
    chat_server.says(PEAR)
    fruit(opened(), prompt)
    assert "cut off at 50 tokens" in chat_server.bodies[1]["messages"][3]["content"]


def test_a_text_cut_off_is_an_error(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    counted = chat_server.usage(10, 50, reasoning_tokens=50)
    chat_server.says("", finish_reason="length", counted=counted)
    with pytest.raises(ModelAnswerInvalid, match=r"cut off at 50 tokens.*50 more went into reasoning"):
        text(opened(), prompt)


def test_a_server_without_json_schema_gets_the_schema_in_the_prompt_and_it_is_recorded(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
    chat_server.refuses(400, {"message": message, "param": "response_format"})
    chat_server.says(PEAR)
    chat_server.says(PEAR)
    chat_server.says("Pears.")
    it = opened()
    call = fruit(it, prompt).calls[0]
    assert call.fallback == "the server refused json_schema: json_object with the schema in the prompt"
    assert call.attempts == 2
    assert chat_server.bodies[1]["response_format"] == {"type": "json_object"}
    assert '"required":["name","count"]' in chat_server.bodies[1]["messages"][1]["content"]
    # It is remembered, recorded on every later structured call, and does not touch calls without a schema.
    again = fruit(it, prompt).calls[0]
    assert (again.attempts, again.fallback) == (1, call.fallback)
    assert text(it, prompt).calls[0].fallback is None


def test_a_server_without_any_response_format_is_asked_in_words(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.refuses(400, "response_format json_schema unsupported")
    chat_server.refuses(422, {"message": "Extra inputs are not permitted: response_format"})
    chat_server.says(f"```json\n{PEAR}\n```")
    answer = fruit(opened(), prompt)
    assert answer.value.name == "pear"
    assert "response_format" not in chat_server.bodies[2]
    assert (answer.calls[0].fallback or "").endswith("the schema in the prompt only")


def test_the_other_name_of_the_output_limit_is_tried(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    chat_server.refuses(400, {"message": message, "param": "max_tokens", "code": "unsupported_parameter"})
    chat_server.says("Pears.")
    call = text(opened(), prompt).calls[0]
    assert chat_server.bodies[0]["max_tokens"] == chat_server.bodies[1]["max_completion_tokens"] == 50
    assert call.fallback == "the server refused max_tokens: max_completion_tokens sent"


def test_a_limit_refused_under_both_names_is_refused(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.refuses(400, {"message": "max_tokens must be below 10", "param": "max_tokens"})
    chat_server.refuses(400, {"message": "max_completion_tokens must be below 10", "param": "max_completion_tokens"})
    with pytest.raises(ModelRefused, match="must be below 10"):
        text(opened(), prompt)
    assert len(chat_server.bodies) == 2


def test_temperature_stop_and_stream_options_are_given_up_one_by_one(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    chat_server.refuses(400, {"message": "'temperature' does not support 0 with this model", "param": "temperature"})
    chat_server.refuses(400, {"message": "unknown field", "param": "stream_options.include_usage"})
    chat_server.refuses(400, {"message": "Unsupported parameter: 'stop'", "param": "stop"})
    chat_server.says("Pears. END and more")
    answer = text(opened(), prompt, stop=("END",))
    assert answer.value == "Pears."
    assert not {"temperature", "stream_options", "stop"} & chat_server.bodies[3].keys()
    call = answer.calls[0]
    assert call.attempts == 4
    assert call.tokens_estimated
    assert all(word in (call.fallback or "") for word in ("temperature", "stream_options", "stop sequences"))


def test_stop_sequences_are_sent_at_most_four(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says("Pears. E and more")
    answer = text(opened(), prompt, stop=("A", "B", "C", "D", "E"))
    assert chat_server.bodies[0]["stop"] == ["A", "B", "C", "D"]
    assert answer.value == "Pears."


def test_a_key_of_any_shape_is_masked_when_the_server_repeats_it(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    chat_server.refuses(401, {"message": "unknown token gateway+token"})
    with pytest.raises(ModelRefused, match=r"unknown token \*\*\*") as caught:
        text(opened(api_key=SecretStr("gateway+token")), prompt)
    assert "gateway+token" not in str(caught.value)


def test_a_reasoning_model_gets_room_to_think_and_no_temperature(
    chat_server: Any, opened: Open, prompt: Prompt
) -> None:
    chat_server.says("Pears.")
    chat_server.says("Pears.")
    text(opened("gpt-6-luna", reasoning_effort="low"), prompt)
    text(opened("gpt-4o"), prompt)
    thinks, writes = chat_server.bodies
    assert thinks["max_tokens"] == 50 + 4096
    assert thinks["reasoning_effort"] == "low"
    assert "temperature" not in thinks
    assert (writes["max_tokens"], writes["temperature"]) == (50, 0)
    assert "reasoning_effort" not in writes


def test_a_page_instead_of_a_stream_points_to_the_base_url(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def page(exchange: Any) -> None:
        exchange.begin("text/html")
        exchange.handler.wfile.write(b"<html>Welcome</html>")

    chat_server.plays.append(page)
    with pytest.raises(ModelRefused, match=r"text/html.*base URL"):
        text(opened(), prompt)


def lists(*tokens: tuple[str, float]) -> Callable[[Any], None]:
    """An answer of one token with these probabilities."""

    def play(exchange: Any) -> None:
        listed = [{"token": token, "logprob": math.log(share), "bytes": None} for token, share in tokens]
        exchange.begin()
        exchange.event(delta={"content": tokens[0][0]}, logprobs={"content": [{**listed[0], "top_logprobs": listed}]})
        exchange.event(finish_reason="length")
        exchange.event(usage={"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10})
        exchange.end()

    return play


def test_choices_are_weighed_by_their_first_token(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.plays.append(lists(("Yes", 0.6), (" Yes", 0.1), ("No", 0.2), ("Maybe", 0.05)))
    answer = opened().model.choose(prompt, ["Yes", "No"], purpose="pick")
    assert answer.value == pytest.approx({"Yes": 0.7 / 0.9, "No": 0.2 / 0.9})
    body = chat_server.bodies[0]
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 20)
    assert answer.calls[0].fallback is None


def test_a_choice_outside_the_list_gets_a_tiny_share_and_a_note(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.plays.append(lists(("A", 0.9), ("C", 0.05)))
    answer = opened().model.choose(prompt, ["A", "B"], purpose="pick")
    assert 0 < answer.value["B"] < 2e-6
    assert "'B' is not among the 2 likeliest tokens" in (answer.calls[0].fallback or "")


def test_no_choice_in_the_list_is_an_error(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.plays.append(lists(("Well", 0.9), ("Hm", 0.05)))
    it = opened()
    with pytest.raises(ModelAnswerInvalid, match="'Well', 'Hm'"):
        it.model.choose(prompt, ["A", "B"], purpose="pick")
    assert len(it.calls) == 1


def test_a_server_that_sends_no_log_probabilities_cannot_choose(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    chat_server.says("A", finish_reason="length")
    with pytest.raises(ModelCannot, match="no log-probabilities"):
        opened().model.choose(prompt, ["A", "B"], purpose="pick")


def test_a_server_that_refuses_log_probabilities_cannot_choose(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    message = "Unsupported parameter: 'logprobs' is not supported with this model."
    chat_server.refuses(400, {"message": message, "param": "logprobs"})
    with pytest.raises(ModelCannot, match="no log-probabilities"):
        opened().model.choose(prompt, ["A", "B"], purpose="pick")


def test_unknown_log_probabilities_count_as_unlisted() -> None:
    shares = distribution(["A", "B"], [("A", -0.1), ("B", -9999.0)])
    assert shares.probabilities["B"] > 0
    assert "'B'" in (shares.note or "")


def test_choices_with_almost_no_mass_are_noted() -> None:
    shares = distribution(["A", "B"], [("Well", -0.001), ("A", -8.0), ("B", -9.0)])
    assert shares.probabilities["A"] == pytest.approx(1 / (1 + math.exp(-1)))
    assert "of the model's probability" in (shares.note or "")


def test_azure_is_addressed_by_deployment_and_version(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    def filtered_first(exchange: Any) -> None:
        exchange.begin()
        head = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}
        exchange.handler.wfile.write(b"data: " + json.dumps(head).encode() + b"\n\n")
        exchange.event(delta={"content": "Pears."}, finish_reason="stop")
        exchange.end()

    chat_server.plays.append(filtered_first)
    endpoint = chat_server.base_url.removesuffix("/v1")
    it = opened("my-deployment", base_url=endpoint, api_version="2024-10-21")
    assert text(it, prompt).value == "Pears."
    path = "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21"
    assert chat_server.paths == [path]
    sent = {name.lower(): value for name, value in chat_server.headers[0].items()}
    assert sent["api-key"] == KEY
    assert chat_server.bodies[0]["max_completion_tokens"] == 50


def test_the_key_of_the_environment_goes_to_no_other_server(
    chat_server: Any, opened: Open, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    chat_server.says("Pears.")
    text(opened(api_key=None), prompt)
    assert "environment" not in json.dumps(chat_server.headers)


@pytest.mark.parametrize("changes", [{"base_url": None}, {"api_version": "2024-10-21"}], ids=["openai", "azure"])
def test_without_a_key_nothing_is_sent(opened: Open, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    with pytest.raises(ModelMissing, match="OPENAI_API_KEY"):
        opened(api_key=None, **changes)


@pytest.mark.parametrize("url", ["", "model.test/v1", "ftp://model.test", "http://"])
def test_an_address_that_is_none_is_a_settings_error(opened: Open, url: str) -> None:
    with pytest.raises(SettingsError, match="http"):
        opened(base_url=url or " ")


def test_no_secret_shows_in_messages_or_reprs(chat_server: Any, opened: Open, prompt: Prompt) -> None:
    url = chat_server.base_url.replace("http://", "http://user:pass-word@")
    chat_server.refuses(400, {"message": f"bad header Bearer {KEY} and key sk-somebody-elses-key-1234"})
    it = opened(base_url=url)
    spec = ModelSpec("openai", "m", base_url=url, api_key=SecretStr(KEY))
    with pytest.raises(ModelError) as caught:
        text(it, prompt)
    for shown in (str(caught.value), repr(it.model), repr(spec), repr(vars(it.model)["_endpoint"])):
        assert KEY not in shown
        assert "pass-word" not in shown
        assert "somebody-elses" not in shown


def test_an_unknown_provider_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="'other'"):
        open_model(ModelSpec("other", "m"))  # type: ignore[arg-type]
