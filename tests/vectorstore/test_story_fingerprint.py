"""What identifies a text: terms, furniture taken off, digests, MinHash keys that never change, novelty."""

import numpy as np
import pytest
from datasketch import MinHash  # type: ignore[import-untyped]

from vectorstore.threads.fingerprint import BANDS, PERMUTATIONS, fingerprint, key_of
from vectorstore.threads.novelty import content_of, novelty
from vectorstore.threads.terms import rarity, terms_of

BODY = (
    "Acme Corp on Monday cut its profit forecast for the year by 20 percent, citing weak demand for its pumps in Europe, and said "
    "its finance chief would step down.\n\nThe maker of pumps now expects a profit of $1.2 billion, down from $1.5 billion."
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2nd-qtr profit", "second-quarter profits"),
        ("Q2 loss of $1,234.50 mln", "Q2 loss of 1234.5 million"),
        ("agrees to acquire", "deal to buy"),
        ("up 12.50%", "up 12.5 percent"),
        ("Britain’s bank", "UK bank"),
    ],
)
def test_spellings_of_one_fact_are_the_same_terms(one: str, other: str) -> None:
    assert terms_of(one) == terms_of(other)


def test_quarters_and_figures_stay_apart() -> None:
    assert terms_of("Q1 loss $0.05") != terms_of("Q2 loss $0.05") != terms_of("Q2 loss $0.07")


def test_a_name_is_rarer_than_a_word_of_every_headline() -> None:
    assert rarity("zyxgen") > rarity("pump") > rarity("earn")


@pytest.mark.parametrize(
    "text",
    [
        f"NEW YORK, July 21 (Reuters) - {BODY}",
        f"July 21 {BODY}",
        f"{BODY}\n\n(Reporting by A. Writer in Springfield; Editing by B. Editor)",
        f"{BODY}\n\nOur Standards: The Thomson Reuters Trust Principles.",
        f"{BODY}\n\nClick here to subscribe to our newsletter.",
        BODY.upper(),
        BODY.replace(" ", "  "),
        BODY.replace("$", "&#36;").replace("'", "&#39;"),
    ],
)
def test_agency_furniture_case_spaces_and_entities_leave_the_digest(text: str) -> None:
    title = "Acme cuts forecast"
    assert fingerprint(title, text).digest == fingerprint(title, BODY).digest


def test_another_figure_is_another_digest() -> None:
    assert fingerprint("Acme", BODY).digest != fingerprint("Acme", BODY.replace("20", "25")).digest


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("UPDATE 2-Acme cuts forecast", "update"),
        ("CORRECTED-Acme cuts forecast", "correction"),
        ("CORRECTED-UPDATE 1-Acme cuts forecast", "correction"),
        ("RPT-Acme cuts forecast", "repeat"),
        ("BRIEF-Acme cuts forecast", None),
        ("Factbox: Acme cuts forecast", "digest"),
        ("Acme cuts forecast", None),
    ],
)
def test_labels_are_read_and_taken_off(title: str, label: str | None) -> None:
    found = fingerprint(title, "")
    assert (found.label, found.title) == (label, "acme cuts forecast")


def test_a_text_that_says_it_corrects_is_labelled() -> None:
    assert fingerprint("Acme cuts forecast", f"(Corrects figure in first paragraph)\n\n{BODY}").label == "correction"


def test_the_keys_of_a_text_never_change() -> None:
    # they are stored: another scheme of hashing, would find nothing that was kept before
    assert fingerprint("Acme cuts forecast", BODY).bands[:2] == GOLDEN


GOLDEN = (-5886175846683628018, 966578971930067691)


@pytest.mark.parametrize("words", [4, 12, 400])
def test_the_bands_are_those_of_the_library_that_made_the_ones_kept_before(words: int) -> None:
    mark = fingerprint("Acme", " ".join(f"word{number * number % 997}" for number in range(words)))
    reference = MinHash(num_perm=PERMUTATIONS, seed=1, scheme="affine32", hashfunc=int)
    reference.update_batch(sorted(mark.shingles))
    values = np.asarray(reference.hashvalues, dtype="<u8").reshape(BANDS, -1)
    assert mark.bands == tuple(key_of("band", f"{band}:{row.tobytes().hex()}") for band, row in enumerate(values))


def test_a_text_too_short_to_tell_has_no_body_digest() -> None:
    assert fingerprint("Acme cuts forecast", "Source text for Eikon: Further company coverage:").body_digest is None


def test_novelty_is_none_for_the_same_words_all_for_other_words_and_between_for_an_addition() -> None:
    old = content_of(fingerprint("Acme cuts forecast", BODY))
    more = content_of(fingerprint("Acme cuts forecast", f"{BODY}\n\nTwo rivals lost 37 stores to floods in Jakarta."))
    other = content_of(
        fingerprint("Zyxgen drug trial fails", "The remedy for gout did no better than sugar, 611 patients showed.")
    )
    assert novelty(old, [old]) == 0
    assert novelty(other, [old]) > 0.9
    assert 0.1 < novelty(more, [old]) < 0.6


def test_a_changed_figure_is_news_and_more_earlier_texts_never_raise_novelty() -> None:
    old = content_of(fingerprint("Acme cuts forecast", BODY))
    new = content_of(fingerprint("Acme cuts forecast", BODY.replace("20 percent", "35 percent")))
    other = content_of(fingerprint("Acme sees 35 percent cut", ""))
    assert novelty(new, [old]) > 0
    assert novelty(new, [old, other]) <= novelty(new, [old])


def test_a_text_without_earlier_ones_is_new() -> None:
    assert novelty(content_of(fingerprint("Acme cuts forecast", BODY)), []) == 1
