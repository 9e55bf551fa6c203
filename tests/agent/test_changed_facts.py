"""Figures and statements that one text has and another has not."""

import pytest

from agent.changed_facts import changed_figures, changed_quotes
from records.changes import FigureChange
from records.reading import Fact, Span


def fact(number: int, quote: str) -> Fact:
    return Fact(id=f"A{number}", text=quote, quote=quote, span=Span(start=0, end=len(quote)))


def figures(before: str, after: str, *, facts: bool = True, correction: bool = False) -> list[FigureChange]:
    """Each text is its own fact."""
    known = ([fact(1, before)], [fact(1, after)]) if facts else ([], [])
    return changed_figures(before, known[0], after, known[1], correction=correction)


def test_a_figure_in_the_same_words_is_corrected_and_told_once() -> None:
    before = "Alcoa takes $900 million charge\n\nAlcoa said on Monday it will take a charge of $900 million for its smelters."
    after = "Alcoa takes $1.2 billion charge\n\nAlcoa said on Tuesday it will take a charge of $1.2 billion for its smelters."
    [one] = figures(before, after)
    assert (one.change, one.before, one.after) == ("corrected", "$900 million", "$1.2 billion")
    assert one.words in after


def test_a_correction_may_name_the_old_figure_too() -> None:
    before = "The company will take a charge of $900 million in the fourth quarter."
    after = "The company will take a charge of $1.2 billion in the fourth quarter. It had said $900 million."
    assert [one.change for one in figures(before, after, correction=True)] == ["corrected"]
    assert [one.change for one in figures(before, after)] == ["new"]  # else both may be true


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Shares of Alcoa fell 3 percent on Monday.", "Shares of Alcoa fell 5 percent on Tuesday."),
        ("Profit of Alcoa rose to $3 million.", "Profit of Boeing rose to $4 million."),
        ("Sales were $20 million in the first quarter.", "Sales were $22 million in the second quarter."),
        ("The plant employs 900 people.", "The fine may reach 1,200 people who sued."),
        ("The charge is $900 million.", "The charge is 12 percent of sales."),
    ],
)
def test_other_words_around_it_make_a_new_figure_and_no_correction(before: str, after: str) -> None:
    assert [one.change for one in figures(before, after)] == ["new", "gone"]


def test_two_figures_of_one_sentence_are_paired_by_their_own_words() -> None:
    before = "It made a profit of $3 million on revenue of $20 million."
    after = "It made a profit of $4 million on revenue of $21 million."
    assert [(one.before, one.after) for one in figures(before, after)] == [
        ("$3 million", "$4 million"),
        ("$20 million", "$21 million"),
    ]


def test_another_spelling_or_rounding_of_a_figure_is_no_change() -> None:
    assert figures("The charge is about $1.23 billion.", "The charge is $1,230 million, or some $1.2 billion.") == []


def test_a_figure_that_no_fact_was_picked_for_is_neither_new_nor_gone() -> None:
    assert figures("The plant employs 900 people.", "The fine is $5 million.", facts=False) == []


def test_a_fact_that_the_other_text_says_is_no_change_whatever_was_picked_from_it() -> None:
    said = "The company expects demand to recover in Europe."
    other = "Sixteen states joined the suit against the company."
    found = changed_quotes(said, [fact(1, said)], f"{said} {other}", [fact(1, other)])
    assert [(one.change, one.quote) for one in found] == [("new", other)]
    gone = changed_quotes(f"{said} {other}", [fact(1, said), fact(2, other)], said, [fact(1, said)])
    assert [(one.change, one.fact_id) for one in gone] == [("gone", "A2")]


def test_a_statement_of_which_only_the_figure_changed_is_no_new_statement() -> None:
    before, after = "The charge for its smelters is $900 million.", "The charge for its smelters is $1.2 billion."
    assert changed_quotes(before, [fact(1, before)], after, [fact(1, after)]) == []
