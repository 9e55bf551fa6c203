"""A worker whose database is away for a while."""

import argparse
from collections.abc import Callable

import pytest

from records.errors import StoreError, StoreLocked, StoreUnreachable
from records.job import JobCounts
from terminal.commands import worker
from terminal.leaving import Leaving

OPTIONS = argparse.Namespace(until_empty=True)
Answers = Callable[..., None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What the database says to one look after the other."""

    def give(*said: object) -> None:
        left = list(said)

        def tell(*_: object) -> object:
            one = left.pop(0)
            if isinstance(one, Exception):
                raise one
            return one

        monkeypatch.setattr(worker, "_tell", tell)
        monkeypatch.setattr(worker, "LOOK_SECONDS", 0.0)

    return give


def watch(told: list[str]) -> bool:
    return worker._watch(None, OPTIONS, None, Leaving(), told.append, lambda: None)  # type: ignore[arg-type]


def test_a_database_that_is_away_is_waited_for_and_said_once(answers: Answers) -> None:
    answers(StoreUnreachable("it is away"), StoreLocked("it is busy"), (JobCounts(), None))
    told: list[str] = []
    assert watch(told) is False
    assert told == ["Waiting for the database: it is away"]


def test_a_database_that_stays_away_ends_the_worker(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(StoreUnreachable("it is away"))
    monkeypatch.setattr(worker, "AWAY_SECONDS", -1.0)
    with pytest.raises(StoreUnreachable):
        watch([])


def test_what_waiting_does_not_mend_ends_the_worker_at_once(answers: Answers) -> None:
    answers(StoreError("it is damaged"))
    with pytest.raises(StoreError, match="damaged"):
        watch([])
