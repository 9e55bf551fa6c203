"""Story threads: which articles tell one story, what each is to it, and how much of it is new.

Takes articles, returns `Placement`s; all state is in the database, so that any number of processes place into the same stories. It
calls no model and decides no score.
"""

from vectorstore.threads.decide import load_model
from vectorstore.threads.threads import StoryThreads

__all__ = ["StoryThreads", "load_model"]
