"""The C library's memory, held small in processes of many threads that run for days."""

import ctypes

from terminal.settings import plain_environment

M_ARENA_MAX = -8
"""Of glibc's mallopt(3)."""
ARENAS = 2


def limit_arenas() -> bool:
    """Lets threads share ARENAS heaps. By default glibc gives each thread one of its own, up to eight a core, and what is freed in
    one is of no use to the others: a worker of sixteen threads then grows with every article it has read. To be called before
    the threads are made. True if it was done; another C library, or MALLOC_ARENA_MAX in the environment, is left as it is."""
    if "MALLOC_ARENA_MAX" in plain_environment():
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS))
    except (AttributeError, OSError, TypeError):  # not glibc
        return False
