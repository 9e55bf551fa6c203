"""Past events in Chroma; precedents known as of a time out. Never decides a score.

Takes `Event`s and an embedder, returns `Recall`s of `Precedent`s. The database is the store of record: everything here can be
built again from it.
"""

from vectorstore.memory import EventMemory
from vectorstore.recall import Recall
from vectorstore.starter import StarterResult, load_starter
from vectorstore.upkeep import OpenReport

__all__ = ["EventMemory", "OpenReport", "Recall", "StarterResult", "load_starter"]
