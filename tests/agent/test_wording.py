"""A text as words: the company masked, unit vectors, and a vocabulary that survives its file."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.wording import (
    LEAD_CHARACTERS,
    MASK,
    Likeness,
    Vocabulary,
    event_text,
    name_words,
    read,
    terms_of,
    words_of,
    write,
)

TERMS = ("$", "copper", "copper mine", "cut", "forecast", "mine", "strike")
IDF = np.array([1.0, 2.0, 3.0, 1.5, 1.25, 2.0, 2.5], dtype=np.float32)
WEIGHTS = np.array([0.01, -0.02, 0.05, 0.1, 0.08, 0.0, 0.2], dtype=np.float32)

words = st.lists(st.sampled_from(["copper", "mine", "cut", "forecast", "strike", "$", "unheard", "the"]), max_size=12)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(TERMS, IDF, WEIGHTS, 0.55)


def test_the_words_of_the_companys_name_become_the_mask() -> None:
    assert words_of("Contoso Pharmaceuticals cuts CONTOSO's 2015 forecast by 5%", "Contoso Pharmaceuticals Inc") == [
        MASK,
        "pharmaceuticals",
        "cuts",
        MASK,
        "s",
        "forecast",
        "by",
        "%",
    ]


def test_words_that_say_what_a_company_is_are_not_its_name() -> None:
    assert name_words("The Fabrikam Group Holdings Co of America") == {"fabrikam", "america"}
    assert name_words("AT&T Inc") == frozenset()
    assert name_words("") == frozenset()


def test_the_company_leaves_no_trace_in_the_vector(vocabulary: Vocabulary) -> None:
    one, other = (
        vocabulary.vector(words_of(f"{name} sees a strike at its copper mine", name))
        for name in ("Copper Kings", "Fabrikam")
    )
    named = {vocabulary.terms[column] for column in one.columns}
    assert named == {"mine", "strike"}
    assert {vocabulary.terms[column] for column in other.columns} == {"copper", "copper mine", "mine", "strike"}


def test_digits_are_left_out_and_terms_are_words_and_pairs() -> None:
    assert words_of("Q3 loss of $1.2bn", "") == ["q", "loss", "of", "$", "bn"]
    assert terms_of(["a", "b", "c"]) == ["a", "b", "c", "a b", "b c"]
    assert terms_of(["a"]) == ["a"]
    assert terms_of([]) == []


def test_an_events_text_is_its_headlines_and_the_beginning_of_its_body() -> None:
    text = event_text(["One", "Two"], "x" * 5_000)
    assert text == "One . Two " + "x" * LEAD_CHARACTERS


def test_a_vector_by_hand(vocabulary: Vocabulary) -> None:
    made = vocabulary.vector(["copper", "mine", "mine"])
    raw = np.array([2.0 * 1, 3.0 * 1, 2.0 * (1 + np.log(2))])
    assert made.columns.tolist() == [1, 2, 5]
    assert made.values == pytest.approx(raw / np.linalg.norm(raw), abs=1e-6)
    unit = raw / np.linalg.norm(raw)
    assert vocabulary.expected(made) == pytest.approx(0.55 + unit @ [-0.02, 0.05, 0.0], abs=1e-6)
    assert vocabulary.telling(made, 2) == ["copper mine", "copper"]


def test_a_text_without_known_terms_is_empty_and_expects_the_base(vocabulary: Vocabulary) -> None:
    made = vocabulary.vector(["unheard"])
    assert len(made.columns) == len(made.values) == 0
    assert vocabulary.expected(made) == 0.55
    assert Likeness(made).cosine(vocabulary.vector(["copper"])) == 0
    assert vocabulary.telling(made) == []


@given(words, words)
@settings(max_examples=150, deadline=None)
def test_vectors_are_of_unit_length_and_cosines_lie_in_zero_to_one(left: list[str], right: list[str]) -> None:
    vocabulary = Vocabulary(TERMS, IDF, WEIGHTS, 0.55)
    one, two = vocabulary.vector(left), vocabulary.vector(right)
    for made in (one, two):
        norm = float(np.linalg.norm(made.values))
        assert norm == pytest.approx(1, abs=1e-6) or (len(made.values) == 0 and norm == 0)
        assert (np.diff(made.columns) > 0).all()
    assert 0 <= Likeness(one).cosine(two) <= 1 + 1e-6
    assert Likeness(one).cosine(two) == pytest.approx(Likeness(two).cosine(one))
    dense = np.zeros((2, len(TERMS)))
    dense[0, one.columns], dense[1, two.columns] = one.values, two.values
    assert Likeness(one).cosine(two) == pytest.approx(float(dense[0] @ dense[1]), abs=1e-6)
    assert Likeness(one).cosine(one) == pytest.approx(1.0 if len(one.values) else 0.0, abs=1e-6)


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=9),
        st.tuples(st.floats(1, 15), st.floats(-1, 1)),
        min_size=1,
        max_size=20,
    ),
    st.floats(0.3, 0.8),
)
@settings(max_examples=80, deadline=None)
def test_a_vocabulary_survives_writing_and_reading_byte_for_byte(
    content: dict[str, tuple[float, float]], base: float
) -> None:
    terms = sorted(content)
    idf, weights = (np.array([content[term][place] for term in terms], dtype=np.float32) for place in (0, 1))
    once = write(Vocabulary(terms, idf, weights, base))
    found = read(once)
    assert write(found) == once == write(read(write(found)))
    assert found.terms == tuple(terms)
    assert np.abs(found.idf - idf).max() <= 0.0006
    assert np.abs(found.weights - weights).max() <= 0.00006
    assert found.base == pytest.approx(base, abs=1e-6)


def test_the_shape_of_the_file_does_not_depend_on_the_time(vocabulary: Vocabulary) -> None:
    assert write(vocabulary)[4:8] == b"\0\0\0\0"  # the time field of gzip


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"term,weight\n,0\n", mtime=0),
        gzip.compress(b"term,idf,weight\n,0,.5\na,1\n", mtime=0),
    ],
)
def test_damaged_bytes_are_refused(content: bytes) -> None:
    with pytest.raises((ValueError, OSError)):
        read(content)


def test_a_file_without_its_base_line_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read(gzip.compress(b"term,idf,weight\n"))


def test_the_telling_terms_never_show_the_mask() -> None:
    terms = [MASK, f"{MASK} sues", "sues"]
    vocabulary = Vocabulary(terms, np.ones(3, dtype=np.float32), np.array([9.0, 5.0, 1.0], dtype=np.float32), base=0.5)
    words = words_of("Contoso sues", "Contoso Inc")
    assert vocabulary.telling(vocabulary.vector(words)) == ["sues"]
