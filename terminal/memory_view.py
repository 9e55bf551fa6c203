"""What `rhyme memory` prints: plain text for a person, objects for --json."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from terminal.plain import plain

if TYPE_CHECKING:
    from datetime import datetime

    from records.database import EmbedderIdentity
    from vectorstore.difference import Checked
    from vectorstore.reindexing import Reindexed
    from vectorstore.snapshots import Snapshot
    from vectorstore.statistics import MemoryStatistics
    from vectorstore.taking_in import TakenIn
    from vectorstore.verify import Verification

SHOWN = 12  # types, sources and parts listed to a person; --json has all


def size(count: float) -> str:
    """Bytes as a person reads them: '1.2 GB'."""
    for unit in ("B", "kB", "MB"):
        if count < 1_000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1_000
    return f"{count:.1f} GB"


def stats_json(found: "MemoryStatistics") -> dict[str, Any]:
    """Every figure of `rhyme memory stats`."""
    counts = found.counts
    return {
        "events": counts.events,
        "with_reaction": counts.with_reaction,
        "without_reaction": counts.events - counts.with_reaction,
        "first_published_at": _iso(counts.first_published_at),
        "last_published_at": _iso(counts.last_published_at),
        "by_type": dict(counts.by_type),
        "by_source": [{"source": source, "events": events} for source, events in counts.by_source.items()],
        "snapshot": found.snapshot,
        "revision": found.revision,
        "embedders": [{**asdict(each), "vectors": vectors} for each, vectors in found.embedders],
        "embedder": asdict(found.embedder) if found.embedder else None,
        "parts": [
            {
                "known_from": _iso(part.known_from),
                "known_until": _iso(part.known_until),
                "events": part.events,
                "in_chroma": part.in_chroma,
            }
            for part in found.parts
        ],
        "copy": asdict(found.copy) if found.copy else None,
        "threshold": found.threshold,
        "place": found.place,
        "address": found.address,
        "chroma_version": found.chroma_version,
        "chroma_note": found.chroma_note,
        "database_bytes": found.database_bytes,
        "chroma_bytes": found.chroma_bytes,
        "copies_bytes": found.copies_bytes,
        "bytes_an_event": round(found.bytes_an_event) if found.bytes_an_event is not None else None,
    }


def stats_text(found: "MemoryStatistics") -> str:
    """The same for a person."""
    counts = found.counts
    lines = [
        f"{counts.events:,} events: {counts.with_reaction:,} with their reaction, {counts.events - counts.with_reaction:,} without"
    ]
    if counts.first_published_at is not None and counts.last_published_at is not None:
        lines.append(f"published {counts.first_published_at:%Y-%m-%d} to {counts.last_published_at:%Y-%m-%d}")
    lines += _listed("by type", counts.by_type)
    lines += _listed("by source", {source or "not noted": events for source, events in counts.by_source.items()})
    lines.append(
        "embedders: " + ("; ".join(_embedder(each, vectors) for each, vectors in found.embedders) or "none yet")
    )
    lines.append(f"Chroma {found.chroma_version}, {found.place}: {found.address}")
    lines += [
        f"  {_date(part.known_from, 'the beginning')} to {_date(part.known_until, 'today')}: {part.events:,} events, "
        + ("not asked" if part.in_chroma is None else f"{part.in_chroma:,} in Chroma")
        for part in found.parts[-SHOWN:]
    ]
    if len(found.parts) > SHOWN:
        lines.append(f"  … and {len(found.parts) - SHOWN:,} earlier parts")
    if found.chroma_note:
        lines.append(f"  {found.chroma_note}")
    lines.append(
        f"copy on disk: {found.copy.rows:,} events at revision {found.copy.revision:,} of {found.revision:,}"
        if found.copy
        else "copy on disk: none yet, the next recall makes it"
    )
    threshold = "measured at the next recall" if found.threshold is None else f"{found.threshold:.4g}"
    lines.append(f"a precedent from similarity: {threshold}")
    chroma = "kept elsewhere" if found.chroma_bytes is None else size(found.chroma_bytes)
    lines.append(f"room: database {size(found.database_bytes)}, Chroma {chroma}, copies {size(found.copies_bytes)}")
    if found.bytes_an_event is not None:
        lines.append(f"  {size(found.bytes_an_event)} an event")
    lines.append(f"snapshot: {found.snapshot}")
    return _paragraphs(lines)


def verification_json(verification: "Verification") -> dict[str, Any]:
    """The looks before and after, and what was done between."""
    return {
        "whole": verification.whole,
        "found": _checked(verification.found),
        "repaired": list(verification.repaired),
        "left": _checked(verification.left) if verification.left else None,
    }


def verification_text(verification: "Verification", *, repaired: bool) -> str:
    """The same for a person."""
    found, last = verification.found, verification.left or verification.found
    lines = [each.text for each in found.differences]
    lines += verification.repaired
    if verification.left is not None and not last.whole:
        lines += ["Still so:", *(each.text for each in last.differences)]
    if last.unembedded or last.waiting:
        lines.append(
            f"{last.unembedded:,} events wait to be embedded and {last.waiting:,} to be indexed: the next opening does it."
        )
    seen = f"{last.events:,} events, {last.parts:,} parts of the index, {last.sampled:,} vectors compared"
    if last.whole:
        lines.append(f"Whole: {seen}.")
    elif repaired:
        lines.append(
            f"{len(last.differences)} differences remain ({seen}). `rhyme memory reindex` builds index and copy anew; a fault of "
            "the database itself is mended from a backup."
        )
    else:
        lines.append(f"{len(last.differences)} differences ({seen}). `rhyme memory verify --repair` puts them right.")
    return _paragraphs(lines)


def reindexed_text(
    done: "Reindexed", embedder: "EmbedderIdentity", dropped: "Mapping[EmbedderIdentity, int]", setting: str | None
) -> str:
    """What was built, how long the folder was held, and what to set."""
    held = ""
    if done.held_seconds:
        held = f" The folder was held for {done.held_seconds:.1f} s, {done.longest_held_seconds:.1f} s at once at most."
    lines = [
        f"{done.events:,} events are embedded by {embedder.name} ({embedder.digest}): {done.embedded:,} now, in "
        f"{done.embed_seconds:.1f} s; {done.indexed:,} vectors were given to Chroma.{held}"
    ]
    lines += [
        f"Removed what {each.name} ({each.digest}) had made: {count:,} vectors." for each, count in dropped.items()
    ]
    if setting is not None:
        lines.append(f"To use it, set {setting}")
    return _paragraphs(lines)


def taken_text(taken: "TakenIn", snapshot: str) -> str:
    """What became of an imported file."""
    same = " It equals the memory that the file was made of." if snapshot == taken.info.snapshot else ""
    return plain(
        f"{taken.added:,} new events, {taken.changed:,} changed, {taken.unchanged:,} known already, {taken.bad_rows:,} rows left "
        f"out; {taken.with_vector:,} came with their vector. The memory now holds {snapshot}.{same}"
    )


def snapshot_text(taken: "Snapshot", *, exported: bool) -> str:
    """Where it is, and what it is not."""
    lines = [f"Kept {taken.snapshot} in {taken.directory}, opened and checked."]
    if exported:
        lines.append(
            "The database is PostgreSQL: these are its events. Back up the rest, analyses and the ledger, with pg_dump."
        )
    lines.append("The index is not in it: after restoring, the next opening of the memory builds it from the database.")
    return _paragraphs(lines)


def _paragraphs(lines: list[str]) -> str:
    """A line each, whatever the texts in them hold."""
    return "\n".join(plain(line) if line[:2] != "  " else f"  {plain(line)}" for line in lines)


def _checked(found: "Checked") -> dict[str, Any]:
    differences = [
        {"kind": each.kind, "text": each.text, "count": len(each.ids), "examples": sorted(each.ids)[:5]}
        for each in found.differences
    ]
    names = ("events", "parts", "sampled", "unembedded", "waiting", "copy_rows")
    return {**{name: getattr(found, name) for name in names}, "differences": differences}


def _listed(title: str, counts: Mapping[str, int]) -> list[str]:
    if not counts:
        return []
    shown = [f"{name} {events:,}" for name, events in list(counts.items())[:SHOWN]]
    more = f", and {len(counts) - SHOWN} more" if len(counts) > SHOWN else ""
    return [f"{title}: {', '.join(shown)}{more}"]


def _embedder(embedder: "EmbedderIdentity", vectors: int) -> str:
    return f"{embedder.name} ({embedder.digest}), {vectors:,} vectors of {embedder.dimensions}"


def _iso(moment: "datetime | None") -> str | None:
    return moment.isoformat() if moment is not None else None


def _date(moment: "datetime | None", otherwise: str) -> str:
    return f"{moment:%Y-%m-%d}" if moment is not None else otherwise
