"""Bytes → text, and a refusal that names the fix for bytes that are no text."""

import codecs
import logging
import re

import charset_normalizer

from feeds.intake import Intake
from records.errors import SourceUnreadable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MAGIC = (
    (b"%PDF-", "a PDF, and a PDF isn't read yet: save its text (for example with pdftotext) and give the text file"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"RIFF", "an image or a sound (RIFF)"),
    (
        b"PK\x03\x04",
        "a ZIP archive or an office document (docx, xlsx, pptx, epub): save its text and give the text file",
    ),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an office document (doc, xls, ppt, msg): save its text and give the text file"),
    (b"{\\rtf", "a rich-text document (RTF): save it as plain text and give that file"),
    (b"\x1f\x8b", "compressed (gzip): unpack it first"),
    (b"BZh", "compressed (bzip2): unpack it first"),
    (b"\xfd7zXZ\x00", "compressed (xz): unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (zstd): unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database (SQLite)"),
    (b"PAR1", "a Parquet file of many rows: give one article"),
)
_PDF_WITHIN = 1024  # readers accept a PDF header this far in

# The labels pages use, by the WHATWG encoding standard: "latin-1" and "ascii" mean windows-1252 on the web. An
# allow-list, because Python's registry also holds codecs that are no text encodings.
_WEB_NAMES = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
_ALLOWED = re.compile(
    "utf-8|utf-16|utf-16-le|utf-16-be|cp125[0-8]|cp874|cp866|iso8859-([2-8]|10|1[3-6])|koi8-[ru]|mac-roman|gb18030|big5|big5hkscs"
    "|euc_jp|shift_jis|cp932|iso2022_jp|euc_kr|cp949"
)
# Single-byte and East Asian encodings that old text files come in; more candidates only make the guess worse.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "shift_jis", "euc_jp", "euc_kr",
    "gb18030", "big5",
]  # fmt: skip

# English text with a few signs is too little for statistics (they call "£3" Japanese), so it is recognised by rule.
_WESTERN_SIGNS = frozenset("£¥¢ñ¡¿½¼¾²³")  # besides what windows-1250 and windows-1252 write alike
_SIGN_INSIDE_WORD = re.compile(r"[a-z][^\x00-\x7f\w’][a-z]", re.IGNORECASE)
_FEW = 0.15  # share of characters outside ASCII; French reaches about 0.05, Cyrillic text starts near 0.7

_GOOD_FOR_ONE_BROKEN = 10  # well-formed UTF-8 sequences; in another encoding even one is rare

_META_CHARSET = re.compile(rb"<meta[^>]+?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]+?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
_PRESCAN = 4096  # the standard asks for 1024; pages with long scripts first put it later
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROLS = 0.01  # share of characters; text has none, but old wire copy carries a few


def decode(intake: Intake) -> tuple[str, tuple[str, ...]]:
    """The text and notes on how it was decoded.

    In order: byte-order mark; UTF-8 where non-ASCII bytes fit it (chance hardly ever makes them); the declared
    encoding; detection, with a note. Raises SourceUnreadable for empty, binary and undecodable content.
    """
    content, name = intake.content, intake.name
    if not content.strip():
        raise SourceUnreadable(f"{name} is empty. Give a file or an address with an article in it.")
    _refuse_magic(content, name)
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], encoding, name), ()
    if b"\x00" in content:
        raise SourceUnreadable(
            f"{name} is binary: it has a zero byte at position {content.index(0)}. Give text, HTML or JSON; if it is "
            "UTF-16 without a mark, convert it with iconv -f UTF-16LE -t UTF-8."
        )
    text, notes = _decoded(content, _declared(intake), name)
    if len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        raise SourceUnreadable(f"{name} is binary: it is full of control characters. Give text, HTML or JSON.")
    return text, notes


def _decoded(content: bytes, declared: str | None, name: str) -> tuple[str, tuple[str, ...]]:
    known = _known_encoding(declared)
    if content.isascii() and known in (None, "utf-8"):
        return content.decode("ascii"), ()
    text = None if content.isascii() else _attempt(content, "utf-8")
    if text is not None:
        differs = declared is not None and known != "utf-8"
        return text, ((f"declared as {declared}, read as UTF-8, which its bytes are",) if differs else ())
    text = _attempt(content, known) if known not in (None, "utf-8") else None
    if text is not None:
        return text, ()
    mended, broken = _mostly_utf8(content)
    if mended is not None:
        return mended, (f"{broken} broken byte{'s' if broken > 1 else ''} in otherwise good UTF-8 shown as \ufffd",)
    text, encoding = _detected(content, name)
    return text, (f"encoding {'wrongly' if declared else 'not'} declared: read as {encoding} by detection",)


def _attempt(content: bytes, encoding: str | None) -> str | None:
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return None


def _mostly_utf8(content: bytes) -> tuple[str | None, int]:
    """UTF-8 text with a few damaged places and how many; (None, 0) when the bytes are something else."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(not letter.isascii() for letter in text) - broken
    return (text, broken) if good >= _GOOD_FOR_ONE_BROKEN * broken else (None, 0)


def _refuse_magic(content: bytes, name: str) -> None:
    for magic, kind in _MAGIC:
        if content.startswith(magic) or (magic == b"%PDF-" and magic in content[:_PDF_WITHIN]):
            raise SourceUnreadable(f"{name} is {kind}.")
    if content[4:8] == b"ftyp":
        raise SourceUnreadable(f"{name} is a video or an image (MP4, HEIF).")
    head = content[:_PRESCAN].lower()
    if b"mime-version:" in head and b"content-type: multipart/" in head:
        raise SourceUnreadable(
            f"{name} is an e-mail or a web archive (MHTML). Save the page as 'HTML only', or its text."
        )


def _declared(intake: Intake) -> str | None:
    if intake.charset:
        return intake.charset
    found = _XML_ENCODING.search(intake.content[:_PRESCAN]) or _META_CHARSET.search(intake.content[:_PRESCAN])
    if found is None:
        return None
    label = found[1].decode("ascii").lower()
    return "utf-8" if label.startswith("utf-16") else label  # the declaration was read as ASCII, so it is not UTF-16


def _known_encoding(label: str | None) -> str | None:
    """Python's name for a declared encoding; None when nothing usable was declared."""
    if label is None:
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    name = _WEB_NAMES.get(name, name)
    return name if _ALLOWED.fullmatch(name) else None


def _strictly(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceUnreadable(
            f"{name} begins with the mark of {encoding.upper()} but is broken at byte {error.start}. Save it again as "
            "UTF-8."
        ) from error


def _western(content: bytes) -> str | None:
    """`content` as windows-1252 when every sign in it is a likely one; else None."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    others = [letter for letter in text if not letter.isascii()]
    likely = all(
        letter in _WESTERN_SIGNS or letter.encode("cp1250", "replace") == letter.encode("cp1252")
        for letter in set(others)
    )
    return text if likely and len(others) < _FEW * len(text) and not _SIGN_INSIDE_WORD.search(text) else None


def _detected(content: bytes, name: str) -> tuple[str, str]:
    western = _western(content)
    if western is not None:
        return western, "cp1252"
    logging.getLogger("charset_normalizer").setLevel(logging.ERROR)  # its progress is no news to the user
    best = charset_normalizer.from_bytes(content, cp_isolation=list(_CANDIDATES)).best()
    if best is None:
        raise SourceUnreadable(
            f"{name} is in an encoding that could not be recognised. Convert it to UTF-8, for example with "
            f"iconv -f WINDOWS-1252 -t UTF-8 (with the right name after -f)."
        )
    return str(best), best.encoding
