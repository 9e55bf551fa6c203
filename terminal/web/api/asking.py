"""Questions to the chat: answered whole, or as they are written."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response

from records.chat import ChatAnswer
from terminal.web.api.parameters import Asking
from terminal.web.api.records import Question
from terminal.web.api.stream import EVENT_STREAM, HEADERS
from terminal.web.asking import Asked, Told, new_conversation
from terminal.web.pages.ask import Desk
from terminal.web.problems import failure, status_of_kind

router = APIRouter(tags=["ask"])
BEAT_SECONDS = 15.0
_ANSWER = {
    "description": "Events `begun`, then `text` as the model writes it, `again` when that is void, `looking` and `found` of a "
    "lookup, and as the last one `answer` with a ChatAnswer, `stopped` or `failed`.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}


@router.post("/ask", response_model=ChatAnswer)
def ask(request: Request, asking: Asking, desk: Desk, asked: Question) -> ChatAnswer | Response:
    """Answers a question from what Rhyme knows, every sentence with the ids it rests on. Waits for the whole answer."""
    ended: Future[Told] = Future()

    def tell(told: Told) -> None:
        if told.last:
            ended.set_result(told)

    desk.begin(asking.name, asked.question, asked.conversation or new_conversation(), tell, _kept_by_the_chat)
    told = ended.result()
    if told.answer is None:
        kind = str(told.data.get("kind", told.name))
        return failure(request, status_of_kind(kind), kind, str(told.data["message"]))
    return told.answer


@router.post("/ask/stream", response_class=StreamingResponse, responses={200: _ANSWER})
async def ask_and_follow(asking: Asking, desk: Desk, asked: Question) -> StreamingResponse:
    """The same as it is written. Whoever goes away ends it."""
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[Told]()

    def tell(told: Told) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(heard.put_nowait, told)

    conversation = asked.conversation or new_conversation()
    begun = await run_in_threadpool(desk.begin, asking.name, asked.question, conversation, tell, _kept_by_the_chat)
    return StreamingResponse(_events(begun, heard), media_type=EVENT_STREAM, headers=HEADERS)


async def _events(asked: Asked, heard: "asyncio.Queue[Told]") -> AsyncIterator[bytes]:
    try:
        yield _event("begun", {"id": asked.id, "conversation": asked.conversation})
        while True:
            try:
                told = await asyncio.wait_for(heard.get(), BEAT_SECONDS)
            except TimeoutError:
                yield KEEPALIVE_COMMENT
                continue
            data = dict(told.data) if told.answer is None else told.answer.model_dump(mode="json")
            yield _event(told.name, data)
            if told.last:
                return
    finally:
        asked.stop()


def _event(name: str, data: dict[str, object]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data))


def _kept_by_the_chat(_asked: Asked, _answer: ChatAnswer) -> None:
    """The page keeps answers to show them again; a program keeps its own."""
