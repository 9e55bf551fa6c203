"""The table of models, and what is known of the files on disk."""

import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

import models
from models import model_entry
from models.catalog import CATALOG, DEFAULT_EMBEDDER, DEFAULT_LANGUAGE_MODEL, find
from models.model_entry import CatalogEntry, HubAddress, ModelFile
from models.model_files import language_model_file, status, verify
from records.errors import ModelFileInvalid, ModelMissing

CONTENT = b"GGUF" + bytes(range(256)) * 40


@pytest.fixture
def entry() -> CatalogEntry:
    """A language model of one small file."""
    address = HubAddress("org/sample", "0" * 40, "sample.gguf")
    file = ModelFile("sample.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), address)
    return CatalogEntry("sample", "language", "Sample", "Apache-2.0", (file,), None, "")


@pytest.fixture
def installed(entry: CatalogEntry, tmp_path: Path) -> Path:
    """Its file, as an earlier pull left it."""
    path = tmp_path / "sample.gguf"
    path.write_bytes(CONTENT)
    verify(entry, tmp_path)
    return path


@pytest.mark.parametrize("name", CATALOG)
def test_every_row_pins_exact_bytes_from_exact_sources(name: str) -> None:
    entry = CATALOG[name]
    assert entry.name == name
    for file in entry.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert re.fullmatch(r"[0-9a-f]{40}", file.hub.revision)
        assert file.bytes > 0
    assert entry.registry is not None
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", part.requirement) for part in entry.registry.parts)
    assert set(entry.registry.members) in (set(), {file.name for file in entry.files})


def test_defaults_are_in_the_table() -> None:
    assert find(DEFAULT_LANGUAGE_MODEL, "language").kind == "language"
    assert find(DEFAULT_EMBEDDER, "embedding").kind == "embedding"


def test_no_two_rows_leave_different_bytes_under_one_name() -> None:
    digests: dict[str, str] = {}
    for entry in CATALOG.values():
        for file in entry.files:
            assert digests.setdefault(file.name, file.sha256) == file.sha256
    outputs = [entry.recipe.output for entry in CATALOG.values() if entry.recipe]
    assert len(outputs) == len(set(outputs))


def test_notice_names_the_publisher_of_every_file() -> None:
    notice = (Path(models.__file__).parent / "data" / "NOTICE-models.txt").read_text(encoding="utf-8")
    for entry in CATALOG.values():
        for file in entry.files:
            assert file.hub.repository in notice


def test_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelMissing, match=r"called 'huge'.*default, small, tiny"):
        find("huge", "language")
    with pytest.raises(ModelMissing, match="no embedding model called 'default'"):
        find("default", "embedding")


def test_embedder_digest_moves_with_weights_recipe_and_quantisation(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = CATALOG["minilm"]
    assert entry.recipe is not None
    digests = {entry.embedder_digest, CATALOG["minilm-int8"].embedder_digest, CATALOG["mpnet"].embedder_digest}
    other = replace(entry, files=(replace(entry.files[0], sha256="0" * 64), *entry.files[1:]))
    digests.add(other.embedder_digest)
    monkeypatch.setattr(model_entry, "RECIPE_VERSION", model_entry.RECIPE_VERSION + 1)
    digests.add(entry.embedder_digest)
    assert len(digests) == 5
    assert all(re.fullmatch(r"[0-9a-f]{16}", digest) for digest in digests)


def test_missing_file_names_the_command_that_fetches_it(entry: CatalogEntry, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="rhyme models pull sample"):
        verify(entry, tmp_path)


def test_truncated_file_is_refused_with_the_command_that_mends_it(entry: CatalogEntry, installed: Path) -> None:
    installed.write_bytes(CONTENT[:-1])
    with pytest.raises(ModelFileInvalid, match=r"10,243 bytes instead of 10,244.*rhyme models pull sample"):
        verify(entry, installed.parent)


def test_altered_file_of_the_same_size_is_refused(entry: CatalogEntry, installed: Path) -> None:
    installed.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelFileInvalid, match="altered or damaged"):
        verify(entry, installed.parent)


def test_proven_file_is_not_hashed_again_until_it_changes(entry: CatalogEntry, installed: Path) -> None:
    hashed: list[int] = []
    verify(entry, installed.parent, on_bytes=hashed.append)
    assert hashed == []
    os.utime(installed, ns=(1, 1))
    verify(entry, installed.parent, on_bytes=hashed.append)
    assert hashed == [len(CONTENT)]
    verify(entry, installed.parent, on_bytes=hashed.append)
    assert hashed == [len(CONTENT)]


def test_rehash_finds_an_alteration_that_kept_size_and_time(entry: CatalogEntry, installed: Path) -> None:
    state = installed.stat()
    installed.write_bytes(CONTENT[:-1] + b"x")
    os.utime(installed, ns=(state.st_atime_ns, state.st_mtime_ns))
    verify(entry, installed.parent)
    with pytest.raises(ModelFileInvalid):
        verify(entry, installed.parent, rehash=True)


def test_proof_of_another_digest_proves_nothing(entry: CatalogEntry, installed: Path) -> None:
    proof = installed.with_name("sample.gguf.verified.json")
    kept = json.loads(proof.read_text())
    installed.write_bytes(b"x" * len(CONTENT))
    state = installed.stat()
    proof.write_text(json.dumps(kept | {"mtime_ns": state.st_mtime_ns, "sha256": hashlib.sha256(b"x").hexdigest()}))
    with pytest.raises(ModelFileInvalid):
        verify(entry, installed.parent)


def test_unreadable_proof_only_costs_a_hash(entry: CatalogEntry, installed: Path) -> None:
    installed.with_name("sample.gguf.verified.json").write_text("{")
    assert verify(entry, installed.parent)["sample.gguf"] == installed


def test_status_tells_present_from_verified(tmp_path: Path) -> None:
    tiny = CATALOG["tiny"]
    (tmp_path / tiny.files[0].name).write_bytes(b"GGUF")
    rows = {row.name: row for row in status(tmp_path)}
    assert list(rows) == list(CATALOG)
    assert (rows["tiny"].present, rows["tiny"].verified) == (True, False)
    assert (rows["default"].present, rows["default"].verified) == (False, False)
    assert rows["default"].bytes == 1_117_320_768
    assert rows["default"].path == tmp_path / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
    assert rows["default"].licence == "Apache-2.0"
    assert len(rows["default"].sources) == 2


def test_file_of_ones_own_runs_without_a_digest_and_says_so(tmp_path: Path) -> None:
    own = tmp_path / "My Model.gguf"
    own.write_bytes(CONTENT)
    found = language_model_file(str(own), tmp_path / "models")
    assert (found.path, found.name, found.sha256) == (own, "My Model", None)


def test_file_of_ones_own_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_bytes(b"<html>")
    with pytest.raises(ModelFileInvalid, match=r"begins with b'<htm' instead of b'GGUF'"):
        language_model_file(str(tmp_path / "page.gguf"), tmp_path)


def test_file_of_ones_own_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="There is no model file at"):
        language_model_file(str(tmp_path / "none.gguf"), tmp_path)


def test_catalogue_model_that_is_not_pulled_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"rhyme models pull default.*1,117 MB"):
        language_model_file("default", tmp_path)
