"""Memory of this process and disk of a folder, as the system counts them."""

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

ROLLUP = Path("/proc/self/smaps_rollup")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class MemoryUse:
    """Bytes."""

    resident: int
    anonymous: int | None
    """Pages that only this process has; the others are of files, and the system takes them back when it needs room. None where
    the system does not say (it is Linux that does)."""


def memory_use() -> MemoryUse:
    """Now; elsewhere than on Linux the peak so far."""
    if not ROLLUP.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return MemoryUse(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, None)
    lines = (line.split() for line in ROLLUP.read_text(encoding="ascii").splitlines()[1:])
    kibibytes = {words[0].rstrip(":"): int(words[1]) for words in lines}
    return MemoryUse(1024 * kibibytes["Rss"], 1024 * kibibytes["Anonymous"])


def growth_mb(before: MemoryUse, after: MemoryUse) -> dict[str, float | None]:
    """Megabytes: all, and how much of it is the process's own and how much mapped files."""
    resident = after.resident - before.resident
    if after.anonymous is None or before.anonymous is None:
        return {"memory_mb": _mb(resident), "memory_anonymous_mb": None, "memory_mapped_mb": None}
    anonymous = after.anonymous - before.anonymous
    return {
        "memory_mb": _mb(resident),
        "memory_anonymous_mb": _mb(anonymous),
        "memory_mapped_mb": _mb(resident - anonymous),
    }


def disk_mb(folder: Path) -> float:
    """Megabytes that the folder's files occupy."""
    return _mb(sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()))


def _mb(count: int) -> float:
    return round(count / MEGABYTE, 1)
