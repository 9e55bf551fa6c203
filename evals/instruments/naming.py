"""From registered names to the forms in which articles write them."""

import re
from collections.abc import Iterator
from typing import Literal

from markets.tokens import fold, name_key, split_words

FormKind = Literal["core", "short"]

_LEGAL_TAIL = re.compile(
    r"""(?:\s*,?\s+(?:&\s*Co(?:mpany|s)?|and\s+Co(?:mpany|s)?|Inc(?:orporated)?|Corp(?:oration)?|Co(?:mpany|mpanies|s)?|Ltd|Limited|PLC
    |LLC|L\.?L\.?C|L\.?P|N\.?V|S\.?A(?:\.?B)?|S\.?p\.?A|A\.?G|S\.?E|A\.?B|ASA|A[./]?S|KGaA|K\.?K|Oyj|Tbk|N\.?A|P\.?L\.?C|SAA|SAIC|SACI
    |de\s+C\.?V|S\.?A\.?B\.?\s+de\s+C\.?V|S\.?A\.?C\.?I\.?F\.?\s+y\s+A|Sociedad\s+Anonima|y\s+A|Ads|\(New\)|New|Shs|DE|Berhad)\b\.?)+$""",
    re.VERBOSE | re.IGNORECASE,
)

_DESCRIPTORS = frozenset(
    """holdings holding holdco group international intl global worldwide technologies technology tech pharmaceuticals
    pharmaceutical pharma therapeutics biotherapeutics biopharma biopharmaceuticals biosciences bioscience sciences
    science biologics biotech biotechnology biomedical genetics genomics oncology medicines diagnostics medical health
    healthcare labs laboratories lab energy resources financial finance bancorp bancorporation bancshares bankshares
    bank banc banks savings capital investment investments management asset industries industrial manufacturing systems
    system solutions brands stores store restaurants restaurant entertainment communications communication networks
    network networking software services service enterprises enterprise partners properties property realty trust reit
    residential apartment communities hotels resorts lodging oil gas petroleum exploration mining mines gold silver
    minerals metals metal airlines lines foods food motors motor motorcycles automotive materials media interactive usa
    america americas semiconductor semiconductors devices products product electric electronics power insurance
    assurance homes steel robotics aerospace defense shipping tankers marine maritime logistics transportation water
    utilities chemical chemicals instruments controls equipment tool tools machinery engineering construction education
    educators corp plc co companies company royalty beverage beverages wholesale retail paper packaging data digital
    online web security securities payments natural gaming studios pictures publishing scientific surgical vision
    wireless telecom telephone broadcasting cable bottling tobacco cosmetics apparel footwear furniture automation
    photonics optical solar renewable renewables hydrogen nuclear lithium uranium copper graphite cannabis nutrition
    wellness platforms ventures midstream pipeline drilling offshore services""".split()
)
"""Words that say what a company does and that headlines leave out: 'Madrigal Pharmaceuticals' → 'Madrigal'."""

_SHARED_FIRST_WORDS = frozenset("first american united national global china new general capital community".split())
"""First words too common to tell that two names are one company's."""
_SAME_LETTERS = 5
"""Letters, spaces left out, that tell it otherwise: 'J.B. Hunt' and 'JB Hunt'."""

_SMALL_WORDS = frozenset({"IN", "THE", "OF", "AND", "FOR", "DE", "DEL", "TO", "AT", "ON"})
_FEW_LETTERS = 3
"""Capitals of at most this many letters are kept: most are abbreviations."""
_LONG_WORD = 5
"""One word in capitals longer than this is a name written loud: 'NVIDIA'."""
_MIN_SHORT = 4
"""Letters of a one-word short form: three-letter words are as often abbreviations of something else."""


def without_legal_form(name: str) -> str:
    """The name without Inc., Corp., plc, & Co. and their like; unchanged if nothing would be left."""
    open_name = re.sub(r"\s*\([^)]*\)$|\s+Public Limited Co\w*$", "", _unreversed(name))
    text = _LEGAL_TAIL.sub("", open_name).strip(" ,.-&")
    return text if len(text) > 1 else _unreversed(name)


def display_name(full_name: str, common_name: str | None) -> str:
    """The short common name a page shows."""
    name = _quiet(without_legal_form(common_name or full_name))
    return name.capitalize() if name.isupper() and len(name) > _LONG_WORD and name.isalpha() else name


def name_forms(name: str) -> Iterator[tuple[str, FormKind]]:
    """Every way of writing `name`, the whole name first. Short forms may be shared by others: the caller drops those."""
    core = _quiet(without_legal_form(name))
    for text in _spellings(core):
        yield text, "core"
    words = core.split()
    if re.search(r"[A-Za-z]\.(?:com|net|ai|io)$", core, re.IGNORECASE) and len(words) == 1:
        yield core.rsplit(".", 1)[0], "short"
    while len(words) > 1 and fold(re.sub(r"\W", "", words[-1]) or "&") in _DESCRIPTORS | {"&"}:
        words = words[:-1]
        if words[-1] in {"&", "and", "of"}:
            continue
        for text in _spellings(" ".join(words)):
            yield text, "short"
    first = words[0]
    if len(words) > 1 and len(first) >= _MIN_SHORT and len(name_key(first)) == 1:
        yield first, "short"


def name_similar(one: str, other: str) -> bool:
    """Whether two registered names under one ticker are the same company's."""
    first, second = name_key(without_legal_form(one)), name_key(without_legal_form(other))
    if first[0] == second[0]:
        if len(first[0]) > 2 and first[0] not in _SHARED_FIRST_WORDS:
            return True
        first, second = first[1:] or first, second[1:] or second
    joined = ["".join(key).replace("&", "") for key in (first, second)]
    length = min(_SAME_LETTERS, *map(len, joined))
    return joined[0][:length] == joined[1][:length]


def _spellings(core: str) -> Iterator[str]:
    yield core
    words = split_words(core)
    initials = 0
    while initials < len(words) and len(words[initials]) == 1 and words[initials].isalpha():
        initials += 1
    if initials > 1 and initials < len(words):
        yield " ".join(("".join(words[:initials]), *words[initials:]))
    if words and initials == 0 and len(words[0]) == 2 and words[0].isupper() and len(words) > 1 and words[0].isalpha():
        yield " ".join((words[0][0], words[0][1], *words[1:]))


def _quiet(name: str) -> str:
    """A name that a list writes in capitals, as a newspaper would: 'JACK IN THE BOX' → 'Jack in the Box'."""
    words = name.split()
    if not name.isupper() or len(words) < 2:
        return name
    return " ".join(
        word.lower() if word in _SMALL_WORDS and place else word if len(word) <= _FEW_LETTERS else word.capitalize()
        for place, word in enumerate(words)
    )


def _unreversed(name: str) -> str:
    """'Smith (AO) Corporation' is A.O. Smith, 'Lilly (Eli)' is Eli Lilly."""
    return re.sub(r"^([A-Z]\w+) \(([A-Z]\w*)\)", r"\2 \1", name)
