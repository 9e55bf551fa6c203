"""Files, folders, addresses and feeds in, `Article`s out, with provenance and both times. Never calls a model.

So far: one source, one article. `load_article` takes a path, an http(s) address or "-"; `Fetcher` holds the rules for
addresses.
"""

from feeds.fetch import Fetcher
from feeds.limits import Limits
from feeds.load import load_article

__all__ = ["Fetcher", "Limits", "load_article"]
