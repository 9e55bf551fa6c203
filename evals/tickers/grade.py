"""Holds what was found in a sentence against its gold mentions: each mention is right, wrong, missed or rightly left alone.

A mention is answered when a sure candidate stands on its words; the answer is right when every ticker given there is one of the
gold ones. A candidate on words that are no gold mention is wrong too: every listed company in a sentence is marked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from evals.tickers.gold import GoldMention, GoldSentence
from evals.wilson import wilson
from markets.instruments import InstrumentTable
from markets.names import find_candidates
from records.market import Candidate

Outcome = Literal["right", "wrong", "missed", "left alone"]
STRAY = "outside any mention"

Decide = Callable[[GoldSentence, Sequence[Candidate]], Sequence[Candidate]]
"""Which of a sentence's candidates are taken for answers."""


@dataclass(frozen=True)
class Judged:
    """One mention, or one stray answer, and what came of it."""

    sentence: GoldSentence
    surface: str
    kind: str
    wanted: tuple[str, ...]
    answered: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Share:
    """hits of n with Wilson's 95 % interval; None for n = 0, which is unknown and not 0."""

    hits: int
    n: int

    def to_json(self) -> dict[str, object]:
        """value, low, high, hits, n."""
        if self.n == 0:
            return {"value": None, "low": None, "high": None, "hits": self.hits, "n": self.n}
        found = wilson(self.hits, self.n)
        numbers = {"value": found.value, "low": found.low, "high": found.high}
        rounded = {name: None if number is None else round(number, 4) for name, number in numbers.items()}
        return {**rounded, "hits": self.hits, "n": self.n}


@dataclass(frozen=True)
class Tally:
    """Counts of outcomes."""

    judged: tuple[Judged, ...] = field(default=())

    def count(self, *outcomes: Outcome) -> int:
        """How many came out so."""
        return sum(one.outcome in outcomes for one in self.judged)

    @property
    def mentions(self) -> int:
        """Gold mentions, without stray answers."""
        return sum(one.kind != STRAY for one in self.judged)

    @property
    def precision(self) -> Share:
        """Right answers among the answers."""
        return Share(self.count("right"), self.count("right", "wrong"))

    @property
    def recall(self) -> Share:
        """Right answers among the mentions that have a ticker."""
        return Share(self.count("right"), sum(bool(one.wanted) for one in self.judged))

    @property
    def left_alone(self) -> Share:
        """Mentions without a ticker that got none."""
        return Share(self.count("left alone"), sum(not one.wanted and one.kind != STRAY for one in self.judged))

    def of(self, keep: Callable[[Judged], bool]) -> "Tally":
        """The part for which `keep` holds."""
        return Tally(tuple(one for one in self.judged if keep(one)))

    def by_kind(self) -> Mapping[str, "Tally"]:
        """Kind → its tally, in the order of first appearance."""
        kinds: dict[str, list[Judged]] = {}
        for one in self.judged:
            kinds.setdefault(one.kind, []).append(one)
        return {kind: Tally(tuple(mine)) for kind, mine in kinds.items()}


def sure_only(_: GoldSentence, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Code alone: candidates that context has settled."""
    return [candidate for candidate in candidates if not candidate.ambiguous]


def every_one(_: GoldSentence, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """What a model would be shown: ambiguous ones too. Its recall is the most that a model can reach."""
    return candidates


def shares_in(sentence: GoldSentence, table: InstrumentTable) -> list[Candidate]:
    """Candidates that are shares: an index is an instrument, and no ticker of a company."""
    found = find_candidates(sentence.text, "", table, sentence.moment)
    return [candidate for candidate in found if candidate.instrument.kind == "share"]


def grade(sentences: Iterable[GoldSentence], table: InstrumentTable, decide: Decide = sure_only) -> Tally:
    """Every mention judged, in order, each sentence's stray answers after its mentions."""
    judged: list[Judged] = []
    for sentence in sentences:
        judged += judge(sentence, decide(sentence, shares_in(sentence, table)))
    return Tally(tuple(judged))


def judge(sentence: GoldSentence, answers: Sequence[Candidate]) -> list[Judged]:
    """The mentions of one sentence and its stray answers."""
    placed = [(span.start, span.end, one.instrument.ticker) for one in answers for span in one.spans]
    judged = []
    on_mentions: set[tuple[int, int, str]] = set()
    for mention in sentence.mentions:
        here = [answer for answer in placed if answer[0] < mention.end and mention.start < answer[1]]
        on_mentions.update(here)
        tickers = tuple(dict.fromkeys(ticker for _, _, ticker in here))
        judged.append(
            Judged(sentence, mention.surface, mention.kind, mention.tickers, tickers, _outcome(mention, tickers))
        )
    judged += [
        Judged(sentence, sentence.text[start:end], STRAY, (), (ticker,), "wrong")
        for start, end, ticker in placed
        if (start, end, ticker) not in on_mentions
    ]
    return judged


def _outcome(mention: GoldMention, tickers: Sequence[str]) -> Outcome:
    if tickers:
        return "right" if set(tickers) <= set(mention.tickers) else "wrong"
    return "missed" if mention.tickers else "left alone"
