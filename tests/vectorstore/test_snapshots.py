"""A snapshot is whole, of one moment, proven before it is vouched for, and comes back as the memory it was made of."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from records.database import Database
from records.embedder import Embedder
from records.errors import SourceUnreadable, StoreCorrupt, StoreUnwritable, UsageError
from records.event import Event
from vectorstore import snapshots
from vectorstore.memory import EventMemory
from vectorstore.snapshots import read_snapshot, restore_snapshot, sha256_of, take_snapshot

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER = datetime(2023, 1, 1, tzinfo=UTC)
MakeEvent = Callable[..., Event]


@pytest.fixture
def filled(memory: EventMemory, make_event: MakeEvent) -> list[Event]:
    events = [make_event(f"e{n}", f"alpha{n} beta{n}", day=n) for n in range(30)]
    memory.add(events)
    return events


def take(database: Database, directory: Path, **options: Any) -> snapshots.Snapshot:
    return take_snapshot(database, directory, embedder=None, rhyme_version="1.2.3", taken_at=NOW, **options)


@pytest.mark.usefixtures("filled")
def test_a_snapshot_restored_in_another_home_is_the_same_memory(
    database: Database, memory: EventMemory, embedder: Embedder, tmp_path: Path
) -> None:
    taken = take(database, tmp_path / "backup")
    assert sorted(path.name for path in taken.directory.iterdir()) == ["manifest.json", "rhyme.db"]
    manifest = json.loads((taken.directory / "manifest.json").read_text())
    assert manifest["snapshot"] == memory.snapshot
    assert (manifest["rhyme_version"], manifest["taken_at"]) == ("1.2.3", NOW.isoformat())
    assert manifest["embedders"] == [{"name": "hashing", "digest": embedder.digest, "dimensions": 64, "vectors": 30}]
    assert manifest["files"]["rhyme.db"]["sha256"] == sha256_of(taken.directory / "rhyme.db")
    home = tmp_path / "home"
    restore_snapshot(taken.directory, home / "rhyme.db")
    assert [path.name for path in home.iterdir()] == ["rhyme.db"]
    embedded = embedder.embedded  # type: ignore[attr-defined]
    with (
        Database.open(home / "rhyme.db") as restored,
        EventMemory.open(home / "events", restored, embedder) as again,
    ):
        assert again.report.indexed == 30  # the index is built at the first opening, nothing is embedded
        assert embedder.embedded == embedded  # type: ignore[attr-defined]
        assert again.snapshot == memory.snapshot
        assert again.recall("alpha3 beta3", LATER, 1).precedents[0].event_id == "e3"


@pytest.mark.usefixtures("filled")
def test_a_writer_meanwhile_neither_waits_nor_tears_the_copy(
    database: Database, make_event: MakeEvent, tmp_path: Path
) -> None:
    begun, stop = threading.Event(), threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            database.add_events([make_event(f"w{len(written)} {n}", "omega " * 50) for n in range(20)])
            written.append(20)
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        taken = [take(database, tmp_path / f"backup{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    for each in taken:
        with Database.open(read_snapshot(each.directory).directory / "rhyme.db") as copy:
            assert copy.check() == []
            assert str(copy.snapshot()) == each.snapshot
            assert (copy.count_events() - 30) % 20 == 0  # whole transactions


@pytest.mark.usefixtures("filled")
def test_a_changed_or_unfinished_snapshot_is_refused(database: Database, tmp_path: Path) -> None:
    taken = take(database, tmp_path / "backup")
    with (taken.directory / "rhyme.db").open("r+b") as file:
        file.seek(5_000)
        file.write(b"x")
    with pytest.raises(SourceUnreadable, match="is not the file that was written"):
        restore_snapshot(taken.directory, tmp_path / "home" / "rhyme.db")
    (taken.directory / "manifest.json").unlink()
    with pytest.raises(SourceUnreadable, match=r"without manifest\.json was cut short"):
        restore_snapshot(taken.directory, tmp_path / "home" / "rhyme.db")
    (taken.directory / "manifest.json").write_text('{"format": "x", "files": {"a": {}}}')
    with pytest.raises(SourceUnreadable, match="not a snapshot of Rhyme"):
        restore_snapshot(taken.directory, tmp_path / "home" / "rhyme.db")
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("filled")
def test_nothing_is_replaced(database: Database, tmp_path: Path) -> None:
    taken = take(database, tmp_path / "backup")
    with pytest.raises(UsageError, match=r"something in .*backup already"):
        take(database, tmp_path / "backup")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "rhyme.db-wal").write_bytes(b"")
    with pytest.raises(UsageError, match=r"rhyme\.db-wal is there already"):
        restore_snapshot(taken.directory, tmp_path / "home" / "rhyme.db")


@pytest.mark.usefixtures("filled")
def test_a_copy_that_is_not_what_was_meant_is_never_vouched_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_to = Database.copy_to

    def lossy(self: Database, path: Path, on_progress: Any = None) -> Any:
        taken = copy_to(self, path, on_progress)
        with Database.open(path) as copy:
            copy.remove_events(["e3"])
        return taken

    monkeypatch.setattr(Database, "copy_to", lossy)
    with pytest.raises(StoreCorrupt, match=r"it holds 29 events.* instead of 30 events"):
        take(database, tmp_path / "backup")
    assert list((tmp_path / "backup").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnwritable, match="cannot be made"):
        take(database, tmp_path / "file" / "backup")
