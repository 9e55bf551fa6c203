"""The chat of `rhyme ask` over texts that were taken into a temporary home: what a person has taken in is neither searched nor
changed."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.assembly import Assembly
from terminal.settings import Settings

if TYPE_CHECKING:
    from evals.chat.run import SourcesAsOf, Talk
    from models.interface import LanguageModel
    from records.article import Article


def talk_over(
    settings: Settings,
    articles: "Sequence[Article]",
    model: "LanguageModel | None",
    closing: ExitStack,
    say: Callable[[str], None],
) -> "tuple[Talk | None, SourcesAsOf]":
    """The chat and its tools over `articles` alone; `model` None: the tools without a chat. Raises StoreError, ModelError."""
    from agent.chat import ChatLimits
    from terminal.chat_parts import open_chat
    from terminal.tool_sources import tool_sources

    folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="rhyme-eval-")))
    alone = settings.model_copy(update={"home": folder, "database_url": None, "prices": None, "portfolio": None})
    parts = closing.enter_context(Assembly(alone, say=say))
    parts.database.intake.save_articles(articles)
    sources = tool_sources(parts, closing)
    return (None if model is None else open_chat(parts, closing, ChatLimits(), model=model)), sources
