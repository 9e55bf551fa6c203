"""`rhyme worker --batch`: analyses the backfill that is in line through the provider's batches."""

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from records.errors import UsageError
from terminal.progress import ProgressView

if TYPE_CHECKING:
    from agent.jobs.batch_worker import BatchWorker

PAUSED = 1
"""Exit code when everything is paused."""


def run(options: argparse.Namespace) -> int:
    """Works until nothing is left. Raises UsageError, SettingsError, ModelError, StoreError."""
    for name in ("concurrency", "together"):
        if getattr(options, name) is not None:
            raise UsageError(
                f"--{name} is for questions sent one by one, and --batch sends them together: leave one out."
            )
    with ProgressView.open(quiet=options.quiet) as view:
        view.say("Starting …")  # before the imports, which take a second
        from agent.jobs import JobQueue
        from terminal.assembly import Assembly
        from terminal.batch_parts import open_batch_worker
        from terminal.batch_view import BatchView
        from terminal.settings import load_settings

        settings = load_settings({"home": options.home}).settings
        with Assembly(settings, say=view.say) as parts, JobQueue.open(parts.database.place) as queue:
            shown = BatchView(parts.database, view, as_lines=options.json)
            with open_batch_worker(parts, queue, shown.told) as worker, _signals(worker):
                try:
                    ending = worker.run()
                finally:
                    shown.told(last=True)
            if ending == "stopped" and parts.database.batches.listed(open_only=True):
                view.say("Left. What was sent goes on at the provider; `rhyme worker --batch` collects it.")
    return PAUSED if ending == "paused" else 0


@contextmanager
def _signals(worker: "BatchWorker") -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the worker; a second one ends the process where it stands, which loses nothing either."""

    def hear(number: int, _: object) -> None:
        worker.stop()
        signal.signal(number, former[signal.Signals(number)])

    former = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
