"""Files, folders, addresses and feeds in, `Article`s out, with provenance and both times. Never calls a model.

`load_article` gives the one article of a path, an http(s) address or "-"; `Reader` gives all those of any `Source`, a
folder, a table of rows or a feed included, one by one, and a name to each entry that is none. `Fetcher` holds the rules
for addresses, `next_due` when a feed is read again.
"""

from feeds.fetch import Fetcher
from feeds.limits import Limits
from feeds.load import load_article
from feeds.received import Delivery, Faulty, Item, Received
from feeds.response import Validators
from feeds.schedule import next_due
from feeds.sources import Reader, Source, kind_of

__all__ = [
    "Delivery",
    "Faulty",
    "Fetcher",
    "Item",
    "Limits",
    "Reader",
    "Received",
    "Source",
    "Validators",
    "kind_of",
    "load_article",
    "next_due",
]
