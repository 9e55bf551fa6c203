"""Characters: nothing invisible passes, numbers keep their value, and cleaning twice changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.clean import clean_line, clean_text, lookalike_note, removal_note

# Signs that belong to the numbers and words after them in Arabic and Syriac: format characters that are seen.
SEEN_FORMAT = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
FILLERS = set("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
VARIATION = {chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
UNSEEN_LETTERS = FILLERS | VARIATION
UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co"}
ODD = st.sampled_from(
    [*FILLERS, *sorted(VARIATION)[:20], *"\u200b\u200d\u202e\u2066\u00ad\ufeff\U000e0041\x00\x1b\x85\u2028\u2029\ud800\ue000",
     *"½⅓²³¹⁻ﬁ™ℵ①\u0301\u0308e a1\n\r\t ", "\u1100", "\u1161", "\u0d46", "\u0d3e", "⁄"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(), st.text(ODD), st.lists(st.one_of(st.text(ODD, max_size=5), st.text(max_size=5))).map("".join)
)


def _invisible(letter: str) -> bool:
    if letter == "\n" or letter in SEEN_FORMAT:
        return False
    return unicodedata.category(letter) in UNSEEN_CATEGORIES or letter in UNSEEN_LETTERS


def test_no_character_of_unicode_that_cannot_be_seen_passes():
    suspects = [letter for letter in map(chr, range(0x110000)) if _invisible(letter)]
    assert len(suspects) > 100_000  # mostly private use
    passed = clean_text("a".join(suspects)).text
    assert [f"U+{ord(letter):04X}" for letter in set(passed) if _invisible(letter)] == []


@given(TEXTS)
def test_cleaning_is_idempotent(raw):
    once = clean_text(raw).text
    twice = clean_text(once)
    assert twice.text == once
    assert not twice.removed


@given(TEXTS)
def test_cleaned_text_is_normal_visible_and_encodable(raw):
    text = clean_text(raw).text
    assert not any(map(_invisible, text))
    assert unicodedata.is_normalized("NFKC", text)
    assert "\n\n\n" not in text
    assert all(line == line.strip(" \t\u00a0") for line in text.split("\n"))
    text.encode("utf-8")


@given(TEXTS)
def test_cleaned_line_is_one_line(raw):
    line = clean_line(raw).text
    assert line == " ".join(line.split())
    assert clean_line(line).text == line


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("yield rose ½ point to 3½%", "yield rose 1/2 point to 3 1/2%"),
        ("10² m² 10⁻³ revenue¹", "10^2 m^2 10^-3 revenue^1"),
        ("Nasdaq™ and Visa℠", "Nasdaq and Visa"),
        ("COVID\u201119 fell \u22123.5%", "COVID-19 fell -3.5%"),
        ("Ａｃｍｅ ﬁles １０-K", "Acme files 10-K"),
        ("1\u202f000\u00a0000 €", "1 000 000 €"),
        ("𝐒𝐭𝐫𝐨𝐧𝐠 𝘣𝘶𝘺", "Strong buy"),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\n\ne"),
        ("one\n \n\t\n\n two  \n", "one\n\ntwo"),
        ("a \u2800 \u2800\tb", "a b"),
        ("1½½5", "1 1/2 1/2 5"),
        ("e\u200b\u0301clair", "éclair"),
        ("“Quote” — it’s…", "“Quote” — it’s..."),
        ("", ""),
        ("\u200b\u200b", ""),
    ],
)
def test_text_is_spelled_one_way_and_numbers_keep_their_value(raw, cleaned):
    assert clean_text(raw).text == cleaned


def test_what_was_taken_out_is_counted_by_kind():
    removed = clean_text("a\u200bb\u200cc\u202ed\u00ade\U000e0041\U000e0042\x07f\ue000").removed
    assert removed == {"zero-width": 2, "bidi": 1, "soft hyphen": 1, "tag": 2, "control": 1, "meaningless": 1}
    assert removal_note(removed) == (
        "removed 8 invisible characters (2 tag, 2 zero-width, 1 bidi, 1 control, 1 meaningless, 1 soft hyphen)"
    )
    assert removal_note(clean_text("plain\r\ntext\t½").removed) is None


def test_words_of_two_scripts_are_flagged_with_the_code_point_and_kept():
    text = clean_text("Shares of \u0410pple and Micr\u043es\u043eft rose").text
    assert "\u0410pple" in text
    assert lookalike_note(text) == (
        "words that mix Latin letters with look-alikes of another script: \u0410pple (U+0410), Micr\u043es\u043eft (U+043E)"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Apple rose",
        "Газпром сообщил о прибыли Apple",
        "10 μm, 5 μg of β-carotene",
        "Société Générale",
        "ΑΔΜΗΕ raised capital",
    ],
)
def test_words_of_one_script_are_not_flagged(text):
    assert lookalike_note(clean_text(text).text) is None


def test_only_the_first_five_flagged_words_are_named():
    note = lookalike_note(" ".join(f"\u0410pple{letter}" for letter in "abcdefg"))
    assert note is not None
    assert note.endswith("and 2 more")
