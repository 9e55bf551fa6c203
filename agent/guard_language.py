"""The language of a sentence: what strayed into an article in another one is none of its news."""

import re
from functools import lru_cache
from itertools import islice

from agent.named import ordinary_words

_ENGLISH = frozenset(
    """
    the of and to in is that for on with as at by from its it said are was were has have had be been which after not but will this
    """.split()
)
_ENOUGH = 2
"""Such words, each once, from which a sentence is English: it is not asked of the model, which takes a third of a millisecond."""
_SHARE = 0.15
_WORD = re.compile(r"(?<!\w)[a-z]{3,}(?!\w)")
_ORDINARY = 0.7
"""Share of words that English newsrooms write, from which a text is English too: orders in German, French or Spanish have
a fifth of them."""
_FEWEST = 3
"""Words without a capital: fewer are a name in another language ("Banco de Chile")."""
_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u3040-\u9fff]{8}")
_NOT_LATIN = re.compile(r"[\u0370-\u1dff\u2e80-\ua4cf\ua8e0-\ud7af\uf900-\ufaff]+")
_OTHER_LETTERS = frozenset("ar bg el fa he hi ja ko ru th uk zh".split())
"""Languages that are not written in Latin letters."""
_RUN = 12
"""Letters of another script than the article's: fewer are a name in its own spelling."""
_KEPT = 4_096


@lru_cache(maxsize=_KEPT)
def language_of(text: str) -> str | None:
    """ISO 639-1 code; None when no language is clearly ahead."""
    words = text.lower().split()
    if len(_ENGLISH.intersection(words)) >= _ENOUGH and sum(map(_ENGLISH.__contains__, words)) >= _SHARE * len(words):
        return "en"
    plain = _WORD.findall(text)
    if len(plain) >= _FEWEST and sum(word in ordinary_words() for word in plain) >= _ORDINARY * len(plain):
        return "en"
    from feeds.language import detect_language  # half a second of imports and 84 MB, which few English sentences need

    return detect_language(text)


def strays(sentence: str, home: str | None) -> bool:
    """Whether it is, or has words, in another language than the article's, `home`, and ours, which is English."""
    foreign = not sentence.isascii() and home not in _OTHER_LETTERS
    if foreign and sum(map(len, _NOT_LATIN.findall(sentence))) >= _RUN:
        return True
    plain = (True for word in sentence.split() if word[0].isalpha() and not word[0].isupper())
    if sum(islice(plain, _FEWEST)) < _FEWEST and not _WITHOUT_SPACES.search(sentence):
        return False
    language = language_of(sentence)
    return language not in (None, "en", home)
