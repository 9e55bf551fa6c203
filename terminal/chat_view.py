"""Questions and answers on a terminal."""

import sys
from typing import TYPE_CHECKING, TextIO

from records.chat import ChatAnswer
from terminal.chat_words import asked_words, numbered, spent_line
from terminal.plain import plain

if TYPE_CHECKING:
    from agent.chat import ChatEvent


class Watch:
    """Tells what happens while a question is answered, on stderr."""

    def __init__(self, *, quiet: bool, stream: TextIO | None = None) -> None:
        self._quiet = quiet
        self._stream = stream or sys.stderr
        self._writing = False

    def __call__(self, event: "ChatEvent") -> None:
        """One event."""
        from agent.chat import TextRestarted, TextWritten, ToolEnded, ToolStarted

        if self._quiet:
            return
        if isinstance(event, TextWritten):
            if self._stream.isatty():
                self._writing = True
                print(plain(event.text), end="", file=self._stream, flush=True)
            return
        self.end()
        if isinstance(event, TextRestarted):
            print("… the connection broke; the answer begins again", file=self._stream, flush=True)
        elif isinstance(event, ToolStarted):
            print(f"… {event.name}({asked_words(event.arguments)})", file=self._stream, flush=True)
        elif isinstance(event, ToolEnded):
            print(f"  {event.result.status}: {len(event.result.items)} items", file=self._stream, flush=True)

    def end(self) -> None:
        """Ends a line of text that is being written."""
        if self._writing:
            print(file=self._stream, flush=True)
            self._writing = False


def answer_text(answer: ChatAnswer) -> str:
    """The sentences with numbers for what they cite, and the list of it."""
    numbers = numbered(answer)
    parts = []
    for one in answer.sentences:
        marks = "".join(f"[{numbers[name]}]" for name in one.support)
        parts.append(plain(f"{one.text} {marks}".strip()))
    lines = [" ".join(parts)]
    lines += [f"  [{number}] {plain(name)}" for name, number in numbers.items()]
    if answer.reason is not None and answer.reason not in lines[0]:
        lines.append(f"({plain(answer.reason)})")
    lines.append(spent_line(answer.provenance))
    return "\n".join(lines)
