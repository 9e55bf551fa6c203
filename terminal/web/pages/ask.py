"""Ask: questions answered with citations; the answer as it is written where there is JavaScript, whole where there is none."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event

from records.chat import ChatAnswer, KeptTurn
from records.errors import RhymeError
from terminal.web.answers import turns_of
from terminal.web.asking import STOPPED, AskDesk, Asked, Told, new_conversation
from terminal.web.rendering import page, rendered
from terminal.web.site import Site, site_of, the_site

router = APIRouter(include_in_schema=False)

RECENT = 12
"""Conversations that are listed."""
LOOK_SECONDS = 0.5
"""How often a stream with nothing to tell looks whether it was stopped."""
STOP_LOOKS = 6
"""Looks after which a stopped answer is given up: its model may be silent for minutes."""
BEAT_LOOKS = 30
"""Looks between two signs of life, for what stands between and drops silent connections."""

_making = threading.Lock()


def the_desk(request: Request, site: Annotated[Site, Depends(the_site)]) -> AskDesk:
    """The desk of this application, made at the first question."""
    with _making:
        desk: AskDesk | None = getattr(request.app.state, "ask_desk", None)
        if desk is None:
            desk = request.app.state.ask_desk = AskDesk(site)
            site.at_end(desk.close)
        return desk


Desk = Annotated[AskDesk, Depends(the_desk)]
Question = Annotated[str, Form()]


@router.get("/ask")
def ask(request: Request, c: str | None = None, q: str = "") -> Response:
    """A conversation, or the beginning of one. `q`: a question that stands in the form already."""
    return _page(request, c, q)


@router.post("/ask")
def answer(
    request: Request, desk: Desk, question: Question = "", conversation: Annotated[str, Form()] = ""
) -> Response:
    """Without JavaScript: waits for the answer, then shows it."""
    ended: Future[Told] = Future()
    conversation = conversation or new_conversation()
    try:
        desk.begin(_who(request), question, conversation, _at_end(ended), _keeping(request))
    except RhymeError as error:
        return _page(request, conversation, question, str(error), status=400)
    told = ended.result()
    if told.answer is None:
        return _page(request, conversation, question, str(told.data["message"]), status=502)
    return RedirectResponse(f"/ask?c={conversation}#last", status_code=303)


@router.post("/ask/stream")
async def stream(
    request: Request, desk: Desk, question: Question = "", conversation: Annotated[str, Form()] = ""
) -> StreamingResponse:
    """The same as events: `begun`, then what happens (`terminal.web.asking.Told`), the answer as the page's own HTML at the end."""
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[Told]()

    def tell(told: Told) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(heard.put_nowait, told)

    try:
        asked = await run_in_threadpool(desk.begin, _who(request), question, conversation, tell, _keeping(request))
    except RhymeError as error:
        return _events(_only(_event("failed", {"message": str(error), "kind": error.kind})))
    return _events(_told(request, asked, heard))


@router.post("/ask/stop")
def stop(request: Request, desk: Desk, asked: Annotated[str, Form()] = "") -> JSONResponse:
    """Ends an answer under way; what was written is checked and kept."""
    return JSONResponse({"stopped": desk.stop(_who(request), asked)})


def _page(
    request: Request, conversation: str | None, question: str, fault: str | None = None, *, status: int = 200
) -> Response:
    before, who = site_of(request).database.chat_turns, _who(request)
    turns = turns_of(before.turns(who, conversation)) if conversation else []
    return page(
        request, "ask.html", status=status, turns=turns, conversation=conversation or new_conversation(), question=question,
        fault=fault, recent=before.recent(who, RECENT),
    )  # fmt: skip


def _who(request: Request) -> str:
    name: str = request.state.user.name
    return name


def _at_end(ended: "Future[Told]") -> Callable[[Told], None]:
    def tell(told: Told) -> None:
        if told.last:
            ended.set_result(told)

    return tell


def _keeping(request: Request) -> Callable[[Asked, ChatAnswer], None]:
    site = site_of(request)

    def keep(asked: Asked, answer: ChatAnswer) -> None:
        cited = {name for one in answer.sentences for name in one.support}
        texts = {name: asked.texts[name] for name in sorted(cited) if name in asked.texts}
        site.database.chat_turns.add(
            KeptTurn(who=asked.who, conversation=asked.conversation, asked_at=site.clock(), answer=answer, texts=texts)
        )

    return keep


async def _told(request: Request, asked: Asked, heard: "asyncio.Queue[Told]") -> AsyncIterator[bytes]:
    """Until the answer, or until whoever asked goes away."""
    silent = stopping = 0
    try:
        yield _event("begun", {"id": asked.id})
        while True:
            try:
                told = await asyncio.wait_for(heard.get(), LOOK_SECONDS)
            except TimeoutError:
                silent += 1
                stopping += asked.stopping
                if stopping >= STOP_LOOKS:
                    yield _event("stopped", {"message": STOPPED})
                    return
                if silent % BEAT_LOOKS == 0:
                    yield b": here\n\n"
                continue
            yield await run_in_threadpool(_shown, request, asked, told)
            if told.last:
                return
    finally:
        asked.stop()


def _shown(request: Request, asked: Asked, told: Told) -> bytes:
    if told.answer is None:
        return _event(told.name, dict(told.data))
    turn = turns_of(site_of(request).database.chat_turns.turns(asked.who, asked.conversation))[-1]
    return _event("answer", {"html": rendered(request, "ask_turn.html", turn=turn, last=True)})


def _event(name: str, data: dict[str, object]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data))


async def _only(event: bytes) -> AsyncIterator[bytes]:
    yield event


def _events(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
