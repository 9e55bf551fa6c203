"""Made-up sentences for made-up events: words of a topic, of a story, and of the language at large."""

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 50_000
ZIPF_EXPONENT = 1.05
"""Words fall off about like this (Zipf 1949): half of all tokens are of the 74 commonest."""
TOPIC_WORDS = 60
MIN_WORDS, MAX_WORDS = 12, 20
TOPIC_SHARE = 0.5
"""Of a sentence's words; the others are the language at large."""

_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "an", "or")]


class Wording:
    """Sentences as rows of word numbers; `text` spells them."""

    def __init__(self, seed: int, topics: int) -> None:
        generator = np.random.default_rng([seed, 101])
        weights = np.arange(1, VOCABULARY + 1, dtype=np.float64) ** -ZIPF_EXPONENT
        self._cumulated = np.cumsum(weights / weights.sum())
        self._topic_words = generator.integers(0, VOCABULARY, (topics, TOPIC_WORDS))
        self._spelling = generator.permutation(len(_SYLLABLES) ** 3)[:VOCABULARY]

    def sentences(self, generator: np.random.Generator, topic: NDArray[np.int64]) -> NDArray[np.int64]:
        """(len(topic), MAX_WORDS) word numbers; −1 past a sentence's end."""
        count = len(topic)
        shape = (count, MAX_WORDS)
        common = np.searchsorted(self._cumulated, generator.random(shape)).clip(max=VOCABULARY - 1)
        # squared: a topic too has words that it uses often
        place = (generator.random(shape) ** 2 * TOPIC_WORDS).astype(np.int64)
        words = np.where(generator.random(shape) < TOPIC_SHARE, self._topic_words[topic[:, None], place], common)
        length = generator.integers(MIN_WORDS, MAX_WORDS + 1, count)
        return np.where(np.arange(MAX_WORDS) < length[:, None], words, -1)

    def reworded(
        self,
        generator: np.random.Generator,
        sentences: NDArray[np.int64],
        topic: NDArray[np.int64],
        kept: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """The sentences, each word kept with its row's probability and else another of the topic."""
        fresh = self.sentences(generator, topic)
        change = (generator.random(sentences.shape) >= kept[:, None]) & (sentences >= 0) & (fresh >= 0)
        return np.where(change, fresh, sentences)

    def text(self, words: NDArray[np.int64]) -> str:
        """One row spelled."""
        return " ".join(self._word(int(word)) for word in words if word >= 0).capitalize() + "."

    def _word(self, number: int) -> str:
        rest, syllables = int(self._spelling[number]), ""
        for _ in range(3):
            rest, place = divmod(rest, len(_SYLLABLES))
            syllables += _SYLLABLES[place]
        return syllables
