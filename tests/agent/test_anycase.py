"""Folded search finds what IGNORECASE finds, and keeps every place."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.anycase import Anycase, blanked, folded
from agent.values import dates, figures, periods

PATTERNS = (
    r"\b(?:Q(?P<Quarter>[1-4])|H[12])\b",
    r"(?P<word>net|TOTAL)\s+[A-Z]+\S*",
    r"(?P<open>\()?US\$\d+(?(open)\))",
    r"(?<!Slow )Down\b|\bUP\W",
    r"(?=FY)\w+",
)
WORDS = st.lists(
    st.sampled_from(["Q3", "h1", "NET", "Total sales", "US$5", "(us$7)", "slow down", "DOWN",
                     "Up!", "fy24", "ß", "Σ", "ﬁ", "—", "É"]),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(st.one_of(st.text(), WORDS))
def test_folding_keeps_every_letter_in_its_place(text: str) -> None:
    small = folded(text)

    assert len(small) == len(text)
    assert all(one in (letter, letter.casefold()) for one, letter in zip(small, text, strict=True))


@pytest.mark.parametrize("pattern", PATTERNS)
@given(text=WORDS)
def test_places_are_those_of_the_same_pattern_with_ignorecase(pattern: str, text: str) -> None:
    known = [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]

    assert [match.span() for match in Anycase(pattern).finditer(text)] == known
    first = Anycase(pattern).search(text)
    assert (first.span() if first else None) == (known[0] if known else None)


def test_groups_keep_their_names_and_escapes_their_meaning() -> None:
    found = Anycase(r"(?P<Big>A\S+)\sB").search("xx aQQ b")

    assert found is not None
    assert found["Big"] == "aqq"
    assert Anycase(r"\S").search(" ") is None


def test_blanks_stand_where_matches_stood() -> None:
    text = "In Q3 and q4."

    assert blanked(text, Anycase(r"Q\d").finditer(text)) == "In    and   ."
    assert blanked(text, []) is text


HINTED = [
    one
    for room in (dates, figures, periods)
    for value in vars(room).values()
    for one in (value if isinstance(value, tuple) else (value,))
    if isinstance(one, Anycase) and one.hints
]


@pytest.mark.parametrize("pattern", HINTED, ids=lambda one: one.expression.pattern[:40])
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_hinted_pattern_matches_has_one_of_its_hints(pattern: Anycase, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern.expression))

    assert [match.span() for match in pattern.finditer(text)] == [
        match.span() for match in pattern.expression.finditer(folded(text))
    ]


def test_there_are_hinted_patterns_to_look_at() -> None:
    assert len(HINTED) >= 15
