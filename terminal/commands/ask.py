"""`rhyme ask` and `rhyme chat`: questions about what Rhyme knows, answered with citations."""

import argparse
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from records.errors import RhymeError, UsageError
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.settings import load_settings

if TYPE_CHECKING:
    from agent.chat import ChatLimits
    from records.chat import ChatAnswer
    from terminal.chat_parts import Talk

HELP = """/show ID   show what an answer cites        /new    begin a new conversation
/help      this                              /quit   leave (Ctrl-D too); Ctrl-C stops an answer"""


def run(options: argparse.Namespace) -> int:
    """Raises SettingsError, ModelError, StoreError, UsageError."""
    settings = load_settings({"home": options.home, "model": options.model}).settings
    question = _question(options.question) if options.action == "ask" else None
    with Assembly(settings) as parts, ExitStack() as closing:
        from terminal.chat_parts import open_chat

        talk = open_chat(parts, closing, _limits(options))
        if question is None:
            return _converse(parts, talk, options)
        from terminal.chat_view import Watch, answer_text

        watch = Watch(quiet=options.quiet or options.json)
        answer = talk.ask(question, conversation=options.conversation or _new(), as_of=_as_of(options), on_event=watch)
        watch.end()
        print(as_json(answer) if options.json else answer_text(answer))
    return 0


def _question(words: list[str]) -> str:
    if words == ["-"]:
        return sys.stdin.read()
    return " ".join(words)


def _limits(options: argparse.Namespace) -> "ChatLimits":
    from agent.chat import ChatLimits

    plain = ChatLimits()
    return ChatLimits(
        turns=options.turns or plain.turns,
        lookups=options.lookups or plain.lookups,
        tokens=options.tokens or plain.tokens,
        usd=options.usd if options.usd is not None else plain.usd,
        seconds=options.seconds or plain.seconds,
    )


def _new() -> str:
    return secrets.token_hex(6)


def _as_of(options: argparse.Namespace) -> datetime:
    moment: datetime = options.as_of or datetime.now(UTC)
    return moment


def _converse(parts: Assembly, talk: "Talk", options: argparse.Namespace) -> int:
    """Until /quit or the end of the input. Ctrl-C stops an answer and keeps the conversation."""
    from terminal.chat_view import Watch

    conversation = options.conversation or _new()
    said = (
        f"Conversation {conversation} (go on later with --conversation {conversation}). /help says what can be typed."
    )
    print(said, file=sys.stderr)
    watch = Watch(quiet=options.quiet)
    _history()
    while True:
        try:
            line = input("> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return 0
        except KeyboardInterrupt:
            print(file=sys.stderr)
            continue
        if line in ("/quit", "/exit"):
            return 0
        if line == "/new":
            conversation = _new()
            print(f"Conversation {conversation}.", file=sys.stderr)
        elif line.startswith("/show"):
            _tell(partial(_shown, parts, line, options))
        elif line.startswith("/"):
            print(HELP)
        elif line:
            ask = partial(talk.ask, line, conversation=conversation, as_of=_as_of(options), on_event=watch)
            _tell(partial(_answered, ask))
            watch.end()


def _answered(ask: "Callable[[], ChatAnswer]") -> str:
    from terminal.chat_view import answer_text

    return answer_text(ask())


def _tell(work: Callable[[], str]) -> None:
    """What it gives, or why it failed; a stopped answer is neither."""
    try:
        print(work(), flush=True)
    except KeyboardInterrupt:
        print("Stopped. The conversation goes on.", file=sys.stderr)
    except RhymeError as error:
        print(f"rhyme: {error}", file=sys.stderr)


def _shown(parts: Assembly, line: str, options: argparse.Namespace) -> str:
    from agent.shielded import shielded
    from terminal.plain import plain
    from tools.sources import Sources
    from tools.toolbox import call

    name = line.removeprefix("/show").strip()
    if not name:
        raise UsageError("/show needs an id that an answer cites, such as /show analysis:0123456789abcdef.")
    result = shielded(call("show", {"id": name}, Sources(parts.database, _as_of(options))))
    return "\n".join(plain(f"[{one.id}] {one.text}") for one in result.items)


def _history() -> None:
    """Arrow keys and search in what was typed, where the interpreter has them."""
    try:
        import readline  # noqa: F401
    except ImportError:
        return
