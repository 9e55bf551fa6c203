"""Figures of a text, each in its base unit with what it counts: dollars, shares, fractions of 1 for per cent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from agent.anycase import Anycase, folded
from agent.values import lexicon as lx

Kind = Literal["number", "money", "percent", "points", "multiple", "sigma"]
"""`points` is a difference of percentages: 120 basis points or 1.2 percentage points, never "1.2 percent more"."""
Hedge = Literal["about", "above", "below"]


@dataclass(frozen=True)
class Figure:
    """A number as written, in its base unit (dollars, fractions of 1 for per cent)."""

    kind: Kind
    number: float
    sign: Literal[-1, 0, 1]
    """0 when the text shows none."""
    step: float
    """Value of one unit of the last digit shown."""
    text: str
    start: int = 0
    """Where it stands in the text it was read from."""
    end: int = 0
    currency: str | None = None
    """ISO code of money; "¥" where yen and yuan are not told apart; None where the text names none."""
    unit: str | None = None
    """What is counted, where it is one of the units known, e.g. "share", "person", "barrel"."""
    per: str | None = None
    """Of a rate: "share", "day", "barrel"; None where the text names none."""
    hedge: Hedge | None = None
    """"about", "more than", "nearly" before it."""
    spelled: bool = False
    """A fraction or a multiple in words ("a third", "doubled"): true within its own vagueness."""
    basis_points: bool = False
    followed: bool = False
    """A word that may be what is counted follows it: then it is not money, whatever it counts."""


_DIGITS = (
    r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?|\d{1,3}(?:[ \u00a0\u202f\u2009](?!7\d7\b)\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d+(?:\.\d+)?|\.\d+"
)
"""Thousands parted by commas or spaces; "12 737" before an aircraft's name are two numbers."""
_TAIL = (
    rf"(?:(?P<percent>{lx.PERCENT})|(?P<bps>{lx.BASIS})|(?P<fold>{lx.FOLD})|(?P<sigma>{lx.SIGMA})"
    rf"|(?P<money>{lx.MONEY})|(?P<unit>{lx.UNIT}))"
)
_FIGURE = Anycase(
    rf"(?<![\w.,/^#-])(?:(?P<open>\()\s?)?(?P<minus>(?:minus|negative)\s)?(?P<sign>[+\-−](?=[\d.$£€¥]))?(?P<currency>{lx.SYMBOL})?\s?(?P<inner>\((?=[\d.]))?"
    rf"(?P<after>[+\-−](?=[\d.]))?(?P<digits>{_DIGITS})(?(open)(?P<shut>\))?|(?(inner)(?P<closed>\))?))"
    rf"(?:(?:\s|-)?(?P<scale>{lx.SCALE})\b(?:\s+of)?(?P<scale2>\s(?:million|billion|trillion))?)?(?:[\s-]{{0,2}}{_TAIL})?(?!\w)"
)
_NUMBER_WORD = "|".join(sorted(lx.NUMBER_WORDS, key=len, reverse=True))
_SPELLED = Anycase(
    rf"(?<![\w-])(?P<words>(?:an?\s+(?:half\s+)?(?=hundred|thousand|million|billion|trillion|dozen)|half\s+an?\s+(?=million|billion|trillion|dozen))?"
    rf"(?:(?:{_NUMBER_WORD}|hundred|thousand|million|billion|trillion|dozen)(?:(?:[\s-]|\s+and\s+)(?={_NUMBER_WORD}|hundred|thousand|million|billion|trillion|dozen))?)+)"
    rf"(?:(?:\s+of)?[\s-]{_TAIL})?(?![\w])",
    hints=(
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twel", "teen", "twenty", "thirt",
        "fort", "fift", "zero", "hundred", "thousand", "illion", "dozen",
    ),
)  # fmt: skip
_FRACTION = Anycase(
    r"(?<![\w-])(?:(?P<count>an?|one|two|three|four|five)[\s-]+)?(?P<name>half|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth)s?"
    r"(?:[\s-]+(?:of\s+)?an?\s+(?P<points>(?:percentage\s+)?point)|[\s-]+(?P<point>(?:percentage\s+)?points?\b))?"
    r"(?=\s+(?:of|from|more|less|lower|higher|to|in|its|the)\b|\s*[.,;)]|\s*$)(?!\s+of\s+(?:the\s+|a\s+|this\s+|its\s+|last\s+|next\s+)?(?:fiscal\s+|financial\s+)?(?:year|\d{4})\b)",
    hints=("half", "third", "quarter", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
)
_MULTIPLE = Anycase(
    r"\b(?P<stem>doubl|tripl|trebl|quadrupl|quintupl|halv)(?:e|es|ed|ing)\b(?!-digit|\s+digit|-check|\s+check|-A|\s+down)"
    r"|\b(?P<word>twice|thrice|(?:two|three|four|five|six|ten)-?fold)\b(?!\s+(?:an?|per|daily|weekly|monthly|in|this|before)\b)",
    hints=("doubl", "trip", "treb", "quadr", "quint", "halv", "twice", "thrice", "fold"),
)
_HEDGES: tuple[tuple[Hedge, str], ...] = (
    ("about", r"about|around|approximately|approx\.?|roughly|some|circa|c\.|~|close\s+to|an?\s+estimated|estimated"),
    ("above", r"more\s+than|over|above|at\s+least|exceed(?:s|ed|ing)?|in\s+excess\s+of|upwards?\s+of|greater\s+than|north\s+of"),
    ("below", r"nearly|almost|just\s+under|under|less\s+than|up\s+to|below|as\s+much\s+as|fewer\s+than|at\s+most|close\s+to"),
)  # fmt: skip
_HEDGE_ENDS = tuple(
    "about around approximately approx approx. roughly some circa c. ~ to estimated than over above least exceed exceeds exceeded"
    " exceeding of nearly almost under below as most a an".split()
)
"""What stands right before a figure with a hedge ends with one of these."""
_HEDGE = [(hedge, Anycase(rf"(?:{words})\s*(?:an?\s+)?$")) for hedge, words in _HEDGES]
_RANGE = Anycase(
    r"^\s*(?P<word>to|and|or|through|–|—|-|,)\s*(?:about\s+|around\s+|up\s+to\s+|as\s+much\s+as\s+|from\s+)?$"
)
_FUNCTION_WORD = Anycase(
    r"\s*(?:[^\w\s]|$|(?:in|of|for|from|to|and|or|on|at|by|per|a|an|as|after|before|with|versus|vs|compared|up|down|which|that|was"
    r"|were|is|are|the|this|last|next|during|through|than|while|but|driven|due|total|over|under|year|annual|net|adjusted)\b)"
)


_PARTING = re.compile(r"[,\s]")
_DIGIT = re.compile(r"\d")
_BEFORE_DIGITS = 32
"""No match of _FIGURE has so many characters before its first digit."""


def has_digit(text: str) -> bool:
    """Whether one stands in `text`, of any script."""
    return _DIGIT.search(text) is not None


def figures_of(text: str) -> list[Figure]:
    """Every figure of `text` in order; what names or dates hold must be blanked out beforehand."""
    figures: list[Figure] = []
    if has_digit(text):
        text = _dashes_as_ranges(text)
        figures = [_written(match, text) for match in _in_digits(folded(text))]
    taken = [(figure.start, figure.end) for figure in figures]
    for found in (_fractions(text), _multiples(text), _spelled(text)):
        for figure in found:
            if not any(start < figure.end and figure.start < end for start, end in taken):
                figures.append(figure)
                taken.append((figure.start, figure.end))
    figures.sort(key=lambda figure: figure.start)
    return _share_units(figures, text)


def _in_digits(small: str) -> Iterator[re.Match[str]]:
    """The matches of _FIGURE, which is searched only around digits: most of a text has none."""
    at = 0
    while digit := _DIGIT.search(small, at):
        match = _FIGURE.expression.search(small, max(at, digit.start() - _BEFORE_DIGITS))
        if match is None:
            return
        yield match
        at = match.end()


_DASH = re.compile(r"(?<=[\d%kmbn])(\s?)-(\s?)(?=[$£€¥]?\d)")
_DASH_BEFORE_MONEY = re.compile(r"(?<=\d)-(?=[a-z]?\$)", re.IGNORECASE)


def _dashes_as_ranges(text: str) -> str:
    """A dash between two figures says "to" and is no minus: it becomes an en dash, so that places stay as they are."""
    if "-" not in text:
        return text
    text = _DASH.sub(lambda m: f"{m[1]}–{m[2]}", text)
    return _DASH_BEFORE_MONEY.sub("–", text)


def _written(match: re.Match[str], text: str) -> Figure:
    digits = match["digits"]
    if not digits.isdecimal():
        digits = _PARTING.sub("", digits)
    decimals = len(digits.partition(".")[2])
    symbol = match["currency"]
    bracketed = match["shut"] or match["closed"] or (match["open"] and text[match.end() : match.end() + 1] == ")")
    signs = match.group("sign", "after")
    negative = match["minus"] or "-" in signs or "−" in signs
    plus = "+" in signs
    sign: Literal[-1, 0, 1] = 1 if plus else -1 if negative or (bracketed and match["digits"][0] != ".") else 0
    factor = _scale(match["scale"]) * _scale(match["scale2"]) if match["scale"] else 1.0
    start = match.start() + len(match["open"] or "")
    shown = text[start : match.end()].rstrip()
    if shown.endswith(("of", ")")):
        shown = re.sub(r"(?:\s+of|\))$", "", shown)
    place = start + len(shown) - len(shown.lstrip())
    where = _Written(sign, shown.strip(), place, start + len(shown))
    return _build(match, text, float(digits), 10.0**-decimals, factor, symbol, where)


def _scale(written: str | None) -> float:
    word = (written or "").strip().lower()
    return lx.SCALES.get(word, lx.SCALES.get(word.removesuffix("s"), 1.0))


class _Written(NamedTuple):
    """What a figure in digits shows, and where."""

    sign: Literal[-1, 0, 1]
    text: str
    start: int
    end: int


def _build(
    match: re.Match[str],
    text: str,
    number: float,
    step: float,
    factor: float,
    symbol: str | None = None,
    written: _Written | None = None,
) -> Figure:
    """The figure of a match with the groups of `_TAIL`; `written` None: as the match stands."""
    kind: Kind = "number"
    currency = unit = None
    percent = (match["percent"] or "").lower()
    if match["bps"]:
        kind, factor = "points", factor / 10_000
    elif percent:
        kind, factor = "points" if "point" in percent or percent.startswith("pp") else "percent", factor / 100
    elif match["fold"]:
        kind = "multiple"
    elif match["sigma"]:
        kind = "sigma"
    elif symbol or match["money"]:
        currency, worth = lx.currency_of(symbol or match["money"])
        kind, factor = "money", factor * worth
        if symbol and match["money"]:
            other, _ = lx.currency_of(match["money"])
            currency = other if other and currency == "USD" and symbol == "$" else currency
    elif match["unit"]:
        unit = lx.unit_of(match["unit"])
    small, end = match.string, match.end()
    per = lx.PER.expression.match(small, end)
    shown = written or _Written(0, text[match.start() : match.end()].strip(" ("), *match.span())
    return Figure(
        kind,
        number * factor,
        shown.sign,
        step * factor,
        shown.text,
        shown.start,
        shown.end,
        currency=currency,
        unit=unit,
        per=per[1].lower().replace("adr", "share").replace("ads", "share") if per else None,
        hedge=_hedge_before(small, match.start()),
        basis_points=bool(match["bps"]),
        followed=not match["unit"] and not _FUNCTION_WORD.expression.match(small, end),
    )


def _hedge_before(text: str, start: int) -> Hedge | None:
    before = folded(text[max(0, start - 24) : start])
    if not before.rstrip().endswith(_HEDGE_ENDS):
        return None
    return next((hedge for hedge, pattern in _HEDGE if pattern.expression.search(before)), None)


def _spelled(text: str) -> Iterator[Figure]:
    for match in _SPELLED.finditer(text):
        words = re.findall(r"[a-z]+", match["words"].lower())
        yield _build(match, text, *_number_of(words), 1.0)


def _number_of(words: list[str]) -> tuple[float, float]:
    """The number that words spell, and the value of its last unit: "forty-two", "a million", "half a billion"."""
    total = group = 0.0
    last = 1.0
    half = words[:1] == ["half"]
    for word in words:
        if word in lx.NUMBER_WORDS:
            group, last = group + lx.NUMBER_WORDS[word], 1.0
        elif word in ("hundred", "dozen"):
            group, last = (group or 1.0) * lx.SCALES[word], 1.0
        elif word in lx.SCALES and word not in ("a", "an"):
            total, group, last = total + (group or 1.0) * lx.SCALES[word], 0.0, lx.SCALES[word]
    number = total + group
    return (number / 2, last / 2) if half else (number, last)


def _fractions(text: str) -> Iterator[Figure]:
    for match in _FRACTION.finditer(text):
        name = match["name"].lower()
        if not match["count"] and name != "half":
            continue
        if (
            match.group()[-1] == "s"
            and re.match(r"\w+\s", match.group())
            and not re.match(r"\s+of\b", text[match.end() :])
        ):
            continue  # "three quarters" is a time, "three-quarters" and "three quarters of" are a share
        if re.search(
            r"\b(?:first|second|latter|other|back|this|last|previous|third|fourth)[\s-]+$", text[: match.start()], re.I
        ):
            continue
        count = {"a": 1, "an": 1}.get((match["count"] or "a").lower()) or lx.NUMBER_WORDS[match["count"].lower()]
        points = match["points"] or match["point"]
        number = count / lx.FRACTIONS[name]
        if number >= 1 or (
            name == "quarter"
            and count == 1
            and not re.match(r"\s+(?:of|from|more|less)\b", text[match.end() :])
            and not points
        ):
            continue
        yield Figure(
            "points" if points else "percent", number / 100 if points else number, 0, 0.0001 if points else 0.02,
            text[match.start() : match.end()].strip(), match.start(), match.end(),
            hedge=_hedge_before(text, match.start()), spelled=not points,
        )  # fmt: skip


def _multiples(text: str) -> Iterator[Figure]:
    for match in _MULTIPLE.finditer(text):
        key = (match["stem"] or match["word"]).lower().replace("-", "")
        yield Figure(
            "multiple", lx.MULTIPLES[key], 0, 0.2, text[match.start() : match.end()], match.start(), match.end(),
            hedge=_hedge_before(text, match.start()), spelled=True,
        )  # fmt: skip


def _share_units(figures: list[Figure], text: str) -> list[Figure]:
    """In "$1.10 to 1.15", "$45 to $50 million", "3 to 5 percent" each end has what the other one names."""
    shared = list(figures)
    for place in range(len(shared) - 2, -1, -1):
        first, second = shared[place], shared[place + 1]
        joint = _RANGE.match(text[first.end : second.start])
        if joint and not (first.spelled or second.spelled):
            word = joint["word"].lower()
            if word != "," and second.kind == "number" and second.unit is None and first.kind == "money":
                second = replace(second, kind="money", currency=first.currency)
            shared[place], shared[place + 1] = _as_other_end(first, second, word, text), second
    return shared


def _as_other_end(first: Figure, second: Figure, word: str, text: str) -> Figure:
    """The first of two figures with the percent sign, scale, currency, unit and rate of the second."""
    bare = first.kind == "number" and first.unit is None
    shown = first
    if bare and second.kind in ("percent", "points", "multiple"):
        worth = _unit_worth(second)
        shown = replace(
            first, kind=second.kind, number=first.number * worth, step=first.step * worth, basis_points=second.basis_points,
            followed=False,
        )  # fmt: skip
    elif word != "," and _scaled(first, text) == 1 and first.number < 1_000 and (first.kind == second.kind or bare):
        scale = _scaled(second, text)
        shown = replace(first, number=first.number * scale, step=first.step * scale)
    if bare and second.kind == "money" and word not in (",", "and"):
        shown = replace(shown, kind="money", currency=second.currency, followed=False)
    return replace(shown, per=first.per or second.per, unit=first.unit or (second.unit if bare else None))


def _unit_worth(figure: Figure) -> float:
    return 1.0 if figure.kind == "multiple" else 0.0001 if figure.basis_points else 0.01


def _scaled(figure: Figure, text: str) -> float:
    """The value of the scale word of a written figure."""
    found = re.search(rf"\d\s?-?({lx.SCALE})\b", text[figure.start : figure.end], re.IGNORECASE)
    return _scale(found[1]) if found else 1.0
