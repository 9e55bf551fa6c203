"""A small model's reading: passages of texts and tables, what is asked of them, what is worked out, and what is refused."""

import pytest

from agent.chat.citations import check_answer
from agent.chat.computing import work_wanted, years_wanted
from agent.chat.passages import Passage, passages_of, years_in
from agent.chat.reading import Bounds, asks_for_a_fact, cannot_be_read_off, chosen, looked_for, ranked
from agent.chat.working import workings_in
from tests.agent.chat.conftest import NOW

TABLE = """| Years ended June 30, |
 | 2021 | 2020
 | (in thousands) |
Royalty income | $4,120 | $3,871
Costs: | |
Licence costs | (955) | (870)
Other | 12 | 12

Royalty income is paid by partners who use the kiln. The kiln was first licensed to the Birch company."""
PAGE = (
    "Alder Works Inc\nBalance Sheet\n(Dollars in millions)\n2021\n2020\nCash and cash equivalents\n$\n1,204\n$\n980\n"
    "Total assets\n10,766\n10,274"
)
SOURCE = "article:a"


def best(question: str, text: str = TABLE) -> str | None:
    found = chosen(ranked(question, {SOURCE: text}), lambda _: 1.0)
    return found.passage.text if found else None


def test_a_table_of_cells_is_told_cell_by_cell_with_row_and_column() -> None:
    told = [one.text for one in passages_of(TABLE) if one.is_cell]
    assert "Royalty income (2021 (in thousands)): $4,120" in told
    assert "Licence costs (2020 (in thousands)): (870)" in told
    licence = next(one for one in passages_of(TABLE) if one.label == "Licence costs")
    assert licence.about == "Costs: Licence costs"


def test_a_printed_page_is_told_by_the_years_over_its_figures_with_its_unit() -> None:
    told = [one.text for one in passages_of(PAGE) if one.is_cell]
    assert told == [
        "Cash and cash equivalents (2021): 1,204 (Dollars in millions)",
        "Cash and cash equivalents (2020): 980 (Dollars in millions)",
        "Total assets (2021): 10,766 (Dollars in millions)",
        "Total assets (2020): 10,274 (Dollars in millions)",
    ]


def test_a_row_with_more_figures_than_years_is_left_alone() -> None:
    assert not [one for one in passages_of(PAGE + "\nGoodwill\n1\n2\n3") if one.label == "Goodwill"]


def test_years_are_found_in_every_form() -> None:
    assert years_in("FY21, fiscal 2020, 2 0 1 9 and 2018") == ("2021", "2020", "2019", "2018")
    assert looked_for("What is FY2021 cash? Answer in USD millions.") == "What is 2021 cash?"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What was the royalty income in 2021?", "Royalty income (2021 (in thousands)): $4,120"),
        ("What were the licence costs in 2021 and 2020 respectively?",
         "Licence costs: 2021 (in thousands): (955); 2020 (in thousands): (870)"),
        ("What was the change in royalty income from 2020 to 2021?", "Royalty income: 2021 less 2020: 4,120 - 3,871 = 249"),
        ("What was the percentage change in royalty income from 2020 to 2021?",
         "Royalty income: 2021 against 2020: (4,120 - 3,871) / 3,871 = 6.43%"),
        ("What was the average royalty income in 2020 and 2021?",
         "Royalty income: average of 2020 and 2021: (3,871 + 4,120) / 2 = 3,995.50"),
        ("In which year was the royalty income larger?", "Royalty income was largest in 2021: 4,120"),
        ("Who was the kiln first licensed to?", "The kiln was first licensed to the Birch company."),
    ],
)  # fmt: skip
def test_what_the_table_or_text_says_is_found_and_stands_the_check(question: str, answer: str) -> None:
    assert best(question) == answer
    assert check_answer(f"{answer.rstrip('.')}. [{SOURCE}]", {SOURCE: TABLE}, question, NOW.date()).dropped == ()


@pytest.mark.parametrize(
    "question",
    [
        "What was the royalty income in 2019?",
        "In which year was Other larger?",  # the same in both
        "What was the change in licence costs from 2020 to 2021?",  # of costs in brackets: with its sign or without?
        "What was the income of Oslo in 2021?",
    ],
)
def test_in_doubt_nothing_is_answered(question: str) -> None:
    assert best(question) is None


@pytest.mark.parametrize(
    "question",
    [
        "Is Alder Works a capital-intensive business?",
        "What is the ratio of royalty income to licence costs in 2021?",
        "How many products have a larger income than the kiln in 2021?",
    ],
)
def test_judgements_and_ratios_are_not_read_off(question: str) -> None:
    assert cannot_be_read_off(question) is not None


def test_the_model_has_the_last_word_on_what_was_read_and_none_on_what_was_worked_out() -> None:
    asked: list[Passage] = []

    def no(passage: Passage) -> float:
        asked.append(passage)
        return 0.1

    read = ranked("What was the royalty income in 2021?", {SOURCE: TABLE})
    assert chosen(read, no) is None
    assert asked
    asked.clear()
    worked = ranked("What was the change in royalty income from 2020 to 2021?", {SOURCE: TABLE})
    assert chosen(worked, no) is not None
    assert chosen(worked, no, Bounds(apart=1.1)) is None
    assert asked == []


@pytest.mark.parametrize(("question", "fact"), [("What is the total in 2021?", True), ("Did it grow?", True),
                                                ("What happened to MSFT?", False), ("Apple chargers", False)])  # fmt: skip
def test_news_is_not_read_off(question: str, fact: bool) -> None:
    assert asks_for_a_fact(question) is fact


def test_an_average_over_a_stretch_takes_every_year_of_it_and_a_why_is_no_calculation() -> None:
    assert years_wanted("the average cost from 2019 to 2021", "average") == ("2019", "2020", "2021")
    assert work_wanted("Why did the cost increase between 2019 and 2020?") is None
    assert work_wanted("What was the difference between income and cost in 2019 and 2020?") is None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("44.1 - 56.7 = -12.6", True),
        ("$44.1 − $56.7 = (12.6)", True),
        ("51.9% - 45.8% = 6.1%", True),
        ("(44.1 - 56.7) / 56.7 = -22.2%", True),
        ("(1 + 2) / 2 = 1.5", True),
        ("44.1 - 56.7 = 12.6", False),
        ("(44.1 - 56.7) / 56.7 = -22.3%", False),
        ("1 / 0 = 5", False),
    ],
)
def test_a_shown_calculation_is_worked_out_again(text: str, holds: bool) -> None:
    assert [one.holds for one in workings_in(f"It changed: {text}.")] == [holds]


def test_a_result_needs_no_source_but_what_it_is_worked_out_of_does() -> None:
    items = {SOURCE: "Sales were 44.1 in 2019 and 56.7 in 2018."}

    def faults(answer: str) -> str:
        return " ".join(fault for one in check_answer(answer, items, "q", NOW.date()).dropped for fault in one.faults)

    assert faults(f"Sales changed: 44.1 - 56.7 = -12.6. [{SOURCE}]") == ""
    assert "does not come out so" in faults(f"Sales changed: 44.1 - 56.7 = -11.6. [{SOURCE}]")
    assert "99.9" in faults(f"Sales changed: 99.9 - 56.7 = 43.2. [{SOURCE}]")
    assert "-12.6" in faults(f"Sales changed by -12.6. [{SOURCE}]")
