"""Answers of a long run kept in a file of JSON lines, by the digest of what was asked: stopped, the run goes on where it was."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from records.errors import StoreCorrupt, StoreUnwritable

Answer = Mapping[str, float]


def digest(*parts: str) -> str:
    """What an answer is kept under: of the model, the prompts and the text, none of which can be read from it."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


class KeptAnswers:
    """One file of answers; each is on disk before the next is asked for."""

    def __init__(self, path: Path | None, *, resume: bool) -> None:
        """`path` None keeps them only until the end of the run. Without `resume` a file that is there begins anew.

        Raises StoreCorrupt for a file that holds something else, StoreUnwritable.
        """
        self._path = path
        self._answers: dict[str, Answer] = {}
        self.reused = 0
        """Answers that were asked for and found."""
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if resume and path.exists():
                self._answers = dict(_lines(path))
            else:
                path.write_text("", encoding="utf-8")
        except OSError as error:
            raise StoreUnwritable(
                f"The answers cannot be kept in {path} ({error.strerror}). Name another file."
            ) from error

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: str) -> Answer | None:
        """The answer kept under `key`."""
        found = self._answers.get(key)
        self.reused += found is not None
        return found

    def keep(self, key: str, answer: Answer) -> None:
        """Raises StoreUnwritable."""
        self._answers[key] = answer
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, **answer}) + "\n")
        except OSError as error:
            raise StoreUnwritable(f"The answers cannot be kept in {self._path} ({error.strerror}).") from error


def _lines(path: Path) -> dict[str, Answer]:
    """The answers of a file; the last line may have been cut off by the stop, and is then asked again."""
    found: dict[str, Answer] = {}
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            key = row.pop("key")
            found[key] = {name: float(value) for name, value in row.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                whole = "".join(f"{one}\n" for one in lines[:-1])
                path.write_text(whole, encoding="utf-8")
                break
            raise StoreCorrupt(
                f"Line {number} of {path} is no kept answer ({error!r}). Remove the file to ask everything anew, or name another."
            ) from error
    return found
