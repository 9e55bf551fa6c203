"""Figures and dates of financial text, brought to one form."""

import pytest

from agent.values import supports, supports_day, values_of


@pytest.mark.parametrize(
    ("written", "evidence"),
    [
        ("3.5 million", "3,500,000"),
        ("$7.19 billion", "$7,190m"),
        ("1.2bn", "1.2 billion"),
        ("0.75 percent", "75 basis points"),
        ("12%", "12 per cent"),
        ("92 cents", "$0.92"),
        ("20-fold", "20 times"),
        ("two million", "2,000,000"),
        ("$35 billion", "$35.3 billion"),
        (".55", "0.55"),
        ("1.8 standard deviations", "1.8σ"),
        ("-1.2 %", "−1.2 percent"),
        ("13 percent", "down 13%"),
    ],
)
def test_two_spellings_of_one_figure_match(written: str, evidence: str) -> None:
    [figure] = values_of(written).figures
    assert supports(values_of(evidence), figure)


@pytest.mark.parametrize(
    ("written", "evidence"),
    [
        ("3.5 million", "3.5 billion"),
        ("$1", "$1.09"),
        ("12%", "21%"),
        ("13 percent", "a quarter"),
        ("+1.2 %", "-1.2 %"),
        ("5%", "5σ"),
        ("35.31 billion", "35.3 billion"),
        ("two million", "two"),
    ],
)
def test_different_figures_do_not_match(written: str, evidence: str) -> None:
    [figure] = values_of(written).figures
    assert not supports(values_of(evidence), figure)


@pytest.mark.parametrize(
    "text", ["a quarter of the year", "the first half", "the S&P 500", "see P3 and A12", "two companies", "G7 leaders"]
)
def test_words_and_names_that_are_no_figures(text: str) -> None:
    assert values_of(text).figures == ()


@pytest.mark.parametrize(
    ("written", "evidence", "stands"),
    [
        ("May 24, 2023", "2023-05-24", True),
        ("24 May 2023", "on May 24, 2023", True),
        ("in 2023", "2023-05-24", True),
        ("May 2023", "2023-05-24", True),
        ("May 25, 2023", "2023-05-24", False),
        ("in 2022", "2023-05-24", False),
        ("January 5", "on January 5", True),
        ("January 5, 2023", "on January 5", False),
    ],
)
def test_a_date_stands_when_each_part_it_gives_stands(written: str, evidence: str, stands: bool) -> None:
    [day] = values_of(written).days
    assert supports_day(values_of(evidence), day) is stands


def test_a_year_is_a_date_and_not_a_figure() -> None:
    assert values_of("the largest since 1994").figures == ()
    assert [day.year for day in values_of("the largest since 1994").days] == [1994]
