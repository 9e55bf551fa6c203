"""What a conversation in steps goes on from, kept in the checkpointer that an agent's conversations are kept in."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint

_CHANNEL = "steps"


@dataclass
class StepMemory:
    """Of one conversation: which companies and what news its last answers were about."""

    tickers: tuple[str, ...] = ()
    topic: str = ""
    meant: str = ""
    """What "it" stands for in the question at hand; empty when the question names it."""


@dataclass
class StepMemories:
    """By conversation. Without a checkpointer they last as long as the object."""

    saver: BaseCheckpointSaver[Any] | None = None
    _here: dict[str, StepMemory] = field(default_factory=dict)

    def of(self, conversation: str) -> StepMemory:
        """A new one for a conversation that is not known."""
        if conversation not in self._here:
            self._here[conversation] = self._kept(conversation) or StepMemory()
        return self._here[conversation]

    def keep(self, conversation: str) -> None:
        """Writes it, so that another process goes on with it."""
        if self.saver is None:
            return
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {_CHANNEL: json.dumps(asdict(self.of(conversation)))}
        checkpoint["channel_versions"] = {_CHANNEL: checkpoint["id"]}
        metadata: Any = {"source": "update", "step": 0, "parents": {}}
        self.saver.put(_config(conversation), checkpoint, metadata, checkpoint["channel_versions"])

    def _kept(self, conversation: str) -> StepMemory | None:
        checkpoint = self.saver.get(_config(conversation)) if self.saver else None
        told = checkpoint["channel_values"].get(_CHANNEL) if checkpoint else None
        if not isinstance(told, str):
            return None
        values = json.loads(told)
        return StepMemory(tuple(values["tickers"]), values["topic"], values["meant"])


def _config(conversation: str) -> Any:
    return {"configurable": {"thread_id": f"steps:{conversation}", "checkpoint_ns": ""}}
