"""Who waits for a folder is seen by who holds it, and nobody else is."""

import threading
from pathlib import Path

import pytest

from records.errors import StoreLocked
from vectorstore.folder_lock import forget_wanted, is_wanted, lock_folder


def test_a_free_folder_is_taken_without_a_mark(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path, 0.0)

    assert not is_wanted(tmp_path)
    lock.release()


def test_who_waits_is_seen_and_the_mark_goes_when_it_has_the_folder(tmp_path: Path) -> None:
    held, got = lock_folder(tmp_path, 0.0), threading.Event()

    def wait() -> None:
        lock_folder(tmp_path, 30.0).release()
        got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        while not is_wanted(tmp_path):
            assert waiting.is_alive()
        forget_wanted(tmp_path)
        while not is_wanted(tmp_path):  # set again as long as it waits
            assert waiting.is_alive()
    finally:
        held.release()
        waiting.join()
    assert got.is_set()
    assert not is_wanted(tmp_path)


def test_who_waits_in_vain_is_told_so(tmp_path: Path) -> None:
    held = lock_folder(tmp_path, 0.0)

    with pytest.raises(StoreLocked, match="Another rhyme process"):
        lock_folder(tmp_path, 0.1)
    held.release()
