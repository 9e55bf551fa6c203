"""All events of a memory as one Parquet file, and back: for another machine, another database, another program.

The columns are those of `Event`, and of its reaction as `reaction_…`; times are UTC timestamps. Written and read in row groups:
neither needs the whole file in memory.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from records.database import Database, EmbedderIdentity, StoreSnapshot
from records.database.events import digest_of, snapshot_of
from records.errors import SourceUnreadable, StoreUnwritable
from records.event import Event
from records.taxonomy import EVENT_TAXONOMY_VERSION
from vectorstore.starter import NOTE as STARTER_NOTE
from vectorstore.starter import text_digest
from vectorstore.upkeep import OnProgress

FORMAT = "rhyme events"
SCHEMA_VERSION = 1
META = b"rhyme"
"""Key of the file's metadata under which Rhyme keeps its own, as JSON."""

ROW_GROUP = 10_000
"""Events written at once: about 20 MB of them with vectors of 768 numbers."""

_UTC = pa.timestamp("us", tz="UTC")
EVENT_FIELDS = [
    pa.field("id", pa.string(), nullable=False),
    pa.field("summary", pa.string(), nullable=False),
    pa.field("event_type", pa.string(), nullable=False),
    pa.field("tickers", pa.list_(pa.string()), nullable=False),
    pa.field("tags", pa.list_(pa.string()), nullable=False),
    pa.field("published_at", _UTC, nullable=False),
    pa.field("date_only", pa.bool_(), nullable=False),
    pa.field("story_id", pa.string()),
    pa.field("source", pa.string()),
    pa.field("taxonomy_version", pa.int32(), nullable=False),
    pa.field("reaction_ticker", pa.string()),
    pa.field("reaction_window", pa.string()),
    pa.field("reaction_session_on", pa.date32()),
    pa.field("reaction_intraday", pa.bool_()),
    pa.field("reaction_date_only", pa.bool_()),
    pa.field("reaction_abnormal_return", pa.float64()),
    pa.field("reaction_beta", pa.float64()),
    pa.field("reaction_sigma", pa.float64()),
    pa.field("reaction_z", pa.float64()),
    pa.field("reaction_known_at", _UTC),
]
VECTOR, VECTOR_TEXT = "vector", "vector_text"
"""The embedder's float16 numbers, and the digest of the text they were made of."""


@dataclass(frozen=True)
class ExportInfo:
    """What a file says of itself."""

    events: int
    snapshot: str
    """'N events, digest', as the memory it was made of."""
    rhyme_version: str
    taxonomy_version: int
    starter: str | None
    """Which starter events that memory had been given; None: none."""
    embedder: EmbedderIdentity | None
    """Whose vectors are included; None: none are."""


def export_events(
    database: Database,
    path: Path,
    *,
    embedder: EmbedderIdentity | None,
    rhyme_version: str,
    on_progress: OnProgress | None = None,
) -> ExportInfo:
    """Writes every event as it is at one moment, with this embedder's vectors if one is named. The file appears when it is
    complete. Raises StoreError, StoreUnwritable."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        info = _write(database, part, embedder, rhyme_version, on_progress)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreUnwritable(
            f"The events cannot be written to {path} ({error.strerror or error}). Make its folder, free some space, or name "
            "another file."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return info


def read_info(path: Path) -> ExportInfo:
    """What the file is. Raises SourceUnreadable when `rhyme memory export` did not write it."""
    if not path.is_file():
        raise SourceUnreadable(f"There is no file {path}: check the path.")
    try:
        with pq.ParquetFile(path) as file:
            said, names = file.metadata.metadata or {}, set(file.schema_arrow.names)
    except (OSError, pa.ArrowException) as error:
        raise SourceUnreadable(_foreign(path, str(error).splitlines()[0])) from error
    try:
        info = _info(json.loads(said[META]))
    except KeyError as error:
        reason = "it carries no note of Rhyme" if error.args == (META,) else f"its note lacks {error}"
        raise SourceUnreadable(_foreign(path, reason)) from error
    except (ValueError, TypeError) as error:
        raise SourceUnreadable(_foreign(path, str(error))) from error
    missing = sorted({field.name for field in EVENT_FIELDS} - names)
    if missing:
        raise SourceUnreadable(_foreign(path, f"it lacks the columns {', '.join(missing)}"))
    return info


def _info(meta: dict[str, Any]) -> ExportInfo:
    """Raises KeyError, ValueError, TypeError."""
    if meta["format"] != FORMAT or int(meta["schema_version"]) > SCHEMA_VERSION:
        raise ValueError(f"it is {meta['format']!r} of version {meta['schema_version']}")
    return ExportInfo(
        events=int(meta["events"]),
        snapshot=str(meta["snapshot"]),
        rhyme_version=str(meta["rhyme_version"]),
        taxonomy_version=int(meta["taxonomy_version"]),
        starter=meta["starter"],
        embedder=EmbedderIdentity(**meta["embedder"]) if meta["embedder"] else None,
    )


def _write(
    database: Database,
    path: Path,
    embedder: EmbedderIdentity | None,
    rhyme_version: str,
    on_progress: OnProgress | None,
) -> ExportInfo:
    total, digests = database.count_events(), list[str]()
    schema = _schema(embedder)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for page in database.events_with_vectors(embedder, ROW_GROUP):
            writer.write_table(_table(page, schema, embedder))
            digests += [digest_of(event) for event, _ in page]
            if on_progress is not None:
                on_progress(len(digests), max(total, len(digests)))
        snapshot: StoreSnapshot = snapshot_of(digests)
        info = ExportInfo(
            events=len(digests),
            snapshot=str(snapshot),
            rhyme_version=rhyme_version,
            taxonomy_version=EVENT_TAXONOMY_VERSION,
            starter=database.note(STARTER_NOTE),
            embedder=embedder,
        )
        writer.add_key_value_metadata({META.decode(): json.dumps(_said(info))})
    return info


def _said(info: ExportInfo) -> dict[str, Any]:
    identity = info.embedder
    named = {"name": identity.name, "digest": identity.digest, "dimensions": identity.dimensions} if identity else None
    return {"format": FORMAT, "schema_version": SCHEMA_VERSION, **vars(info), "embedder": named}


def _schema(embedder: EmbedderIdentity | None) -> Any:
    vectors = []
    if embedder is not None:
        vectors = [
            pa.field(VECTOR_TEXT, pa.string()),
            pa.field(VECTOR, pa.list_(pa.float16(), embedder.dimensions)),
        ]
    return pa.schema([*EVENT_FIELDS, *vectors])


def _table(page: list[tuple[Event, NDArray[np.float16] | None]], schema: Any, embedder: EmbedderIdentity | None) -> Any:
    rows = [_row(event) for event, _ in page]
    columns = [pa.array([row[field.name] for row in rows], field.type) for field in EVENT_FIELDS]
    if embedder is not None:
        columns.append(pa.array([text_digest(event.summary) if vector is not None else None for event, vector in page]))
        empty = np.zeros(embedder.dimensions, dtype=np.float16)
        flat = np.concatenate([vector if vector is not None else empty for _, vector in page])
        mask = pa.array([vector is None for _, vector in page])
        columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), type=schema.field(VECTOR).type, mask=mask))
    return pa.Table.from_arrays(columns, schema=schema)


def _row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(event, name) for name in Event.model_fields if name != "reaction"}
    row |= {
        "event_type": event.event_type.value,
        "tags": [tag.value for tag in event.tags],
        "tickers": list(event.tickers),
    }
    names = [field.name for field in EVENT_FIELDS if field.name.startswith("reaction_")]
    return row | {name: getattr(event.reaction, name.removeprefix("reaction_"), None) for name in names}


def row_groups(path: Path, rows: int) -> Iterator[Any]:
    """Record batches of up to so many rows. Raises SourceUnreadable for a file that is cut short."""
    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=rows)
    except (OSError, pa.ArrowException) as error:
        raise SourceUnreadable(
            f"{path} cannot be read to its end ({str(error).splitlines()[0]}). Copy the file again, or export it anew."
        ) from error


def _foreign(path: Path, reason: str) -> str:
    return (
        f"{path} is not what `rhyme memory export` writes ({reason}). Events of another program are taken in with `rhyme "
        "precedents import`."
    )
