"""Figures that say how much are told from the numbers in names."""

import pytest

from agent.values import values_of
from agent.values.weight import weighs


@pytest.mark.parametrize(
    "text", ["It paid $5.", "Sales rose 4 percent.", "About 33,000 workers walked out.", "It is 1.5 times as large."]
)
def test_a_figure_that_says_how_much_weighs(text: str) -> None:
    assert any(weighs(one, text) for one in values_of(text).figures)


@pytest.mark.parametrize(
    "text",
    ["They move to the S&P SmallCap 600.", "All major genotypes (GT1-6) are treated.", "It takes three to five years."],
)
def test_a_number_in_a_name_and_a_small_count_do_not(text: str) -> None:
    assert not any(weighs(one, text) for one in values_of(text).figures)
