"""Batches as text, as JSON, and as lines that move while a worker waits for them."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from records.batch import Batch, RequestCounts
from records.job import JobCounts, Pause
from records.spending import NANO_USD
from terminal.jobs_view import counts_json, counts_text, pause_text
from terminal.plain import plain
from terminal.progress import ProgressView

if TYPE_CHECKING:
    from records.database import Database

SAID_EVERY_SECONDS = 0.5


def batch_json(batch: Batch) -> dict[str, Any]:
    """One batch under names that never change."""

    def moment(at: Any) -> str | None:
        return None if at is None else at.isoformat()

    return {
        "id": batch.batch_id,
        "key": batch.key,
        "status": batch.status,
        "model": batch.model,
        "requests": {"done": batch.done, "failed": batch.failed, "total": batch.requests},
        "created_at": moment(batch.created_at),
        "submitted_at": moment(batch.submitted_at),
        "ended_at": moment(batch.ended_at),
        "cost_usd": batch.cost_nano / NANO_USD,
        "error": batch.error,
    }


def batches_text(batches: Sequence[Batch]) -> list[str]:
    """A table, the newest first; of a batch that failed its reason."""
    if not batches:
        return ["No batch was sent yet. `rhyme worker --batch` sends what is in line."]
    lines = [
        f"{'id':<34}  {'status':<12}  {'done':>7}  {'failed':>7}  {'total':>7}  {'submitted (UTC)':<16}  {'USD':>10}"
    ]
    for batch in batches:
        at = f"{batch.submitted_at:%Y-%m-%d %H:%M}" if batch.submitted_at else "not yet"
        told = f"{batch.batch_id or batch.key:<34}  {batch.status:<12}  {batch.done:>7,}  {batch.failed:>7,}  {batch.requests:>7,}"
        lines.append(f"{told}  {at:<16}  {batch.cost_nano / NANO_USD:>10.4f}")
        if batch.error:
            lines.append(f"    {batch.error}")
    return lines


class BatchView:
    """Says what has changed since it was said last: on stderr for a person, as JSON lines on stdout for a program."""

    def __init__(self, database: "Database", view: ProgressView, *, as_lines: bool) -> None:
        self._database = database
        self._view = view
        self._as_lines = as_lines
        self._said = ""
        self._said_at = float("-inf")

    def told(self, trouble: str = "", *, last: bool = False) -> None:
        """Looks, and says what is new; not oftener than twice a second unless it is the `last` time."""
        from agent.jobs.pausing import Pausing
        from records.times import utc_now

        now = time.monotonic()
        if not last and now - self._said_at < SAID_EVERY_SECONDS:
            return
        counts, pause = self._database.jobs.counts(), Pausing(self._database, utc_now).now()
        requests, under_way = self._database.batches.counts(), self._database.batches.listed(open_only=True)
        line = (
            _json_line(counts, pause, requests, under_way, trouble)
            if self._as_lines
            else _text_line(counts, pause, requests, under_way, trouble)
        )
        if line == self._said:
            return
        self._said, self._said_at = line, now
        if self._as_lines:
            print(line, flush=True)
            sys.stdout.flush()
        else:
            self._view.say(plain(line))


def _json_line(
    counts: JobCounts, pause: Pause | None, requests: RequestCounts, under_way: Sequence[Batch], trouble: str
) -> str:
    told = {"requests": asdict(requests), "batches": [batch_json(one) for one in under_way], "trouble": trouble or None}
    return json.dumps(counts_json(counts, pause) | told)


def _text_line(
    counts: JobCounts, pause: Pause | None, requests: RequestCounts, under_way: Sequence[Batch], trouble: str
) -> str:
    parts = [counts_text(counts)]
    if requests.wanted:
        parts.append(f"{requests.wanted:,} requests to be sent")
    parts += [
        f"{one.batch_id or 'a batch'} {one.status} {one.done + one.failed:,}/{one.requests:,}" for one in under_way
    ]
    parts += [pause_text(pause)] if pause else []
    parts += [trouble] if trouble else []
    return " · ".join(parts)
