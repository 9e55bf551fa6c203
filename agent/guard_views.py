"""A text as it might be read: look-alike letters folded, ciphers and encodings undone. Used to judge a text, never to change it.

Whoever hides an order from a filter has to leave it legible to a model. The ways that models are known to read are few, and each
is undone here: letters of other scripts, digits for letters, letters set apart, ROT13, backwards, Base64, hexadecimal, percent
and HTML escapes.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from records.defences import Defence, holds

# One letter to one letter, so that places in the text stay. Cyrillic, Greek, Armenian, Cherokee and small-capital forms that are
# drawn like Latin letters (after Unicode's confusables.txt, the part that NFKC leaves).
_LOOKALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХЗЬҮԌԚԜӀаеѕіјорсухһԁԛԝѵӏгкмнтвипьԍ"
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβεικνορτυχγωη"
    "ՍՏՕԼօսոցհքռԱ"
    "ᎪᏴᏟᎠᎬᎡᏀᎻᏆᎫᏦᏞᎷΝᏢᏒᏚᎢᏌᏙᎳᏃ"
    "ıɑɡɩɪɴʀʏʙʜʟᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱ",
    "ABESIJKMHOPCTYX3bYGQWIaesijopcyxhdqwvlrkmhtbunbg"
    "ABEZHIKMNOPTYXabeikvoptuxywn"
    "USOLounghpnU"
    "ABCDERGHIJKLMNPRSTUVWZ"
    "iagiinrybhlacdejkmoptuvwzfs",
)  # fmt: skip
_LETTER_WORD = re.compile(r"[^\W\d_]{2,}")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[0-9@$!])[a-z0-9@$!]{3,}", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:\w[ .·_-]){4,}\w(?!\w)")
_SPACED_WORDS = re.compile(r"(?<!\w)\w(?:[ .·_-]\w)+(?!\w)")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:\\x|0x)?[0-9A-Fa-f]{2}[ :,]?){16,}")
_ESCAPED = re.compile(
    r"(?:%[0-9A-Fa-f]{2}){2,}|(?:&#x?[0-9A-Fa-f]{2,6};){2,}|(?:\\u[0-9A-Fa-f]{4}){3,}|%20|&lt;|&quot;"
)
_PRINTED = frozenset(" .,:;'\"!?-_{}<>()[]/%$&*#|\n")
_LEGIBLE = 0.97
"""Share of letters, spaces and punctuation from which decoded bytes are a text."""


def fold_lookalikes(text: str) -> str:
    """`text` with letters drawn like Latin ones replaced by these. Of the same length."""
    return text if text.isascii() else text.translate(_LOOKALIKES)


def fold_mixed_words(text: str) -> str:
    """As `fold_lookalikes`, but only in words that also hold Latin letters: Russian stays Russian. Of the same length."""
    if text.isascii():
        return text
    return _LETTER_WORD.sub(
        lambda word: fold_lookalikes(word.group()) if _LATIN.search(word.group()) else word.group(), text
    )


def matchable(text: str) -> str:
    """`text` as names are looked for in it: `fold_mixed_words`, unless that defence is off."""
    return fold_mixed_words(text) if holds(Defence.CONFUSABLES) else text


def views(text: str) -> Iterator[str]:
    """`text` itself, then every other way to read it that differs from it."""
    plain = fold_lookalikes(text)
    yield plain
    if not plain.isascii() and (bare := _without_accents(plain)) != plain:
        yield bare
    if plain != text:  # Russian is no English in disguise
        yield text
    if _LEET_WORD.search(plain):
        yield _LEET_WORD.sub(lambda word: word.group().lower().translate(_LEET), plain)
    if _SPACED.search(plain):
        yield _joined(plain)
    yield codecs.encode(plain, "rot13")
    yield plain[::-1]
    yield from _decoded(plain)


def decodes(text: str) -> bool:
    """Whether a stretch of `text` is an encoded text: Base64 or hexadecimal of legible characters."""
    return any(True for _ in _blobs(text))


def _decoded(text: str) -> Iterator[str]:
    yield from _blobs(text)
    if ("%" in text or "&" in text or "\\" in text) and _ESCAPED.search(text):
        yield html.unescape(unquote(re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), text)))


def _blobs(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        if (legible := _legible(_base64(match.group()))) is not None:
            yield legible
    for match in _HEX.finditer(text):
        digits = re.sub(r"\\x|0x|[^0-9A-Fa-f]", "", match.group())
        if (legible := _legible(bytes.fromhex(digits[: len(digits) // 2 * 2]))) is not None:
            yield legible


def _base64(word: str) -> bytes:
    body = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _legible(content: bytes) -> str | None:
    """The text, if the bytes are one with spaces between its words."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    legible = sum(char.isalnum() or char in _PRINTED for char in text)
    wordy = " " in text or not text.isascii()
    return text if len(text) >= 12 and wordy and legible / len(text) >= _LEGIBLE else None


def _joined(text: str) -> str:
    """Letters set apart brought together; two or more spaces part words."""
    return " ".join(
        _SPACED_WORDS.sub(lambda run: re.sub(r"[ .·_-]", "", run.group()), part)
        for part in re.split(r"\s{2,}|\s[|/]\s", text)
    )


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(char for char in decomposed if not ("\u0300" <= char <= "\u036f"))
