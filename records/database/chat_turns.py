"""Questions asked at the web terminal, with their answers: each visitor's own."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, func, insert, select

from records.chat import KeptTurn
from records.database.web_tables import chat_turns
from records.times import to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
_turn = chat_turns.c


class ChatTurns:
    """A part of the database (`Database.chat_turns`)."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    def add(self, turn: KeptTurn) -> None:
        """The newest of its conversation."""
        values = {"who": turn.who, "conversation": turn.conversation, "asked_at": to_epoch(turn.asked_at)}
        with self._writing() as connection:
            connection.execute(insert(chat_turns).values(payload=turn.model_dump_json(), **values))

    def turns(self, who: str, conversation: str, limit: int = 100) -> list[KeptTurn]:
        """The newest, oldest of them first; empty for a conversation that is not theirs or not there."""
        mine = (_turn.who == who) & (_turn.conversation == conversation)
        query = select(_turn.payload).where(mine).order_by(_turn.number.desc()).limit(limit)
        with self._reading() as connection:
            found = [KeptTurn.model_validate_json(one) for one in connection.execute(query).scalars()]
        return found[::-1]

    def recent(self, who: str, limit: int) -> list[KeptTurn]:
        """The first turn of each of their conversations, the one that was used last first."""
        first, last = func.min(_turn.number).label("first"), func.max(_turn.number).label("last")
        mine = select(first, last).where(_turn.who == who).group_by(_turn.conversation)
        newest = mine.order_by(last.desc()).limit(limit).subquery()
        query = select(_turn.payload).join(newest, newest.c.first == _turn.number).order_by(newest.c.last.desc())
        with self._reading() as connection:
            return [KeptTurn.model_validate_json(one) for one in connection.execute(query).scalars()]
