"""Tokens as the simulated server counts them: a quarter of the bytes, which is about what English takes, and what a prefix
cache keeps of them. Only that it is the same every time matters here."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

BYTES_A_TOKEN = 4
FRAME_TOKENS = 4
"""Around every message; three more open the answer, as in OpenAI's chat format."""
CACHE_BLOCK_TOKENS = 128
CACHE_LEAST_TOKENS = 1_024
"""A prompt shorter than this is not cached, and what is cached grows in blocks: OpenAI's rule (its prompt caching guide)."""
KEPT_BLOCKS = 100_000
"""Oldest are forgotten, so that the server does not grow with the run."""


def count_tokens(text: str) -> int:
    """Tokens of a text; 0 only for none."""
    return -(-len(text.encode()) // BYTES_A_TOKEN)


def prompt_text(body: Mapping[str, Any]) -> str:
    """The messages of a chat request in one text."""
    return "\n".join(f"{message.get('role')}\n{_content(message)}" for message in body.get("messages", ()))


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Tokens of the messages of a chat request with what frames them."""
    messages = body.get("messages", ())
    return sum(count_tokens(_content(message)) + FRAME_TOKENS for message in messages) + 3


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content)


class PrefixCache:
    """Beginnings of prompts that were seen before, in blocks."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def cached_tokens(self, text: str, most: int) -> int:
        """How many tokens of `text` begin as an earlier one did, at most `most`; remembers this one."""
        raw = text.encode()
        step = CACHE_BLOCK_TOKENS * BYTES_A_TOKEN
        blocks = [raw[start : start + step] for start in range(0, len(raw) - step + 1, step)]
        known = self._remembered(blocks) * CACHE_BLOCK_TOKENS
        return min(known, most) if known >= CACHE_LEAST_TOKENS else 0

    def _remembered(self, blocks: Sequence[bytes]) -> int:
        """Blocks from the beginning that were known."""
        running, known, same = hashlib.blake2b(digest_size=16), 0, True
        for block in blocks:
            running.update(block)
            key = running.digest()
            same = same and key in self._known
            known += same
            self._known[key] = None
            self._known.move_to_end(key)
        while len(self._known) > KEPT_BLOCKS:
            self._known.popitem(last=False)
        return known
