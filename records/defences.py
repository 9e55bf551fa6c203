"""The defences against hostile text, each with a name, so that an evaluation can show what happens without it.

All of them are on, always. `without` is for evaluations and tests alone (a test of the house's structure keeps it so): no
setting, no environment variable and no text reaches it.
"""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Defence(StrEnum):
    """One layer, by the name that reports use."""

    NORMALISATION = "normalisation"
    """Unicode folded, characters that cannot be seen taken out (feeds/clean.py)."""
    HIDDEN_HTML = "hidden_html"
    """What a page does not show is removed (feeds/hidden.py)."""
    DELIMITERS = "delimiters"
    """Outside text cannot close the marks around it (prompts/outside.py)."""
    WITHHOLDING = "withholding"
    """Text addressed to a model is neither read nor quoted (agent/guard.py)."""
    CONFUSABLES = "confusables"
    """Words of mixed scripts are matched as what they look like (agent/guard_views.py)."""
    OUTPUT_FILTER = "output_filter"
    """Addresses, markup and orders to the reader are taken out of what a model wrote (agent/guard_output.py)."""
    NEWS_ONLY = "news_only"
    """An output carries statements about the article's news alone (agent/guard_news.py)."""
    READING_LIMITS = "reading_limits"
    """What a model read of type and roles moves the score a little, and no further than code allows (agent/score.py,
    agent/primary.py)."""
    QUARANTINE = "quarantine"
    """Events of a source not yet trusted do not come back as precedents (records/database/event_sources.py)."""
    SOURCE_CAP = "source_cap"
    """No single source of precedents moves the score by more than a stated amount (agent/precedent_weights.py)."""


_OFF: ContextVar[frozenset[Defence]] = ContextVar("defences_off", default=frozenset())


def holds(defence: Defence) -> bool:
    """Whether the defence is on."""
    return defence not in _OFF.get()


@contextmanager
def without(off: Set[Defence]) -> Iterator[None]:
    """Switches defences off in this context. For evaluations and tests."""
    token = _OFF.set(frozenset(off))
    try:
        yield
    finally:
        _OFF.reset(token)
