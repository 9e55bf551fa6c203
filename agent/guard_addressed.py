"""Passages of an article that address a language model: found sentence by sentence, in every way the words might be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agent.guard_echo import echoes_a_prompt
from agent.guard_patterns import Kind, addressed
from agent.guard_views import decodes, views
from agent.sentences import TEXTS_KEPT, split_sentences
from records.reading import Span

_CONTENT_WORD = re.compile(r"[^\W_]{4,}")
_COMMON = frozenset(
    """
    about above after again also answer because been before being both could does each every everything from have here into just
    like line made make more most much must only other over said same says should some such tell than that their them then there
    these they thing this those told under upon very want were what when where which while will with word words would write year
    your
    """.split()
)
"""Words that link no two texts."""
_FOREIGN_BOUNDARY = re.compile(
    r"[.!?؟।…][\"'”’)\]]*\s+(?=[^\x00-\x7f])|[。！？](?=.)|(?<=[a-z]{4})[.!?][\"'”’)\]]*\s+(?=\S)"
    r"(?!(?:[a-z]+ed|said|was|were|has|had)\s)|(?<=[.!?])\s+(?=[<{\[#*`|-])"
)
"""Ends of sentences that the splitter for English does not see: before other scripts, marks and small letters. A verb in the past
goes on after an abbreviation."""
_RUN_ON = re.compile(
    r"(?<=[a-z])\s+(?=(?:The|It|Its|In|This|That|These|Those|He|She|They|But|On|For|At|As|After|While|With|By|From|When|Under|If)"
    r"\s[a-z\d])"
)
"""A sentence's first word behind one that ended without a stop."""
_SET_APART = re.compile(r"(?<!\w)(?:\w[ .·_-]){11,}\w(?!\w)")
"""Twelve letters set apart one by one: no language is printed so."""
_REPEATED = 12
"""Tokens of a sentence that repeat a few, from which it is noise and no language."""
_SYMBOLS = re.compile(r"[^\w\s.,;:%$€£¥()'\"“”‘’&/+-]")
_BITS = re.compile(r"(?:[01]{7,8}\s+){3,}[01]{7,8}")
_LINKED = 2
"""Words in common with the rest of the article from which a sentence after a flagged one belongs to the news again."""


_AFTER, _BEFORE = 12, 4
"""Sentences beside a flagged one that may go with it."""


@dataclass(frozen=True)
class _Sentence:
    span: Span
    words: str
    kind: Kind | None

    @property
    def content(self) -> set[str]:
        return _content(self.words)


@dataclass(frozen=True)
class Passage:
    """Consecutive text that addresses a model."""

    span: Span
    kind: Kind


def passages(text: str, title: str = "") -> tuple[Passage, ...]:
    """Those of `text`, in order, not touching; spans index `text`. What stands beside a flagged sentence and says nothing of the
    article's news goes with it: an order is seldom one sentence long. `title`: the headline, if it is not part of `text`."""
    sentences = [_Sentence(span, words, judge(words)) for span, words in pieces(text)]
    if not any(one.kind for one in sentences):
        return ()
    headline = _content(title)
    if not headline and sentences[0].kind is None:
        headline = sentences[0].content
    runs = _runs(sentences)
    kinds = [one.kind for one in sentences]
    for here, kind in enumerate(kinds[:]):
        if kind is not None and sentences[here].kind is not None:
            _spread(sentences, kinds, runs, headline, here, 1, _AFTER)
            _spread(sentences, kinds, runs, headline, here, -1, _BEFORE)
    flagged = [Passage(one.span, kind) for one, kind in zip(sentences, kinds, strict=True) if kind is not None]
    return tuple(_joined(text, flagged))


def _content(text: str) -> set[str]:
    return set(_CONTENT_WORD.findall(text.lower())) - _COMMON


@lru_cache(maxsize=TEXTS_KEPT)
def pieces(text: str) -> tuple[tuple[Span, str], ...]:
    """(span, words) of each sentence, parted also where only another script, a mark or a small letter begins the next one, or where
    one ended without a stop."""
    return tuple(_parted(text))


def _parted(text: str) -> Iterator[tuple[Span, str]]:
    for span, words in split_sentences(text):
        start = span.start
        ends = {match.end() for mark in (_FOREIGN_BOUNDARY, _RUN_ON) for match in mark.finditer(words)}
        for boundary in (*sorted(ends), len(words)):
            piece = text[start : span.start + boundary]
            stripped = piece.strip()
            if stripped:
                begin = start + piece.index(stripped)
                yield Span(start=begin, end=begin + len(stripped)), stripped
            start = span.start + boundary


@lru_cache(maxsize=20_000)
def judge(sentence: str) -> Kind | None:
    """What one sentence tries with a model, read in every way it might be; None if it is none that addresses one."""
    if _is_noise(sentence):
        return "noise"
    if decodes(sentence) or _SET_APART.search(sentence) or _BITS.search(sentence):
        return "encoded"
    if echoes_a_prompt(sentence):
        return "form"
    for number, view in enumerate(views(sentence)):
        kind = addressed(view)
        if kind is not None:
            return kind if number == 0 else "encoded"
    return None


def _is_noise(sentence: str) -> bool:
    tokens = sentence.split()
    if len(tokens) >= _REPEATED and len(set(tokens)) <= max(3, len(tokens) // 8):
        return not any(token.strip(".,%$()-").isdigit() for token in tokens)
    dense = "".join(tokens)
    if len(dense) >= 30 and len(_SYMBOLS.findall(dense)) + dense.count(")") > len(dense) * 0.5:
        return True
    return len(dense) >= 40 and len(tokens) == 1 and len(set(dense)) <= 26 and _is_repeated(dense)


def _is_repeated(word: str) -> bool:
    return re.search(r"(.{4,60}?)\1{2,}", word) is not None


def _runs(sentences: Sequence["_Sentence"]) -> list[int]:
    """For each sentence the number of its run: sentences between two flagged ones."""
    runs, run = [], 0
    for one in sentences:
        run += one.kind is not None
        runs.append(run)
    return runs


def _spread(
    sentences: Sequence["_Sentence"],
    kinds: list[Kind | None],
    runs: Sequence[int],
    headline: set[str],
    start: int,
    step: int,
    most: int,
) -> None:
    """Flags the neighbours of a flagged sentence until one speaks of the news."""
    for at in range(start + step, start + step * (most + 1), step):
        if not 0 <= at < len(sentences) or sentences[at].kind is not None:
            return
        words = sentences[at].content
        others = set[str]().union(
            *(one.content for one, run in zip(sentences, runs, strict=True) if one.kind is None and run != runs[at])
        )
        if words & headline or len(words & others) >= _LINKED:
            return
        kinds[at] = kinds[start]


def _joined(text: str, found: Sequence[Passage]) -> Iterator[Passage]:
    """Neighbours with only white space between them are one passage."""
    current: Passage | None = None
    for passage in found:
        if current is not None and not text[current.span.end : passage.span.start].strip():
            current = Passage(Span(start=current.span.start, end=passage.span.end), current.kind)
            continue
        if current is not None:
            yield current
        current = passage
    if current is not None:
        yield current
