"""A memory as one Parquet file, and back: nothing is lost or changed, and nothing foreign is taken in."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.database import Database, EmbedderIdentity
from records.embedder import Embedder
from records.errors import SourceUnreadable, StoreUnwritable
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType, Tag
from vectorstore import taking_in, transfer
from vectorstore.memory import EventMemory
from vectorstore.starter import NOTE
from vectorstore.taking_in import import_events
from vectorstore.transfer import export_events, read_info

START = datetime(2020, 1, 1, tzinfo=UTC)
LATER = START + timedelta(days=1_000)
MakeEvent = Callable[..., Event]


@pytest.fixture
def identity(embedder: Embedder) -> EmbedderIdentity:
    return EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)


@pytest.fixture
def other(tmp_path: Path, embedder: Embedder) -> Iterator[EventMemory]:
    """An empty memory of another home."""
    with (
        Database.open(tmp_path / "other.sqlite3") as database,
        EventMemory.open(tmp_path / "other", database, embedder) as memory,
    ):
        yield memory


@pytest.fixture
def events(memory: EventMemory, make_event: MakeEvent) -> list[Event]:
    made = [make_event(f"e{n}", f"Copper output {n} fell", day=n, story_id=f"s{n % 3}") for n in range(30)]
    made.append(make_event("open", "Nickel output is awaited", lag=None, source=None, tags=(Tag.GUIDANCE,)))
    memory.add(made)
    return made


def export(database: Database, path: Path, embedder: EmbedderIdentity | None = None) -> transfer.ExportInfo:
    return export_events(database, path, embedder=embedder, rhyme_version="1.2.3")


def rewrite(path: Path, table: pa.Table) -> None:
    """With Rhyme's note, as an attacker or a careful editor would."""
    note = pq.read_metadata(path).metadata[b"rhyme"]
    pq.write_table(table.replace_schema_metadata({b"rhyme": note}), path)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)
moments = st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
numbers = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def any_events(draw: st.DrawFn) -> Event:
    published_at = draw(moments)
    known_at = published_at + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=400)))
    reaction = Reaction(
        ticker=draw(texts),
        window=draw(st.sampled_from(["one_session", "two_session"])),
        session_on=draw(st.dates(date(1980, 1, 1))),
        intraday=draw(st.booleans()),
        date_only=draw(st.booleans()),
        abnormal_return=draw(numbers),
        beta=draw(st.none() | numbers),
        sigma=draw(st.floats(1e-9, 10)),
        z=draw(numbers),
        known_at=known_at,
    )
    return Event(
        id=draw(texts),
        summary=draw(texts),
        event_type=draw(st.sampled_from(EventType)),
        tickers=tuple(draw(st.lists(texts, max_size=3))),
        tags=tuple(draw(st.lists(st.sampled_from(Tag), max_size=3))),
        published_at=published_at,
        date_only=draw(st.booleans()),
        story_id=draw(st.none() | texts),
        source=draw(st.none() | texts),
        reaction=draw(st.sampled_from([None, reaction])),
        taxonomy_version=draw(st.integers(1, 9)),
    )


@pytest.mark.parametrize("with_vectors", [False, True])
def test_export_and_import_give_an_equal_memory(
    tmp_path_factory: pytest.TempPathFactory, make_embedder: Callable[..., Embedder], with_vectors: bool
) -> None:
    embedder = make_embedder()
    identity = EmbedderIdentity(embedder.name, embedder.digest, embedder.dimensions)
    base = tmp_path_factory.mktemp("empty")
    Database.open(base / "empty.sqlite3").close()

    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
    @given(made=st.lists(any_events(), max_size=5, unique_by=lambda event: event.id))
    def every_memory(made: list[Event]) -> None:
        folder = Path(tempfile.mkdtemp(dir=base))
        for name in ("from", "to"):
            shutil.copyfile(base / "empty.sqlite3", folder / f"{name}.sqlite3")
        with Database.open(folder / "from.sqlite3") as source, Database.open(folder / "to.sqlite3") as target:
            source.add_events(made)
            if with_vectors and made:
                source.put_embeddings(identity, [e.id for e in made], embedder.embed([e.summary for e in made]))
            info = export(source, folder / "all.parquet", identity if with_vectors else None)
            before = embedder.embedded  # type: ignore[attr-defined]
            with EventMemory.open(folder / "memory", target, embedder) as memory:
                taken = import_events(memory, folder / "all.parquet")
                assert taken.errors == []
                assert memory.snapshot == str(source.snapshot()) == info.snapshot
            assert list(target.every_event()) == made
            assert target.check() == []
            embedded = embedder.embedded - before  # type: ignore[attr-defined]
            assert embedded == (0 if with_vectors else len(made))
            if with_vectors:
                kept = target.get_embeddings(identity, [event.id for event in made])
                for name, vector in source.get_embeddings(identity, [event.id for event in made]).items():
                    assert np.array_equal(kept[name], vector)
        shutil.rmtree(folder)

    every_memory()


@pytest.mark.usefixtures("events")
def test_a_second_import_changes_nothing(database: Database, other: EventMemory, tmp_path: Path) -> None:
    export(database, tmp_path / "all.parquet")
    first, second = (import_events(other, tmp_path / "all.parquet") for _ in range(2))
    assert (first.added, first.unchanged) == (31, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, 31)


@pytest.mark.usefixtures("events")
def test_a_file_says_what_it_is_and_its_columns_are_typed(
    database: Database, memory: EventMemory, identity: EmbedderIdentity, tmp_path: Path
) -> None:
    memory.set_note(NOTE, "abc")
    export(database, tmp_path / "all.parquet", identity)
    info = read_info(tmp_path / "all.parquet")
    assert (info.events, info.rhyme_version, info.starter, info.embedder) == (31, "1.2.3", "abc", identity)
    assert info.snapshot == memory.snapshot
    schema = pq.read_schema(tmp_path / "all.parquet")
    assert schema.field("published_at").type == schema.field("reaction_known_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("vector").type == pa.list_(pa.float16(), 64)
    table = pq.read_table(tmp_path / "all.parquet").to_pylist()
    assert table[3]["published_at"] == START + timedelta(days=3)
    assert table[30]["reaction_known_at"] is None


@pytest.mark.usefixtures("events")
def test_rows_are_written_and_read_in_groups(
    database: Database, other: EventMemory, identity: EmbedderIdentity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "ROW_GROUP", 7)
    monkeypatch.setattr(taking_in, "ROWS", 4)
    told: list[tuple[int, int]] = []
    export_events(
        database,
        tmp_path / "all.parquet",
        embedder=identity,
        rhyme_version="1",
        on_progress=lambda *at: told.append(at),
    )
    assert told == [(7, 31), (14, 31), (21, 31), (28, 31), (31, 31)]
    assert pq.ParquetFile(tmp_path / "all.parquet").num_row_groups == 5
    assert import_events(other, tmp_path / "all.parquet").with_vector == 31
    assert other.snapshot == str(database.snapshot())


@pytest.mark.usefixtures("events")
def test_vectors_of_another_embedder_are_not_used(
    database: Database, identity: EmbedderIdentity, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    export(database, tmp_path / "all.parquet", identity)
    stranger = make_embedder("stranger")
    with (
        Database.open(tmp_path / "x.sqlite3") as target,
        EventMemory.open(tmp_path / "x", target, stranger) as memory,
    ):
        assert import_events(memory, tmp_path / "all.parquet").with_vector == 0
        assert stranger.embedded == 31  # type: ignore[attr-defined]


@pytest.mark.usefixtures("events")
def test_a_vector_of_another_text_or_of_no_length_is_made_anew(
    database: Database, other: EventMemory, embedder: Embedder, identity: EmbedderIdentity, tmp_path: Path
) -> None:
    path = tmp_path / "all.parquet"
    export(database, path, identity)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[0]["summary"] = "Somebody edited this"
    rows[1]["vector"] = [0.0] * 64
    rows[2]["vector"] = [float("nan")] * 64
    rows[3]["vector"] = None
    rewrite(path, pa.Table.from_pylist(rows, schema=table.schema))
    before = embedder.embedded  # type: ignore[attr-defined]
    assert import_events(other, path).with_vector == 27
    assert embedder.embedded - before == 4  # type: ignore[attr-defined]
    assert other.recall("Somebody edited this", LATER, 1).precedents[0].event_id == "e0"


BAD = {
    "type": ({"event_type": "gossip"}, "event_type: Input should be"),
    "long": ({"summary": "x" * 2_001}, "summary: String should have at most 2000"),
    "tag": ({"tags": ["No such tag"]}, "tags.0: "),
    "nul": ({"summary": "a\x00b"}, "contains a NUL"),
    "half": ({"reaction_known_at": None}, "a part of a reaction, but not the time"),
    "sigma": ({"reaction_sigma": 0.0}, "sigma: Input should be greater than 0"),
    "infinite": ({"reaction_z": float("inf")}, "not finite"),
    "early": ({"reaction_known_at": START - timedelta(days=1)}, "before the event was published"),
    "twice": ({"id": "e0"}, "'e0' was given to an earlier row"),
}


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_row_is_named_with_its_number_and_left_out(
    database: Database, other: EventMemory, tmp_path: Path, name: str
) -> None:
    change, reason = BAD[name]
    path = tmp_path / "all.parquet"
    export(database, path)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[5] |= change
    rewrite(path, pa.Table.from_pylist(rows, schema=table.schema))
    taken = import_events(other, path)
    assert (taken.rows, taken.added, taken.bad_rows) == (31, 30, 1)
    assert str(taken.errors[0]).startswith("row 6: ")
    assert reason in taken.errors[0].reason


@pytest.mark.usefixtures("events")
def test_a_file_of_another_program_is_refused_with_what_is_expected(
    database: Database, other: EventMemory, tmp_path: Path
) -> None:
    path = tmp_path / "all.parquet"
    with pytest.raises(SourceUnreadable, match="There is no file"):
        import_events(other, path)
    path.write_bytes(b"text")
    with pytest.raises(SourceUnreadable, match=r"not what `rhyme memory export` writes.*precedents import"):
        import_events(other, path)
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(SourceUnreadable, match="carries no note of Rhyme"):
        import_events(other, path)
    export(database, path)
    table = pq.read_table(path)
    rewrite(path, table.drop_columns(["summary"]))
    with pytest.raises(SourceUnreadable, match="lacks the columns summary"):
        import_events(other, path)
    pq.write_table(table.replace_schema_metadata({b"rhyme": b'{"format": "rhyme events", "schema_version": 9}'}), path)
    with pytest.raises(SourceUnreadable, match="of version 9"):
        import_events(other, path)
    assert other.snapshot.startswith("0 ")


@pytest.mark.usefixtures("events")
def test_a_file_with_no_good_row_is_an_error(database: Database, other: EventMemory, tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    export(database, path)
    table = pq.read_table(path)
    bad = pa.array(["gossip"] * len(table))
    rewrite(path, table.set_column(table.schema.get_field_index("event_type"), table.schema.field("event_type"), bad))
    with pytest.raises(SourceUnreadable, match=r"No row of .* \(row 1: event_type"):
        import_events(other, path)


@pytest.mark.usefixtures("events")
def test_what_the_former_memory_had_removed_of_the_starter_stays_removed(
    database: Database, memory: EventMemory, other: EventMemory, tmp_path: Path
) -> None:
    memory.set_note(NOTE, "starter digest")
    export(database, tmp_path / "all.parquet")
    import_events(other, tmp_path / "all.parquet")
    assert other.note(NOTE) == "starter digest"


def test_an_export_that_cannot_be_written_leaves_the_former_file(
    database: Database, events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "all.parquet"
    path.write_bytes(b"former")
    with pytest.raises(StoreUnwritable, match="cannot be written"):
        export(database, tmp_path / "nowhere" / "all.parquet")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(transfer, "_table", fail)
    with pytest.raises(StoreUnwritable, match="disk full"):
        export(database, path)
    assert path.read_bytes() == b"former"
    assert [each.name for each in tmp_path.iterdir() if "parquet" in each.name] == ["all.parquet"]
    assert len(events) == 31
