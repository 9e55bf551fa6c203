"""`rhyme memory stats|verify|reindex|export|import|snapshot`: looking after the event memory."""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from records.errors import StoreError, UsageError
from records.times import utc_now
from terminal import memory_view
from terminal.assembly import Assembly, chroma_place, open_embedder
from terminal.home import Home
from terminal.output import as_json
from terminal.plain import plain
from terminal.progress import ProgressView
from terminal.settings import PREFIX, Settings, load_settings
from terminal.version import rhyme_version

if TYPE_CHECKING:
    from records.database import EmbedderIdentity

SHOWN_ERRORS = 20  # a file with a systematic fault has one in every row
TURN_SECONDS = 120.0  # longest wait for another process's turn at the folder: analyses take theirs at their end


@dataclass(frozen=True)
class _Step:
    """For ProgressView.show."""

    stage: str
    detail: str
    token: str | None = None


def run(options: argparse.Namespace) -> int:
    """Dispatches. Raises UsageError, SettingsError, SourceError, ModelError, StoreError."""
    actions: dict[str, Callable[[Assembly, argparse.Namespace, ProgressView], int]] = {
        "stats": _stats,
        "verify": _verify,
        "reindex": _reindex,
        "export": _export,
        "import": _import,
        "snapshot": _snapshot,
    }
    settings = load_settings({"home": options.home}).settings
    with ProgressView.open(quiet=options.quiet) as view, Assembly(settings, say=view.say) as parts:
        return actions[options.action](parts, options, view)


def _stats(parts: Assembly, options: argparse.Namespace, _: ProgressView) -> int:
    from vectorstore.statistics import identity_named, statistics

    name = parts.settings.embedder
    place = chroma_place(parts.settings)
    found = statistics(parts.database, parts.home.memory, place, name, identity_named(parts.database, name))
    print(as_json(memory_view.stats_json(found)) if options.json else memory_view.stats_text(found))
    return 0


def _verify(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from terminal.assembly import MEMORY_WAIT_SECONDS
    from vectorstore.verify import Verifier

    place = chroma_place(parts.settings)
    verifier = Verifier(parts.home.memory, place, parts.database, _identity(parts), say=view.say)
    repair_with = (lambda: parts.embedder) if options.repair else None
    verification = verifier.verify(repair_with=repair_with, lock_wait_seconds=MEMORY_WAIT_SECONDS)
    print(
        as_json(memory_view.verification_json(verification))
        if options.json
        else memory_view.verification_text(verification, repaired=options.repair)
    )
    return 0 if verification.whole else StoreError.exit_code


def _reindex(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from records.database import EmbedderIdentity
    from vectorstore.reindexing import Reindexing, reindex

    with ExitStack() as closing:
        embedder = parts.embedder
        if options.embedder is not None and options.embedder != parts.settings.embedder:
            other: Settings = parts.settings.model_copy(update={"embedder": options.embedder})
            embedder = open_embedder(other, closing)
        identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
        work = Reindexing(
            parts.home.memory,
            chroma_place(parts.settings),
            parts.database,
            embedder,
            wait_seconds=TURN_SECONDS,
            on_step=lambda stage, done, total: view.show(_Step(stage, f"{done:,} of {total:,}")),
        )
        built = bool(parts.database.index_parts(identity))
        done = reindex(work, named=options.embedder is not None, built=built)
        dropped = work.drop_others() if options.drop_former else {}
    setting = f"{PREFIX}EMBEDDER={embedder.name}" if embedder.name != parts.settings.embedder else None
    if options.json:
        former = [{"name": each.name, "digest": each.digest, "vectors": count} for each, count in dropped.items()]
        print(as_json({"embedder": asdict(identity), **asdict(done), "dropped": former, "set": setting}))
    else:
        print(memory_view.reindexed_text(done, identity, dropped, setting))
    return 0


def _export(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from vectorstore.transfer import export_events

    path = Path(options.file).expanduser()
    info = export_events(
        parts.database,
        path,
        embedder=_identity(parts) if options.vectors else None,
        rhyme_version=rhyme_version(),
        on_progress=lambda done, total: view.show(_Step("Writing events", f"{done:,} of {total:,}")),
    )
    if options.json:
        print(as_json({"file": str(path), "bytes": path.stat().st_size, **asdict(info)}))
    else:
        vectors = f", with the vectors of {info.embedder.name}" if info.embedder else ""
        print(plain(f"Wrote {info.snapshot} to {path} ({memory_view.size(path.stat().st_size)}{vectors})."))
    return 0


def _import(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from vectorstore.taking_in import import_events
    from vectorstore.transfer import read_info

    path = Path(options.file).expanduser()
    read_info(path)  # a wrong file is refused before a model is loaded
    with parts.memory(starter=False) as memory:
        taken = import_events(
            memory, path, lambda done, total: view.show(_Step("Taking in events", f"{done:,} of {total:,}"))
        )
        snapshot = memory.snapshot
    for error in taken.errors[:SHOWN_ERRORS]:
        print(plain(f"Left out, {error}"), file=sys.stderr)
    if taken.bad_rows > SHOWN_ERRORS:
        print(f"Left out, {taken.bad_rows - SHOWN_ERRORS:,} more rows with faults", file=sys.stderr)
    if options.json:
        counted = {
            name: getattr(taken, name) for name in ("rows", "added", "changed", "unchanged", "with_vector", "bad_rows")
        }
        errors = [asdict(error) for error in taken.errors]
        print(as_json({**counted, "errors": errors, "file_snapshot": taken.info.snapshot, "snapshot": snapshot}))
    else:
        print(memory_view.taken_text(taken, snapshot))
    return 0


def _snapshot(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    if options.restore is not None:
        return _restore(parts, options, view)
    from vectorstore.snapshots import EXPORT_FILE, take_snapshot
    from vectorstore.statistics import identity_named

    now = utc_now()
    default = parts.home.path / "snapshots" / f"{now:%Y%m%dT%H%M%SZ}"
    taken = take_snapshot(
        parts.database,
        Path(options.directory).expanduser() if options.directory else default,
        embedder=identity_named(parts.database, parts.settings.embedder),
        rhyme_version=rhyme_version(),
        taken_at=now,
        on_progress=lambda done, total: view.show(_Step("Copying", f"{100 * done // max(total, 1)} %")),
    )
    if options.json:
        print(as_json({"directory": str(taken.directory), **taken.manifest}))
    else:
        print(memory_view.snapshot_text(taken, exported=taken.file == EXPORT_FILE))
    return 0


def _restore(parts: Assembly, options: argparse.Namespace, view: ProgressView) -> int:
    from vectorstore.snapshots import restore_snapshot

    if options.directory is not None:
        raise UsageError("Give one folder: DIR for a new snapshot, or --restore DIR for an old one.")
    if parts.settings.database_url is not None:
        raise UsageError(
            "The setting `database_url` names another database than the file in the home folder, which alone a snapshot is "
            "restored to. Unset it, or load the PostgreSQL dump with its own tools."
        )
    view.say("Checking and copying the snapshot …")
    target = Home(parts.settings.home).database
    found = restore_snapshot(Path(options.restore).expanduser(), target)
    if options.json:
        print(as_json({"database": str(target), "snapshot": found.snapshot}))
    else:
        print(plain(f"Restored {found.snapshot} to {target}. The next opening of the memory builds the index from it."))
    return 0


def _identity(parts: Assembly) -> "EmbedderIdentity":
    """The embedder of the settings: as it stands in the database, else by opening it."""
    from records.database import EmbedderIdentity
    from vectorstore.statistics import identity_named

    found = identity_named(parts.database, parts.settings.embedder)
    if found is not None:
        return found
    if not parts.database.count_events():  # nothing was embedded, so nothing can differ
        return EmbedderIdentity(parts.settings.embedder, "not used yet", 1)
    embedder = parts.embedder
    return EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
