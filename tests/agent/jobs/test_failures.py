"""Every kind of error has its own answer."""

import pytest

from agent.jobs.failures import FOR_A_PERSON, PASSING, Patience, kind_of, reaction_to, reason_of
from records import errors
from records.errors import (
    ModelAnswerInvalid,
    ModelDenied,
    ModelMissing,
    ModelUnavailable,
    RhymeError,
    SourceUnreadable,
    StoreLocked,
)

PATIENCE = Patience(passing=3, code=2)


@pytest.mark.parametrize(
    ("error", "reactions"),
    [
        (ModelUnavailable("down"), ["again", "again", "set_aside"]),
        (StoreLocked("busy"), ["again", "again", "set_aside"]),
        (ValueError("a fault of ours"), ["again", "set_aside"]),
        (SourceUnreadable("no article"), ["set_aside"]),
        (ModelAnswerInvalid("no JSON"), ["set_aside"]),
        (ModelMissing("no key"), ["pause", "pause"]),
        (ModelDenied("wrong key"), ["pause", "pause"]),
    ],
)
def test_each_kind_is_tried_so_often_and_then_set_aside(error: Exception, reactions: list[str]) -> None:
    assert [reaction_to(error, tries, PATIENCE) for tries in range(1, len(reactions) + 1)] == reactions


def test_every_kind_named_is_one_that_exists() -> None:
    known = {
        one("").kind for one in vars(errors).values() if isinstance(one, type) and issubclass(one, RhymeError)
    }  # fmt: skip
    assert known >= FOR_A_PERSON | PASSING


def test_a_fault_of_ours_is_told_by_the_last_line_of_its_traceback() -> None:
    error = KeyError("ticker")
    assert (kind_of(error), reason_of(error)) == ("code_error", "KeyError: 'ticker'")


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [Patience(first_pause_seconds=2, longest_pause_seconds=10).pause_seconds(tries) for tries in (1, 2, 3, 4)]
    assert pauses == [2, 4, 8, 10]
