"""A stream read many events at once says what the client's own decoder says, whatever it is made of and however it is cut."""

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
from openai._streaming import SSEDecoder

from models.event_stream import LONGEST_PLAIN_BYTES, PlainDecoder, Values
from models.openai_provider import Endpoint, client_of
from models.retry import StreamBroken
from models.wire import complete

PLAIN = [
    'data: {"id": "a", "choices": [{"delta": {"content": "Umsätze – 📈 \\ud83d\\ude00\\n\\n"}}]}\n\n',
    'data: {"x":[1,2.5,1e-7,-0.0,123456789012345678901234567890,NaN,null,true,"data: [DONE]"]}\n\n',
    'data: {"d": 1, "d": 2}\n\n',
    "data: [1, 2]\n\n",
    "data: null\n\n",
    'data: "[DONE]"\n\n',
]
OTHER = [
    ": a comment\n\n",
    'event: error\ndata: {"error": {"message": "no"}}\n\n',
    'id: 7\ndata: {"a": 1}\n\n',
    'data: {"a":\ndata: 1}\n\n',
    'data:{"a": 1}\n\n',
    'data: {"a":\n1}\n\n',
    'data: {"a":\r 1}\n\n',
    'data: {"a": "\\ud83d"}\n\n',
    'data: {"a": 1}\r\n\r\n',
    'data: {"a": 1}\r\rdata: {"b": 2}\n\n',
    "\n\n",
    "retry: 3\n",
    'data: {"long": "' + "x" * LONGEST_PLAIN_BYTES + '"}\n\n',
]
DONE = "data: [DONE]\n\n"


def told(decoder: SSEDecoder, pieces: Iterable[bytes]) -> list[object]:
    """The values to [DONE] or to data that is no JSON."""
    said: list[object] = []
    for event in decoder.iter_bytes(iter(pieces)):
        if isinstance(event, Values):
            said += event.values
            if event.done:
                break
        elif event.data.startswith("[DONE]"):
            break
        else:
            try:
                said.append(event.json())
            except json.JSONDecodeError as error:
                return [*said, str(error)]
    return said


@pytest.mark.parametrize("seed", range(60))
def test_any_stream_in_any_pieces_is_read_as_the_client_reads_it(seed: int) -> None:
    chance = random.Random(seed)
    kinds = PLAIN if seed % 3 else PLAIN + OTHER
    whole = "".join([*chance.choices(kinds, k=12), DONE, *chance.choices(kinds, k=seed % 2)]).encode()
    if seed % 5 == 0:
        whole = whole.replace(b"\n", b"\r\n")
    cuts = sorted(chance.sample(range(1, len(whole)), k=min(len(whole) - 1, seed)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert repr(told(PlainDecoder(), pieces)) == repr(told(SSEDecoder(), pieces))


@pytest.mark.parametrize("other", OTHER)
def test_an_event_of_another_form_is_read_as_the_client_reads_it(other: str) -> None:
    pieces = [f"{PLAIN[0]}{other}{PLAIN[2]}".encode()]
    assert repr(told(PlainDecoder(), pieces)) == repr(told(SSEDecoder(), pieces))


def test_a_block_of_plain_events_is_read_at_once() -> None:
    block = "".join(PLAIN).encode()
    (event,) = PlainDecoder().iter_bytes(iter([block, b"data: {"]))
    assert isinstance(event, Values)
    assert len(event.values) == len(PLAIN)


@pytest.mark.parametrize("data", ['{"a": 1},{"b": 2}', "{", "", "[1"])
def test_data_that_is_no_json_value_is_the_same_error_after_the_same_events(data: str) -> None:
    pieces = [f"{PLAIN[0]}data: {data}\n\n{PLAIN[2]}".encode()]
    events = PlainDecoder().iter_bytes(iter(pieces))
    assert next(events).json() == json.loads(PLAIN[0].removeprefix("data: "))
    with pytest.raises(json.JSONDecodeError):
        next(events).json()


def test_a_stream_cut_inside_a_character_has_broken_off(chat_server: Any) -> None:
    def play(exchange: Any) -> None:
        exchange.begin()
        exchange.event(delta={"content": "so far"})
        exchange.handler.wfile.write('data: {"choices": [{"delta": {"content": "ü'.encode()[:-1])

    chat_server.plays.append(play)
    with client_of(Endpoint(chat_server.base_url), 5.0) as client, pytest.raises(StreamBroken):
        complete(client, {"model": "m", "messages": []}, None)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_tokens_are_heard_as_they_come_and_comments_are_no_tokens(chat_server: Any, line_end: str) -> None:
    heard: list[str] = []

    def play(exchange: Any) -> None:
        exchange.begin()
        for place, word in enumerate(("one ", "two ", "three")):
            chunk = json.dumps({"choices": [{"delta": {"content": word}}]})
            comment = f": waiting{line_end}{line_end}" if place == 1 else ""
            exchange.handler.wfile.write(f"{comment}data: {chunk}{line_end}{line_end}".encode())
        exchange.event(finish_reason="stop")
        exchange.end()

    chat_server.plays.append(play)
    with client_of(Endpoint(chat_server.base_url), 5.0) as client:
        done = complete(client, {"model": "m", "messages": []}, heard.append)
    assert heard == ["one ", "two ", "three"]
    assert (done.text, done.finish_reason) == ("one two three", "stop")
