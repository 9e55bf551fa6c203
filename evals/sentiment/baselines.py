"""What sentiment costs nothing to guess: the commonest class, and a count of words that stand for good and bad news."""

from collections import Counter
from collections.abc import Sequence

from evals.sentiment.sets import Label, Labelled
from markets.tokens import name_key

GOOD = frozenset(
    """gain gains gained rise rises rose rising up jump jumps jumped surge surges surged soar soars soared rally rallies rallied
    climb climbs climbed advance advances advanced beat beats beating exceed exceeds exceeded top tops topped record higher high
    strong stronger strength growth grow grows grew increase increases increased improve improves improved profit profitable
    upgrade upgrades upgraded outperform bullish boost boosts boosted win wins won award awarded approve approves approved
    approval expand expands expanded rebound rebounds rebounded recover recovers recovered optimistic positive raises raised
    dividend buyback best good great success successful""".split()
)
BAD = frozenset(
    """fall falls fell falling down drop drops dropped decline declines declined slip slips slipped slide slides slid plunge plunges
    plunged tumble tumbles tumbled sink sinks sank slump slumps slumped lose loses lost loss losses miss misses missed weak weaker
    weakness lower low cut cuts cutting decrease decreases decreased downgrade downgrades downgraded underperform bearish warn
    warns warned warning fear fears concern concerns worry worries probe lawsuit sue sues sued fine fined fraud recall recalls
    default bankruptcy layoffs lay strike halt halts halted delay delays delayed crash crashes crisis recession negative worst
    bad poor shortfall impairment write-down""".split()
)


def commonest(rows: Sequence[Labelled]) -> Label:
    """The class with most rows; of equals the first met."""
    return Counter(row.label for row in rows).most_common(1)[0][0]


def by_words(text: str) -> Label:
    """More good words than bad ones, fewer, or as many."""
    words = name_key(text)
    balance = sum(word in GOOD for word in words) - sum(word in BAD for word in words)
    return "positive" if balance > 0 else "negative" if balance < 0 else "neutral"
