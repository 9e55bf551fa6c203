"""The whole benchmark: corpus, the memory, the peers one after another, and what the figures say."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.memory import corpus as corpora
from evals.memory.contestant import ADD, CORPUS, RESULTS, RHYME, STORE
from evals.memory.corpus import Say
from evals.memory.embedding import throughput
from evals.memory.ours import per_event
from evals.memory.peers import PEERS
from evals.memory.scoring import worst
from evals.memory.synthetic import World
from records.embedder import Embedder
from records.errors import StoreError, UsageError

TARGET_P95_MS, TARGET_RECALL = 50.0, 0.98
PER_SHARE = 200
"""Questions at each share: a p95 is then the tenth slowest."""


@dataclass(frozen=True)
class Request:
    """What to measure."""

    events: int
    peers: Sequence[str]
    seed: int
    work: Path | None
    """Kept, and used again by a later run with the same events and seed; None: a temporary folder."""
    per_share: int = PER_SHARE


def bench_recall(request: Request, say: Say, embedder: Embedder | None, no_embedder: str) -> dict[str, Any]:
    """All figures, with the names that stay. `no_embedder` says why there is none. Raises UsageError, StoreError."""
    unknown = [name for name in request.peers if name not in PEERS]
    if unknown:
        raise UsageError(f"There is no peer {unknown[0]!r}: choose from {', '.join(PEERS)}.")
    if request.work is not None:
        request.work.mkdir(parents=True, exist_ok=True)
        return _measured(request, request.work, say, embedder, no_embedder)
    with tempfile.TemporaryDirectory(prefix="rhyme-bench-") as folder:
        return _measured(request, Path(folder), say, embedder, no_embedder)


def _measured(request: Request, work: Path, say: Say, embedder: Embedder | None, no_embedder: str) -> dict[str, Any]:
    begun, load = datetime.now(UTC), _load()
    world = World(request.events, request.seed)
    corpora.make(work / CORPUS, world, request.per_share, say)
    del world
    added, reused = _added(work, request, say)
    ours = _contest(work, RHYME, say)
    asked = {name: PEERS[name].missing for name in request.peers}
    results = {name: _contest(work, name, say) for name, missing in asked.items() if missing is None}
    peers = {way: rows for result in results.values() for way, rows in result["searches"].items()}
    figures = {"events": request.events, "seed": request.seed, "date": begun.date().isoformat()}
    figures |= {"n_queries": request.per_share, "machine": _machine() | {"load_before": load, "load_after": _load()}}
    figures |= {"selectivity": ours["selectivity"], "hybrid": ours["hybrid"], "peers": peers}
    figures |= {"peers_missing": {name: missing for name, missing in asked.items() if missing is not None}}
    figures |= {"peer_costs": {name: result["cost"] for name, result in results.items()}}
    figures |= {**added, "store_reused": reused}
    figures |= {name: value for name, value in ours.items() if name not in {"selectivity", "hybrid"}}
    figures |= per_event(figures, request.events)
    figures |= _embedding(work, say, embedder, no_embedder)
    return figures | {"verdict": verdict(figures)}


def _added(work: Path, request: Request, say: Say) -> tuple[dict[str, Any], bool]:
    """The figures of adding; those of the run that left the store, if it holds these very events."""
    mark, wanted = (
        work / STORE / "added.json",
        {"events": request.events, "seed": request.seed, "format": corpora.FORMAT},
    )
    if mark.exists():
        former = json.loads(mark.read_text(encoding="utf-8"))
        if former["of"] == wanted:
            say(f"The store of an earlier run is used again; delete {mark.parent} to add the events anew.")
            return former["figures"], True
    figures = _contest(work, ADD, say)
    mark.write_text(json.dumps({"of": wanted, "figures": figures}), encoding="utf-8")
    return figures, False


def _contest(work: Path, task: str, say: Say) -> dict[str, Any]:
    """The figures of one contestant's process. Raises StoreError when it fails."""
    result = work / RESULTS / f"{task}.json"
    result.unlink(missing_ok=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as complaints:
        command = [sys.executable, "-m", "evals.memory.contestant", str(work), task]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True) as process:
            for line in process.stdout or ():
                say(line.strip())
        complaints.seek(0)
        last = complaints.read().strip().splitlines()[-1:] or [f"it ended with code {process.returncode}"]
    if process.returncode != 0 or not result.exists():
        raise StoreError(f"The benchmark's part {task!r} failed: {last[0]}")
    figures: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return figures


def _embedding(work: Path, say: Say, embedder: Embedder | None, no_embedder: str) -> dict[str, Any]:
    if embedder is None:
        return {"embedding": None, "embedding_missing": no_embedder}
    say(f"Embedding throughput of {embedder.name} …")
    folder = work / "embedding"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        return {"embedding": throughput(embedder, folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def verdict(figures: Mapping[str, Any]) -> str:
    """One line: each target met or missed, by the worst share."""
    dense, whole = worst(figures["selectivity"]), worst(figures["hybrid"])
    checks = [
        (f"p95 {dense['p95_ms']:.1f} ms of the dense arm", dense["p95_ms"] <= TARGET_P95_MS),
        (f"{whole['p95_ms']:.1f} ms of the whole recall (limit {TARGET_P95_MS:g})", whole["p95_ms"] <= TARGET_P95_MS),
        (f"recall@10 {dense['recall_at_10']:.3f} (at least {TARGET_RECALL})", dense["recall_at_10"] >= TARGET_RECALL),
        (f"short {dense['short']:.0f} and {whole['short']:.0f} (none)", dense["short"] + whole["short"] == 0),
    ]
    return "; ".join(f"{text}: {'met' if met else 'missed'}" for text, met in checks)


def _machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _load() -> float | None:
    """Processes running or waiting, averaged over the last minute; None where the system does not say."""
    getloadavg: Callable[[], tuple[float, float, float]] | None = getattr(os, "getloadavg", None)
    return round(getloadavg()[0], 2) if getloadavg is not None else None
