"""The inverted lists and BM25 over them, against a brute-force BM25 over the texts."""

import math
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from records.errors import StoreCorrupt
from vectorstore import postings as module
from vectorstore.postings import K1, MAX_TERMS, MOST, B, LexicalHit, LexicalRanking, Postings, Shelf, search
from vectorstore.words import is_informative, split, stem, stems_of

VOCABULARY = (
    "copper", "strike", "strikes", "output", "agreement", "agreements", "agreed", "deal", "merger", "AI", "ＡＩ", "straße",
    "the", "company", "2024", "q3", "😀", "東京", "été",
)  # fmt: skip
FILES = ("rows", "uses", "starts", "terms", "term_starts", "lengths", "cumulative", "summary")

texts = st.lists(st.sampled_from(VOCABULARY), max_size=8).map(" ".join)
queries = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)


@dataclass(frozen=True)
class Plain:
    """A shelf as a person would write it down."""

    texts: list[str]
    visible: int
    dead: frozenset[int]

    def shelf(self) -> Shelf:
        return shelf_of(self.texts, self.visible, self.dead)

    def living(self) -> dict[int, Counter[str]]:
        return {row: counts(self.texts[row]) for row in range(self.visible) if row not in self.dead}


@st.composite
def plain_shelves(draw: st.DrawFn) -> Plain:
    many = draw(st.lists(texts, max_size=14))
    rows = st.sets(st.integers(0, max(len(many) - 1, 0))) if many else st.just(set[int]())
    return Plain(many, draw(st.integers(0, len(many))), frozenset(draw(rows)))


def shelf_of(many: Sequence[str], visible: int | None = None, dead: frozenset[int] = frozenset()) -> Shelf:
    marks: NDArray[np.bool_] | None = np.isin(np.arange(len(many)), list(dead)) if dead else None
    return Shelf(Postings.build(many), len(many) if visible is None else visible, marks)


def counts(text: str) -> Counter[str]:
    return Counter(stem(word) for word in split(text) if is_informative(word))


def brute_force(query: str, plain: Sequence[Plain], limit: int) -> tuple[list[LexicalHit], dict[str, float]]:
    documents = {(number, row): words for number, each in enumerate(plain) for row, words in each.living().items()}
    having = {term: sum(term in words for words in documents.values()) for term in list(stems_of(query))[:MAX_TERMS]}
    idf = {term: math.log(1 + (len(documents) - n + 0.5) / (n + 0.5)) for term, n in having.items() if n}
    ordered = sorted(idf, key=lambda term: -idf[term])
    average = sum(words.total() for words in documents.values()) / max(len(documents), 1)
    hits = []
    for (number, row), words in documents.items():
        shared = [term for term in ordered if words[term]]
        norm = K1 * (1 - B + B * (words.total() / average)) if shared else 0.0
        score = sum((idf[term] * (words[term] / (words[term] + norm)) for term in shared), 0.0)
        if shared:
            hits.append(LexicalHit(number, row, score, tuple(stems_of(query)[term] for term in shared)))
    best = sorted(hits, key=lambda hit: (-hit.score, -hit.shelf, -hit.row))[:limit]
    return best, {stems_of(query)[term]: idf[term] for term in ordered}


def everything(ranking: LexicalRanking, sizes: Sequence[int]) -> str:
    """All that a ranking tells, to the last bit."""
    terms = [ranking.terms_of(shelf, np.arange(size)) for shelf, size in enumerate(sizes)]
    return repr((ranking.hits, list(ranking.weights.items()), terms))


@settings(deadline=None)
@given(queries, st.lists(plain_shelves(), max_size=3), st.integers(0, 20))
def test_search_finds_what_brute_force_finds(query: str, plain: list[Plain], limit: int) -> None:
    ranking = search(query, [each.shelf() for each in plain], limit)
    hits, weights = brute_force(query, plain, limit)
    assert list(ranking.hits) == hits
    assert list(ranking.weights.items()) == list(weights.items())


@settings(deadline=None)
@given(queries, st.lists(plain_shelves(), min_size=1, max_size=2))
def test_terms_of_any_row_are_those_of_its_hit_and_of_no_hit_none(query: str, plain: list[Plain]) -> None:
    ranking = search(query, [each.shelf() for each in plain], 0)
    everyone = {(hit.shelf, hit.row): hit.terms for hit in brute_force(query, plain, 1_000)[0]}
    for number, each in enumerate(plain):
        for row in range(-1, len(each.texts) + 1):
            assert ranking.terms_of(number, np.array([row])) == [everyone.get((number, row), ())]


@settings(deadline=None)
@given(queries, plain_shelves(), st.lists(texts, max_size=6), st.integers(1, 5))
def test_rows_that_are_not_visible_change_nothing(query: str, plain: Plain, later: list[str], limit: int) -> None:
    known = plain.texts[: plain.visible]
    dead = frozenset(row for row in plain.dead if row < plain.visible)
    then = search(query, [shelf_of(known, None, dead)], limit)
    now = search(query, [shelf_of(known + later, plain.visible, dead)], limit)
    later_dead = dead.union(range(len(known), len(known + later)))
    removed = search(query, [shelf_of(known + later, plain.visible, later_dead)], limit)
    sizes = [len(known)]
    assert everything(then, sizes) == everything(now, sizes) == everything(removed, sizes)


@settings(deadline=None)
@given(queries, plain_shelves(), st.integers(0, 14), st.integers(1, 20))
def test_two_shelves_score_as_one_with_the_same_texts(query: str, plain: Plain, cut: int, limit: int) -> None:
    cut = min(cut, plain.visible)
    first = shelf_of(plain.texts[:cut], None, frozenset(row for row in plain.dead if row < cut))
    second_dead = frozenset(row - cut for row in plain.dead if row >= cut)
    second = shelf_of(plain.texts[cut:], plain.visible - cut, second_dead)
    one, two = search(query, [plain.shelf()], limit), search(query, [first, second], limit)
    assert [(hit.row, hit.score, hit.terms) for hit in one.hits] == [
        (hit.row + cut * hit.shelf, hit.score, hit.terms) for hit in two.hits
    ]
    assert one.weights == two.weights


@settings(deadline=None)
@given(queries, plain_shelves())
def test_dead_rows_count_as_if_they_had_never_been(query: str, plain: Plain) -> None:
    kept = [row for row in range(plain.visible) if row not in plain.dead]
    without = search(query, [shelf_of([plain.texts[row] for row in kept])], 20)
    with_them = search(query, [plain.shelf()], 20)
    assert [(kept[hit.row], hit.score, hit.terms) for hit in without.hits] == [
        (hit.row, hit.score, hit.terms) for hit in with_them.hits
    ]
    assert without.weights == with_them.weights


@pytest.mark.parametrize("limit", [1, 20, 700, 10_000])
def test_among_thousands_the_best_and_their_ties_are_the_brute_force_ones(limit: int) -> None:
    chance = random.Random(7)
    words = [f"word{number}" for number in range(60)]
    shares = [1 / (1 + number) for number in range(60)]
    many = [" ".join(chance.choices(words, shares, k=chance.randint(0, 7))) for _ in range(3_000)]
    dead = frozenset(chance.sample(range(3_000), 200))
    plain = [
        Plain(many[:2_000], 1_900, frozenset(row for row in dead if row < 2_000)),
        Plain(many[2_000:], 900, frozenset()),
    ]
    query = " ".join(chance.sample(words, 25))
    ranking = search(query, [each.shelf() for each in plain], limit)
    assert list(ranking.hits) == brute_force(query, plain, limit)[0]


@settings(deadline=None)
@given(st.lists(texts, max_size=10))
def test_the_lists_say_which_texts_have_a_term_and_how_often(many: list[str]) -> None:
    built = Postings.build(iter(many))
    assert len(built) == len(many)
    assert built.lengths.tolist() == [counts(text).total() for text in many]
    assert built.cumulative_lengths.tolist() == [sum(built.lengths[:n].tolist()) for n in range(len(many) + 1)]
    for term in {stem(word) for word in split(" ".join(VOCABULARY))}:
        rows, frequencies = built.rows_of(term)
        found = {row: counts(text)[term] for row, text in enumerate(many) if counts(text)[term]}
        assert dict(zip(rows.tolist(), frequencies.tolist(), strict=True)) == found
        assert rows.tolist() == sorted(rows.tolist())


def test_a_plural_finds_the_singular_and_is_shown_as_the_query_writes_it() -> None:
    ranking = search("Agreements signed", [shelf_of(["an agreement to sign", "copper output"])], 5)
    assert [(hit.row, hit.terms) for hit in ranking.hits] == [(0, ("agreements", "signed"))]


def test_a_word_in_two_forms_counts_once() -> None:
    shelf = shelf_of(["a strike of strikes", "copper"])
    assert search("strike strikes", [shelf], 5).hits == search("strike", [shelf], 5).hits


def test_a_rare_word_weighs_more_and_comes_first() -> None:
    ranking = search("copper strike", [shelf_of(["copper strike", "copper", "copper", "output"])], 5)
    assert ranking.hits[0].terms == ("strike", "copper")
    assert list(ranking.weights) == ["strike", "copper"]
    assert ranking.weights["strike"] == pytest.approx(math.log(1 + 3.5 / 1.5))


def test_equal_scores_are_ordered_by_later_shelf_then_later_row() -> None:
    ranking = search("copper", [shelf_of(["copper", "copper"]), shelf_of(["copper", "copper"])], 3)
    assert [(hit.shelf, hit.row) for hit in ranking.hits] == [(1, 1), (1, 0), (0, 1)]


@pytest.mark.parametrize("query", ["", "   ", "the of and", "2024 12", "😀 🚀", "\ud800", "unheard"])
def test_a_query_without_a_known_word_finds_nothing(query: str) -> None:
    ranking = search(query, [shelf_of(["copper the 2024 😀", ""])], 5)
    assert (ranking.hits, dict(ranking.weights), ranking.terms_of(0, np.array([0]))) == ((), {}, [()])


def test_letters_of_any_script_are_found() -> None:
    many = ["東京 market", "ÉTÉ campaign", "straße works", "😀copper😀"]
    found = [search(query, [shelf_of(many)], 5).hits[0].row for query in ("東京", "été", "STRASSE", "copper🚀")]
    assert found == [0, 1, 2, 3]


def test_places_of_terms_are_kept_up_to_a_number_and_stay_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACES_KEPT", 2)
    shelf = shelf_of(["copper strike", "nickel", "zinc mine"])
    for word, row in (("copper", 0), ("nickel", 1), ("zinc", 2), ("strike", 0), ("copper", 0), ("lead", None)) * 2:
        assert [hit.row for hit in search(word, [shelf], 5).hits] == ([] if row is None else [row])
        assert len(shelf.postings._places) <= 2


@pytest.mark.parametrize("many", [[], [""], ["the", "2024"]])
def test_shelves_without_a_word_find_nothing_and_can_be_saved(many: list[str], tmp_path: Path) -> None:
    Postings.build(many).save(tmp_path)
    opened = Postings.open(tmp_path)
    assert len(opened) == len(many)
    assert search("copper", [Shelf(opened, len(many), None)], 5).hits == ()


def test_the_second_best_of_many_is_found_far_below_the_best() -> None:
    many = ["copper strike", *["output"] * 150, "copper", *["output"] * 150]
    assert [hit.row for hit in search("copper strike", [shelf_of(many)], 2).hits] == [0, 151]
    near = ["copper strike", *["copper"] * 300]
    assert [hit.row for hit in search("copper strike", [shelf_of(near)], 2).hits] == [0, 300]


def test_each_shelf_may_lack_words_that_another_has() -> None:
    ranking = search("copper strike", [shelf_of(["copper"]), shelf_of(["strike"]), shelf_of([])], 5)
    assert [(hit.shelf, hit.terms) for hit in ranking.hits] == [(1, ("strike",)), (0, ("copper",))]


def test_no_shelves_find_nothing() -> None:
    assert search("copper", [], 5).hits == ()


def test_limit_zero_gives_no_hits_but_the_weights_and_terms() -> None:
    ranking = search("copper", [shelf_of(["copper"])], 0)
    assert (ranking.hits, list(ranking.weights), ranking.terms_of(0, np.array([0]))) == ((), ["copper"], [("copper",)])


def test_a_long_query_is_read_up_to_its_fortieth_term() -> None:
    query = " ".join(f"term{number}x" for number in range(1_200))
    assert len(query) > 10_000
    ranking = search(query, [shelf_of([f"term{MAX_TERMS - 1}x", f"term{MAX_TERMS}x"])], 5)
    assert [hit.row for hit in ranking.hits] == [0]


def test_a_query_that_is_one_word_of_ten_thousand_characters_is_a_word() -> None:
    word = "y" * 10_000
    assert [hit.row for hit in search(word, [shelf_of(["copper", word])], 5).hits] == [1]


def test_repeats_and_length_count_up_to_the_most_a_byte_holds() -> None:
    built = Postings.build(["copper " * 1_000, "copper " * 10 + "strike " * 1_000])
    assert built.rows_of("copper")[1].tolist() == [MOST, 10]
    assert built.lengths.tolist() == [MOST, MOST]
    assert built.cumulative_lengths.tolist() == [0, MOST, 2 * MOST]


def test_the_same_texts_build_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        Postings.build(["copper strike", "strike output"]).save(tmp_path / name)
    assert {file: (tmp_path / "first" / f"{file}.npy").read_bytes() for file in FILES} == {
        file: (tmp_path / "second" / f"{file}.npy").read_bytes() for file in FILES
    }


@settings(deadline=None)
@given(st.lists(texts, max_size=10), queries)
def test_what_was_saved_searches_as_before(many: list[str], query: str) -> None:
    built = Postings.build(many)
    with tempfile.TemporaryDirectory() as folder:
        built.save(Path(folder) / "words")
        opened = Postings.open(Path(folder) / "words")
        before, after = (search(query, [Shelf(each, len(many), None)], 5) for each in (built, opened))
        assert everything(before, [len(many)]) == everything(after, [len(many)])


def test_a_reader_keeps_its_lists_while_others_are_saved_in_their_place(tmp_path: Path) -> None:
    Postings.build(["copper"] * 5_000).save(tmp_path)
    reader = Postings.open(tmp_path)
    Postings.build(["strike"]).save(tmp_path)
    assert len(search("copper", [Shelf(reader, 5_000, None)], 10_000).hits) == 5_000
    assert len(Postings.open(tmp_path)) == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(f"{name}.npy" for name in FILES)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    Postings.build(["copper strike", "strike output"]).save(tmp_path)
    return tmp_path


def corrupt(directory: Path) -> str:
    with pytest.raises(StoreCorrupt, match="`rhyme memory verify --repair`") as caught:
        Postings.open(directory)
    return str(caught.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_corrupt_store(saved: Path, name: str) -> None:
    (saved / f"{name}.npy").unlink()
    assert f"{name}.npy" in corrupt(saved)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_file_cut_short_is_a_corrupt_store(saved: Path, name: str, kept: int) -> None:
    file = saved / f"{name}.npy"
    file.write_bytes(file.read_bytes()[:kept])
    corrupt(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_build_is_a_corrupt_store(
    saved: Path, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    Postings.build(["copper strike", "strike output", "a merger"]).save(other)
    (other / f"{name}.npy").replace(saved / f"{name}.npy")
    corrupt(saved)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "values",
    [np.array(1), np.zeros((2, 2), np.int32), np.zeros(2), np.array(["x"], dtype=object), np.zeros(0, np.int64)],
)
def test_a_file_of_another_kind_is_a_corrupt_store(saved: Path, name: str, values: NDArray[np.generic]) -> None:
    np.save(saved / f"{name}.npy", values, allow_pickle=True)
    corrupt(saved)


def test_lists_that_point_past_the_end_are_a_corrupt_store(saved: Path) -> None:
    starts = np.load(saved / "starts.npy")
    starts[-1] += 1
    np.save(saved / "starts.npy", starts)
    assert "starts.npy points past the end of rows.npy" in corrupt(saved)


def test_lists_of_another_word_splitter_are_built_anew(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fingerprint", lambda: 1)
    assert "another version of the word splitter" in corrupt(saved)


@pytest.mark.parametrize("visible", [-1, 2])
def test_a_shelf_shows_no_more_rows_than_it_has(visible: int) -> None:
    with pytest.raises(ValueError, match="there are 1 rows"):
        Shelf(Postings.build(["copper"]), visible, None)


def test_the_dead_of_another_shelf_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dead has shape \(2,\)"):
        Shelf(Postings.build(["copper"]), 1, np.zeros(2, dtype=np.bool_))
