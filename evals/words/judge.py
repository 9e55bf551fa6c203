"""Whether an alarm was right, by a ruler of its own: what the sentence says occurs nowhere in the article in any spelling.

It shares no code with the check. Where it cannot tell, the alarm counts as false unless a person has read it
(`readings.json`: sentence id → "right" or "false", with the reason).
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Literal

Verdict = Literal["right", "false"]

_QUOTED = re.compile(r"“(.+?)”")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+")
_QUARTER = re.compile(
    r"\bq(?P<digit>[1-4])|\b(?P<front>[1-4])q|\b(?P<word>first|second|third|fourth|1st|2nd|3rd|4th|final)[\s-]+(?:\w+[\s-]+)?(?:quarter|qtr)"
    r"|\bquarter\s+(?P<spelt>one|two|three|four)\b",
    re.IGNORECASE,
)
_ORDINAL = {
    "first": "1",
    "second": "2",
    "third": "3",
    "fourth": "4",
    "final": "4",
    "1st": "1",
    "2nd": "2",
    "3rd": "3",
    "4th": "4",
}
_EXPECT = (
    "expect",
    "estimate",
    "forecast",
    "consensus",
    "analyst",
    "wall street",
    "predict",
    "outlook",
    "beat",
    "miss",
    "surpris",
)
_SPELLED = {
    "half": ("half", "50"), "third": ("third", "33"), "quarter": ("quarter", "25"), "doubl": ("doubl", "twice", "two", "2", "100"),
    "tripl": ("tripl", "three", "3", "200"), "dozen": ("dozen", "12", "24"),
}  # fmt: skip


def readings() -> Mapping[str, Mapping[str, str]]:
    """What a person judged, by sentence id: {"verdict": "right" | "false", "why": …}. Raises ValueError for a damaged file."""
    text = (resources.files("evals.words") / "readings.json").read_text(encoding="utf-8")
    table: Mapping[str, Mapping[str, str]] = json.loads(text)
    return table


def is_right(faults: Sequence[str], body: str) -> bool:
    """Whether at least one of the faults names something that the article does not have at all."""
    return any(_absent(fault, body) for fault in faults)


def _absent(fault: str, body: str) -> bool:
    text = body.lower()
    if "nothing of expectations" in fault:
        return not any(word in text for word in _EXPECT)
    found = _QUOTED.search(fault)
    if found is None or not any(told in fault for told in ("is not in what it cites", "is not in the article")):
        return False
    words = found[1]
    if fault.startswith("the figure"):
        return _figure_absent(words, text)
    if fault.startswith("the period") and (quarter := _quarter_of(words)):
        return all(_quarter_of(one.group()) != quarter for one in _QUARTER.finditer(text))
    if fault.startswith(("the date", "the period")):
        parts = re.findall(r"[a-z]{3,}|\d+", words.lower())
        return any(
            _whole_word(part[:3] if part.isalpha() else part, text, open_end=part.isalpha()) is None for part in parts
        )
    part = re.split(r"[\s-]", words)[0].lower().removesuffix("s")
    return part[:5] not in text and _initials(body, words) is None


def _quarter_of(words: str) -> str | None:
    found = _QUARTER.search(words)
    return (
        None
        if found is None
        else _ORDINAL.get(found["word"] or "", found["digit"] or found["front"] or _ORDINAL.get(found["spelt"] or ""))
    )


def _figure_absent(words: str, text: str) -> bool:
    """No number of the article begins with the same significant digits, whatever its scale or unit."""
    written = _NUMBER.search(words)
    if written is None:
        for stem, forms in _SPELLED.items():
            if stem in words.lower():
                return not any(form in text for form in forms)
        return not any(part in text for part in re.findall(r"[a-z]+", words.lower())[:1])
    wanted = _digits(written.group())
    return not any(_same_digits(wanted, _digits(one)) for one in _NUMBER.findall(text))


def _digits(number: str) -> str:
    return number.replace(",", "").replace(".", "").strip("0")


def _same_digits(wanted: str, other: str) -> bool:
    """Equal, or the other one rounds to it."""
    if wanted == other:
        return True
    if not wanted or len(other) <= len(wanted):
        return False
    rounded = str(round(int(other) / 10 ** (len(other) - len(wanted))))
    return rounded.strip("0") == wanted


def _whole_word(part: str, text: str, *, open_end: bool) -> re.Match[str] | None:
    return re.search(rf"\b{re.escape(part)}" + ("" if open_end else r"\b"), text)


def _initials(body: str, words: str) -> re.Match[str] | None:
    if not (words.isupper() and 2 <= len(words) <= 6 and words.isalpha()):
        return None
    return re.search(r"\b" + r"\w*[\s-]+(?:of |and |for |the )*".join(words), body)
