"""What stops a translation: graded on the shipped pairs and on what is made wrong of them."""

import pytest

from agent.translation.languages import language
from agent.translation.marks import marked
from agent.translation.rules import faults_of
from evals.translation.grade import grade
from records.errors import UsageError

ALWAYS = (
    "a denial left out", "a figure added", "a figure or name left out", "a figure or name twice",
    "a figure written by the translator", "a multiple left out", "an address added", "another company named", "in another language",
    "left in English", "the other direction",
)  # fmt: skip


def test_faithful_translations_pass_and_what_code_can_tell_never_does() -> None:
    grades = grade("pairs_v1")
    assert [(code, faults) for code, _, faults in grades.refused] == [("de", ("[[2]] and [[3]] have changed places",))]
    assert {kind: grades.missed[kind] for kind in ALWAYS} == {kind: [] for kind in ALWAYS}
    assert all(grades.altered[kind] for kind in ALWAYS)


@pytest.mark.parametrize(
    ("english", "written", "fault"),
    [
        ("Sales rose 5 %.", "Der Umsatz fiel um [[1]].", "it goes another way"),
        ("Sales rose 5 %.", "Der Umsatz stieg nicht um [[1]].", "it denies what the English does not"),
        ("Sales did not rise 5 %.", "Der Umsatz stieg um [[1]].", "it leaves out a denial"),
        ("Sales rose 5 %.", "Der Umsatz stieg um [[1]", "[[1]] stands nowhere in it"),
        ("Sales rose 5 %.", "Der Umsatz stieg um [[1]] und [[2]].", "there is no [[2]]"),
        ("Sales rose 5 %.", "Der Umsatz stieg um [[1]] ]].", "it has a broken mark"),
        ("Sales rose to 5 % from 4 %.", "Der Umsatz stieg auf [[2]] von [[1]].", "[[1]] and [[2]] have changed places"),
        ("Sales rose 5 %.", "Der Umsatz stieg um [[1]], vor 2 Jahren.", "it has a figure of its own"),
        ("Sales rose 5 %.", "Der Umsatz stieg um [[1]]", "it is no whole sentence"),
        ("Sales doubled in the shops.", "Der Umsatz in den Läden stieg.", "“doubled” is not in it"),
        ("Sales rose 5 %.", "Der Umsatz von Boeing stieg um [[1]].", "it names Boeing"),
        ("Sales rose 5 %.", "[Der Umsatz](x) stieg um [[1]].", "it carries markup"),
        (
            "Sales of the whole company rose in the year.",
            "Les ventes de toute la société ont augmenté.",
            "it is not in German",
        ),
        ("Sales rose.", "Sales rose.", "it is not in German"),
    ],
)
def test_each_fault_is_named(english: str, written: str, fault: str) -> None:
    assert fault in faults_of(marked(english, [], "de"), written, language("de"), ["Boeing"])


def test_a_language_without_words_to_check_by_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="Choose one of en, de, fr, es, it, pt, nl"):
        language("ja")
