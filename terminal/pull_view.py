"""Shows a model's download on stderr: a bar on a terminal, one line every tenth into a log."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from models.pull import Progress

VERBS = {"waiting": "waiting for", "download": "fetching", "verify": "checking", "build": "building"}


class PullView:
    """Silent; the kinds that show something derive from it. Used as a context manager."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream

    @staticmethod
    def open(name: str, *, quiet: bool, stream: TextIO | None = None) -> "PullView":
        """The view that fits the stream."""
        stream = stream or sys.stderr
        kind = PullView if quiet else BarView if stream.isatty() else LogView
        return kind(name, stream)

    def show(self, progress: "Progress") -> None:
        """How far it is."""

    def close(self) -> None:
        """Ends the display."""

    def __enter__(self) -> "PullView":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class LogView(PullView):
    """A line when the stage changes and at every tenth of it."""

    def __init__(self, name: str, stream: TextIO) -> None:
        super().__init__(name, stream)
        self._said: tuple[str, str, int] | None = None

    def show(self, progress: "Progress") -> None:
        tenth = 10 * progress.done_bytes // progress.total_bytes if progress.total_bytes else 0
        now = (progress.stage, progress.file, tenth)
        if now == self._said or progress.stage == "waiting":
            return
        self._said = now
        source = f" from the {progress.source}" if progress.source else ""
        done, total = progress.done_bytes / 1e6, progress.total_bytes / 1e6
        line = f"{self._name}: {VERBS[progress.stage]} {progress.file}{source}, {done:,.0f} of {total:,.0f} MB"
        print(line, file=self._stream, flush=True)


class BarView(PullView):
    """A bar for each stage, with speed and time left."""

    def __init__(self, name: str, stream: TextIO) -> None:
        super().__init__(name, stream)
        self._bars: Bars | None = None
        self._task: TaskID | None = None
        self._stage: tuple[str, str] | None = None

    def show(self, progress: "Progress") -> None:
        if progress.stage == "waiting":
            return
        bars = self._bars or self._start()
        if self._task is None or (progress.stage, progress.file) != self._stage:
            self._stage = (progress.stage, progress.file)
            self._task = bars.add_task(f"{self._name}: {VERBS[progress.stage]}", total=progress.total_bytes)
        bars.update(self._task, completed=progress.done_bytes, total=progress.total_bytes)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def _start(self) -> "Bars":
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(file=self._stream),
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._bars.start()
        return self._bars
