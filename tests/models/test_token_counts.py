"""A number of tokens does not depend on what was counted before, nor on how it is counted."""

import json
import random

import pytest

from models.token_counts import LONGEST_KEPT_CHARACTERS, tokens_of, tokens_of_json
from models.tokenizer_tables import encoding

PIECES = (
    "word", " ", "  ", "\n", "\t", "{", "}", '"', ':', ",", ", {", ': {"', " {", "\\", "/", "'s", "12345", "é", "数据", "📈", "́",
    "\u00a0", "<|endoftext|>", "-->", "\r\n",
)  # fmt: skip


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
@pytest.mark.parametrize("seed", range(30))
def test_json_counted_object_by_object_has_the_tokens_of_the_whole(name: str, seed: int) -> None:
    chance = random.Random(seed)

    def text() -> str:
        return "".join(chance.choices(PIECES, k=chance.randrange(60)))

    def value(depth: int) -> object:
        if depth == 0 or chance.random() < 0.3:
            return chance.choice((text(), None, True, 0.25, 7))
        if chance.random() < 0.3:
            return [value(depth - 1) for _ in range(chance.randrange(5))]
        return {text(): value(depth - 1) for _ in range(chance.randrange(5))}

    for ascii_only in (False, True):
        whole = json.dumps([value(4) for _ in range(6)], ensure_ascii=ascii_only)
        plain = len(encoding(name).encode(whole, disallowed_special=()))
        assert tokens_of_json(whole, encoding(name)) == plain
        assert tokens_of(whole, encoding(name)) == plain


def test_a_text_is_counted_by_each_tokenizer_for_itself() -> None:
    text = "Umsatzerlöse 数据 " * 50
    counts = [tokens_of(text, encoding(name)) for name in ("o200k_base", "cl100k_base", "o200k_base")]
    assert counts[0] == counts[2] != counts[1]


def test_a_text_too_long_to_keep_is_counted_all_the_same() -> None:
    text = "word " * LONGEST_KEPT_CHARACTERS
    assert tokens_of(text, encoding("o200k_base")) == len(encoding("o200k_base").encode(text))
