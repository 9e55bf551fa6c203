"""An article as it was received: cleaned text, provenance and both of its times."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.times import UtcDatetime


class Withheld(Record):
    """A passage addressed to a language model: nothing read, scored or quoted it. A half-open range of the body as received."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(gt=0)]
    kind: Annotated[
        Literal["override", "role", "order", "form", "markup", "encoded", "noise", "task"],
        Field(
            description="what it tries: to void instructions, to give a role, to order an answer, to fill in our form, to imitate "
            "our marks, to hide its words, to confuse, to set another task"
        ),
    ]


class Article(Record):
    """One news item.

    `text` is plain text after cleaning (NFKC, no zero-width or bidi controls, hidden HTML removed), paragraphs parted by
    blank lines, without the title. Offsets elsewhere (quotes, spans) index `body`.
    """

    id: Annotated[str, Field(description="first 16 hex digits of the SHA-256 of the cleaned title and text")]
    title: Annotated[str, Field(min_length=1, description="the headline; the first sentence if the source has none")]
    text: Annotated[str, Field(description="cleaned body text; may be empty when the source is a bare headline")]
    url: Annotated[str | None, Field(description="canonical http(s) address; None when read from a file or stdin")] = (
        None
    )
    source: Annotated[str | None, Field(description="publisher's name or host; None if unknown")] = None
    published_at: Annotated[
        UtcDatetime | None,
        Field(description="the publisher's claim; for a date-only source the end of that day, New York"),
    ] = None
    date_only: Annotated[bool, Field(description="the source gave a date without a time of day")] = False
    first_seen_at: Annotated[UtcDatetime, Field(description="when Rhyme first had it")]
    language: Annotated[str | None, Field(description="ISO 639-1 code detected in the text; None if undecided")] = None
    notes: Annotated[
        tuple[str, ...], Field(description="what cleaning changed, e.g. 'removed 3 hidden elements'; empty if nothing")
    ] = ()

    withheld: Annotated[
        tuple[Withheld, ...],
        Field(
            description="passages addressed to a model, which title and text are without; set when an article is analysed"
        ),
    ] = ()

    @property
    def body(self) -> str:
        """Title and text as the model sees them: every quote is a substring of this."""
        return f"{self.title}\n\n{self.text}" if self.text else self.title

    @property
    def known_at(self) -> datetime:
        """Knowledge time: the later of publication and first sight when live; publication for a dated backfill."""
        return self.published_at or self.first_seen_at

    @property
    def event_id(self) -> str:
        """The id under which the event memory keeps what this article tells."""
        return f"N{self.id}"
