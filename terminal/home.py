"""The home folder: made when it is missing, and proven writable before anything heavy begins."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from records.errors import SettingsError


@dataclass(frozen=True)
class Home:
    """Where each thing lives inside the home folder."""

    path: Path

    @property
    def models(self) -> Path:
        """Model files and their proofs."""
        return self.path / "models"

    @property
    def database(self) -> Path:
        """The SQLite database, unless `database_url` names another."""
        return self.path / "rhyme.db"

    @property
    def memory(self) -> Path:
        """The event memory's index."""
        return self.path / "events"

    @property
    def chroma(self) -> Path:
        """The folder that `rhyme chroma` serves."""
        return self.path / "chroma"

    def prepare(self) -> None:
        """Makes the folder and writes one byte in it. Raises SettingsError that says where else it may be."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as probe:
                probe.write(b"\n")
        except OSError as error:
            raise SettingsError(
                f"Rhyme's home folder {self.path} cannot be written ({error.strerror}). Make it writable or free some "
                "space, or name another folder with --home DIR or RHYME_HOME."
            ) from error
