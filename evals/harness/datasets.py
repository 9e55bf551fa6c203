"""The data sets that suites grade: version, licence, where they live, and the digest of what was read.

The self-written set ships. Public sets are the user's: given as a folder, or fetched from their homes by `rhyme eval fetch`, pinned
to one commit and refused when a byte differs.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from records.base import Record
from records.errors import SourceUnreachable, SourceUnreadable, StoreUnwritable, UsageError

SHIPPED = Path(str(resources.files("evals.harness"))) / "data"
MOST_BYTES = 64_000_000
"""No set of the catalogue comes near it."""


class DataSet(Record):
    """One set as it stands in a report."""

    name: str
    version: str
    licence: str
    source: str
    split: str
    digest: str
    """SHA-256 over its files, 16 hex digits."""

    def told(self) -> str:
        """In one line."""
        return f"{self.version}; {self.licence}; {self.source}; split {self.split}"


class PublicFile(Record):
    """One file of a public set at its home."""

    address: str
    sha256: str
    target: str
    """Where the suites look for it, inside the set's folder."""


class PublicSet(Record):
    """A set that can be fetched. Addresses name a commit, so that the bytes never change."""

    name: str
    suite: str
    version: str
    licence: str
    home: str
    split: str
    files: tuple[PublicFile, ...]


_GITHUB = "https://raw.githubusercontent.com"
CATALOGUE: Mapping[str, PublicSet] = {
    one.name: one
    for one in (
        PublicSet(
            name="financebench",
            suite="chat",
            version="commit cc39aeb",
            licence="the repository states none",
            home="https://github.com/patronus-ai/financebench",
            split="open source, 150 questions",
            files=(
                PublicFile(
                    address=f"{_GITHUB}/patronus-ai/financebench/cc39aeb4afdf33909ee1412188bf89035950c2eb/data/financebench_open_source.jsonl",
                    sha256="a5a2aa673e573e55675fc3c0f9aa38c1cf59d2abc91edb077534f71f10a71877",
                    target="qa/financebench_150.jsonl",
                ),
            ),
        ),
        PublicSet(
            name="tatqa",
            suite="chat",
            version="commit 870accc",
            licence="MIT",
            home="https://github.com/NExTplusplus/TAT-QA",
            split="dev",
            files=(
                PublicFile(
                    address=f"{_GITHUB}/NExTplusplus/TAT-QA/870accc41953dcde885aabeb963d94aabdc0fbc3/dataset_raw/tatqa_dataset_dev.json",
                    sha256="8da095a819af6db3c14877c6df2d4d29960e41d1a63dd1fa853507bd2a616af5",
                    target="qa/tatqa_dev.jsonl",
                ),
            ),
        ),
        PublicSet(
            name="finentity",
            suite="sentiment",
            version="commit 3b6cedc",
            licence="the repository states none",
            home="https://github.com/yixuantt/FinEntity",
            split="all",
            files=(
                PublicFile(
                    address=f"{_GITHUB}/yixuantt/FinEntity/3b6cedc5485b669c2ed168f1d949f517636eb7b8/data/FinEntity.json",
                    sha256="3208667de69383120b0380aebeaabe360669eda72269c33e1c8b09d63df55463",
                    target="labels/finentity.jsonl",
                ),
            ),
        ),
        PublicSet(
            name="bipia",
            suite="injection",
            version="commit 1a2a91d",
            licence="MIT",
            home="https://github.com/microsoft/BIPIA",
            split="test",
            files=(
                PublicFile(
                    address=f"{_GITHUB}/microsoft/BIPIA/1a2a91da6bb12838e05d1b2e54d98e2f37b835f3/benchmark/text_attack_test.json",
                    sha256="75750e7b4e8b34e8f9d88d89b357aeaaf02bd07f9e493ccd37eda74a0cd7c7f8",
                    target="bipia_text_attacks.jsonl",
                ),
            ),
        ),
    )
}


def shipped(part: str, name: str, *files: Path) -> DataSet:
    """A self-written set: `part` says which rows of the files are used."""
    return DataSet(
        name=name,
        version="1",
        licence="that of the project",
        source="self-written, shipped",
        split=part,
        digest=digest_of(*files),
    )


def given(name: str, split: str, *files: Path) -> DataSet:
    """A set in a folder of the user's. Licence and version are not ours to know."""
    return DataSet(
        name=name, version="as given", licence="not known", source="--data", split=split, digest=digest_of(*files)
    )


def digest_of(*files: Path) -> str:
    """SHA-256 over the files' bytes in order, 16 hex digits. Raises SourceUnreadable."""
    whole = hashlib.sha256()
    for path in files:
        try:
            whole.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise SourceUnreadable(f"The data set {path} cannot be read ({error.strerror}). Restore it.") from error
    return whole.hexdigest()[:16]


def fetch(name: str, folder: Path, *, address: str | None = None, say: Callable[[str], None] = lambda _: None) -> Path:
    """Brings a public set from its home into `folder`/name and returns that folder; `address`: of another copy of its files,
    which must have the same bytes. Raises UsageError, SourceUnreachable, SourceUnreadable, StoreUnwritable."""
    if name not in CATALOGUE:
        raise UsageError(f"There is no public set {name!r}; Rhyme knows {', '.join(CATALOGUE)}.")
    found = CATALOGUE[name]
    for file in found.files:
        where = file.address if address is None else f"{address.rstrip('/')}/{file.address.rsplit('/', 1)[1]}"
        say(f"Fetching {where} …")
        content = _download(where)
        digest = hashlib.sha256(content).hexdigest()
        if digest != file.sha256:
            raise SourceUnreadable(
                f"{where} is not the {found.name} of {found.version}: its SHA-256 is {digest}, not {file.sha256}. Nothing was "
                "kept. Fetch it from its home, or give a folder with --data if you trust another version."
            )
        target = folder / name / file.target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_as_lines(name, content), encoding="utf-8")
            (folder / name / "SOURCE.json").write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise StoreUnwritable(f"{target} cannot be written ({error.strerror}). Make room for it.") from error
    return folder / name


def _download(address: str) -> bytes:
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=httpx.Timeout(60.0, connect=10.0)) as client,
            client.stream("GET", address) as response,
        ):
            response.raise_for_status()
            content = b""
            for block in response.iter_bytes():
                content += block
                if len(content) > MOST_BYTES:
                    raise SourceUnreadable(f"{address} gives more than {MOST_BYTES:,} bytes: it is not the set.")
            return content
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceUnreachable(
            f"{address} could not be fetched ({error}). Check the network, or download the set from its home and give the folder "
            "with --data."
        ) from error


def _as_lines(name: str, content: bytes) -> str:
    """The set in the layout that its suite reads: one JSON object a line."""
    text = content.decode("utf-8")
    if name == "financebench":
        return text
    rows: Any = json.loads(text)
    if name == "bipia":
        rows = [{"split": "test", "type": kind, "attack": one} for kind, attacks in rows.items() for one in attacks]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
