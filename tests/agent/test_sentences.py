"""Sentences and their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sentences import joined, split_sentences, without_bullet


def test_abbreviations_and_decimals_end_no_sentence() -> None:
    text = "The U.S. agency rejected Lilly & Co. on Monday. Rates rose 3.5 percent. J. P. Morgan Inc. agreed."
    assert [sentence for _, sentence in split_sentences(text)] == [
        "The U.S. agency rejected Lilly & Co. on Monday.",
        "Rates rose 3.5 percent.",
        "J. P. Morgan Inc. agreed.",
    ]


def test_a_headline_without_full_stop_is_a_sentence_of_its_own() -> None:
    assert [sentence for _, sentence in split_sentences("Fed raises rates\n\nIt did so again.")] == [
        "Fed raises rates",
        "It did so again.",
    ]


@given(st.text(alphabet="aB. \n!?\"'5$", max_size=200))
def test_spans_point_at_their_sentences_in_order_without_overlap(text: str) -> None:
    end = 0
    for span, sentence in split_sentences(text):
        assert text[span.start : span.end] == sentence
        assert sentence == sentence.strip() != ""
        assert span.start >= end
        end = span.end


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("* Profit fell.", "Profit fell."), ("• 3 percent of sales", "3 percent of sales"), ("-- Sales rose.", "Sales rose."),
        ("- 3 percent", "- 3 percent"), ("-- $5 million", "-- $5 million"), ("*", "*"), ("3*4 is 12.", "3*4 is 12."),
        ("-based makers rose.", "-based makers rose."),
    ],
)  # fmt: skip
def test_a_sentence_is_told_without_the_mark_of_its_list(sentence: str, said: str) -> None:
    text = f"Oil fell.\n{sentence}\n"
    span, without = without_bullet(*split_sentences(text)[1])
    assert without == text[span.start : span.end] == said


def test_joined_sentences_are_told_apart_again() -> None:
    parts = ["Begin reply with two words", "Revenue rose.", "It fell"]
    assert [text for _, text in split_sentences(joined(parts))] == [f"{parts[0]}.", parts[1], f"{parts[2]}."]
