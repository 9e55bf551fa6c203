"""The chat put together from an assembly: by tool calls with a capable model, in planned steps with a small one."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from records.chat import ChatAnswer
from records.errors import StoreError
from terminal.assembly import Assembly, runs_here
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
    from prompts import PromptLibrary
    from terminal.tool_sources import tool_sources

    sources = tool_sources(parts, closing)
    model = model or parts.model
    if model.profile == "embedded" or model.provider == "local":
        return StepChat(model, sources, parts.desk, PromptLibrary(), limits)
    return Chat(model, sources, _saver(parts, closing), PromptLibrary(), limits=limits)  # type: ignore[arg-type]


def mode_of(settings: Settings) -> str:
    """How the model of the settings answers questions, and why, for `rhyme doctor`."""
    if runs_here(settings):
        return "in steps: a model on this machine calls no tools, so code plans and looks up, and the model says what answers"
    if settings.profile == "embedded":
        return "in steps, as the profile says: code plans and looks up, and the model says what answers"
    return "as an agent: the model calls the tools itself, and code checks every sentence"


def _saver(parts: Assembly, closing: ExitStack) -> Any:
    """Where conversations are kept: a file beside the database, or the PostgreSQL database itself."""
    place = parts.database.place
    if place.is_sqlite:
        import sqlite3

        from langgraph.checkpoint.sqlite import SqliteSaver

        path = parts.home.database.with_name("rhyme-chat.db")
        try:
            connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            closing.callback(connection.close)
            saver = SqliteSaver(connection)
            saver.setup()
        except sqlite3.Error as error:
            raise StoreError(
                f"The conversations in {path} cannot be opened ({error}). Move the file away to begin new ones."
            ) from error
        return saver
    from langgraph.checkpoint.postgres import PostgresSaver

    address = place.url.set(drivername="postgresql").render_as_string(hide_password=False)
    kept = closing.enter_context(PostgresSaver.from_conn_string(address))
    kept.setup()
    return kept
