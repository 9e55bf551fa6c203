"""What a measurement over made analyses is asked for, and the folder that it works in."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class MadeRequest:
    """How many analyses there are to be, and where."""

    analyses: int = 100_000
    seed: int = 1
    work: Path | None = None
    """Kept, and used again by a later run with the same numbers; None: a folder that is removed."""

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """`work`, made if it is new; else a temporary one, gone afterwards. Absolute."""
        if self.work is not None:
            self.work.mkdir(parents=True, exist_ok=True)
            yield self.work.absolute()
            return
        with tempfile.TemporaryDirectory(prefix="rhyme-bench-") as made:
            yield Path(made)
