"""Sentences that speak in our prompts' own words: who knows them and copies them is not reporting news."""

import re
from functools import cache

from agent.guard_views import fold_lookalikes
from prompts.library import FOLDER

RUN = 5
"""Words in a row shared with a prompt from which a sentence echoes it: a phrase of four is common English."""
_WORD = re.compile(r"[a-z_]{2,}")
_LABELS = re.compile(r"^---$.*?^---$|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL | re.MULTILINE)


def echoes_a_prompt(sentence: str) -> bool:
    """Whether `sentence` shares RUN words in a row with one of our prompt files."""
    words = _WORD.findall(fold_lookalikes(sentence).lower())
    return not _runs().isdisjoint(zip(*(words[at:] for at in range(RUN)), strict=False))


@cache
def _runs() -> frozenset[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for path in sorted(FOLDER.rglob("*.md")):
        for line in _LABELS.sub("\n", path.read_text(encoding="utf-8")).lower().splitlines():
            words = _WORD.findall(line)
            found.update(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
    return frozenset(found)
