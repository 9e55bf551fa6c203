"""Pulling from the hub."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.model_entry import CatalogEntry
from models.model_files import verify
from models.pull import Progress, PullOptions, pull
from records.errors import ModelFileInvalid, ModelUnavailable

Options = Callable[[str], PullOptions]


def test_pull_leaves_a_proven_file_and_no_partial(
    entry: CatalogEntry, options: Options, content: bytes, heard: list[Progress], tmp_path: Path
) -> None:
    models = tmp_path / "models"
    paths = pull(entry, models, progress=heard.append, options=options("hub"))
    assert paths["sample.gguf"].read_bytes() == content
    assert sorted(path.name for path in models.iterdir()) == [".pull.lock", "sample.gguf", "sample.gguf.verified.json"]
    assert list(dict.fromkeys(report.stage for report in heard)) == ["waiting", "download", "verify"]
    assert heard[-1].done_bytes == heard[-1].total_bytes == len(content)


def test_second_pull_asks_the_hub_nothing(hub: Any, entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    pull(entry, tmp_path, options=options("hub"))
    pull(entry, tmp_path, options=options("hub"))
    assert len(hub.ranges) == 1


def test_lost_connection_is_resumed_where_it_broke(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    hub.drops_after = [100_000, 50_000]
    paths = pull(entry, tmp_path, options=options("hub"))
    assert hub.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert paths["sample.gguf"].read_bytes() == content


def test_hub_that_never_ends_its_answer_keeps_the_partial_for_the_next_pull(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    hub.drops_after = [120_000, 0]
    with pytest.raises(ModelUnavailable, match=r"did not give sample\.gguf"):
        pull(entry, tmp_path, options=options("hub"))
    assert not (tmp_path / "sample.gguf").exists()
    assert (tmp_path / "sample.gguf.partial").stat().st_size == 120_000
    pull(entry, tmp_path, options=options("hub"))
    assert hub.ranges[-1] == "bytes=120000-"
    assert (tmp_path / "sample.gguf").read_bytes() == content


def test_partial_with_wrong_bytes_is_fetched_afresh(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "sample.gguf.partial").write_bytes(b"x" * 1000)
    pull(entry, tmp_path, options=options("hub"))
    assert hub.ranges == ["bytes=1000-", None]
    assert (tmp_path / "sample.gguf").read_bytes() == content


def test_partial_larger_than_the_file_is_fetched_afresh(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "sample.gguf.partial").write_bytes(content + b"more")
    pull(entry, tmp_path, options=options("hub"))
    assert hub.ranges == [None]


def test_server_without_ranges_starts_the_file_over(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    hub.knows_ranges = False
    hub.drops_after = [100_000]
    pull(entry, tmp_path, options=options("hub"))
    assert (tmp_path / "sample.gguf").read_bytes() == content


def test_wrong_digest_leaves_nothing_behind(hub: Any, entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    hub.content = hub.content[:-1] + bytes([hub.content[-1] ^ 1])
    with pytest.raises(ModelFileInvalid, match="was deleted and not used"):
        pull(entry, tmp_path, options=options("hub"))
    assert [path.name for path in tmp_path.glob("sample*")] == []


def test_server_with_more_bytes_than_the_catalogue_is_refused_without_filling_the_disk(
    hub: Any, entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    hub.content = content + bytes(50_000_000)
    with pytest.raises(ModelUnavailable, match=r"serves more than the 300,004 bytes"):
        pull(entry, tmp_path, options=options("hub"))
    assert [path.name for path in tmp_path.glob("sample*")] == []
    assert hub.sent < 20_000_000  # what lay in socket buffers, not the 50 MB


def test_refusal_of_the_hub_is_named(hub: Any, entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    hub.status = 404
    with pytest.raises(ModelUnavailable, match="HTTP 404"):
        pull(entry, tmp_path, options=options("hub"))


def test_altered_final_file_is_replaced_by_a_pull(
    entry: CatalogEntry, options: Options, content: bytes, tmp_path: Path
) -> None:
    pull(entry, tmp_path, options=options("hub"))
    (tmp_path / "sample.gguf").write_bytes(content[:1000])
    with pytest.raises(ModelFileInvalid, match="rhyme models pull sample"):
        verify(entry, tmp_path)
    pull(entry, tmp_path, options=options("hub"))
    assert (tmp_path / "sample.gguf").read_bytes() == content


def test_two_pulls_at_once_download_once(hub: Any, entry: CatalogEntry, options: Options, tmp_path: Path) -> None:
    pulls = [
        threading.Thread(target=pull, args=(entry, tmp_path), kwargs={"options": options("hub")}) for _ in range(3)
    ]
    for thread in pulls:
        thread.start()
    for thread in pulls:
        thread.join()
    assert len(hub.ranges) == 1
    verify(entry, tmp_path, rehash=True)
