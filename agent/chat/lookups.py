"""The tools as LangChain's agent calls them, bound to one moment, with a note of everything they gave."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool

from agent.shielded import shielded
from tools.result import Result
from tools.sources import Sources
from tools.toolbox import TOOLS, Refused, call

OnTool = Callable[[str, dict[str, Any], Result | None], None]
"""Receives a call as it begins (None) and as it ends."""


@dataclass
class Lookups:
    """One question's calls."""

    sources: Sources
    most: int
    on_tool: OnTool
    called: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """id → what a citation of it can rest on."""
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, name: str, arguments: dict[str, Any]) -> str:
        """The result as the model reads it. A mistaken call is told in words, so that the model can mend it."""
        with self._guard:  # calls of one turn are made at the same time
            if len(self.called) >= self.most:
                return f"No more lookups: {self.most} were made for this question. Answer from what there is."
            self.called.append(name)
        self.on_tool(name, arguments, None)
        try:
            result = shielded(call(name, arguments, self.sources))
        except Refused as error:
            return f"The call was refused: {error}"
        self.on_tool(name, arguments, result)
        self.texts.update({one.id: one.text for one in result.items})
        told = {"status": result.status, "note": result.note, "more": result.more,
                "items": [{"id": one.id, "text": one.text} for one in result.items]}  # fmt: skip
        return json.dumps(told, ensure_ascii=False)

    def tools(self) -> list[BaseTool]:
        """Every tool of the toolbox."""
        return [self._tool(name) for name in TOOLS]

    def _tool(self, name: str) -> BaseTool:
        tool = TOOLS[name]

        def run(**arguments: Any) -> str:
            return self.ask(name, arguments)

        return StructuredTool(name=name, description=tool.description, args_schema=tool.schema, func=run)
