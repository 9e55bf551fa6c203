"""The search for garbage is put off while there is none, and comes back."""

import gc

import pytest

from terminal.garbage import COLLECTED_EVERY, seldom_collected, undisturbed


def test_what_loads_is_not_searched_and_what_follows_is() -> None:
    on: list[bool] = []

    def load() -> None:
        with undisturbed():
            on.append(gc.isenabled())
            raise LookupError

    with pytest.raises(LookupError):
        load()
    assert [*on, gc.isenabled()] == [False, True]


def test_a_search_that_was_off_before_stays_off() -> None:
    gc.disable()
    try:
        with undisturbed():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_articles_are_taken_in_with_few_searches() -> None:
    before = gc.get_threshold()
    with seldom_collected():
        assert gc.get_threshold() == (COLLECTED_EVERY, *before[1:])
    assert gc.get_threshold() == before
