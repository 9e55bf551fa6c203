"""What an analysis tells the outside while it works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["read", "recall", "score", "explain", "check", "translate"]


@dataclass(frozen=True)
class Progress:
    """One piece of news: a step begun (`detail`) or text the model just wrote (`token`)."""

    stage: Stage
    detail: str = ""
    token: str | None = None


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Nobody is watching."""


def writing(progress: OnProgress, stage: Stage) -> Callable[[str], None] | None:
    """Tells `progress` of each piece of text; None where nobody is watching: there are hundreds in an answer."""
    return None if progress is silent else lambda token: progress(Progress(stage, token=token))
