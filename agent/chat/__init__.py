"""The chat: an analyst's questions answered from what the tools find, every factual sentence with the ids it rests on.

Knows no terminal and no server: `rhyme ask` and `rhyme chat` show it.
"""

from agent.chat.conversation import (
    AnswerStopped,
    Chat,
    ChatEvent,
    ChatLimits,
    TextRestarted,
    TextWritten,
    ToolEnded,
    ToolStarted,
)
from agent.chat.steps import StepChat

__all__ = [
    "AnswerStopped",
    "Chat",
    "ChatEvent",
    "ChatLimits",
    "StepChat",
    "TextRestarted",
    "TextWritten",
    "ToolEnded",
    "ToolStarted",
]
