"""Made-up news prose whose words are as frequent as those of real news: a few stand in nearly every article, most in hardly any."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

COMMON = tuple(
    """
    said company shares year percent quarter market million billion results sales price growth analysts investors revenue profit
    stock rose fell new chief executive week month business companies bank earnings report expected higher lower demand
    deal data trading group plan government officials according statement costs per share cash board products markets
    global interest rate rates industry customers services technology forecast estimates net income loss earlier day
    people announced part months years time percentage points made state national president federal court law agency
    regulators approval drug oil gas energy production supply prices economy economic inflation policy central reserve
    workers jobs strike union plant factory cars vehicles software cloud chips network security breach merger takeover bid offer
    acquisition buyback dividend debt bonds rating outlook raised cut recall safety trial patients lawsuit settlement
    fine probe investigation tariffs trade exports imports china europe america retail stores online airline flights housing
    mortgage insurance claims weather storm mine copper gold wheat crop
    """.split()
)
"""Most frequent first."""
COMMON_SHARE = 0.5
RARE_WORDS, RARE_EXPONENT, COMMON_EXPONENT = 30_000, 1.05, 0.75
"""So that "said" is in 97 % of articles of 150 words, the hundredth word in every fifth, the middle rare one in one of 2,000."""
SENTENCES, WORDS = (5, 12), (9, 21)
"""Of an article and of a sentence, the upper end left out."""
_SYLLABLES = tuple(head + vowel + tail for head in "bdfgklmnprstv" for vowel in "aeiou" for tail in ("", "n", "r", "l"))
_ENDINGS = ("Corp.", "Inc.", "Group", "Holdings", "Systems", "Energy", "Pharma", "Bank", "Motors", "Foods")


class Prose:
    """Titles and texts in any number."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def texts(self, count: int) -> list[list[str]]:
        """`count` articles as lists of sentences."""
        generator = self._generator
        sentences = generator.integers(*SENTENCES, count)
        lengths = generator.integers(*WORDS, int(sentences.sum()))
        said = self._sentences(lengths)
        ends = np.cumsum(sentences)
        return [said[end - size : end] for end, size in zip(ends.tolist(), sentences.tolist(), strict=True)]

    def titles(self, companies: Sequence[str]) -> list[str]:
        """One for each company named."""
        lengths = self._generator.integers(4, 9, len(companies))
        spoken = self._sentences(lengths)
        return [f"{company} {words[0].lower()}{words[1:-1]}" for company, words in zip(companies, spoken, strict=True)]

    def company(self, number: int) -> str:
        """The name of the company of that number."""
        first = _spelled(number * 7 + 11).capitalize()
        return f"{first} {_ENDINGS[number % len(_ENDINGS)]}"

    @cached_property
    def _vocabulary(self) -> NDArray[np.object_]:
        return np.array([*COMMON, *(_spelled(number) for number in range(RARE_WORDS))], dtype=object)

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        common = np.arange(1, len(COMMON) + 1, dtype=np.float64) ** -COMMON_EXPONENT
        rare = np.arange(20, RARE_WORDS + 20, dtype=np.float64) ** -RARE_EXPONENT
        shares = np.concatenate([COMMON_SHARE * common / common.sum(), (1 - COMMON_SHARE) * rare / rare.sum()])
        return np.asarray(np.cumsum(shares) / shares.sum())

    def _sentences(self, lengths: NDArray[np.int64]) -> list[str]:
        drawn = np.searchsorted(self._cumulative, self._generator.random(int(lengths.sum())))
        words = self._vocabulary[drawn].tolist()
        made, start = [], 0
        for length in lengths.tolist():
            made.append(" ".join(words[start : start + length]).capitalize() + ".")
            start += length
        return made


def _spelled(number: int) -> str:
    word, rest = "", number + len(_SYLLABLES)
    while rest:
        rest, place = divmod(rest, len(_SYLLABLES))
        word += _SYLLABLES[place]
    return word
