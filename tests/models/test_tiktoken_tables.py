"""tiktoken's encodings without a network, a cache or a home."""

import base64
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from models.tokenizer_tables import encoding, parse_table
from records.errors import ModelFileInvalid, SettingsError

_ALONE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("the network was asked")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
sys.path.insert(0, {root!r})
from models.tokenizer_tables import encoding
print(encoding("o200k_base").encode("Hello world"), encoding("cl100k_base").encode("Hello world"))
"""


def test_encodings_load_with_no_network_and_an_empty_home(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", _ALONE.format(root=root)],
        env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "TIKTOKEN_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "[13225, 2375] [9906, 1917]", done.stderr  # published by OpenAI for these encodings
    assert list(tmp_path.iterdir()) == []


def test_text_comes_back_whole() -> None:
    text = "Q3 revenue rose 12.5% to $4.2bn — São Paulo, 東京 🚀"
    for name in ("o200k_base", "cl100k_base"):
        assert encoding(name).decode(encoding(name).encode(text)) == text


def test_encoding_is_loaded_once() -> None:
    assert encoding("o200k_base") is encoding("o200k_base")


def test_unknown_encoding_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="o200k_base, cl100k_base"):
        encoding("p50k_base")


def test_table_with_another_digest_is_refused() -> None:
    table = base64.b64encode(b"a") + b" 0\n"
    assert parse_table(table, hashlib.sha256(table).hexdigest(), "t") == {b"a": 0}
    with pytest.raises(ModelFileInvalid, match="instead of"):
        parse_table(table + b" ", hashlib.sha256(table).hexdigest(), "t")


def test_malformed_table_is_refused() -> None:
    table = b"only-one-column\n"
    with pytest.raises(ModelFileInvalid, match="malformed"):
        parse_table(table, hashlib.sha256(table).hexdigest(), "t")
