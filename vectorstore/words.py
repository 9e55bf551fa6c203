"""Which words of a text can tell events apart, and what counts as the same word."""

import hashlib
import re
import unicodedata
from functools import lru_cache

# not the package's own front: that picks PyStemmer where it is installed, perhaps of another version
from snowballstemmer.english_stemmer import EnglishStemmer  # type: ignore[import-untyped]

LONGEST_STEMMED = 64
"""Characters. A longer "word" is an address, a key or a language without spaces; the stemmer takes seconds over 100,000."""

STEMS_KEPT = 65_536
"""Words whose stem is remembered: a news vocabulary, about 10 MB. Stemming costs 25 microseconds, looking up 0.1."""

# English function words, and the words of any business headline.
_STOP_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can co companies company corp could did do does doing down during each few first for from further
    group had has have having he her here hers him his how i if in inc into is it its itself just last ltd me more
    most my new no nor not now of off on once only or other our out over own per percent plc said same say says she
    should since so some such than that the their theirs them then there these they this those through to too under
    until up upon very via was we were what when where which while who whom why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_WORD = re.compile(r"[^\W_]+")


def split(text: str) -> list[str]:
    """Every word of the text in order, with repeats: runs of letters and digits after NFKC, case folded."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _WORD.findall(plain.casefold())


def is_informative(word: str) -> bool:
    """Whether the word, as `split` gives it, can tell events apart: no stop word, single character or bare number."""
    return len(word) > 1 and word not in STOP_WORDS and not word.isnumeric()


def terms_of(text: str) -> tuple[str, ...]:
    """The distinct informative words of a text, in order of first appearance, as `split` writes them (not stemmed)."""
    return tuple(dict.fromkeys(word for word in split(text) if is_informative(word)))


def stems_of(text: str) -> dict[str, str]:
    """From each distinct stem of the informative words, in order, to the first word of the text that has it."""
    stems: dict[str, str] = {}
    for word in terms_of(text):
        stems.setdefault(stem(word), word)
    return stems


@lru_cache(maxsize=STEMS_KEPT)
def stem(word: str) -> str:
    """The word without its English endings (Porter's second stemmer): "agreements" and "agreement" are one."""
    if len(word) > LONGEST_STEMMED:
        return word
    # one each: a stemmer keeps its state between characters, threads would mix their words
    return str(EnglishStemmer().stemWord(word))


@lru_cache(maxsize=1)
def fingerprint() -> int:
    """A 63-bit number that changes when texts are split or stemmed otherwise than before, also by another version of the
    stemmer: what was indexed under another number must be indexed again."""
    probe = "Agreements, agreed & agreeable: the U.S. regulators' 3rd-quarter ruling ＡＩ Straße first_time 5G 2024 ½ skies dying"
    told = repr((split(probe), stems_of(probe), sorted(STOP_WORDS)))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") >> 1
