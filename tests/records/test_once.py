import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from records.once import once


def test_threads_that_begin_together_make_a_value_once() -> None:
    made: list[str] = []
    together = threading.Barrier(8)

    @once
    def slowly(name: str) -> list[str]:
        made.append(name)
        time.sleep(0.05)
        return [name]

    def ask(_: int) -> list[str]:
        together.wait()
        return slowly("a")

    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(ask, range(8)))
    assert made == ["a"]
    assert all(value is values[0] for value in values)
    assert slowly("b") == ["b"]


def test_what_could_not_be_made_is_tried_again() -> None:
    tries: list[int] = []

    @once
    def second_time() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("not yet")
        return "made"

    with pytest.raises(OSError, match="not yet"):
        second_time()
    assert second_time() == second_time() == "made"
    assert len(tries) == 2
