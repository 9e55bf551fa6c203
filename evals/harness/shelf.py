"""Where runs are kept: one JSON file each, in the folder `evals` of the home."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from evals.harness.run import Run
from records.errors import NotFound, StoreCorrupt, StoreUnwritable, UsageError

RUN_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class Shelf:
    """The runs of one folder, `<home>/evals`. A run is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def logs(self) -> Path:
        """The engine's own logs."""
        return self._folder / "logs"

    @property
    def unfinished(self) -> Path:
        """Answers of runs that were stopped; the same command goes on with them."""
        return self._folder / "unfinished"

    @property
    def data(self) -> Path:
        """Public data sets that the user fetched."""
        return self._folder / "data"

    def save(self, run: Run) -> Path:
        """Keeps a run. Raises StoreUnwritable."""
        path = self._path(run.run_id)
        part = path.with_suffix(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise StoreUnwritable(
                f"The run cannot be kept in {path} ({error.strerror}). Make room or name another home."
            ) from error
        return path

    def load(self, name: str) -> Run:
        """A run by its id, by a suite's name (its latest run) or by a file's path. Raises NotFound, StoreCorrupt, UsageError."""
        path = Path(name) if name.endswith(".json") and Path(name).is_file() else None
        if path is None and (found := self.latest(name)):
            return found
        path = path or self._path(name)
        if not path.is_file():
            raise NotFound(f"There is no run {name!r}. `rhyme eval list` names those that are kept.")
        return read_run(path)

    def latest(self, suite: str) -> Run | None:
        """The suite's run that was made last."""
        mine = [run for run in self.runs() if run.suite == suite]
        return max(mine, key=lambda run: (run.made_at, run.run_id), default=None)

    def runs(self) -> Iterator[Run]:
        """All that can be read, by name; a file of another schema is passed over."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                yield read_run(path)
            except StoreCorrupt:
                continue

    def _path(self, run_id: str) -> Path:
        if not RUN_ID.fullmatch(run_id):
            raise UsageError(f"{run_id!r} is no run's id. `rhyme eval list` names those that are kept.")
        return self._folder / f"{run_id}.json"


def read_run(path: Path) -> Run:
    """A run from its file. Raises StoreCorrupt, NotFound."""
    try:
        return Run.model_validate_json(path.read_bytes())
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read ({error.strerror}). `rhyme eval list` names the runs that are kept."
        ) from error
    except ValidationError as error:
        fault = error.errors()[0]
        raise StoreCorrupt(
            f"{path} is no run ({fault['msg']} at {'.'.join(map(str, fault['loc']))}). Remove it and run the suite again."
        ) from error
