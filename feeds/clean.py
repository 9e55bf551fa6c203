"""Text as a reader sees it: one spelling for what looks alike, nothing that cannot be seen.

NFKC folds full-width, styled and ligature forms ("Ａ" → "A", "ﬁ" → "fi"). Where plain NFKC would change a number it is
steered: "3½" → "3 1/2" (not "31⁄2"), "10²" → "10^2" (not "102"), "Nasdaq™" → "Nasdaq" (not "NasdaqTM"). Non-breaking
hyphens and the minus sign become "-", so that "COVID‑19" and "−3 %" compare equal to what people type.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from records.defences import Defence, holds

_INVISIBLE = {
    # Joiners and spaces of no width, variation selectors (both blocks: the second can smuggle bytes), fillers.
    "zero-width": "\u200b-\u200d\u2060-\u2064\ufeff\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"
    "\ufe00-\ufe0f\U000e0100-\U000e01ef",
    "bidi": "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069",
    "soft hyphen": "\u00ad",
    "tag": "\U000e0000-\U000e007f",
    # Tab, line feed and the other line breaks are white space, not controls. The rest: deprecated format characters,
    # interlinear annotation, musical and shorthand layout.
    "control": "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u2065\u206a-\u206f\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a",
    # Lone surrogates, private use (icon fonts), the object replacement character, noncharacters, reserved ignorables.
    "meaningless": "\ud800-\udfff\ue000-\uf8ff\ufffc\ufdd0-\ufdef\ufffe\uffff\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
    "\U000f0000-\U0010ffff",
}
_ANY_INVISIBLE = re.compile("[" + "".join(_INVISIBLE.values()) + "]+")
_KINDS = tuple((kind, re.compile(f"[{ranges}]")) for kind, ranges in _INVISIBLE.items())

_LINE_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028]")
_SPACES = re.compile("(?:[^\\S\n]|\u2800)+")  # the blank Braille pattern is a letter to Unicode and a space to the eye
_EDGES = re.compile(" ?\n ?")
_PARAGRAPH = re.compile("\n{2,}")
_FRACTION = re.compile("[\u00bc-\u00be\u2150-\u215e\u2189]")
_SUPERSCRIPT = re.compile("[\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u207a\u207b]+")
_DASH = re.compile("[\u2010\u2011\u2212]")
_MARK = re.compile("[\u2122\u2120]")  # trade and service mark, which NFKC would glue to the name as letters

_WORD = re.compile(r"[^\W\d_]{2,}")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
# Cyrillic, Armenian and Cherokee whole; of Greek only letters drawn like Latin ones, so that "μm" and "αβ" are left alone.
_LOOKALIKE = re.compile("[\u0400-\u052f\u0531-\u0587\u13a0-\u13fdΑΒΕΖΗΙΚΜΝΟΡΤΥΧορνι]")
_WORDS_NAMED = 5  # in a note: enough to judge, short enough to read


@dataclass(frozen=True)
class Cleaned:
    """A cleaned text and how many characters of which kind were taken out of it."""

    text: str
    removed: Counter[str] = field(default_factory=Counter)


def clean_text(raw: str) -> Cleaned:
    """Cleaned text: paragraphs parted by one blank line, no space at the edge of a line. Cleaning twice changes nothing."""
    if not holds(Defence.NORMALISATION):
        return Cleaned(_PARAGRAPH.sub("\n\n", raw.replace("\r\n", "\n")).strip())
    removed: Counter[str] = Counter()
    for run in _ANY_INVISIBLE.findall(raw):
        for kind, pattern in _KINDS:
            removed[kind] += len(pattern.findall(run))
    return Cleaned(_spelled(raw), +removed)


def clean_line(raw: str) -> Cleaned:
    """As `clean_text`, on one line: for titles and names."""
    cleaned = clean_text(raw)
    return Cleaned(" ".join(cleaned.text.split()), cleaned.removed)


def removal_note(removed: Counter[str]) -> str | None:
    """The line of `Article.notes` for what was taken out; None when nothing was."""
    total = removed.total()
    if not total:
        return None
    kinds = ", ".join(
        f"{count} {kind}" for kind, count in sorted(removed.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"removed {total} invisible character{'s' if total > 1 else ''} ({kinds})"


def lookalike_note(text: str) -> str | None:
    """The line of `Article.notes` for words that mix Latin letters with look-alikes of another script; None if none do.

    "Аpple" with a Cyrillic А is not the word "Apple" to a program. It is flagged, not changed: Russian text is no
    error.
    """
    if text.isascii():
        return None
    words = dict.fromkeys(word for word in _WORD.findall(text) if _LATIN.search(word) and _LOOKALIKE.search(word))
    if not words:
        return None
    named = ", ".join(f"{word} ({_code_points(word)})" for word in list(words)[:_WORDS_NAMED])
    more = f" and {len(words) - _WORDS_NAMED} more" if len(words) > _WORDS_NAMED else ""
    return f"words that mix Latin letters with look-alikes of another script: {named}{more}"


def _code_points(word: str) -> str:
    return " ".join(f"U+{ord(letter):04X}" for letter in dict.fromkeys(_LOOKALIKE.findall(word)))


def _spelled(text: str) -> str:
    text = _ANY_INVISIBLE.sub("", text)
    text = _LINE_BREAK.sub("\n", text).replace("\u2029", "\n\n")
    if not text.isascii():
        text = _FRACTION.sub(_spelled_fraction, text)
        text = _SUPERSCRIPT.sub(lambda run: "^" + unicodedata.normalize("NFKC", run.group()), text)
        text = unicodedata.normalize("NFKC", _MARK.sub("", text))
        text = _DASH.sub("-", text.replace("\u2044", "/"))
    text = _EDGES.sub("\n", _SPACES.sub(" ", text))
    return _PARAGRAPH.sub("\n\n", text).strip(" \n")


def _spelled_fraction(match: re.Match[str]) -> str:
    spelled = unicodedata.normalize("NFKC", match.group()).replace("\u2044", "/")
    before, after = match.string[max(0, match.start() - 1) : match.start()], match.string[match.end() : match.end() + 1]
    return f"{' ' if before.isnumeric() else ''}{spelled}{' ' if after.isnumeric() else ''}"
