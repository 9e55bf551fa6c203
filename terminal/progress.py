"""Progress on stderr while an analysis runs: which stage, for how long, and the words the model is writing."""

import sys
import textwrap
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO

from terminal.plain import plain, plain_token

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

QUIET_SECONDS = 2.0  # a log gets at most one line of detail in this time: the embedded model takes 45 small steps
LINE_CHARACTERS = 100  # streamed words go to a log in lines of about this length
TAIL_CHARACTERS = 240  # what is shown of the newest words on a terminal: about two lines


class Step(Protocol):
    """What an analysis reports; `agent.progress.Progress` is one."""

    @property
    def stage(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def token(self) -> str | None: ...


class ProgressView:
    """Shows steps as they come. `open` gives the kind that fits the stream; used as a context manager."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._begun = self._stage_begun = clock()
        self._stage: str | None = None

    @staticmethod
    def open(
        *, quiet: bool, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> "ProgressView":
        """Nothing when quiet, a moving display on a terminal, plain lines into a file or pipe."""
        stream = stream or sys.stderr
        if quiet:
            return ProgressView(stream, clock)
        return LiveView(stream, clock) if stream.isatty() else LineView(stream, clock)

    def say(self, text: str) -> None:
        """A line that belongs to no stage, such as "opening the event memory"."""

    def show(self, step: Step) -> None:
        """One step or piece of text."""

    def close(self, *, completed: bool = True) -> None:
        """Ends the display; a stage that an error broke off is not called done."""

    def __enter__(self) -> "ProgressView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(completed=kind is None)

    def _enters(self, stage: str) -> str | None:
        """Notes a change of stage; returns the line about the one that ended, if there was one."""
        if stage == self._stage:
            return None
        ended = self._ended()
        self._stage, self._stage_begun = stage, self._clock()
        return ended

    def _ended(self, *, completed: bool = True) -> str | None:
        seconds = self._clock() - self._stage_begun
        return f"{self._stage}: {'' if completed else 'broke off after '}{seconds:.1f} s" if self._stage else None


class LineView(ProgressView):
    """Plain lines with the seconds since the start, for logs and pipes."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream, clock)
        self._words = ""
        self._detail_at: float | None = None

    def say(self, text: str) -> None:
        self._line(plain(text))

    def show(self, step: Step) -> None:
        ended = self._enters(step.stage)
        if ended is not None:
            self._flush()
            self._line(ended)
            self._detail_at = None
        if step.token:
            self._words += plain_token(step.token)
            self._flush_full_lines()
        elif self._detail_at is None or self._clock() - self._detail_at >= QUIET_SECONDS:
            self._detail_at = self._clock()
            self._flush()
            self._line(f"{step.stage}: {plain(step.detail)}" if step.detail else step.stage)

    def close(self, *, completed: bool = True) -> None:
        self._flush()
        ended = self._ended(completed=completed)
        if ended:
            self._line(ended)

    def _flush_full_lines(self) -> None:
        """Prints what fills lines and keeps the rest for the words to come."""
        if len(self._words) > LINE_CHARACTERS:
            *full, rest = textwrap.wrap(self._words, LINE_CHARACTERS, drop_whitespace=False)
            self._words = rest
            for line in full:
                self._line(f"  | {plain(line)}")

    def _flush(self) -> None:
        words, self._words = plain(self._words), ""
        for line in textwrap.wrap(words, LINE_CHARACTERS):
            self._line(f"  | {line}")

    def _line(self, text: str) -> None:
        print(f"[{self._clock() - self._begun:5.1f} s] {text}", file=self._stream, flush=True)


class LiveView(ProgressView):
    """One line that moves with the newest words under it; ended stages stay above it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        super().__init__(stream, clock)
        self._detail = ""
        self._tail = ""
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Before the first stage this is a plain line: it must not wait for the display to load."""
        if self._live is None:
            print(plain(text), file=self._stream, flush=True)
        else:
            self._live.console.print(plain(text), style="dim", markup=False, highlight=False)

    def show(self, step: Step) -> None:
        live = self._live or self._start()
        ended = self._enters(step.stage)
        if ended is not None:
            live.console.print(ended, style="dim", markup=False, highlight=False)
            self._detail = self._tail = ""
        if step.token:
            self._tail = (self._tail + plain_token(step.token))[-TAIL_CHARACTERS:]
        else:
            self._detail, self._tail = step.detail, ""

    def close(self, *, completed: bool = True) -> None:
        if self._live is None:
            return
        ended = self._ended(completed=completed)
        if ended:
            self._live.console.print(ended, style="dim", markup=False, highlight=False)
        self._live.stop()
        self._live = None

    def _start(self) -> "Live":
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream)
        # 4 a second: enough for the seconds to move, little beside the model's work on the same cores
        self._live = Live(
            console=console,
            get_renderable=self._display,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self._live

    def _display(self) -> "Group | Text":
        from rich.console import Group
        from rich.text import Text

        seconds = self._clock() - self._stage_begun
        head = Text(f"{self._stage or 'starting'} · {seconds:.0f} s", style="bold", overflow="ellipsis", no_wrap=True)
        if self._detail:
            head.append(f" · {plain(self._detail)}", style="not bold")
        return Group(head, Text(plain(self._tail), style="dim")) if self._tail else head
