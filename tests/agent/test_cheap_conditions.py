"""What is asked before a pattern is searched never hides a match: every match has one of the pieces looked for."""

import random
from collections.abc import Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from agent import named, values
from agent.anycase import Anycase
from agent.guard_patterns import Pattern, patterns
from agent.relations import lexicon, moves
from agent.values import dates, figures, periods

_ANCHORED = [one for one in patterns() if one.anchors]
_HINTED = [
    one
    for module in (dates, figures, periods, moves)
    for value in vars(module).values()
    for one in (value if isinstance(value, tuple) else (value,))
    if isinstance(one, Anycase) and one.hints
]


@pytest.mark.parametrize("pattern", _ANCHORED, ids=lambda one: one.name)
def test_text_for_a_model_has_an_anchor_of_each_pattern_that_it_matches(pattern: Pattern) -> None:
    assert _every_match_has_one(pattern.expression.pattern, pattern.anchors)


@pytest.mark.parametrize("pattern", _HINTED, ids=lambda one: one.expression.pattern[:40])
def test_figures_dates_and_periods_have_one_of_their_hints(pattern: Anycase) -> None:
    assert _every_match_has_one(pattern.expression.pattern, pattern.hints)


def test_a_period_has_one_of_the_hints_of_all() -> None:
    for pattern in periods._PATTERNS:
        small = pattern.expression if isinstance(pattern, Anycase) else pattern
        assert _every_match_has_one(small.pattern.replace("9M", "9m"), periods._HINTS)


def test_a_name_that_is_no_figure_has_a_digit_or_one_of_its_words() -> None:
    expression = values._NAMES_WITH_DIGITS.expression.pattern.replace(r"\d", "0")
    assert _every_match_has_one(expression, (*"0123456789", *values._NAMES_IN_WORDS))


def test_around_digits_the_same_figures_are_found_as_in_the_whole_text() -> None:
    pieces = (
        "(", " ", "minus ", "negative ", "+", "-", "−", "us$", "rs. ", "£", "eur ", "5", "1,000", ".5", "3.25", "12 737", "million",
        " bn",
        "%", " basis points", ")", ", ", "x", "of ", "shares", "\n", "²",
    )  # fmt: skip
    dice = random.Random(5)
    for _ in range(400):
        text = "".join(dice.choice(pieces) for _ in range(14))
        whole = [match.span() for match in figures._FIGURE.expression.finditer(text)]
        assert [match.span() for match in figures._in_digits(text)] == whole


def test_a_ticker_has_one_of_its_hints() -> None:
    assert _every_match_has_one(named._TICKER.pattern, named._TICKER_HINTS)


def test_every_measure_begins_as_is_asked_first() -> None:
    beginnings = _every_string(list(_parser.parse(f"(?:{lexicon._BEGINNINGS})")))
    assert {two for words in lexicon.MEASURES.values() for two in _begun(list(_parser.parse(words)), 2)} == beginnings


def test_a_pattern_that_also_matches_without_its_hint_is_found_out() -> None:
    assert not _every_match_has_one("ignore (?:the|all)? ?(?:rules|orders)", frozenset({"rule"}))
    assert _every_match_has_one("ignore (?:the|all)? ?(?:rules|orders)", frozenset({"rule", "order"}))


def _every_match_has_one(expression: str, pieces: Sequence[str] | frozenset[str]) -> bool:
    return _Walk(pieces).carries(list(_parser.parse(expression)), "")


class _Walk:
    """Through a parsed expression, looking for what each of its matches has."""

    def __init__(self, pieces: Sequence[str] | frozenset[str]) -> None:
        self._pieces = pieces
        self._longest = max(map(len, pieces))
        self._known: dict[tuple[str, tuple[int, ...]], bool] = {}

    def carries(self, items: Sequence[tuple[Any, Any]], run: str) -> bool:
        """Whether `run`, the letters read last, with all that `items` match always has a piece; False where that is not told."""
        run = run[-self._longest :]
        key = (run, tuple(map(id, items)))  # the same parts of one parsed expression, which is held all the while
        if key not in self._known:
            self._known[key] = any(one in run for one in self._pieces) or (bool(items) and self._next(items, run))
        return self._known[key]

    def _next(self, items: Sequence[tuple[Any, Any]], run: str) -> bool:
        (kind, what), rest = items[0], items[1:]
        if kind is op.LITERAL:
            return self.carries(rest, run + chr(what))
        if kind is op.IN and (letters := _letters(what)):
            return all(self.carries(rest, run + letter) for letter in letters)
        if kind is op.SUBPATTERN:
            return self.carries([*what[-1], *rest], run)
        if kind is op.BRANCH:
            return all(self.carries([*branch, *rest], run) for branch in what[1])
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, inner = what
            if most > 1:
                return self.carries([*inner] * least, run) or self.carries(rest, "")
            return (least == 1 or self.carries(rest, run)) and self.carries([*inner, *rest], run)
        return self.carries(rest, run if kind in (op.AT, op.ASSERT, op.ASSERT_NOT) else "")


def _letters(members: Sequence[tuple[Any, Any]]) -> list[str]:
    """Of a small class; empty for a large one."""
    if all(kind is op.LITERAL for kind, _ in members) and len(members) <= 8:
        return [chr(letter) for _, letter in members]
    if len(members) == 1 and members[0][0] is op.RANGE and members[0][1][1] - members[0][1][0] < 8:
        return [chr(letter) for letter in range(members[0][1][0], members[0][1][1] + 1)]
    return []


def _begun(items: Sequence[tuple[Any, Any]], letters: int) -> set[str]:
    """The first letters of all that `items` match."""
    if not letters or not items:
        return {""}
    (kind, what), rest = items[0], items[1:]
    if kind is op.LITERAL:
        return {chr(what) + one for one in _begun(rest, letters - 1)}
    if kind is op.IN:
        return {letter + one for letter in _letters(what) for one in _begun(rest, letters - 1)}
    if kind is op.SUBPATTERN:
        return _begun([*what[-1], *rest], letters)
    if kind is op.BRANCH:
        return {one for branch in what[1] for one in _begun([*branch, *rest], letters)}
    if kind is op.MAX_REPEAT:
        least, most, inner = what
        times = range(least, min(most, least + 1) + 1)
        return {one for count in times for one in _begun([*[*inner] * count, *rest], letters)}
    assert kind in (op.AT, op.ASSERT_NOT, op.ASSERT), kind
    return _begun(rest, letters)


def _every_string(items: Sequence[tuple[Any, Any]]) -> set[str]:
    return _begun(items, 8)
