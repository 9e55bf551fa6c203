"""Is an answer right? Decided in code, from the gold answer alone.

After TAT-QA's metric (Zhu et al. 2021, https://aclanthology.org/2021.acl-long.254): figures in brackets are negative, a percentage
is a percentage, a scale word counts, figures are compared after rounding to two decimals, all spans of several are wanted. What
differs, since these answers are sentences: the figure is looked for in the first sentence, which may state at most three; a scale
that is not said is read as the gold's; a text is right when it holds the gold's words in order, or reaches F1 0.6.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["correct", "wrong", "refused"]
VERSION = "1"
"""Of these rules: kept grades of others are not used."""
MOST_FIGURES = 3
LEAST_F1 = 0.6
LONGEST = 40
"""Words of an answer that holds a short gold; longer ones quote a page and hope."""

_NUMBER = re.compile(
    r"(?P<open>\()?\s?(?P<minus>[-−–]\s?)?(?:US|A|C)?[$€£]?\s?(?P<inner>[-−(])?(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)\s?"
    r"(?P<percent>%|percent\b|per cent\b|percentage points?\b)?\)?\s?(?P<percent2>%)?\s?(?:\(?(?:(?:[A-Z]\w+ )?in |[€$])?)"
    r"(?P<scale>thousands?\b|millions?\b|billions?\b|bn\b|mn\b|m\b|[’']000)?",
    re.IGNORECASE,
)
_SCALES = {"thousand": 1e3, "'000": 1e3, "’000": 1e3, "million": 1e6, "mn": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9}
_YEAR = re.compile(r"(?:19|20)\d\d")
_YES_NO = re.compile(r"\s*(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Gold:
    """What is held for right."""

    kind: Literal["number", "text", "spans"]
    parts: tuple[str, ...]
    """One, or the spans of a `spans`, all of which are wanted."""
    scale: str = ""
    """thousand, million, billion, percent, or unsaid."""
    slack: float = 0.001
    """Relative: how far a figure said more, or less, exactly may be off."""


@dataclass(frozen=True)
class Number:
    """A figure as it stands, and its scale if it is said."""

    value: float
    scale: float | None
    percent: bool

    @property
    def whole(self) -> float:
        """Multiplied out."""
        return self.value * (self.scale or 1.0)


def grade(gold: Gold, question: str, sentences: Sequence[str]) -> Outcome:
    """`sentences`: those of the answer that state something, in order; none is a refusal."""
    if not sentences:
        return "refused"
    if gold.kind == "number":
        right = _number_is(gold, question, sentences[0])
    elif gold.kind == "spans":
        right = all(_holds(part, gold, " ".join(sentences)) for part in gold.parts if part.strip())
    else:
        right = _text_is(gold, question, sentences)
    return "correct" if right else "wrong"


def numbers_in(text: str) -> list[Number]:
    """In order; years and days of a date are not left out here."""
    found = []
    for match in _NUMBER.finditer(text):
        value = float(match["digits"].replace(",", ""))
        after = text[match.end("digits") : match.end("digits") + 2]
        bracketed = (match["open"] or match["inner"] == "(") and ")" in after + (match["percent"] or "")
        minus = match["minus"] in ("-", "−", "–") and not re.search(r"\w$", text[: match.start("minus")])
        if bracketed or minus or match["inner"] in ("-", "−"):
            value = -value
        word = (match["scale"] or "").lower()
        scale = _SCALES.get(word if word in _SCALES else word.rstrip("s"))
        found.append(Number(value, scale, bool(match["percent"] or match["percent2"])))
    return found


def is_number(text: str) -> bool:
    """Whether a text is one figure and nothing else."""
    return (
        re.fullmatch(
            r"[\s$€£(]*(?:US|A)?\$?[-−–]?\s?\(?\d[\d,]*(?:\.\d+)?\)?\s?%?\)?(?:\s?(?:million|billion|thousand))?", text
        )
        is not None
    )


def _number_is(wanted: Gold, question: str, sentence: str) -> bool:
    sentence = sentence.rpartition("=")[2]  # where working is shown, what comes out of it
    gold = _scaled(wanted.parts[0], wanted.scale)
    if gold is None:
        return False
    asked = {(one.value, one.percent) for one in numbers_in(question)}
    stated = [one for one in numbers_in(sentence) if (one.value, one.percent) not in asked or one.value == gold.value]
    stated = [one for one in stated if not _looks_like_a_year(one) or one.value == gold.value]
    if len({one.value for one in stated}) > MOST_FIGURES:
        return False
    return any(_same(gold, one, _decimals(wanted.parts[0]), wanted.slack) for one in stated)


def _scaled(part: str, scale: str) -> Number | None:
    """With the gold's scale where the figure itself has none."""
    found = numbers_in(part)
    if not found:
        return None
    return Number(found[0].value, found[0].scale or _SCALES.get(scale), found[0].percent or scale == "percent")


def _looks_like_a_year(one: Number) -> bool:
    return one.scale is None and not one.percent and one.value == int(one.value) and 1900 <= abs(one.value) <= 2100


def _decimals(text: str) -> int:
    digits = re.search(r"\d[\d,]*\.(\d+)", text)
    return len(digits[1].rstrip("0")) if digits else 0


def _same(gold: Number, said: Number, decimals: int, slack: float) -> bool:
    if gold.percent != said.percent and not (gold.percent and said.scale is None):
        return False
    pairs = [(gold.value, said.value)] if gold.percent or gold.scale is None or said.scale is None else []
    if gold.percent and not said.percent:
        pairs.append((gold.value, said.value * 100))
    if gold.scale and said.scale:
        pairs.append((gold.whole, said.whole))
    if gold.scale is None and said.scale:
        pairs += [(gold.value * scale, said.whole) for scale in (1.0, *_SCALES.values())]
    return any(_close(one, other, decimals, slack) for one, other in pairs)


def _close(gold: float, said: float, decimals: int, slack: float) -> bool:
    """Equal to the last figure that the gold gives, at most two decimals, or within the slack: a figure said more exactly."""
    places = min(decimals, 2)
    return abs(gold - said) <= max(0.5 * 10.0**-places + 1e-9 if decimals else 1e-9, slack * abs(gold))


def _holds(part: str, gold: Gold, text: str) -> bool:
    wanted = _scaled(part, gold.scale) if is_number(part) and not _YEAR.fullmatch(part.strip()) else None
    if wanted is not None:
        return any(_same(wanted, one, _decimals(part), gold.slack) for one in numbers_in(text))
    return _stands_in(part, text)


def _text_is(gold: Gold, question: str, sentences: Sequence[str]) -> bool:
    wanted, text = gold.parts[0], " ".join(sentences)
    answered = _YES_NO.match(wanted)
    if answered:
        said = _YES_NO.match(text)
        return said is not None and said[1].lower() == answered[1].lower()
    if _YEAR.fullmatch(wanted.strip()):
        return set(_YEAR.findall(sentences[0])) - set(_YEAR.findall(question)) == {wanted.strip()}
    short = len(_tokens(text)) <= max(LONGEST, 3 * len(_tokens(wanted)))
    return (short and _stands_in(wanted, text)) or max(f1(wanted, one) for one in (*sentences, text)) >= LEAST_F1


def _stands_in(wanted: str, text: str) -> bool:
    return f" {' '.join(_tokens(wanted))} " in f" {' '.join(_tokens(text))} "


def f1(wanted: str, said: str) -> float:
    """Of the words, counted."""
    one, other = Counter(_tokens(wanted)), Counter(_tokens(said))
    shared = sum((one & other).values())
    return 2 * shared / (one.total() + other.total()) if shared else 0.0


def _tokens(text: str) -> list[str]:
    """Lower-case words and figures without marks, articles and the commas of thousands."""
    plain = re.sub(r"(?<=\d),(?=\d)", "", text.lower())
    found = re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", plain)
    return [one for one in found if one not in ("a", "an", "the")]
