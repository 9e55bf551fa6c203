"""Names: every company, person and ticker of a sentence stands in what it cites, in the headline or among the instruments found."""

import gzip
import re
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise

from agent.anycase import has_any

_CAPITALISED = re.compile(r"(?<![\w&.$^-])[A-Z][\w&’'.-]*\w")
_RUN = re.compile(
    r"(?:[A-Z][\w&’'.-]*\w|[A-Z]\.)(?:[ \u00a0](?:(?:of|and|for|the|de|van|von|der|&)[ \u00a0])?(?:[A-Z][\w&’'.-]*\w|[A-Z]\.))*"
)
_FIRST = re.compile(r"^\W*(?P<word>[A-Z][\w&’'.-]*)(?P<rest>.*)", re.DOTALL)
_TICKER = re.compile(
    r"(?:\((?:NYSE|NASDAQ|Nasdaq|LSE|TSX)?:?\s?|(?<![\w])\$|\bticker\s)\^?([A-Z]{1,5}(?:\.[A-Z])?)\b(?!\$)"
)
_TICKER_HINTS = ("(", "$", "ticker")
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    """
    january february march april may june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday us u.s uk u.k eu e.u american european british chinese ceo cfo coo cto chairman president ipo eps
    ebitda ebit gaap non-gaap q1 q2 q3 q4 h1 h2 fy ytd yoy etf esg reit adr m&a r&d sg&a it pc tv ai covid covid-19 mr ms
    mrs dr inc corp co cos ltd plc ag sa ab nv se spa as asa oyj llc lp group holding holdings company companies corporation
    wall street p/e jan feb mar apr jun jul aug sep sept oct nov dec chief executive officer director president chairman
    chairwoman vice minister senator secretary treasurer chancellor governor judge board sen
    rep gov limited lord sir madam street internet ok
    """.split()
)
"""Capitalised words that name no company and no person."""
_COUNTRIES = (
    "us u.s u.s.a america american americans united states washington", "uk u.k britain british united kingdom england english",
    "eu e.u european union europe europeans", "china chinese beijing", "japan japanese tokyo", "germany german germans berlin",
    "france french paris", "italy italian", "spain spanish", "canada canadian", "mexico mexican", "brazil brazilian",
    "india indian",
    "russia russian", "australia australian", "ireland irish", "netherlands dutch", "swiss switzerland", "sweden swedish",
    "norway norwegian", "denmark danish", "finland finnish", "korea korean", "taiwan taiwanese", "israel israeli", "greece greek",
    "turkey turkish", "saudi arabia", "venezuela venezuelan", "argentina argentine argentinian", "chile chilean", "peru peruvian",
    "colombia colombian", "africa african", "asia asian", "poland polish", "portugal portuguese", "belgium belgian",
    "austria austrian",
    "singapore singaporean", "hong kong", "thailand thai", "malaysia malaysian", "indonesia indonesian", "philippines philippine",
    "california calif californian", "louisiana la", "pennsylvania pa", "massachusetts mass", "washington wash",
    "michigan mich", "cuba cuban", "iran iranian", "iraq iraqi", "ukraine ukrainian", "vietnam vietnamese",
)  # fmt: skip
"""Names of a country and of its people carry one another."""
_BY_COUNTRY = {
    word: frozenset(words.split())
    for words in _COUNTRIES
    for word in words.split()
    if word not in ("united", "states", "kingdom", "union", "washington")
}
_OPENERS = frozenset(
    """
    the a an this that these those it its he she they their his her we our in on at by for from with without within to of as
    if but and or while when where after before since until despite although though because during under over about against
    among between both each either neither no not none nothing all any some most many more less few several such same other
    another one two three there here what which who how why revenue sales profit earnings shares stock net total full
    quarterly annual analysts investors management
    """.split()
)
_POSSESSIVE = re.compile(r"['’]s?$")
_LETTERS = re.compile(r"[a-z]{3,}")
_GAP = re.compile(r"[\s-]+")
NAMES_KEPT = 4_096
"""Names whose words are kept."""
LINES_KEPT = 256
"""Passages, headlines and names of instruments whose words are kept: every sentence of an analysis is held against them."""
_BEGINNING = 5
"""Letters from which the beginning of a name stands for it."""
_MODEL = re.compile(r"\d+[a-g]?|[a-z]+\d+[a-g]?")
_PERIOD = re.compile(r"(?:fy|[1-4]?q|[12]?h)\d{0,4}")
_LEGAL = re.compile(r"\s+(?:Inc|Corp|Co|Ltd|Plc|PLC|Group|Holdings|AG|SA|NV|SE|LLC)\b")


def name_faults(sentence: str, cited: str, headline: str, body: str, instruments: Iterable[str]) -> list[str]:
    """Names and tickers of `sentence` that neither `cited` nor the headline nor the instruments have.

    A full name counts as cited when the article has it as one run and a word of it is cited ("Cook" carries "Tim Cook"); initials
    count for the name they stand for.
    """
    listed = tuple(instruments)
    told = "\n".join((cited, headline, *listed))
    tickers = _TICKER.findall(sentence) if has_any(sentence, _TICKER_HINTS) else []
    said = _names(sentence)
    if not tickers and _are_told(said, told):
        return []
    allowed = _words(told) | _COMMON
    runs = _runs(body)
    specific = {word for word in _capitalised_words(told) if word not in _COMMON}
    for run in runs:
        words = _name_words(run)
        if words & specific:
            allowed |= words
    allowed |= _initials((*runs, *_RUN.findall(told), *_RUN.findall(sentence)), specific)
    allowed |= {twin for word in allowed & _BY_COUNTRY.keys() for twin in _BY_COUNTRY[word]}
    short = _initials(_RUN.findall(sentence), set())
    unknown = [one for one in tickers if not _is_ticker_of(one, told) and one.lower() not in short]
    faults = [f"the ticker “{ticker}” is not in what it cites" for ticker in dict.fromkeys(unknown)]
    allowed |= _joined(sentence, told)
    names = [one for one in said if not _carried(_parts(one), allowed) and one not in unknown]
    return faults + [f"the name “{name}” is not in what it cites" for name in dict.fromkeys(names)]


def _are_told(names: Iterable[str], told: str) -> bool:
    """Whether each word of `names` stands in `told` as it is, as those of most sentences do."""
    parts = {part for name in names for part in _parts(name)} - _COMMON - _OPENERS
    for line in told.split("\n") if parts else ():
        parts -= _line_words(line)
        if not parts:
            break
    return not parts


@lru_cache(maxsize=LINES_KEPT)
def _line_words(line: str) -> frozenset[str]:
    return frozenset(_words(line))


def _joined(sentence: str, told: str) -> set[str]:
    """Parts of a name that is one word there, and the one word for parts written apart ("JP Morgan", "JPMorgan")."""
    said, known = " ".join(_WORD.findall(sentence.lower())), " ".join(_WORD.findall(told.lower()))
    known_words, padded, found = set(known.split()), f" {known} ", set[str]()
    for first, second in pairwise(said.split()):
        if first + second in known_words:
            found |= {first, second}
    for word in set(said.split()) - known_words:
        parted = ((word[:place], word[place:]) for place in range(2, len(word) - 1))
        if any(
            first in known_words and second in known_words and f" {first} {second} " in padded
            for first, second in parted
        ):
            found.add(word)
    return found


def _carried(parts: set[str], allowed: set[str]) -> bool:
    """Also in the singular, or as the beginning of a longer name ("Pharm" for "Pharmaceuticals")."""
    return all(
        part in allowed
        or part in _OPENERS
        or part.removesuffix("s") in allowed
        or _PERIOD.fullmatch(part)
        or f"{part}s" in allowed
        or (_MODEL.fullmatch(part) and any(word.rstrip("abcdefg") == part.rstrip("abcdefg") for word in allowed))
        or (len(part) >= _BEGINNING and any(word.startswith(part) for word in allowed))
        for part in parts
    )


def _is_ticker_of(ticker: str, told: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(ticker)}(?!\w)", told) is not None


def _names(sentence: str) -> list[str]:
    first = _FIRST.match(sentence.strip())
    if first is None:
        return [_bare(one) for one in _CAPITALISED.findall(sentence)]
    word, rest = _bare(first["word"]), first["rest"]
    names = [_bare(one) for one in _CAPITALISED.findall(rest)]
    if len(word) > 1 and word.lower() not in _OPENERS and not _is_ordinary(word, first["word"], rest):
        names.insert(0, word)
    return names


def _is_ordinary(word: str, written: str, rest: str) -> bool:
    """Whether the first word of a sentence may be one of the language; a possessive or a legal form makes a name of it."""
    if _LEGAL.match(rest) or word != written.rstrip(".,:;"):
        return False
    return all(part in ordinary_words() for part in _LETTERS.findall(word.lower()))


@cache
def ordinary_words() -> frozenset[str]:
    """Words that newsrooms write in lower case; made by evals/words/ordinary.py."""
    file = resources.files("agent") / "data" / "ordinary_words_v1.txt.gz"
    return frozenset(gzip.decompress(file.read_bytes()).decode().split())


def _bare(name: str) -> str:
    return _POSSESSIVE.sub("", name) if "'" in name or "’" in name else name


_ATTACHED = re.compile(
    r"-(?:based|owned|led|backed|listed|run|made|wide|style|focused|related|controlled|traded|style|born)\b"
)


def _parts(name: str) -> set[str]:
    """The words of a name, "-based", "-owned" and the like left out."""
    plain = _ATTACHED.sub("", name) if "-" in name else name
    whole = plain.lower().strip(".")
    return {whole} if "-" not in plain and "." in plain.strip(".") else {word.lower() for word in _WORD.findall(plain)}


def _capitalised_words(text: str) -> set[str]:
    return {word.lower() for name in _CAPITALISED.findall(text) for word in _WORD.findall(_bare(name)) if len(word) > 2}


@lru_cache(maxsize=64)
def _runs(body: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(run for run in _RUN.findall(body) if " " in run))


def _initials(runs: Iterable[str], specific: set[str]) -> set[str]:
    """ "FDA" for the "Food and Drug Administration", and the words of the long name where the text has the initials."""
    found: set[str] = set()
    for run in runs:
        short, bare = _short(run)
        if short:
            found |= {short, bare}
            if short in specific:
                found |= _name_words(run)
    return found


@lru_cache(maxsize=NAMES_KEPT)
def _short(run: str) -> tuple[str, str]:
    """Its initials, and these without an opening word's; empty for a name of one word."""
    capitals = [word for word in _GAP.split(run) if word[:1].isupper()]
    short = "".join(word[0] for word in capitals).lower()
    return (short, short[1:] if capitals[0].lower() in _OPENERS else short) if len(short) > 1 else ("", "")


@lru_cache(maxsize=NAMES_KEPT)
def _name_words(name: str) -> frozenset[str]:
    return frozenset(_words(name))


def _words(text: str) -> set[str]:
    if text.isascii():
        small = text.lower()
        words = set(_WORD.findall(small.replace("'s", ""))) if "'S" not in text else _lowered(text)
        words.update([word.strip(".,;:()[]<>\"'") for word in small.split()])
    else:
        words = _lowered(text)
        words |= {word.lower().strip(".,;:()[]<>\"'“”’") for word in text.split()}
    return words | {word[:-2] for word in words if word.endswith(("'s", "’s"))}


def _lowered(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text.replace("’s", "").replace("'s", ""))}


def proper_names(sentence: str) -> list[tuple[int, int]]:
    """Places of names that no dictionary has: runs of capitalised words none of which newsrooms write small; no country."""
    places: list[tuple[int, int]] = []
    for match in _CAPITALISED.finditer(sentence):
        name = _bare(match.group())
        end = match.start() + len(name)
        if not _translatable(name) and not any(_translatable(word) for word in _WORD.findall(name)):
            if places and sentence[places[-1][1] : match.start()] in (" ", "\u00a0"):
                places[-1] = (places[-1][0], end)
            else:
                places.append((match.start(), end))
    return places


def _translatable(word: str) -> bool:
    small = word.lower()
    return small in _COMMON | _OPENERS | _INSTITUTIONS or small in _BY_COUNTRY or small in ordinary_words()


_INSTITUTIONS = frozenset(
    "reserve treasury congress senate parliament commission court bank ministry department central supreme form".split()
)
"""Words of names that each language has its own for."""
