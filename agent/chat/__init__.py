"""The chat: an analyst's questions answered from what the tools find, every factual sentence with the ids it rests on.

Knows no terminal and no server: `rhyme ask` and `rhyme chat` show it.
"""

from agent.chat.conversation import Chat, ChatEvent, ChatLimits, TextWritten, ToolEnded, ToolStarted
from agent.chat.steps import StepChat

__all__ = ["Chat", "ChatEvent", "ChatLimits", "StepChat", "TextWritten", "ToolEnded", "ToolStarted"]
