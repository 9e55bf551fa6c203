"""Whether an index's graph files are still the ones that were last finished.

Chroma loads them without a check: a torn or altered file can end the whole process with a segmentation fault (seen with
1.5.9), which no `except` can answer. So they are compared with a note taken after every finished write, before Chroma opens
them. What the note does not cover, Chroma's SQLite file, is safe against kills by its own journal.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

SEAL = "seal.json"
WRITING = "writing"
SYNCED = "index_metadata.pickle"
"""The file of a graph that Chroma writes with the others and cannot load them without."""
BLOCK = 1 << 20

Note = tuple[int, int, str]
"""Size in bytes, modification time in nanoseconds, SHA-256."""


def write_seal(path: Path) -> None:
    """Notes the graph files of the index at `path` as they are; unchanged ones are not read again. Raises OSError."""
    former = _read_seal(path) or {}
    notes = {name: _note(file, former.get(name)) for name, file in _graph_files(path).items()}
    if notes != former or not (path / SEAL).exists():
        fresh = path / f"{SEAL}.new"
        fresh.write_text(json.dumps(notes), encoding="utf-8")
        fresh.replace(path / SEAL)


@dataclass(frozen=True)
class Damage:
    """How the graph files differ from the note."""

    reason: str
    """A clause."""
    segments: frozenset[str] | None
    """The folders of the files that differ, each one collection's; None: there is no note, so any may."""


def damage(path: Path) -> Damage | None:
    """What differs from the note; None when nothing does. A copied folder (other times, same bytes) is whole."""
    notes, files = _read_seal(path), _graph_files(path)
    if notes is None:
        return Damage("a process ended while it was building the index", None) if files else None
    differing = {name: f"the file {name} appeared or is gone" for name in notes.keys() ^ files.keys()}
    for name in notes.keys() & files.keys():
        status = files[name].stat()
        if (status.st_size, status.st_mtime_ns) != tuple(notes[name][:2]) and _digest(files[name]) != notes[name][2]:
            differing[name] = f"the file {name} was changed, or a process ended while it was writing it"
    if not differing:
        return None
    return Damage(differing[min(differing)], frozenset(name.split("/")[0] for name in differing))


def begin_writing(path: Path, collection: str) -> None:
    """Notes that a collection's files are about to change: after a kill they alone are in doubt. Raises OSError."""
    being = being_written(path)
    if collection not in being:
        (path / WRITING).write_text("\n".join([*sorted(being), collection]), encoding="utf-8")


def end_writing(path: Path) -> None:
    """Every change is finished and sealed. Raises OSError."""
    (path / WRITING).unlink(missing_ok=True)


def being_written(path: Path) -> set[str]:
    """Collections whose writing was not ended."""
    try:
        return set((path / WRITING).read_text(encoding="utf-8").split())
    except OSError:
        return set()


def _graph_files(path: Path) -> dict[str, Path]:
    files = {file.relative_to(path).as_posix(): file for file in sorted(path.glob("*/*")) if file.is_file()}
    return {name: files[name] for name in _synced(files)}


def _synced(names: Collection[str]) -> set[str]:
    """Names in folders that Chroma has written a graph to. Until then it makes its files anew, of whatever memory holds, each
    time it loads a collection, and reads nothing from them."""
    folders = {name.split("/")[0] for name in names if name.endswith(f"/{SYNCED}")}
    return {name for name in names if name.split("/")[0] in folders}


def _read_seal(path: Path) -> dict[str, Note] | None:
    try:
        notes = json.loads((path / SEAL).read_text(encoding="utf-8"))
        synced = _synced(notes)
        return {name: (int(size), int(at), str(digest)) for name, (size, at, digest) in notes.items() if name in synced}
    except (OSError, ValueError, TypeError, AttributeError):  # missing or damaged: the files count as unproven
        return None


def _note(file: Path, former: Note | None) -> Note:
    status = file.stat()
    if former is not None and former[:2] == (status.st_size, status.st_mtime_ns):
        return former
    return status.st_size, status.st_mtime_ns, _digest(file)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
