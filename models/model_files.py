"""Model files on disk: which are there, which are proven to be the right bytes, and how a proven file gets its name.

A digest over 1.1 GB takes seconds, so a proof is kept beside the file, `NAME.verified.json`, with the size and the
modification time it was made for; a file that changed since is hashed again. The proof guards against damage and
truncation, not against someone who can write in the folder.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from models.catalog import CATALOG, find
from models.model_entry import CatalogEntry, ModelKind
from records.errors import ModelFileInvalid, ModelFolderUnusable, ModelMissing

OnBytes = Callable[[int], None]
"""Receives how many bytes are done."""

GGUF_MAGIC = b"GGUF"
_BLOCK_BYTES = 4 << 20  # large enough that hashing, not Python, is the cost
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


@dataclass(frozen=True)
class Proof:
    """A file's digest, and the state of the file it was taken from."""

    bytes: int
    mtime_ns: int
    sha256: str
    made_by: str | None = None
    """For a file built here: the embedder digest of the recipe that made it."""


@dataclass(frozen=True)
class ModelStatus:
    """One row of `rhyme models list`."""

    name: str
    kind: ModelKind
    title: str
    bytes: int
    """Download size."""
    present: bool
    verified: bool
    """Proven and unchanged since; False for a file that is there but was never proven or has changed."""
    path: Path
    """Of the main file, there or not."""
    licence: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class LanguageModelFile:
    """A GGUF file that may be run."""

    path: Path
    name: str
    """The catalogue's name, or the file's stem."""
    sha256: str | None
    """None for a file of the user's own: no digest is known, so nothing vouches for its bytes."""


def digest_of(path: Path, on_bytes: OnBytes | None = None) -> str:
    """SHA-256 of the file as 64 hex digits. Raises OSError."""
    sha = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            sha.update(block)
            done += len(block)
            if on_bytes:
                on_bytes(done)
    return sha.hexdigest()


def _proof_path(path: Path) -> Path:
    return path.with_name(path.name + ".verified.json")


def read_proof(path: Path) -> Proof | None:
    """The proof kept beside `path`; None when there is none, it cannot be read or the file changed since."""
    try:
        proof = Proof(**json.loads(_proof_path(path).read_text(encoding="utf-8")))
        state = path.stat()
    except (OSError, ValueError, TypeError):
        return None
    return proof if (proof.bytes, proof.mtime_ns) == (state.st_size, state.st_mtime_ns) else None


def write_proof(path: Path, sha256: str, made_by: str | None = None) -> None:
    """Keep a proof for the file as it is now. A folder that cannot be written keeps none; the next start hashes again."""
    state = path.stat()
    proof = Proof(state.st_size, state.st_mtime_ns, sha256, made_by)
    partial = _proof_path(path).with_suffix(".tmp")
    try:
        partial.write_text(json.dumps(asdict(proof)), encoding="utf-8")
        partial.replace(_proof_path(path))
    except OSError:
        return


def install(partial: Path, final: Path, sha256: str, made_by: str | None = None) -> None:
    """Give a proven partial file its final name, durably, and keep its proof."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    write_proof(final, sha256, made_by)


def verify(
    entry: CatalogEntry, directory: Path, *, rehash: bool = False, on_bytes: OnBytes | None = None
) -> Mapping[str, Path]:
    """The entry's final files by name, each with the bytes its digest promises.

    A kept proof is enough unless `rehash`. Raises ModelMissing when a file is not there and ModelFileInvalid when its
    bytes are others, with the command that mends it.
    """
    paths: dict[str, Path] = {}
    for name in entry.final_names:
        path = directory / name
        if not path.is_file():
            raise ModelMissing(
                f"The model {entry.name!r} is not installed: {path} does not exist. "
                f"Run `rhyme models pull {entry.name}` ({entry.bytes / 1e6:,.0f} MB)."
            )
        _prove(entry, path, rehash, on_bytes)
        paths[name] = path
    return MappingProxyType(paths)


def _prove(entry: CatalogEntry, path: Path, rehash: bool, on_bytes: OnBytes | None) -> None:
    """Raise ModelFileInvalid unless the bytes of `path` are the promised ones."""
    remedy = f"Run `rhyme models pull {entry.name}` to replace it."
    recipe, proof = entry.recipe, read_proof(path)
    if recipe is not None and path.name == recipe.output:
        kept = _kept_build(path)
        if kept is None or kept.made_by != entry.embedder_digest:
            raise ModelFileInvalid(
                f"{path} was not made by this version of Rhyme, so nothing proves its bytes. {remedy}"
            )
        size, sha256, made_by = kept.bytes, kept.sha256, kept.made_by
    else:
        file = entry.file(path.name)
        size, sha256, made_by = file.bytes, file.sha256, None
    if path.stat().st_size != size:
        raise ModelFileInvalid(
            f"{path} has {path.stat().st_size:,} bytes instead of {size:,}: it is truncated or altered. {remedy}"
        )
    if proof is not None and proof.sha256 == sha256 and not rehash:
        return
    seen = digest_of(path, on_bytes)
    if seen != sha256:
        raise ModelFileInvalid(
            f"{path} has SHA-256 {seen[:16]}… instead of {sha256[:16]}…: it is altered or damaged. {remedy}"
        )
    write_proof(path, sha256, made_by)


def _kept_build(path: Path) -> Proof | None:
    """The digest taken when the file was built, whatever became of the file since."""
    try:
        return Proof(**json.loads(_proof_path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def status(directory: Path) -> tuple[ModelStatus, ...]:
    """A row for each model of the catalogue, in its order; reads no model file, only sizes and kept proofs."""
    return tuple(_status(entry, directory) for entry in CATALOG.values())


def _status(entry: CatalogEntry, directory: Path) -> ModelStatus:
    paths = [directory / name for name in entry.final_names]
    present = all(path.is_file() for path in paths)
    return ModelStatus(
        name=entry.name,
        kind=entry.kind,
        title=entry.title,
        bytes=entry.bytes,
        present=present,
        verified=present and all(_proven(entry, path) for path in paths),
        path=paths[0],
        licence=entry.licence,
        sources=entry.sources,
        note=entry.note,
    )


def _proven(entry: CatalogEntry, path: Path) -> bool:
    proof = read_proof(path)
    if proof is None:
        return False
    if entry.recipe is not None and path.name == entry.recipe.output:
        return proof.made_by == entry.embedder_digest
    return proof.sha256 == entry.file(path.name).sha256


def language_model_file(name: str, directory: Path, *, on_bytes: OnBytes | None = None) -> LanguageModelFile:
    """The GGUF file behind a catalogue name, proven; or the user's own file behind a path, which is only looked at.

    `name` is a path when it ends in `.gguf` or holds a separator. Raises ModelMissing and ModelFileInvalid.
    """
    if name.lower().endswith(".gguf") or os.sep in name:
        return _own_file(Path(name).expanduser())
    entry = find(name, "language")
    path = verify(entry, directory, on_bytes=on_bytes)[entry.final_names[0]]
    return LanguageModelFile(path, entry.name, entry.files[0].sha256)


def _own_file(path: Path) -> LanguageModelFile:
    if not path.is_file():
        raise ModelMissing(
            f"There is no model file at {path}. Give the path of a GGUF file, or a name from `rhyme models list`."
        )
    with path.open("rb") as file:
        magic = file.read(len(GGUF_MAGIC))
    if magic != GGUF_MAGIC:
        raise ModelFileInvalid(
            f"{path} is not a GGUF model: it begins with {magic!r} instead of {GGUF_MAGIC!r}. Give another file, or use "
            "`rhyme models pull default`."
        )
    return LanguageModelFile(path, path.stem, None)


@contextmanager
def folder_errors(directory: Path, needed_bytes: int) -> Iterator[None]:
    """Turn a full or unwritable disk into ModelFolderUnusable that says where and how much is needed."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise full(directory, needed_bytes, error.strerror or str(error)) from error
        if error.errno in _FORBIDDEN:
            raise ModelFolderUnusable(
                f"The models folder {directory} cannot be written ({error.strerror}: {error.filename}). Make it writable, or "
                "name another folder with RHYME_HOME."
            ) from error
        raise


def full(directory: Path, needed_bytes: int, seen: str) -> ModelFolderUnusable:
    """The error of a disk without room."""
    return ModelFolderUnusable(
        f"The disk of the models folder {directory} has no room ({seen}); {needed_bytes / 1e6:,.0f} MB are needed. What was "
        "fetched so far is kept and used again. Make room and run the same command, or name another folder with RHYME_HOME."
    )
