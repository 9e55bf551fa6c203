"""What is kept of a feed: where it is, how often it is read, and how the last reading ended."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.times import UtcDatetime

FeedKind = Literal["feed", "page", "folder", "table"]
"""RSS or Atom; one web page; a watched folder; a JSONL, CSV or Parquet file."""

SHORTEST_SECONDS = 60
"""Between two readings of one feed: more often is a burden to its server and brings nothing."""


class Feed(Record):
    """A source that is read again and again. Times are ours, not the publisher's."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="what a person calls it")]
    kind: FeedKind
    address: Annotated[
        str, Field(min_length=1, description="http(s) address, or the absolute path of a file or folder")
    ]
    every_seconds: Annotated[int, Field(ge=SHORTEST_SECONDS, le=7 * 86_400, description="between two readings")] = 900
    full_text: Annotated[bool, Field(description="fetch each entry's page for its text, not only the entry")] = False
    added_at: UtcDatetime
    etag: Annotated[str | None, Field(description="of the last complete answer; None: the server gave none")] = None
    last_modified: Annotated[str | None, Field(description="likewise; sent back as it came")] = None
    due_at: Annotated[UtcDatetime, Field(description="when it is read next")]
    checked_at: Annotated[UtcDatetime | None, Field(description="last reading, whatever came of it")] = None
    succeeded_at: Annotated[UtcDatetime | None, Field(description="last reading that did not fail")] = None
    failures: Annotated[int, Field(ge=0, description="readings that failed since the last that did not")] = 0
    error: Annotated[str | None, Field(description="why the last reading failed; None: it did not")] = None
