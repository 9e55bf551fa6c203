"""What identifies a text whoever printed it: the words without agency furniture, digests of them, and a MinHash.

A reprint differs in byline, dateline, labels, case, entities and what a site appends; none of these is left here.
"""

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vectorstore.threads.terms import folded

PERMUTATIONS, BANDS = 48, 12
"""Bands of four rows: two texts whose shingles overlap by .8 share a band with probability .998, by .5 with .54, by .2 with .02."""
SHINGLE = 3
"""Words in a row: fewer join texts that share a phrase, more lose those where every tenth word was changed."""
BODY_WORDS = 10
"""A shorter body is a footnote that strangers share."""
LEAD_WORDS = 16
"""The first words of the body: what a shortened reprint keeps whole."""
MOST_WORDS = 2_000
"""Of a longer text the rest is left out: a thread is told by its first pages."""

_LABEL = re.compile(
    r"^(?:(?P<update>update|wrapup)\s*\d*|(?P<correction>corrected(?:\s*\(official\))?|correction|refile|clarification)"
    r"|(?P<repeat>rpt|repeat)|(?P<digest>factbox|take a look|morning (?:briefs?|bid)|timeline|instant view|highlights"
    r"|press digest|roundup|round-up|news digest|briefs)|brief|exclusive|breaking|just in|watch|analysis|insight"
    r"|live markets|alert)"
    r"\s*(?:[-:|]|\d+-)+\s*"
)
_CORRECTS = re.compile(
    r"\((?:corrects?|refiles?|fixes|clarifies|this (?:story|version)[^()]{0,40}correct)[^()]{0,300}\)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = rf"{_MONTH} \d{{1,2}}(?:,? \d{{4}})?,?"
_AGENCY = r"\((?:reuters|ap|afp|bloomberg|dow jones|pti|xinhua|efe|ansa|dpa|upi|ifr|marketwatch|cnbc)[^()]{0,40}\)"
_DATELINE = re.compile(
    rf"^(?:[a-z .,/'()-]{{2,60}}?[, ]+)?(?:{_DAY}\s*)?{_AGENCY}\s*-*\s*"  # "new york, oct 3 (reuters) - "
    rf"|^(?:[a-z .,/']{{2,40}} )?{_DAY} -*\s*(?=[a-z])"  # "oct 3 "
)
_CAPITAL_CITY = re.compile(r"^(?:[A-Z][A-Z.'-]+[ /,]+){1,5}(?=[A-Z][a-z'])")
_FURNITURE = re.compile(
    "|".join(
        (
            r"\((?:reporting|writing|editing|compiled|additional reporting)\b[^()]{0,400}\)",
            r"\b(?:reporting|writing|editing|additional reporting) by [^.;]{3,160}(?:[.;]|$)",
            r"^by [a-z.'-]+(?: [a-z.'-]+){1,3}(?:, [a-z ]+)?$",
            r"source text(?: for eikon)?(?: \(?https?://\S+\)?)?:?",
            r"further company coverage:?",
            r"our standards: the thomson reuters trust principles\.?",
            r"-+ ?thomson reuters i/b/e/s",
            r"(?:©|\(c\)|copyright)[^.]{0,80}(?:all rights reserved|reserved)\.?",
            r"all rights reserved\.?",
            r"\b(?:click here|for more information,? (?:please )?(?:visit|contact)|read more at|sign up (?:for|to)|subscribe to"
            r"|follow us on|this article (?:first|originally) appeared|disclaimer:)[^.]{0,200}(?:\.(?=\s|$)|$)",
            r"\*+ ?",
            r"https?://\S+",
        )
    ),
    re.MULTILINE,
)
_WORDS = re.compile(r"[^\W_]+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Fingerprint:
    """One text's identity."""

    title: str
    """The headline, folded, without labels."""
    text: str
    """The body, folded, without furniture; paragraphs parted by newlines."""
    label: str | None
    """What the publisher calls it: 'update', 'correction', 'repeat' or 'digest' (a round-up); None if nothing."""
    digest: str
    """Of title and body: equal for a reprint that changed nothing but furniture."""
    body_digest: str | None
    """Of the body alone, for reprints under another headline; None when it is too short to mean anything."""
    lead_digest: str | None
    """Of the first LEAD_WORDS words of the body, for shortened ones; None likewise."""
    shingles: frozenset[int]
    """Hashes of the SHINGLE-word windows of the body, or of the title when there is no body."""
    bands: tuple[int, ...]
    """One signed 64-bit key a MinHash band; empty when there are too few words."""


def fingerprint(title: str, text: str) -> Fingerprint:
    """Takes the cleaned headline and body of an article."""
    label, headline = _unlabelled(folded(html.unescape(title)))
    corrects, body = _body(text)
    label = "correction" if corrects else label
    words = words_of(body)[:MOST_WORDS]
    title_words = words_of(headline)
    shingles = _shingles(words if len(words) >= BODY_WORDS else [*title_words, *words])
    return Fingerprint(
        title=headline,
        text=body,
        label=label,
        digest=_digest([*title_words, "|", *words]),
        body_digest=_digest(words) if len(words) >= BODY_WORDS else None,
        lead_digest=_digest(words[:LEAD_WORDS]) if len(words) >= LEAD_WORDS else None,
        shingles=frozenset(shingles),
        bands=_bands(shingles) if len(shingles) >= SHINGLE else (),
    )


def words_of(text: str) -> list[str]:
    """The words of a folded text as written."""
    return _WORDS.findall(text)


def lead_digest(text: str) -> str | None:
    """Of the first words of a folded paragraph; None when there are too few."""
    words = words_of(text)
    return _digest(words[:LEAD_WORDS]) if len(words) >= LEAD_WORDS else None


def key_of(kind: str, value: str) -> int:
    """A signed 64-bit key, as both databases store an integer."""
    return int.from_bytes(hashlib.blake2b(f"{kind}:{value}".encode(), digest_size=8).digest(), "big", signed=True)


def _unlabelled(title: str) -> tuple[str | None, str]:
    label = None
    for _ in range(3):  # "RPT-UPDATE 2-…"
        found = _LABEL.match(title)
        if not found:
            break
        label = label or next((name for name, value in found.groupdict().items() if value), None)
        title = title[found.end() :]
    return label, title


def _body(text: str) -> tuple[bool, str]:
    """Whether it says that it corrects something, and the words that are the story's own."""
    text = _CAPITAL_CITY.sub("", html.unescape(text).lstrip())
    paragraphs = [folded(part) for part in text.split("\n")]
    corrects = any(_CORRECTS.search(part) for part in paragraphs[:3])
    kept: list[str] = []
    for part in paragraphs:
        part = _FURNITURE.sub(" ", _CORRECTS.sub(" ", part)).strip(" -*")
        part = _DATELINE.sub("", part) if not kept else part
        if part:
            kept.append(" ".join(part.split()))
    return corrects, "\n".join(kept)


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:32]


def _shingles(words: Sequence[str]) -> list[int]:
    windows = [" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))] if words else []
    return [
        int.from_bytes(hashlib.blake2b(each.encode(), digest_size=4).digest(), "big") for each in dict.fromkeys(windows)
    ]


@cache
def _permutations() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """(permutations, 1) odd factors and (permutations, 1) summands, of a generator whose numbers NumPy keeps the same for ever."""
    generator = np.random.RandomState(1)
    factors = generator.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors[:, None], generator.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)[:, None]


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The finaliser of MurmurHash3: a bijection of 32 bits that leaves no order among them."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        hashes = (hashes ^ (hashes >> np.uint32(shift))) * np.uint32(factor)
    return hashes ^ (hashes >> np.uint32(16))


def _bands(shingles: Sequence[int]) -> tuple[int, ...]:
    """MinHash (Broder 1997) by permutations a·h + b mod 2³²: the values of datasketch's scheme "affine32", to the bit. It is not
    imported since it loads half of SciPy."""
    factors, summands = _permutations()
    least = (_mixed(np.array(shingles, dtype=np.uint32)) * factors + summands).min(axis=1)
    rows = PERMUTATIONS // BANDS
    shown = least.astype("<u8").tobytes().hex()
    width = 16 * rows
    return tuple(key_of("band", f"{band}:{shown[band * width : (band + 1) * width]}") for band in range(BANDS))
