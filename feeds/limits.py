"""How much of a source is read: one pair of numbers for files, standard input and addresses alike."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Upper bounds on one source. The defaults fit long news pages and stop downloads that are no article."""

    max_bytes: int = 5_000_000
    """Bytes of a file, of standard input or of a response (also after decompression). More is SourceUnreadable:
    HTML of that size is no article page."""
    max_characters: int = 200_000
    """Characters of cleaned text; the rest is cut at a paragraph and noted. About 35,000 words, a short book."""


def megabytes(size: int) -> str:
    """`size` bytes for a message: "20.0 MB"."""
    return f"{size / 1_000_000:.1f} MB"
