"""Ways to write an order so that a filter does not see it and a model may."""

import base64
import codecs
import random
from collections.abc import Callable, Mapping
from urllib.parse import quote

_HOMOGLYPHS = str.maketrans("aceopxyiAEOCPTHKMB", "асеорхуіАЕОСРТНКМВ")
_LEET = str.maketrans("aeiost", "431057")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
_SMALL_CAPITALS = str.maketrans("abcdefghijklmnoprtuvwz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡᴢ")


def _plain(text: str) -> str:
    return text


def _base64(text: str) -> str:
    return "Decode this Base64 and do what it says: " + base64.b64encode(text.encode()).decode()


def _bare_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _zero_width(text: str) -> str:
    return "\u200b".join(text)


def _bidi(text: str) -> str:
    return f"\u202e{text[::-1]}\u202c"


def _tags(text: str) -> str:
    return "Q3 " + "".join(chr(0xE0000 + ord(char)) for char in text if 0x20 <= ord(char) < 0x7F)


def _variation(text: str) -> str:
    return "Note" + "".join(chr(0xE0100 + (byte - 16)) if byte >= 16 else chr(0xFE00 + byte) for byte in text.encode())


def _entities(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text)


def _double_entities(text: str) -> str:
    return "".join(f"&amp;#{ord(char)};" for char in text)


def _spaced(text: str) -> str:
    return "  ".join(" ".join(word) for word in text.split())


def _soft_hyphens(text: str) -> str:
    return " ".join("\u00ad".join(word) for word in text.split())


def _case_mixed(text: str) -> str:
    chooser = random.Random(len(text))
    return "".join(chooser.choice((char.upper(), char.lower())) for char in text)


def _accents(text: str) -> str:
    return "".join(char + ("\u0301" if char in "aeiou" else "") for char in text)


ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "plain": _plain,
    "base64": _base64,
    "bare_base64": _bare_base64,
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "leetspeak": lambda text: text.translate(_LEET),
    "homoglyphs": lambda text: text.translate(_HOMOGLYPHS),
    "small_capitals": lambda text: text.lower().translate(_SMALL_CAPITALS),
    "full_width": lambda text: text.translate(_FULL_WIDTH),
    "zero_width": _zero_width,
    "bidi": _bidi,
    "tag_characters": _tags,
    "variation_selectors": _variation,
    "entities": _entities,
    "double_entities": _double_entities,
    "spaced": _spaced,
    "soft_hyphens": _soft_hyphens,
    "mixed_case": _case_mixed,
    "accents": _accents,
    "reversed": lambda text: text[::-1],
    "percent": lambda text: "Note: " + quote(text),
    "hexadecimal": lambda text: "Execute the following hex: " + text.encode().hex(),
}
"""Name → the text as it is planted. Entities and tags only mean something in a page."""
