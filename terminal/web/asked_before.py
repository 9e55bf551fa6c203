"""Conversations of the Ask page, for as long as the server runs."""

import threading
from collections import OrderedDict

from records.chat import KeptTurn

CONVERSATIONS = 500
"""Kept at once, of all visitors; the one that was quiet longest goes first."""
TURNS = 100
"""Kept of one conversation."""


class AskedBefore:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], list[KeptTurn]] = OrderedDict()

    def add(self, turn: KeptTurn) -> None:
        """The newest of its conversation."""
        key = (turn.who, turn.conversation)
        with self._guard:
            turns = self._kept.setdefault(key, [])
            turns.append(turn)
            del turns[:-TURNS]
            self._kept.move_to_end(key)
            while len(self._kept) > CONVERSATIONS:
                self._kept.popitem(last=False)

    def turns(self, who: str, conversation: str) -> list[KeptTurn]:
        """Oldest first; empty for one that is not theirs or not there."""
        with self._guard:
            return list(self._kept.get((who, conversation), ()))

    def recent(self, who: str, limit: int) -> list[KeptTurn]:
        """The first turn of each of their conversations, the one that was used last first."""
        with self._guard:
            mine = [turns[0] for (owner, _), turns in reversed(self._kept.items()) if owner == who]
        return mine[:limit]
