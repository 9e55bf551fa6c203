"""Values that are made once a process, also when many threads ask for one at the same moment."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Keeps what `make` returns, by its arguments, for good. Unlike functools.cache it never makes one value twice: threads that
    begin together would each build it, and sixteen tables of a tokenizer take as many times the memory and the time."""
    kept: dict[Any, T] = {}
    making = threading.RLock()

    @wraps(make)
    def given(*args: P.args, **named: P.kwargs) -> T:
        key = (args, tuple(sorted(named.items())))
        if key in kept:
            return kept[key]
        with making:
            if key not in kept:
                kept[key] = make(*args, **named)
            return kept[key]

    return given
