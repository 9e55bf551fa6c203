"""The keyword rules find in small letters what they would find in any case."""

from collections.abc import Callable

import pytest

from agent.event_rules import RULES, label
from records.taxonomy import EventType

LINES = (
    "UPDATE 2-Acme Corp RAISES full-year profit forecast",
    "BRIEF-Fitch affirms Acme at BBB",
    "Acme Strikes supply deal with Beta",
    "Acme shares ſlip after reſults",
    "Acme to lay off workers, union ſays",
    "Acme bankruptcy filing: Kelvin plant shut",
    "Acme strıke enters third week",
    "Acme İnsider trading probe",
    "Straße AG: Übernahme durch Beta, ÖL Förderung — Takeover bid",
    "ΑΣ Acme Q3 EARNINGS call",
    "Nothing to see",
    "",
)


def _in_any_case(text: str) -> EventType:
    found = (rule.event_type for rule in RULES if rule.any_case.search(text))
    return next(found, EventType.NOT_MARKET_RELEVANT)


@pytest.mark.parametrize("line", LINES[2:])
@pytest.mark.parametrize("written", [str, str.upper, str.title, str.swapcase])
def test_a_text_has_the_type_that_it_has_in_any_case(line: str, written: Callable[[str], str]) -> None:
    assert label(written(line)) == _in_any_case(written(line))


def test_the_lead_speaks_where_the_headline_says_nothing_and_the_wires_prefix_does_not() -> None:
    assert label(LINES[0]) == EventType.GUIDANCE
    assert label(LINES[1]) == EventType.CREDIT_RATING
    assert label("Nothing", "Acme's PILOTS union called a walkout") == EventType.LABOR_DISPUTE
    assert label("Nothing", "nothing") == EventType.NOT_MARKET_RELEVANT
