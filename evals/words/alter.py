"""True sentences made false in one known way each: the check ought to stop them."""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,]|\.\d)")
_SCALE = {"million": "billion", "billion": "million", "mln": "bln", "bln": "mln", "trillion": "billion", "bn": "m"}
_DIRECTIONS = (
    ("rose", "fell"), ("rises", "falls"), ("rise", "fall"), ("rising", "falling"), ("risen", "fallen"), ("increased", "decreased"),
    ("increase", "decrease"), ("increases", "decreases"), ("higher", "lower"), ("grew", "shrank"), ("growth", "decline"),
    ("gained", "lost"), ("gains", "drops"), ("jumped", "plunged"), ("jumps", "plunges"), ("jump", "plunge"), ("surged", "slumped"),
    ("climbed", "slid"), ("raised", "cut"), ("raises", "cuts"), ("raise", "cut"), ("improved", "declined"),
)  # fmt: skip
_EXPECTED = (
    ("beats", "misses"),
    ("beat", "missed"),
    ("beating", "missing"),
    ("topping", "missing"),
    ("tops", "misses"),
    ("topped", "missed"),
    ("above", "below"),
    ("better-than-expected", "worse-than-expected"),
    ("higher-than-expected", "lower-than-expected"),
    ("stronger-than-expected", "weaker-than-expected"),
    ("smaller-than-expected", "larger-than-expected"),
)
_OF_EXPECTATIONS = re.compile(r"expect|estimate|forecast|street|view|consensus", re.IGNORECASE)
_MEASURES = (
    ("revenue", "profit"), ("sales", "profit"), ("earnings per share", "revenue"), ("profit", "revenue"), ("net income", "revenue"),
    ("earnings", "revenue"), ("income", "revenue"), ("loss", "profit"), ("dividend", "profit"), ("ebitda", "revenue"),
)  # fmt: skip
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_QUARTERS = {
    "q1": "q2", "q2": "q3", "q3": "q4", "q4": "q1", "first quarter": "second quarter", "second quarter": "third quarter",
    "third quarter": "fourth quarter", "fourth quarter": "first quarter", "first-quarter": "second-quarter",
    "second-quarter": "third-quarter", "third-quarter": "fourth-quarter", "fourth-quarter": "first-quarter",
    "first-half": "second-half", "first half": "second half", "full year": "first quarter", "full-year": "first-quarter",
}  # fmt: skip
_STRANGERS = ("Fabrikam", "Northwind", "Contoso", "Tailspin")
"""Companies that exist in no article."""


def alterations(text: str, companies: Sequence[str], rng: Random) -> Mapping[str, str]:
    """Kind of mistake → the sentence with it; a kind that the sentence gives no hold for is left out."""
    makers: Mapping[str, Callable[[], str | None]] = {
        "figure": lambda: _another_figure(text, rng),
        "figures exchanged": lambda: _exchanged(text),
        "scale": lambda: _by_table(text, _SCALE, rng),
        "unit": lambda: _another_unit(text),
        "currency": lambda: _another_currency(text),
        "direction": lambda: _by_pairs(text, _DIRECTIONS, rng),
        "expectation": lambda: _by_pairs(text, _EXPECTED, rng) if _OF_EXPECTATIONS.search(text) else None,
        "measure": lambda: _first_of(text, _MEASURES),
        "date": lambda: _another_date(text, rng),
        "quarter": lambda: _by_table(text, _QUARTERS, rng),
        "denial": lambda: _denied(text),
        "company not in the article": lambda: _stranger(text, companies, rng),
        "company of the article": lambda: _other_company(text, companies),
    }
    made = {name: make() for name, make in makers.items()}
    return {name: altered for name, altered in made.items() if altered and altered != text}


def _replaced(text: str, match: re.Match[str], by: str) -> str:
    written = match.group()
    by = (
        by.upper() if written.isupper() and len(written) > 1 else by[0].upper() + by[1:] if written[0].isupper() else by
    )
    return text[: match.start()] + by + text[match.end() :]


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", re.IGNORECASE)


def _another_figure(text: str, rng: Random) -> str | None:
    """One leading digit changes, so that no rounding can carry it; years and days are left to "date"."""
    found = [
        one
        for one in _NUMBER.finditer(text)
        if not re.fullmatch(r"(?:19|20)\d\d", one.group()) and not _dated(text, one)
    ]
    if not found:
        return None
    match = rng.choice(found)
    digits = match.group()
    place = next((at for at, digit in enumerate(digits) if digit in "123456789"), None)
    if place is None:
        return None
    other = rng.choice([digit for digit in "123456789" if digit != digits[place]])
    return text[: match.start()] + digits[:place] + other + digits[place + 1 :] + text[match.end() :]


def _dated(text: str, match: re.Match[str]) -> bool:
    return (
        re.search(rf"\b(?:{'|'.join(month[:3] for month in _MONTHS)})\w*\.?\s$", text[: match.start()], re.IGNORECASE)
        is not None
    )


def _exchanged(text: str) -> str | None:
    """Two figures of one kind change places."""
    for pattern in (r"\$\d[\d.,]*\d(?: (?:million|billion|mln|bln))?", r"\d[\d.]*\s?(?:%|percent|pct)"):
        found = list(re.finditer(pattern, text))
        if len(found) >= 2 and found[0].group() != found[1].group() and not _one_range(text, found[0], found[1]):
            first, second = found[:2]
            return (
                text[: first.start()]
                + second.group()
                + text[first.end() : second.start()]
                + first.group()
                + text[second.end() :]
            )
    return None


def _one_range(text: str, first: re.Match[str], second: re.Match[str]) -> bool:
    return re.fullmatch(r"\s*(?:to|and|-|–)\s*", text[first.end() : second.start()]) is not None


def _another_unit(text: str) -> str | None:
    money = re.search(r"\$(\d[\d.,]*(?: (?:million|billion|mln|bln)))(?! (?:shares|loan|notes))", text)
    if money:
        return text[: money.start()] + money[1] + " shares" + text[money.end() :]
    percent = re.search(r"(\d)(?:\s?%|\s(?:percent|pct)\b)", text)
    return text[: percent.start()] + percent[1] + " basis points" + text[percent.end() :] if percent else None


def _another_currency(text: str) -> str | None:
    found = re.search(r"(?<![\w$])[$€£](?=\d)", text)
    if not found:
        return None
    return text[: found.start()] + {"$": "€", "€": "$", "£": "$"}[found.group()] + text[found.end() :]


def _by_pairs(text: str, pairs: Sequence[tuple[str, str]], rng: Random) -> str | None:
    table = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    return _by_table(text, table, rng)


def _by_table(text: str, table: Mapping[str, str], rng: Random) -> str | None:
    found = [(match, other) for word, other in table.items() for match in _word(word).finditer(text)]
    if not found:
        return None
    match, other = rng.choice(found)
    return _replaced(text, match, other)


def _first_of(text: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    for word, other in pairs:
        match = _word(word).search(text)
        if match and _NUMBER.search(text):
            return _replaced(text, match, other)
    return None


def _another_date(text: str, rng: Random) -> str | None:
    tables: list[Mapping[str, str]] = [
        {day: _WEEKDAYS[(place + 2) % 5] for place, day in enumerate(_WEEKDAYS)},
        {month: _MONTHS[(place + 5) % 12] for place, month in enumerate(_MONTHS) if month != "May"},
    ]
    altered = next((made for table in tables if (made := _by_table(text, table, rng))), None)
    if altered:
        return altered
    year = re.search(r"(?<![\w$.,])20[012]\d(?![\w.,]\d|\w)", text)
    return text[: year.start()] + str(int(year.group()) + rng.choice((-3, 3))) + text[year.end() :] if year else None


_DENIALS = (
    (r"\bwill (?!not)", "will not "),
    (r"\bwould (?!not)", "would not "),
    (r"\bhas (?!not|no)", "has not "),
    (r"\bwas (?!not)", "was not "),
    (r"\bis (?!not)", "is not "),
    (r"\bare (?!not)", "are not "),
    (r"\breported\b", "did not report"),
    (r"\breports\b", "does not report"),
    (r"\bposts\b", "does not post"),
    (r"\bposted\b", "did not post"),
    (r"\bagreed\b", "did not agree"),
    (r"\bto buy\b", "not to buy"),
    (r"\bsees\b", "does not see"),
    (r"\bexpects\b", "does not expect"),
    (r"\braised\b", "did not raise"),
    (r"\bcuts\b", "does not cut"),
    (r"\brose\b", "did not rise"),
    (r"\bfell\b", "did not fall"),
    (r"\bincreased\b", "did not increase"),
    (r"\bexpect\b", "do not expect"),
)


def _denied(text: str) -> str | None:
    if re.search(r"\b(?:not|no|never|without|den(?:y|ies|ied))\b|n['’]t\b", text, re.IGNORECASE):
        return None
    for pattern, denied in _DENIALS:
        match = re.search(pattern, text)
        if match:
            return text[: match.start()] + denied + text[match.end() :]
    return None


def _named(text: str, companies: Sequence[str]) -> list[tuple[re.Match[str], str]]:
    return [(match, name) for name in companies if (match := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text))]


def _stranger(text: str, companies: Sequence[str], rng: Random) -> str | None:
    named = _named(text, companies)
    return _put(text, named[0][0], rng.choice(_STRANGERS)) if named else None


_EQUALS = re.compile(r"(?:\s+[A-Z][\w.&]*)*\s*(?:,|/|-|–|\s|\band\b|&)+\s*(?:[A-Z][\w.&]*\s+)*")
"""Between two companies that do a thing together ("A and B", "the A-B deal"): in the other order it is as true."""


def _other_company(text: str, companies: Sequence[str]) -> str | None:
    """Two companies of the sentence change places; with one, or with two as equals, another of the article takes its place."""
    named = _named(text, companies)
    if len(named) >= 2:
        first, second = sorted((named[0][0], named[1][0]), key=lambda match: match.start())
        if first.end() <= second.start() and not _EQUALS.fullmatch(text[first.end() : second.start()]):
            return (
                text[: first.start()]
                + second.group()
                + text[first.end() : second.start()]
                + first.group()
                + text[second.end() :]
            )
    if named:
        other = next((name for name in companies if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)), None)
        return _put(text, named[0][0], other) if other else None
    return None


def _put(text: str, match: re.Match[str], name: str) -> str:
    return text[: match.start()] + name + text[match.end() :]
