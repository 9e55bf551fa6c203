"""What a job does about an error: by whom it can be mended, and whether another try is worth its time."""

from dataclasses import dataclass
from typing import Literal

from records.errors import RhymeError

Reaction = Literal["again", "pause", "set_aside"]

FOR_A_PERSON = {
    "budget_spent", "model_quota_spent", "model_denied", "model_missing", "model_file_invalid", "model_folder_unusable",
    "settings_error", "store_unwritable", "store_mismatch", "store_corrupt", "store_refused",
}  # fmt: skip
"""Every other article would meet the same: nothing is begun until a person has mended it and says so."""
PASSING = {"model_unavailable", "store_error", "store_locked", "store_unreachable", "source_unreachable"}
"""Worth another try after a while."""
CODE_ERROR = "code_error"
"""The kind of everything that is no RhymeError."""


@dataclass(frozen=True)
class Patience:
    """How often an article is tried, and how long is waited between two tries."""

    passing: int = 6
    """Tries in all when the model or the store is unavailable: with the pauses below about a minute of outage."""
    code: int = 2
    """Tries in all when our own code failed: chance may have been in it once."""
    first_pause_seconds: float = 2.0
    longest_pause_seconds: float = 60.0
    starts: int = 5
    """Workers that may be lost over one article before it is held to be the cause."""

    def pause_seconds(self, tries: int) -> float:
        """After so many failed tries; doubles each time."""
        pause: float = self.first_pause_seconds * 2.0 ** (tries - 1)
        return min(pause, self.longest_pause_seconds)


def kind_of(error: Exception) -> str:
    """A stable word: the error's own kind, or `code_error`."""
    return error.kind if isinstance(error, RhymeError) else CODE_ERROR


def reason_of(error: Exception) -> str:
    """The message, or the last line of the traceback."""
    if isinstance(error, RhymeError):
        return str(error)
    return f"{type(error).__name__}: {error}".splitlines()[0]


def reaction_to(error: Exception, tries: int, patience: Patience) -> Reaction:
    """What to do after `tries` failed tries at the same article, this one included."""
    kind = kind_of(error)
    if kind in FOR_A_PERSON:
        return "pause"
    most = {CODE_ERROR: patience.code}.get(kind, patience.passing if kind in PASSING else 1)
    return "again" if tries < most else "set_aside"
