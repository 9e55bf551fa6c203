"""A model of ours as a LangChain chat model, so that LangChain's agent works behind our gate: every turn passes limits, budgets,
cache and ledger as all other calls do, and LangChain never speaks to a server itself."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict

from models.interface import ConversingModel, Exchange, Prompt, Turned
from records.analysis import ModelCall

OnCall = Callable[[ModelCall], None]
OnText = Callable[[str], None]


class GatedChat(BaseChatModel):
    """One conversation's model. Raises what the model raises: ModelError subclasses."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: Any
    """A `ConversingModel`."""
    prompt: Any
    """The `Prompt` whose file the system message was made from, for the record."""
    purpose: str = "chat"
    max_output_tokens: int = 2_000
    on_call: Any = None
    """`OnCall`: receives the record of each turn."""
    on_text: Any = None
    """`OnText`: receives the text as it is written."""
    on_restart: Any = None
    """`OnRestart`: told when a try broke off and the text begins anew."""

    @property
    def _llm_type(self) -> str:
        return "rhyme"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """With the tools' schemas in each request."""
        del tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager
        return ChatResult(generations=[ChatGeneration(message=_message(self._turn(messages, kwargs)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        """The whole turn as one chunk; `on_text` has its pieces earlier."""
        del stop, run_manager
        whole = _message(self._turn(messages, kwargs))
        calls = [
            {
                "name": one["name"],
                "args": json.dumps(one["args"]),
                "id": one["id"],
                "index": place,
                "type": "tool_call_chunk",
            }
            for place, one in enumerate(whole.tool_calls)
        ]
        yield ChatGenerationChunk(message=AIMessageChunk(content=whole.content, tool_call_chunks=calls))  # type: ignore[arg-type]

    def _turn(self, messages: Sequence[BaseMessage], options: Mapping[str, Any]) -> Turned:
        plain: Any = convert_to_openai_messages(whole_turns(messages))
        model: ConversingModel = self.model
        prompt: Prompt = self.prompt
        turned = model.converse(
            Exchange(tuple(plain), tuple(options.get("tools") or ())),
            prompt,
            purpose=self.purpose,
            max_output_tokens=self.max_output_tokens,
            on_token=self.on_text,
            on_restart=self.on_restart,
        )
        if self.on_call is not None:
            self.on_call(turned.call)
        return turned


def whole_turns(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Without calls that have no result right after them, and results without their call: what a killed process leaves of a turn,
    and what no server takes."""
    kept: list[BaseMessage] = []
    place = 0
    while place < len(messages):
        one = messages[place]
        place += 1
        if isinstance(one, ToolMessage):
            continue
        if not isinstance(one, AIMessage) or not one.tool_calls:
            kept.append(one)
            continue
        results: list[BaseMessage] = []
        while place < len(messages) and isinstance(messages[place], ToolMessage):
            results.append(messages[place])
            place += 1
        answered = {result.tool_call_id for result in results if isinstance(result, ToolMessage)}
        if all(call["id"] in answered for call in one.tool_calls):
            kept += [one, *results]
        elif one.text:
            kept.append(AIMessage(one.text))
    return kept


def _message(turned: Turned) -> AIMessage:
    """Arguments that are no JSON object become an invalid call, which the agent tells the model of."""
    calls, invalid = [], []
    for one in turned.tool_calls:
        try:
            arguments = json.loads(one.arguments or "{}")
        except ValueError:
            arguments = None
        if isinstance(arguments, dict):
            calls.append({"name": one.name, "args": arguments, "id": one.id, "type": "tool_call"})
        else:
            error = "The arguments are no JSON object."
            invalid.append(
                {"name": one.name, "args": one.arguments, "id": one.id, "error": error, "type": "invalid_tool_call"}
            )
    return AIMessage(content=turned.text, tool_calls=calls, invalid_tool_calls=invalid)
