"""The chat put together from an assembly: by tool calls with a capable model, in planned steps with a small one."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from records.chat import ChatAnswer
from terminal.assembly import Assembly, runs_here
from terminal.conversations import KeptTalk, open_conversations
from terminal.settings import Settings

if TYPE_CHECKING:
    from agent.chat import ChatEvent, ChatLimits
    from models.interface import LanguageModel


class Talk(Protocol):
    """Either kind of chat."""

    def ask(
        self, question: str, *, conversation: str, as_of: datetime, on_event: "Callable[[ChatEvent], None]"
    ) -> ChatAnswer: ...


def open_chat(
    parts: Assembly, closing: ExitStack, limits: "ChatLimits", *, model: "LanguageModel | None" = None
) -> Talk:
    """`model`: in place of the one of the settings. Raises ModelError, StoreError, SettingsError."""
    from agent.chat import Chat, StepChat
    from agent.chat.step_memory import StepMemories
    from prompts import PromptLibrary
    from terminal.tool_sources import tool_sources

    sources = tool_sources(parts, closing)
    model = model or parts.model
    place = parts.database.place
    saver = open_conversations(place, parts.home.database.parent, closing)
    if in_steps(model):
        chat = StepChat(model, sources, parts.desk, PromptLibrary(), limits, memories=StepMemories(saver))
        return KeptTalk(chat, place)
    return KeptTalk(Chat(model, sources, saver, PromptLibrary(), limits=limits), place)  # type: ignore[arg-type]


def in_steps(model: "LanguageModel") -> bool:
    """Whether a model is asked in planned steps, since it calls no tools or its profile says so."""
    return model.profile == "embedded" or model.provider == "local"


def mode_of(settings: Settings) -> str:
    """How the model of the settings answers questions, and why, for `rhyme doctor`."""
    if runs_here(settings):
        return "in steps: a model on this machine calls no tools, so code plans and looks up, and the model says what answers"
    if settings.profile == "embedded":
        return "in steps, as the profile says: code plans and looks up, and the model says what answers"
    return "as an agent: the model calls the tools itself, and code checks every sentence"
