"""Questions and answers on a terminal."""

import sys
from typing import TYPE_CHECKING, TextIO

from records.chat import ChatAnswer
from terminal.plain import plain

if TYPE_CHECKING:
    from agent.chat import ChatEvent

SHOWN = 160


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
            asked = ", ".join(
                f"{name}={value}" for name, value in event.arguments.items() if value not in (None, [], "")
            )
            print(f"… {event.name}({plain(asked)[:SHOWN]})", file=self._stream, flush=True)
        elif isinstance(event, ToolEnded):
            print(f"  {event.result.status}: {len(event.result.items)} items", file=self._stream, flush=True)

    def end(self) -> None:
        """Ends a line of text that is being written."""
        if self._writing:
            print(file=self._stream, flush=True)
            self._writing = False


def answer_text(answer: ChatAnswer) -> str:
    """The sentences with numbers for what they cite, and the list of it."""
    numbers: dict[str, int] = {}
    parts = []
    for one in answer.sentences:
        marks = "".join(f"[{numbers.setdefault(name, len(numbers) + 1)}]" for name in one.support)
        parts.append(plain(f"{one.text} {marks}".strip()))
    lines = [" ".join(parts)]
    lines += [f"  [{number}] {plain(name)}" for name, number in numbers.items()]
    if answer.reason is not None and answer.reason not in lines[0]:
        lines.append(f"({plain(answer.reason)})")
    spent = answer.provenance
    cost = "cost unknown" if spent.cost_usd is None else f"{spent.cost_usd:.4f} USD"
    tokens = f"{spent.input_tokens:,} + {spent.output_tokens:,} tokens"
    lines.append(f"{plain(spent.model)} · {spent.calls} calls · {tokens} · {spent.seconds:.1f} s · {cost}")
    return "\n".join(lines)
