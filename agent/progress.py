"""What an analysis tells the outside while it works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["read", "recall", "score", "explain", "check"]


@dataclass(frozen=True)
class Progress:
    """One piece of news: a step begun (`detail`) or text the model just wrote (`token`)."""

    stage: Stage
    detail: str = ""
    token: str | None = None


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Nobody is watching."""
