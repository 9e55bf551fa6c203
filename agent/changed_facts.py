"""Which figures and statements of one article another one has not: by code, from the two texts, whatever a model picked from them.

A figure counts as corrected only when the words around it are the same in both articles. What a model calls a fact is compared with
the whole other text, so that a fact it did not pick this time is not told as gone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from agent.sentences import split_sentences
from agent.values import Figure, Values, supports, values_of
from records.changes import FigureChange, QuoteChange
from records.reading import Fact

WINDOW = 5
"""Words looked at on each side of a figure: its clause, mostly."""
SAME_WORDS = 0.6
"""Least share of those words, in their order, that two places of one statement have in common."""
SAME_STATEMENT = 0.8
"""Share of a sentence's content words found in one sentence of the other text from which it says the same."""
SHOWN_BEFORE, SHOWN_AFTER = 4, 2
"""Words shown around a figure."""
MOST_FIGURES = 20
"""Told of one article; who corrects more has written another article."""

_TOKEN = re.compile(r"[^\W\d_][\w'’-]*|\d[\d.,]*\d|\d|\S")
_EMPTY = frozenset(
    "a an and are as at be been but by for from had has have he her his if in into is it its more most not of on or our "
    "she than that the their them they this to up us was we were which who will with would you said say says about over".split()
)
"""Words that two unrelated sentences share."""
_TIME = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september "
    "october november december first second third fourth quarter half month week year today yesterday tomorrow daily weekly "
    "monthly quarterly annual annually".split()
)
"""The same words with another of these speak of another time: a new figure, no correction."""


@dataclass(frozen=True)
class _Token:
    text: str
    """Lower case; of a figure its kind in angle brackets."""
    start: int
    end: int
    figure: Figure | None = None
    name: bool = False
    """Begins with a capital inside a sentence."""


@dataclass(frozen=True)
class _Place:
    """A figure in its sentence."""

    sentence: str
    tokens: tuple[_Token, ...]
    at: int
    figure: Figure

    @property
    def before(self) -> tuple[_Token, ...]:
        return self.tokens[max(0, self.at - WINDOW) : self.at]

    @property
    def after(self) -> tuple[_Token, ...]:
        return self.tokens[self.at + 1 : self.at + 1 + WINDOW]

    @property
    def words(self) -> str:
        first = self.tokens[max(0, self.at - SHOWN_BEFORE)]
        last = self.tokens[min(len(self.tokens) - 1, self.at + SHOWN_AFTER)]
        return self.sentence[first.start : last.end].strip()


def changed_figures(
    before: str, before_facts: Sequence[Fact], after: str, after_facts: Sequence[Fact], *, correction: bool
) -> list[FigureChange]:
    """Corrected ones first, then those of new facts that the former text has not, then those of former facts that are gone.

    `before`, `after`: whole texts. `correction`: the article says that it is one, so that it may name the old figure too.
    """
    old, new = values_of(before), values_of(after)
    corrected = _corrected(
        [place for place in _places(before) if correction or not _has(new, place.figure)],
        [place for place in _places(after) if not _has(old, place.figure)],
    )
    replaced = [earlier.figure for earlier, _ in corrected]
    told = [later.figure for _, later in corrected]
    found = [
        FigureChange(change="corrected", before=earlier.figure.text, after=later.figure.text, words=later.words)
        for earlier, later in corrected
    ]
    for place in _distinct(_of_facts(after_facts), Values((*old.figures, *told), ())):
        found.append(FigureChange(change="new", before=None, after=place.figure.text, words=place.words))
    for place in _distinct(_of_facts(before_facts), Values((*new.figures, *replaced), ())):
        found.append(FigureChange(change="gone", before=place.figure.text, after=None, words=place.words))
    return found[:MOST_FIGURES]


def changed_quotes(
    before: str, before_facts: Sequence[Fact], after: str, after_facts: Sequence[Fact]
) -> list[QuoteChange]:
    """Facts of this article that the former text does not say, then facts of the former one that this text does not say."""
    old, new = _statements(before), _statements(after)
    found = [
        QuoteChange(change="new", fact_id=fact.id, quote=fact.quote)
        for fact in after_facts
        if not _is_said(fact.quote, old)
    ]
    return found + [
        QuoteChange(change="gone", fact_id=fact.id, quote=fact.quote)
        for fact in before_facts
        if not _is_said(fact.quote, new)
    ]


def _corrected(old: Sequence[_Place], new: Sequence[_Place]) -> list[tuple[_Place, _Place]]:
    """Pairs (former place, new place) in the order of the new text, best likeness first where several fit."""
    likely = [
        (likeness, -later, -earlier)
        for later, one in enumerate(new)
        for earlier, other in enumerate(old)
        if (likeness := _likeness(other, one)) is not None
    ]
    pairs: dict[int, int] = {}
    for _, later, earlier in sorted(likely, reverse=True):
        if -later not in pairs and -earlier not in pairs.values():
            pairs[-later] = -earlier
    told: dict[tuple[str, float, float], tuple[_Place, _Place]] = {}
    for later, earlier in sorted(pairs.items()):  # a headline and its text say one correction twice
        one, other = old[earlier], new[later]
        told.setdefault((one.figure.kind, one.figure.number, other.figure.number), (one, other))
    return list(told.values())


def _likeness(old: _Place, new: _Place) -> float | None:
    """The share of words that two places have in common; None: they may be two different statements."""
    if old.figure.kind != new.figure.kind or _same(old.figure, new.figure):
        return None
    adjacent = [
        *_run([one.text for one in reversed(old.before)], [one.text for one in reversed(new.before)]),
        *_run([one.text for one in old.after], [one.text for one in new.after]),
    ]
    if not any(_is_content(word) for word in adjacent):
        return None
    around_old, around_new = (*old.before, *old.after), (*new.before, *new.after)
    if _times(around_old) != _times(around_new):
        return None
    names_old, names_new = _names(around_old), _names(around_new)
    if not (names_old <= names_new or names_new <= names_old):
        return None
    matcher = SequenceMatcher(None, [one.text for one in around_old], [one.text for one in around_new], autojunk=False)
    ratio = matcher.ratio()
    return ratio if ratio >= SAME_WORDS else None


def _run(one: Sequence[str], other: Sequence[str]) -> Iterator[str]:
    for a, b in zip(one, other, strict=False):
        if a != b:
            return
        yield a


def _times(tokens: Sequence[_Token]) -> set[str]:
    return {token.text for token in tokens if token.text in _TIME or (token.figure is None and token.text[0].isdigit())}


def _names(tokens: Sequence[_Token]) -> set[str]:
    return {token.text for token in tokens if token.name}


def _is_content(word: str) -> bool:
    return word[0].isalpha() and len(word) > 2 and word not in _EMPTY


def _has(values: Values, figure: Figure) -> bool:
    return any(_same(known, figure) for known in values.figures)


def _same(one: Figure, other: Figure) -> bool:
    """Equal, or either a fair rounding of the other."""
    return supports(Values((one,), ()), other) or supports(Values((other,), ()), one)


def _of_facts(facts: Sequence[Fact]) -> Iterator[_Place]:
    for fact in facts:
        yield from _places(fact.quote)


def _distinct(places: Iterator[_Place], known: Values) -> Iterator[_Place]:
    """The first place of each figure that is not among the known ones."""
    seen = list(known.figures)
    for place in places:
        if not _has(Values(tuple(seen), ()), place.figure):
            seen.append(place.figure)
            yield place


def _places(text: str) -> list[_Place]:
    found = []
    for _, sentence in split_sentences(text):
        tokens = tuple(_tokens(sentence))
        found += [_Place(sentence, tokens, at, token.figure) for at, token in enumerate(tokens) if token.figure]
    return found


def _tokens(sentence: str) -> Iterator[_Token]:
    done = 0
    for start, end, figure in [*_figures(sentence), (len(sentence), len(sentence), None)]:
        for match in _TOKEN.finditer(sentence, done, start):
            word = match.group()
            name = word[0].isupper() and sentence[: match.start()].strip(" \"'“‘(") != ""
            yield _Token(word.lower(), match.start(), match.end(), name=name)
        if figure is not None:
            yield _Token(f"<{figure.kind}>", start, end, figure)
        done = max(done, end)


def _figures(sentence: str) -> list[tuple[int, int, Figure]]:
    """(start, end, figure) in order; a place is taken once."""
    found: list[tuple[int, int, Figure]] = []
    begin: dict[str, int] = {}
    for figure in values_of(sentence).figures:
        start = sentence.find(figure.text, begin.get(figure.text, 0))
        if start < 0:
            continue
        end = start + len(figure.text)
        begin[figure.text] = end
        if not any(start < other_end and other_start < end for other_start, other_end, _ in found):
            found.append((start, end, figure))
    return sorted(found, key=lambda one: one[0])


def _statements(text: str) -> list[frozenset[str]]:
    """The content words of each sentence, figures by their kind alone."""
    return [words for _, sentence in split_sentences(text) if (words := _content(sentence))]


def _content(sentence: str) -> frozenset[str]:
    return frozenset(
        token.text for token in _tokens(sentence) if token.figure or _is_content(token.text) or token.text in _TIME
    )


def _is_said(quote: str, statements: Sequence[frozenset[str]]) -> bool:
    return all(
        any(len(words & known) >= SAME_STATEMENT * len(words) for known in statements) for words in _statements(quote)
    )
