"""Splitting, stop words and stems."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore import words
from vectorstore.words import LONGEST_STEMMED, fingerprint, is_informative, split, stem, stems_of, terms_of


def test_stop_words_single_characters_and_bare_numbers_tell_nothing() -> None:
    assert terms_of("The company's Q3 profit was 12 % of 2,024 in a 5G deal, x ½ 三") == ("q3", "profit", "5g", "deal")


def test_terms_are_distinct_and_in_order_of_first_appearance() -> None:
    assert terms_of("Copper strike: copper output, Strike") == ("copper", "strike", "output")


def test_wide_letters_ligatures_and_case_are_one_writing() -> None:
    assert terms_of("ＡＩ ai AI ﬁnance FINANCE STRASSE straße") == ("ai", "finance", "strasse")


def test_characters_that_mean_something_to_a_query_language_are_gone() -> None:
    assert terms_of('first_time "copper" OR (strike*) NEAR/2 -output; DROP\x00TABLE') == (
        "time", "copper", "strike", "near", "output", "drop", "table",
    )  # fmt: skip


def test_the_endings_of_a_word_do_not_matter() -> None:
    assert stem("agreements") == stem("agreement")
    assert len({stem(word) for word in ("sign", "signs", "signed", "signing")}) == 1
    assert stem("sign") != stem("signal")


def test_each_stem_keeps_the_word_that_the_text_writes_first() -> None:
    assert stems_of("Signed deals; deal to sign copper") == {"sign": "signed", "deal": "deals", "copper": "copper"}


def test_a_word_of_any_length_is_stemmed_at_once() -> None:
    assert stem("y" * 1_000_000) == "y" * 1_000_000
    assert stem("a" * (LONGEST_STEMMED - 1) + "s") == "a" * (LONGEST_STEMMED - 1)
    assert stem("a" * LONGEST_STEMMED + "s") == "a" * LONGEST_STEMMED + "s"


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    former = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(former)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_stem_at_once_do_not_mix_their_words() -> None:
    many = [
        f"{start}{end}" for start in ("agree", "nation", "regulat", "propos") for end in ("ments", "alities", "ing")
    ]
    expected = [stem(word) for word in many]
    with ThreadPoolExecutor(4) as pool:
        tries = pool.map(lambda _: [stem.__wrapped__(word) for word in many], range(100))
        assert all(found == expected for found in tries)


@settings(deadline=None)
@given(st.lists(st.text() | st.sampled_from("\ud800\udfff")).map("".join))
def test_any_text_is_split_into_terms_that_can_be_written_as_utf8(text: str) -> None:
    assert all(word.encode() and is_informative(word) for word in terms_of(text))
    assert set(stems_of(text).values()) <= set(terms_of(text)) <= set(split(text))


def test_the_fingerprint_tells_another_splitter_from_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = fingerprint.__wrapped__()
    assert ours == fingerprint.__wrapped__()
    assert 0 <= ours < 2**63
    with monkeypatch.context() as patch:
        patch.setattr(words, "STOP_WORDS", words.STOP_WORDS - {"company"})
        assert fingerprint.__wrapped__() != ours
    monkeypatch.setattr(words, "stem", lambda word: word)
    assert fingerprint.__wrapped__() != ours
