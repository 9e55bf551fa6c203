"""Figures, dates, periods and names in another language's form, and sentences with marks in their place."""

import json
import re
from typing import get_args

import pytest

from agent.translation.forms import forms_of
from agent.translation.languages import HOME, languages
from agent.translation.marks import MARK, marked
from evals.translation.grade import SETS, pairs
from terminal.arguments import build_parser
from terminal.settings import Settings

NBSP, NARROW = "\u00a0", "\u202f"


@pytest.mark.parametrize(
    ("english", "language", "shown"),
    [
        ("Revenue rose 12%.", "de", [f"12{NBSP}%"]),
        ("Revenue rose 12.50 percent.", "it", ["12,50%"]),
        ("It paid $1.2 billion.", "de", [f"1,2 Milliarden{NBSP}$"]),
        ("It paid $1.2 billion.", "es", [f"1,2 mil millones{NBSP}US$"]),
        ("It paid $1.2 billion.", "fr", [f"1,2 milliard{NBSP}$US"]),
        ("It paid $1.2 billion.", "pt", [f"US${NBSP}1,2 bilhão"]),
        ("It paid $1.20 billion.", "nl", [f"US${NBSP}1,20 miljard"]),
        ("It was worth €3 trillion.", "de", [f"3 Billionen{NBSP}€"]),
        ("It was worth €3 trillion.", "it", [f"3 mila miliardi{NBSP}€"]),
        ("It cut 1,200 jobs.", "de", ["1.200"]),
        ("It cut 1,200 jobs.", "fr", [f"1{NARROW}200"]),
        ("It cut forty-two jobs.", "de", ["42"]),
        ("Two of nine events moved.", "es", ["2", "9"]),
        ("It fell 120 basis points.", "fr", ["120 points de base"]),
        ("It rose 1.2 percentage points.", "nl", ["1,2 procentpunten"]),
        ("It moved -2.1σ.", "de", ["-2,1σ"]),
        ("It earned $0.95 a share, after 85 cents.", "de", [f"0,95{NBSP}$", f"0,85{NBSP}$"]),
        ("It pays $45 to $50 million.", "de", [f"45 Millionen{NBSP}$", f"50 Millionen{NBSP}$"]),
        ("It fell on July 21, 2025.", "fr", ["21 juillet 2025"]),
        ("It fell on July 21.", "pt", ["21 de julho"]),
        ("It fell on 2025-07-21.", "de", ["21. Juli 2025"]),
        ("It fell on Tuesday.", "es", ["martes"]),
        ("It fell in the third quarter of 2024.", "de", ["2024", "3. Quartal"]),
        ("It fell in Q3.", "fr", ["T3"]),
        ("It fell in the first half.", "it", ["1º semestre"]),
        ("A date that is none, February 30, 2025, stays.", "de", ["February 30, 2025"]),
        ("Profit doubled, and a third of it is one gain.", "de", []),
    ],
)
def test_a_figure_is_written_as_the_language_writes_it_with_every_digit_it_had(
    english: str, language: str, shown: list[str]
) -> None:
    assert sorted(form.shown for form in forms_of(english, language)) == sorted(shown)


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_digit_is_left_between_the_marks_and_filled_in_none_of_them_is_left(language: str) -> None:
    texts = [pair.english for name in SETS for pair in pairs(name)]
    texts += ["Form 10-K for FY24 names 737 MAX jets, COVID-19 and the S&P 500; 3M and G20 met at 9:30 on 1/2/2024."]
    for text in texts:
        one = marked(text, ["Microsoft", "3M"], language)
        assert not re.search(r"\d", MARK.sub("", one.text)), one.text
        assert not MARK.search(one.filled(one.text))


def test_names_are_kept_letter_by_letter_and_what_a_language_has_its_own_word_for_is_not_marked() -> None:
    one = marked(
        "Boeing's Dave Calhoun said the Federal Reserve and Germany hurt 737 MAX sales of BA.", ["Boeing", "BA"], "de"
    )
    assert [form.shown for form in one.forms] == ["Boeing", "Dave Calhoun", "737", "MAX", "BA"]
    assert "Federal Reserve" in one.text
    assert "Germany" in one.text


def test_a_mark_that_does_not_exist_stays_as_it_is() -> None:
    assert marked("Boeing fell.", ["Boeing"], "de").filled("[[1]] fiel [[2]].") == "Boeing fiel [[2]]."


def test_the_shipped_pairs_have_every_language_and_every_mark() -> None:
    for name in SETS:
        for pair in pairs(name):
            for code, text in pair.translations.items():
                forms = marked(pair.english, pair.names, code).forms
                numbers = sorted(int(number) for number in MARK.findall(text))
                assert numbers == list(range(1, len(forms) + 1)), json.dumps([pair.english, code, text])


def test_the_setting_and_the_option_offer_english_and_every_language_that_has_words_to_check_by() -> None:
    offered = {HOME, *languages()}
    assert set(get_args(Settings.model_fields["output_language"].annotation)) == offered
    options = build_parser().parse_args(["analyze", "x", "--language", "de"])
    assert options.language in offered
    for code in offered:
        assert build_parser().parse_args(["analyze", "x", "--language", code]).language == code
