"""Questions of the Ask page under way: each in a thread, told as it goes, ended when a person says so or goes away."""

import logging
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from records.chat import ChatAnswer
from records.errors import RhymeError, UsageError
from terminal.chat_words import asked_words
from terminal.plain import plain_token

if TYPE_CHECKING:
    from agent.chat import ChatEvent
    from terminal.web.site import Site

AT_ONCE = 8
"""Questions that are worked on; more wait for their turn."""
MOST = 64
"""Questions under way or waiting: beyond it they are refused, so that a flood ends in an answer."""
LEAVE_SECONDS = 5.0
"""How long the end waits for what is under way."""
STOPPED = "it was stopped before it had ended"
BUSY = "This conversation waits for an answer. Stop it, or ask when it is there."
SILENT = "The answer that was stopped has not let go yet: its model is silent. Begin a new conversation, or try again in a while."

_CONVERSATION = re.compile(r"[0-9a-f]{16}")
_log = logging.getLogger(__name__)

Name = Literal["text", "again", "looking", "found", "answer", "stopped", "failed"]


@dataclass(frozen=True)
class Told:
    """One thing that happened: `text` as the model writes it, `looking` and `found` of a lookup, `again` when what was written is
    void, and one of `answer`, `stopped` and `failed` as the last."""

    name: Name
    data: Mapping[str, Any] = field(default_factory=dict)
    answer: ChatAnswer | None = None

    @property
    def last(self) -> bool:
        """Whether nothing follows."""
        return self.name in ("answer", "stopped", "failed")


Tell = Callable[[Told], None]


def new_conversation() -> str:
    """A name that nobody guesses."""
    return secrets.token_hex(8)


class Asked:
    """One question under way."""

    def __init__(self, who: str, question: str, conversation: str, tell: Tell) -> None:
        self.id = secrets.token_hex(8)
        self.who = who
        self.question = question
        self.conversation = conversation
        self.texts: dict[str, str] = {}
        """id → what a tool gave for it, for showing beside the answer."""
        self._tell = tell
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ends it at its next sign of life."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to end."""
        return self._stop.is_set()

    def work(self, site: "Site") -> Told:
        """In a thread: asks, tells, and returns what was told last."""
        from agent.chat import AnswerStopped

        try:
            self._still_wanted()
            answer = site.talk.ask(
                self.question,
                conversation=f"web:{self.who}:{self.conversation}",
                as_of=site.clock(),
                on_event=self._hear,
            )
            last = Told("answer", answer=answer)
        except AnswerStopped:
            last = Told("stopped", {"message": "Stopped before anything could be kept. The conversation goes on."})
        except RhymeError as error:
            last = Told("failed", {"message": str(error), "kind": error.kind})
        except Exception:  # noqa: BLE001 - a thread of ours: whoever asked must hear of it, and the log has the rest
            if not self.stopping:  # at the end of the server its parts close before the thread has ended
                _log.exception("a question failed")
            last = Told("failed", {"message": "The answer failed for a reason of our own code.", "kind": "code_error"})
        return last

    def _still_wanted(self) -> None:
        from agent.chat import AnswerStopped

        if self._stop.is_set():
            raise AnswerStopped(STOPPED)

    def _hear(self, event: "ChatEvent") -> None:
        from agent.chat import TextRestarted, TextWritten, ToolEnded, ToolStarted

        self._still_wanted()
        if isinstance(event, TextWritten):
            self._tell(Told("text", {"text": plain_token(event.text)}))
        elif isinstance(event, ToolStarted):
            self._tell(Told("looking", {"tool": event.name, "asked": asked_words(event.arguments)}))
        elif isinstance(event, ToolEnded):
            self.texts.update({one.id: one.text for one in event.result.items})
            found = {"tool": event.name, "status": event.result.status, "count": len(event.result.items)}
            self._tell(Told("found", found))
        elif isinstance(event, TextRestarted):
            self._tell(Told("again"))


class AskDesk:
    """All questions of one site. Safe to share between threads; a person's conversations are theirs alone."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ask")
        self._guard = threading.Lock()
        self._ended = threading.Condition(self._guard)
        self._working = 0
        """Questions in a thread; the others under way wait for one."""
        self._under_way: dict[str, Asked] = {}

    def begin(
        self, who: str, question: str, conversation: str, tell: Tell, keep: Callable[[Asked, ChatAnswer], None]
    ) -> Asked:
        """`keep`: notes an answer before it is told. Raises UsageError for a question that is none, a conversation that waits for
        an answer, or too many questions."""
        from agent.chat.conversation import checked_question

        if not _CONVERSATION.fullmatch(conversation):
            raise UsageError(f"{conversation[:40]!r} is no conversation. Begin a new one at /ask.")
        asked = Asked(who, checked_question(question), conversation, tell)
        with self._guard:
            if len(self._under_way) >= MOST:
                raise UsageError(f"{MOST} questions wait for an answer already. Ask again in a while.")
            same = [one for one in self._under_way.values() if (one.who, one.conversation) == (who, conversation)]
            if same:
                raise UsageError(SILENT if same[0].stopping else BUSY)
            self._under_way[asked.id] = asked
        self._pool.submit(copy_context().run, self._work, asked, tell, keep)  # with the trace of the request
        return asked

    def _work(self, asked: Asked, tell: Tell, keep: Callable[[Asked, ChatAnswer], None]) -> None:
        with self._guard:
            self._working += 1
        try:
            self._worked(asked, tell, keep)
        finally:
            with self._guard:
                self._working -= 1
                self._ended.notify_all()

    def _worked(self, asked: Asked, tell: Tell, keep: Callable[[Asked, ChatAnswer], None]) -> None:
        told = asked.work(self._site)
        try:
            if told.answer is not None:
                keep(asked, told.answer)
        except RhymeError as error:
            told = Told("failed", {"message": f"The answer could not be kept. {error}", "kind": error.kind})
        finally:
            with self._guard:
                del self._under_way[asked.id]
            tell(told)

    def stop(self, who: str, asked_id: str) -> bool:
        """False: it has ended, or is not theirs."""
        with self._guard:
            asked = self._under_way.get(asked_id)
        if asked is None or asked.who != who:
            return False
        asked.stop()
        return True

    def close(self) -> bool:
        """Ends what is under way at its next sign of life, and waits for it a while. Whether all has ended."""
        with self._guard:
            for asked in self._under_way.values():
                asked.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._guard:
            return self._ended.wait_for(lambda: not self._working, LEAVE_SECONDS)
