"""An article as a reader of one format hands it over: not yet cleaned, nothing decided."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Draft:
    """What was found, in the source's own words."""

    text: str
    """Paragraphs parted by blank lines."""
    title: str | None = None
    """None when the source has none; the first sentence will stand in."""
    url: str | None = None
    """What the source says its address is."""
    source: str | None = None
    published: tuple[str | int | float, ...] = ()
    """Statements of the publication time, the most trusted first."""
    notes: tuple[str, ...] = ()
