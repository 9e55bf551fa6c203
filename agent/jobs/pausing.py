"""The pause of everything: one remark in the database that every worker reads."""

from records.database import Database
from records.job import Pause
from records.times import Clock

NOTE = "jobs_paused"
ASKED = "asked"


class Pausing:
    """Sets, reads and lifts the pause."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def now(self) -> Pause | None:
        """None: work is begun as it comes."""
        written = self._database.note(NOTE)
        return Pause.model_validate_json(written) if written else None

    def begin(self, reason: str, kind: str = ASKED) -> Pause:
        """Pauses everything; a pause that stands keeps its reason."""
        standing = self.now()
        if standing is not None:
            return standing
        pause = Pause(reason=reason, kind=kind, at=self._clock())
        self._database.set_note(NOTE, pause.model_dump_json())
        return pause

    def end(self) -> Pause | None:
        """Lifts the pause; returns the one that stood."""
        standing = self.now()
        if standing is not None:
            self._database.set_note(NOTE, "")
        return standing
