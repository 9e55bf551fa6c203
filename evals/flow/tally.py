"""The server's own count: one row for every request, written before the first byte of its answer.

The file is JSON lines and only appended to, a row a write: killing the server at any moment loses no row that a client could
have seen an answer of, and a server started again on the same file counts on.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class TallyRow:
    """One request as the server saw it."""

    n: int
    """Its number, from 1, over all lives of the server."""
    at: float
    """When its answer began, Unix seconds."""
    endpoint: str
    """`chat`, `embeddings`, or what another route calls itself."""
    client_request_id: str | None
    """Of the header X-Client-Request-Id; None: it was not sent."""
    model: str
    status: int
    """The HTTP status that it was answered with."""
    input_tokens: int
    cached_tokens: int
    """Part of `input_tokens` whose beginning was known from an earlier request."""
    output_tokens: int
    fault: str | None
    """The kind of the injected fault (`evals.flow.faults`); None: none."""
    billed: bool
    digest: str
    """SHA-256 of the request without how it is transported; the same question asked twice has one digest."""

    @property
    def tokens(self) -> int:
        """What it was billed for."""
        return self.input_tokens + self.output_tokens if self.billed else 0


class Tally:
    """The writing end; one a file."""

    def __init__(self, path: Path) -> None:
        """Counts on after the rows that are there. A torn last row, which only a full disk can leave, is cut off."""
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = path.read_bytes() if path.exists() else b""
        whole = kept[: kept.rfind(b"\n") + 1]
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.ftruncate(self._file, len(whole))
        self.last = max((row.n for row in parse_rows(whole)), default=0)

    def write(self, row: TallyRow) -> None:
        """Hands the row to the operating system, which keeps it when this process is killed."""
        line = json.dumps(asdict(row), separators=(",", ":")).encode() + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("The disk of the tally is full: give it room.")

    def close(self) -> None:
        """No more rows."""
        os.close(self._file)


def parse_rows(content: bytes) -> list[TallyRow]:
    """The whole rows of a tally file, in the order they were written."""
    return [TallyRow(**json.loads(line)) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def read_rows(path: Path) -> list[TallyRow]:
    """The rows of the tally at `path`; none while there is no file."""
    return parse_rows(path.read_bytes()) if path.exists() else []


def billed_tokens(rows: Iterable[TallyRow]) -> int:
    """Input and output tokens billed."""
    return sum(row.tokens for row in rows)
