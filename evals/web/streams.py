"""Many open event streams, and when each hears of an analysis that another process keeps."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

OPEN_AT_ONCE = 50
ASK = "GET /api/v1/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n"
LIMIT = 2**20
"""Bytes of one line."""


@dataclass
class Heard:
    """Analysis → when each stream heard of it, by `time.perf_counter`."""

    at: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0
    """Streams that did not open."""
    opened: int = 0


async def listen(host: str, port: int, streams: int, keep: Callable[[], tuple[str, float]], *, analyses: int,
                 patience: float) -> tuple[Heard, dict[str, float]]:  # fmt: skip
    """Opens the streams, has `analyses` kept one after the other by `keep` (which returns an id and when it was kept) and waits
    for each at most `patience` seconds. Returns what was heard, and when each analysis was kept."""
    heard, kept = Heard(), {}
    gate = asyncio.Semaphore(OPEN_AT_ONCE)
    ready = [asyncio.Event() for _ in range(streams)]
    tasks = [asyncio.create_task(_stream(host, port, gate, one, heard)) for one in ready]
    try:
        await asyncio.gather(*(one.wait() for one in ready))
        for _ in range(analyses):
            name, at = await asyncio.to_thread(keep)
            kept[name] = at
            ends = time.perf_counter() + patience
            while len(heard.at.get(name, ())) < heard.opened and time.perf_counter() < ends:
                await asyncio.sleep(0.05)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return heard, kept


async def _stream(host: str, port: int, gate: asyncio.Semaphore, ready: asyncio.Event, heard: Heard) -> None:
    writer = None
    try:
        async with gate:
            reader, writer = await asyncio.open_connection(host, port, limit=LIMIT)
            writer.write(ASK.format(host=f"{host}:{port}").encode())
            status = await reader.readline()
        if b" 200 " not in status:
            heard.refused += 1
            return
        while (await reader.readline()).strip():  # the headers
            pass
        heard.opened += 1
        ready.set()
        while line := await reader.readline():
            if line.startswith(b"data:"):
                _note(line[5:], heard)
    except OSError:
        heard.refused += not ready.is_set()
    finally:
        ready.set()
        if writer is not None:
            writer.close()


def _note(data: bytes, heard: Heard) -> None:
    now = time.perf_counter()
    told = json.loads(data)
    name = told.get("id") if isinstance(told, dict) else None
    if name:
        heard.at.setdefault(name, []).append(now)
