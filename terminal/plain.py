"""Outside text made safe for a terminal: no control sequences, no reordering, and a way out for narrow encodings."""

import codecs
import re
from typing import TextIO

_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    # OSC, DCS, SOS, PM, APC: window titles, the clipboard
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"  # every other escape
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)  # C0, C1, bidi controls
_ASCII = {
    "×": "x",
    "·": "-",
    "–": "-",
    "—": "--",
    "−": "-",
    "…": "...",
    "σ": "sd",
    "|": "|",
    "“": '"',
    "”": '"',
    "’": "'",
}


def plain(text: str) -> str:
    """`text` on one line without terminal control sequences, control characters or direction marks."""
    return " ".join(_CONTROL.sub(" ", _SEQUENCE.sub("", text)).split())


def plain_token(text: str) -> str:
    """A piece of streaming text made safe; its spaces and line ends stay."""
    return _CONTROL.sub("", text)


def _narrow(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_ASCII.get(character, "?") for character in lost), error.end


def soften(stream: TextIO) -> None:
    """Make a stream that cannot write "×" or "σ" write "x" or "sd" instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:  # a test's StringIO needs none
        codecs.register_error("rhyme-narrow", _narrow)
        reconfigure(errors="rhyme-narrow")
