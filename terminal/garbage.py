"""Python's search for garbage, kept away from where there is none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

COLLECTED_EVERY = 50_000
"""Objects made between two looks of the collector: some megabytes."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Loading modules makes hundreds of thousands of objects that all stay: looking through them takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Articles make hundreds of thousands of objects and hardly a cycle: looking for some every 700 takes 5 to 9 % of the time."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
