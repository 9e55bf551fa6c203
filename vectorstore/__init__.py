"""Past events in Chroma; precedents known as of a time out. Never decides a score.

Takes `Event`s and an embedder, returns `Recall`s of `Precedent`s. The database is the store of record: everything here can be
built again from it.
"""

from typing import TYPE_CHECKING

from records.late import late

if TYPE_CHECKING:
    from vectorstore.memory import EventMemory
    from vectorstore.recall import Recall
    from vectorstore.starter import StarterResult, load_starter
    from vectorstore.upkeep import OpenReport

__all__ = ["EventMemory", "OpenReport", "Recall", "StarterResult", "load_starter"]

# story threads need none of these, and Chroma takes a second to load
__getattr__ = late(
    __name__,
    {
        "EventMemory": "memory",
        "OpenReport": "upkeep",
        "Recall": "recall",
        "StarterResult": "starter",
        "load_starter": "starter",
    },
)
