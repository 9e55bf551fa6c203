"""What can go wrong with a disk, a server or a neighbour ends in an error that says what to do, and loses nothing."""

import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event as sqlalchemy_event

import records
from records.analysis import Analysis
from records.database import Database, EmbedderIdentity
from records.database import engine as engine_module
from records.database.engine import writing
from records.errors import StoreCorrupt, StoreError, StoreLocked, StoreUnreachable, StoreUnwritable
from records.event import Event

ROOT = Path(records.__file__).parents[1]
MakeEvent = Callable[..., Event]


def test_a_file_that_is_no_database_is_reported_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "rhyme.sqlite3"
    path.write_bytes(b"this is a text file, not a database. " * 100)
    with pytest.raises(StoreCorrupt, match=r"rhyme\.sqlite3 is damaged or is not a database.*move the file away"):
        Database.open(path)


def test_a_database_with_overwritten_pages_is_reported_as_damaged(tmp_path: Path, make_event: MakeEvent) -> None:
    path = tmp_path / "rhyme.sqlite3"
    with Database.open(path) as database:
        database.add_events([make_event(str(number), "Copper fell. " * 20) for number in range(200)])
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = random.Random(1).randbytes(len(content) - 4096 * 3)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="Restore a backup"), Database.open(path) as database:
        list(database.every_event())


def test_a_full_disk_keeps_nothing_of_the_operation_and_says_so(tmp_path: Path, make_event: MakeEvent) -> None:
    with Database.open(tmp_path / "rhyme.sqlite3") as database:
        database.add_events([make_event("kept")])
        database.close()  # the next connections are new
        sqlalchemy_event.listen(database._engine, "connect", _limit_pages)
        with pytest.raises(StoreUnwritable, match=r"is full.*Free some space"):
            database.add_events([make_event(str(number), "x" * 2_000) for number in range(2_000)])
        assert database.count_events() == 1
        assert database.check() == []


def _limit_pages(connection: object, _record: object) -> None:
    connection.execute("PRAGMA max_page_count = 100")  # type: ignore[attr-defined]


def test_a_write_the_system_refuses_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    done = _run(
        f"""
        import resource
        from datetime import UTC, datetime
        from records.database import Database
        from records.errors import StoreUnwritable
        from records.event import Event
        from records.taxonomy import EventType

        def event(name):
            return Event(id=name, summary="x" * 2000, event_type=EventType.GUIDANCE, published_at=datetime.now(UTC))

        with Database.open({str(tmp_path / "rhyme.sqlite3")!r}) as database:
            database.add_events([event("kept")])
            resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
            try:
                database.add_events([event(str(number)) for number in range(2_000)])
            except StoreUnwritable as error:
                print(error, database.count_events())
        """
    )
    assert "cannot be opened or written" in done
    assert done.strip().endswith(" 1")


def test_a_read_only_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Database.open(folder / "rhyme.sqlite3"):
        pass
    for part in (folder / "rhyme.sqlite3", folder):
        part.chmod(0o555)
    for parent in [folder, *folder.parents][:-2]:
        if os.geteuid() == 0 and parent.owner() == "root":
            parent.chmod(parent.stat().st_mode | 0o055)  # the child is not root: it must still reach the folder
    names = ("rhyme.sqlite3", "new.sqlite3", "deeper/new.sqlite3")
    done = _run(
        f"""
        import os
        from datetime import UTC, datetime
        import alembic.command
        from records.database import Database
        from records.errors import StoreUnwritable
        from records.event import Event
        from records.taxonomy import EventType

        if os.geteuid() == 0:
            os.setuid(65534)  # root may write anywhere: become nobody
        event = Event(id="1", summary="x", event_type=EventType.GUIDANCE, published_at=datetime.now(UTC))
        for name in {names!r}:
            try:
                with Database.open({str(folder)!r} + "/" + name) as database:
                    database.add_events([event])
            except StoreUnwritable as error:
                print(error)
        """
    )
    for name, message in zip(names, done.splitlines(), strict=True):
        assert f"{folder / name} cannot be opened or written" in message
        assert "writable for this user" in message


def test_a_folder_whose_path_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreUnwritable, match=r"data.*cannot be opened or written"):
        Database.open(tmp_path / "data" / "rhyme.sqlite3")
    with pytest.raises(StoreUnwritable, match="cannot be opened or written"):
        Database.open(tmp_path)


def test_a_second_writer_is_told_to_wait_and_a_reader_goes_on(
    address: str, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "LOCK_WAIT_SECONDS", 1)
    with Database.open(address) as one, Database.open(address) as two:
        one.add_events([make_event("1")])
        with writing(one._engine):
            assert two.count_events() == 1
            with pytest.raises(StoreLocked, match="Another process has been writing"):
                two.add_events([make_event("2")])
        assert two.add_events([make_event("2")]).added == 1


def test_an_unreachable_server_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreUnreachable, match="Check that the server runs") as raised:
        Database.open("postgresql://analyst:s3cret@127.0.0.1:1/rhyme")
    assert "s3cret" not in str(raised.value)
    assert "analyst:***@127.0.0.1:1/rhyme" in str(raised.value)


def test_an_unknown_database_of_a_running_server_is_named(postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r'database "nowhere" does not exist'):
        Database.open(postgres_url.replace("/rhyme_", "/nowhere?x=").split("?x=")[0] + "?" + postgres_url.split("?")[1])


def test_a_process_killed_while_writing_leaves_whole_batches_only(
    tmp_path: Path, make_analysis: Callable[..., Analysis]
) -> None:
    path, template = tmp_path / "rhyme.sqlite3", tmp_path / "analysis.json"
    template.write_text(make_analysis("0").model_dump_json())
    moments, before = random.Random(20), set[str]()
    for _ in range(3):
        acknowledged = _kill_a_writer(path, template, moments.uniform(0.02, 0.8))
        with Database.open(path) as database:
            assert database.check() == []
            whole = {event.id.split("-")[0] for event in database.every_event()}
            assert before | acknowledged <= whole
            assert len(whole - before - acknowledged) <= 1
            assert database.count_events() == 20 * len(whole)
            assert database.count_vectors(EmbedderIdentity("mini", "d1", 4)) == 20 * len(whole)
            for line in database.recent_analyses(10_000):
                assert database.load_analysis(line.id).article.id == f"article-{line.id}"
        before = whole


def _kill_a_writer(path: Path, template: Path, after_seconds: float) -> set[str]:
    """Starts a process that writes batches without end and kills it; returns the batches it reported as written."""
    code = textwrap.dedent(
        f"""
        import json, uuid
        from datetime import UTC, datetime
        import numpy as np
        from records.analysis import Analysis
        from records.database import Database, EmbedderIdentity
        from records.event import Event
        from records.taxonomy import EventType

        identity, template = EmbedderIdentity("mini", "d1", 4), json.load(open({str(template)!r}))
        database = Database.open({str(path)!r})
        print("ready", flush=True)
        while True:
            name = uuid.uuid4().hex[:12]
            batch = [Event(id=f"{{name}}-{{i}}", summary=f"Copper fell by {{i}} in {{name}}.", event_type=EventType.GUIDANCE,
                           tickers=("ACME",), published_at=datetime.now(UTC)) for i in range(20)]
            vectors = {{event.id: np.ones(4) for event in batch}}
            database.add_events(batch, embedder=identity, embeddings=vectors)
            article = {{**template["article"], "id": f"article-{{name}}"}}
            database.save_analysis(Analysis.model_validate({{**template, "id": name, "article": article}}))
            print(name, flush=True)
        """
    )
    writer = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    time.sleep(after_seconds)
    writer.kill()
    reported = set(writer.stdout.read().split())
    assert writer.wait() == -9
    writer.stdout.close()
    return reported


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
