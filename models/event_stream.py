"""The JSON values of a streamed answer: many at once where its events have the plain form of nearly all servers.

By the client's own decoder every event passes through Python a line and an object at a time, which over an answer of
hundreds of tokens is the dearest part of a call. Events of any other form go through that decoder.
"""

from collections.abc import Iterator
from itertools import chain

import openai
import pydantic_core
from openai._streaming import ServerSentEvent, SSEDecoder

_BEFORE = b"data: "
_BETWEEN = b"\n\ndata: "
_AFTER = b"\n\n"
_DONE = b"data: [DONE]\n\n"
LONGEST_PLAIN_BYTES = 1 << 16
"""Of one event: a longer one is put together by the client, which does not look through it again with each piece."""
AT_ONCE_BYTES = 1 << 13
"""Of events: with many more their objects would wake Python's garbage collector, which takes as long as reading them."""


class Values(ServerSentEvent):
    """Several events in their order, already read."""

    def __init__(self, values: list[object], *, done: bool) -> None:
        super().__init__()
        self.values = values
        self.done = done
        """[DONE] came after them."""


class PlainDecoder(SSEDecoder):
    """Yields `Values` for events that are one line of data each, and from the first other one on what the client makes."""

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        waiting = b""
        for piece in iterator:
            waiting += piece
            plain = b"\r" not in piece
            while plain and (end := _end(waiting)):
                values = _values(waiting[:end])
                if plain := values is not None:
                    yield values
                    waiting = waiting[end:]
            if not plain or len(waiting) > LONGEST_PLAIN_BYTES:
                yield from super().iter_bytes(chain((waiting,), iterator))
                return
        # what is left has no blank line after it, so it is no event


def events(stream: openai.Stream[object]) -> Iterator[ServerSentEvent]:
    """What the stream says as it comes: `Values`, or single events. Raises what the client raises."""
    stream._decoder = PlainDecoder()
    return stream._iter_events()


def _end(waiting: bytes) -> int:
    """Where some whole events end; 0 if none does."""
    last = waiting.rfind(_AFTER, 0, AT_ONCE_BYTES)
    found = last if last >= 0 else waiting.find(_AFTER)
    return found + len(_AFTER) if found >= 0 else 0


def _values(block: bytes) -> Values | None:
    """The values of whole events; None if they are not all of the plain form."""
    done = block.endswith(_DONE)
    if done:
        block = block[: -len(_DONE)]
        if not block:
            return Values([], done=True)
    count = block.count(_BETWEEN) + 1
    # a line of data and an empty one make an event: with more line ends there is something else among them
    if not block.startswith(_BEFORE) or not block.endswith(_AFTER) or block.count(b"\n") != 2 * count:
        return None
    text = block[len(_BEFORE) : -len(_AFTER)].replace(_BETWEEN, b",")
    try:
        values = pydantic_core.from_json(b"[" + text + b"]", cache_strings="keys")
    except ValueError:
        return None
    return Values(values, done=done) if len(values) == count else None
