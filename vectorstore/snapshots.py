"""A copy of the store of record for a backup, made while others read and write it, and back into an empty home.

SQLite is copied by its online backup. From PostgreSQL, which has pg_dump for that, the events are exported as Parquet. The index
is not copied: the next opening builds it from the database.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from records.database import Database, EmbedderIdentity
from records.database.backup import fold
from records.errors import SourceUnreadable, StoreCorrupt, StoreUnwritable, UsageError
from vectorstore.transfer import export_events
from vectorstore.upkeep import OnProgress

FORMAT = "rhyme snapshot"
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
DATABASE_FILE, EXPORT_FILE = "rhyme.db", "events.parquet"
BLOCK = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """What a folder made by `take_snapshot` holds."""

    directory: Path
    file: str
    """DATABASE_FILE or EXPORT_FILE."""
    snapshot: str
    """'N events, digest' of the memory at that moment."""
    manifest: Mapping[str, Any]


def take_snapshot(
    database: Database,
    directory: Path,
    *,
    embedder: EmbedderIdentity | None,
    rhyme_version: str,
    taken_at: datetime,
    on_progress: OnProgress | None = None,
) -> Snapshot:
    """Into a folder that is new or empty; `manifest.json`, written last, vouches for the rest, which was opened and checked by
    then. `embedder`: whose vectors go into a Parquet export. Raises UsageError when there is something in the folder,
    StoreUnwritable, StoreCorrupt when the copy is not sound."""
    _prepare(directory)
    name = DATABASE_FILE if database.place.is_sqlite else EXPORT_FILE
    part = directory / f"{name}.part"
    try:
        if name == DATABASE_FILE:
            facts = _copied(database, part, on_progress)
        else:
            info = export_events(
                database, part, embedder=embedder, rhyme_version=rhyme_version, on_progress=on_progress
            )
            facts = {"snapshot": info.snapshot, "revision": database.revision(), "embedders": _told(database)}
        part.replace(directory / name)
        manifest = {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "taken_at": taken_at.isoformat(),
            "rhyme_version": rhyme_version,
            **facts,
            "files": {name: {"bytes": (directory / name).stat().st_size, "sha256": sha256_of(directory / name)}},
        }
        _write_manifest(directory, manifest)
    except OSError as error:
        raise StoreUnwritable(
            f"The snapshot cannot be written to {directory} ({error.strerror or error}). Free some space or name another folder."
        ) from error
    finally:
        for leftover in directory.glob(f"{name}.part*"):
            leftover.unlink()
    return Snapshot(directory, name, str(manifest["snapshot"]), manifest)


def read_snapshot(directory: Path) -> Snapshot:
    """Of a folder whose files are the ones that were written. Raises SourceUnreadable."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        ((name, noted),) = manifest["files"].items()
        if manifest["format"] != FORMAT or name not in (DATABASE_FILE, EXPORT_FILE):
            raise SourceUnreadable(f"{directory} holds {manifest['format']!r} of {name!r}, not a snapshot of Rhyme.")
        if int(manifest["schema_version"]) > SCHEMA_VERSION:
            raise SourceUnreadable(
                f"{directory} was made by a newer Rhyme ({manifest['rhyme_version']}). Update this one."
            )
        digest, written = sha256_of(directory / name), str(noted["sha256"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnreadable(
            f"{directory} is no snapshot ({error}). Name a folder that `rhyme memory snapshot` made; one without "
            f"{MANIFEST} was cut short."
        ) from error
    if digest != written:
        raise SourceUnreadable(
            f"{directory / name} is not the file that was written: its SHA-256 is {digest}, the manifest says "
            f"{written}. Use another snapshot, or copy this one again."
        )
    return Snapshot(directory, name, str(manifest["snapshot"]), manifest)


def restore_snapshot(directory: Path, target: Path) -> Snapshot:
    """Puts a snapshot's database at `target`, where none may be, after checking it there. Raises SourceUnreadable, UsageError,
    StoreCorrupt, StoreUnwritable."""
    found = read_snapshot(directory)
    if found.file == EXPORT_FILE:
        raise UsageError(
            f"{directory} holds an export of events, not a database. Take it in with `rhyme memory import "
            f"{directory / EXPORT_FILE}`; what else the PostgreSQL database held is in its own dump."
        )
    there = [path for path in (target, *_beside(target)) if path.exists()]
    if there:
        raise UsageError(
            f"{there[0]} is there already, and restoring would replace it. Name an empty home with --home DIR, or move the "
            "file away first."
        )
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(directory / found.file, part)
        _check(part, found.snapshot)
        part.replace(target)
    except OSError as error:
        raise StoreUnwritable(
            f"{target} cannot be written ({error.strerror or error}). Free some space or name another home."
        ) from error
    finally:
        for leftover in (part, *_beside(part)):
            leftover.unlink(missing_ok=True)
    return found


def sha256_of(path: Path) -> str:
    """Of a file, read piece by piece. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _prepare(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        present = next(directory.iterdir(), None)
    except OSError as error:
        raise StoreUnwritable(
            f"The folder {directory} cannot be made ({error.strerror or error}). Name another one."
        ) from error
    if present is not None:
        raise UsageError(f"There is something in {directory} already ({present.name}). Name a new or an empty folder.")


def _copied(database: Database, path: Path, on_progress: OnProgress | None) -> dict[str, Any]:
    """Copies and opens the copy: what the manifest says is read from there."""
    taken = str(database.copy_to(path, on_progress))
    return {"snapshot": taken, **_check(path, taken)}


def _check(path: Path, snapshot: str) -> dict[str, Any]:
    """Opens a database, compares and leaves it as one file. Raises StoreCorrupt."""
    with Database.open(path) as copy:
        faults = copy.check()
        if str(copy.snapshot()) != snapshot:
            faults.append(f"it holds {copy.snapshot()} instead of {snapshot}")
        if faults:
            raise StoreCorrupt(
                f"The copy of the database is not sound: {'; '.join(faults)}. Run `rhyme memory verify` on the memory it was "
                "made of, or use an earlier snapshot."
            )
        facts = {"revision": copy.revision(), "embedders": _told(copy)}
    fold(path)
    return facts


def _told(database: Database) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "digest": each.digest, "dimensions": each.dimensions, "vectors": vectors}
        for each, vectors in database.embedders().items()
    ]


def _beside(path: Path) -> list[Path]:
    """What SQLite keeps beside a database in use."""
    return [path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-shm", "-journal")]


def _write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    fresh = directory / f"{MANIFEST}.part"
    fresh.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    with (directory / str(next(iter(manifest["files"])))).open("rb") as stream:
        os.fsync(stream.fileno())
    fresh.replace(directory / MANIFEST)
