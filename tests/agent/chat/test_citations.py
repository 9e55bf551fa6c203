"""What an answer says stands in what it cites, sentence by sentence, or is taken out with its reason."""

from datetime import date

import pytest

from agent.chat.citations import check_answer, parse

ITEMS = {
    "analysis:a1": "Microsoft wins an order (Wire, 2024-05-10 13:00 UTC). market impact 0.60 for MSFT. Microsoft won an order "
    "of 3 billion dollars from the army.",
    "event:e1": "2023-04-06: IBM won an order from the navy. IBM then moved -2.1% against its market over one session (-1.4σ).",
}
ON = date(2024, 5, 10)


def faults(answer: str, question: str = "What happened to MSFT?") -> list[str]:
    return [fault for one in check_answer(answer, ITEMS, question, ON).dropped for fault in one.faults]


def test_a_sentence_has_the_ids_in_and_after_it() -> None:
    assert parse("Microsoft [analysis:a1] won. [event:e1] It rose. [analysis:a1, event:e1]") == [
        ("Microsoft won.", ("analysis:a1", "event:e1")),
        ("It rose.", ("analysis:a1", "event:e1")),
    ]


def test_markup_is_taken_off_and_a_line_of_ids_belongs_to_the_sentence_before() -> None:
    assert parse("- **Microsoft** won an order.\n[analysis:a1]") == [("Microsoft won an order.", ("analysis:a1",))]


@pytest.mark.parametrize(
    "answer",
    [
        "Microsoft won an order of 3 billion dollars. [analysis:a1]",
        "The market impact is 0.60 for MSFT. [analysis:a1]",
        "On 2023-04-06 IBM won an order from the navy and fell 2.1%. [event:e1]",
        "I don't know from what I have: there is no price.",
        "I can't do that: I only read.",
    ],
)
def test_what_is_said_there_stands(answer: str) -> None:
    assert faults(answer) == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("Microsoft won an order.", "cites nothing"),
        ("Microsoft won an order. [analysis:zz]", "not retrieved"),
        ("Microsoft won an order of 4 billion dollars. [analysis:a1]", "figure “4 billion dollars”"),
        ("Microsoft won an order of 3 billion dollars. [event:e1]", "figure"),
        ("IBM won an order from the navy on 2023-04-07. [event:e1]", "date"),
        ("The army chose Oracle. [analysis:a1]", "name “Oracle”"),
        ("The firm said “we are thrilled about it”. [analysis:a1]", "quotation"),
        ("I don't know from what I have, but it will be 400 dollars.", "cites nothing"),
    ],
)
def test_what_is_not_said_there_is_taken_out_with_its_reason(answer: str, fault: str) -> None:
    found = faults(answer)
    assert found
    assert fault in " ".join(found)


def test_a_refusal_alone_says_no_and_a_cited_sentence_does_not() -> None:
    assert check_answer("I can't do that: I only read.", ITEMS, "q", ON).says_no
    assert not check_answer("Microsoft won an order. [analysis:a1]", ITEMS, "q", ON).says_no
    assert check_answer("", ITEMS, "q", ON).says_no


def test_a_figure_of_the_question_is_no_support() -> None:
    assert "9 billion" in faults("It is 9 billion. [analysis:a1]", "Is it 9 billion?")[0]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("MSFT will rise tomorrow. [analysis:a1]", "foretells"),
        ("Microsoft is likely to outperform. [analysis:a1]", "foretells"),
        ("You should buy Microsoft. [analysis:a1]", "advises"),
        ("I have bought Microsoft for you. [analysis:a1]", "was done"),
        ("Your order of Microsoft was placed. [analysis:a1]", "was done"),
    ],
)
def test_no_citation_bears_a_prophecy_an_advice_or_a_deed(answer: str, fault: str) -> None:
    assert fault in " ".join(faults(answer))


def test_what_others_foretell_may_be_reported() -> None:
    items = {"article:f": "The bank said that Microsoft shares will rise next year. An order was placed by the navy."}
    answer = "Microsoft shares will rise, the bank said. [article:f] An order was placed by the navy. [article:f]"
    assert check_answer(answer, items, "q", ON).dropped == ()
