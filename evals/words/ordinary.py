"""The ordinary words of business English, made from development texts: by them a name at the head of a sentence is told.

`python -m evals.words.ordinary --data DIR` writes agent/data/ordinary_words_v1.txt.gz: words that stand in lower case within a
sentence at least five times, and more often than with a capital.
"""

import argparse
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]

LEAST, RATIO = 5, 1.2
TARGET = Path(__file__).parents[2] / "agent" / "data" / "ordinary_words_v1.txt.gz"
_INSIDE = re.compile(r"(?<=[a-z,] )([A-Za-z][a-z]+)\b")
"""A word that begins no sentence."""


def texts_of(folder: Path) -> Iterator[str]:
    """Leads of the development split (impact/*_dev.parquet: body) and openings of calls (earnings/maec_calls.parquet: text)."""
    for pattern, column in (("impact/*_dev.parquet", "body"), ("earnings/maec_calls.parquet", "text")):
        for path in sorted(folder.glob(pattern)):
            yield from (text for text in pq.read_table(path, columns=[column]).column(column).to_pylist() if text)


def ordinary_words(texts: Iterator[str]) -> list[str]:
    """In alphabetical order."""
    lower: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for text in texts:
        for match in _INSIDE.finditer(text):
            word = match[1]
            (capital if word[0].isupper() else lower)[word.lower()] += 1
    return sorted(word for word, count in lower.items() if len(word) > 2 and count >= max(LEAST, RATIO * capital[word]))


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    words = ordinary_words(texts_of(parser.parse_args().data))
    TARGET.write_bytes(gzip.compress(("\n".join(words) + "\n").encode(), mtime=0))
    print(f"{len(words):,} words in {TARGET.name}")


if __name__ == "__main__":
    main()
