import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from records.errors import StoreLocked
from terminal import kept_memory
from terminal.kept_memory import KeptMemory

NOW = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Answer:
    """What was asked, of which store."""

    text: str
    snapshot = "1 events"


class Memory:
    """Counts how often it is open; one at a time, as a folder."""

    opened = 0
    open_now = 0

    def __init__(self) -> None:
        if type(self).open_now:
            raise StoreLocked("taken")
        type(self).opened += 1
        type(self).open_now += 1

    embedder, snapshot = "words", "0 events"
    wanted = False

    def recall(self, text: str, *_: object, **__: object) -> "Answer":
        if text == "fail":
            raise StoreLocked("no")
        return Answer(text)

    def close(self) -> None:
        type(self).open_now -= 1


@pytest.fixture
def memory() -> type[Memory]:
    return type("Fresh", (Memory,), {"opened": 0, "open_now": 0})


@pytest.fixture
def kept(memory: type[Memory]) -> Iterator[KeptMemory]:
    opened = KeptMemory(memory, shared=False)  # type: ignore[arg-type]
    yield opened
    opened.close()


def asked(kept: KeptMemory, text: str = "x") -> Any:
    return kept.recall(text, NOW, 5)


def until(true: Any, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(true())


def test_many_questions_open_it_once(kept: KeptMemory, memory: type[Memory]) -> None:
    threads = [threading.Thread(target=asked, args=(kept,)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (memory.opened, memory.open_now) == (1, 1)


def test_it_is_closed_when_nobody_asks_and_opened_again(
    monkeypatch: pytest.MonkeyPatch, kept: KeptMemory, memory: type[Memory]
) -> None:
    monkeypatch.setattr(kept_memory, "IDLE_SECONDS", 0.0)
    assert until(lambda: memory.open_now == 0)
    monkeypatch.setattr(kept_memory, "IDLE_SECONDS", 60.0)
    assert asked(kept).text == "x"
    assert memory.opened == 2


def test_it_is_left_to_another_process_that_waits_though_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, kept: KeptMemory, memory: type[Memory]
) -> None:
    monkeypatch.setattr(kept_memory, "HOLD_SECONDS", 0.0)
    asked(kept)
    assert memory.opened == 1, "nobody waits"
    monkeypatch.setattr(memory, "wanted", True)
    before = time.monotonic()
    asked(kept)
    asked(kept)
    assert memory.opened >= 2
    assert time.monotonic() - before >= kept_memory.REST_SECONDS


def test_it_is_left_to_others_in_the_end_though_none_is_known_to_wait(
    monkeypatch: pytest.MonkeyPatch, kept: KeptMemory, memory: type[Memory]
) -> None:
    monkeypatch.setattr(kept_memory, "LONGEST_SECONDS", 0.0)
    asked(kept)
    asked(kept)
    assert memory.opened >= 2


def test_after_a_failure_the_next_question_begins_afresh(kept: KeptMemory, memory: type[Memory]) -> None:
    with pytest.raises(StoreLocked):
        asked(kept, "fail")
    assert memory.open_now == 0
    assert asked(kept).text == "x"


def test_closed_it_lets_go_for_good(kept: KeptMemory, memory: type[Memory]) -> None:
    kept.close()
    kept.close()
    assert memory.open_now == 0


def test_a_shared_one_stays_open(monkeypatch: pytest.MonkeyPatch, memory: type[Memory]) -> None:
    monkeypatch.setattr(kept_memory, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(kept_memory, "HOLD_SECONDS", 0.0)
    shared = KeptMemory(memory, shared=True)  # type: ignore[arg-type]
    asked(shared)
    asked(shared)
    assert (memory.opened, memory.open_now) == (1, 1)
    shared.close()


def test_the_snapshot_is_that_of_the_store_that_was_searched(kept: KeptMemory) -> None:
    assert kept.snapshot == "0 events"
    asked(kept)
    assert kept.snapshot == "1 events"
