"""Conversations with a model that calls tools: LangChain's agent over our gate, remembered in a checkpointer, checked in code."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware, SummarizationMiddleware
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver

from agent.chat.citations import Checked, check_answer
from agent.chat.lookups import Lookups
from models.interface import ConversingModel, Exchange
from models.langchain_chat import GatedChat
from prompts import PromptLibrary
from records.analysis import ModelCall
from records.chat import AnswerSentence, ChatAnswer, ChatProvenance, Retrieved
from records.errors import BudgetSpent, ModelError, UsageError
from records.prompt import Prompt
from tools.result import Result
from tools.sources import Sources
from tools.when import MARKET_ZONE

MOST_CHARACTERS = 8_000
"""Of a question: two pages. A document belongs in a file that is taken in."""
REPAIRED = (
    "These sentences of your answer cannot stand: {faults} Write the whole answer again, with ids after every sentence."
)


@dataclass(frozen=True)
class ChatLimits:
    """What one question may take. Reaching one is a normal answer that says so."""

    turns: int = 8
    lookups: int = 12
    tokens: int | None = 200_000
    usd: float | None = None
    seconds: float | None = 180.0
    output_tokens: int = 1_500
    """Of one turn."""
    summarise_from_tokens: int = 24_000
    """A conversation longer than this is summarised, its last turns kept."""


@dataclass(frozen=True)
class TextWritten:
    """A piece of the answer as the model writes it: not yet checked."""

    text: str


@dataclass(frozen=True)
class TextRestarted:
    """The connection broke and the model begins again: what it had written of this turn is void."""


@dataclass(frozen=True)
class ToolStarted:
    """A lookup begins."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class ToolEnded:
    """It ended."""

    name: str
    result: Result


ChatEvent = TextWritten | TextRestarted | ToolStarted | ToolEnded
OnEvent = Callable[[ChatEvent], None]


def silent(_: ChatEvent) -> None:
    """Nobody watches."""


@dataclass
class _Spent:
    """Of one question."""

    limits: ChatLimits
    began: float
    monotonic: Callable[[], float]
    calls: list[ModelCall] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def over(self) -> str | None:
        """Which limit is reached, in words."""
        tokens = sum(one.input_tokens + one.output_tokens for one in self.calls)
        usd = sum(one.cost_usd or 0.0 for one in self.calls)
        if self.limits.tokens is not None and tokens >= self.limits.tokens:
            return f"the limit of {self.limits.tokens:,} tokens for a question was reached"
        if self.limits.usd is not None and any(one.cost_usd is None for one in self.calls):
            return (
                f"what this model costs is not known, so that a limit of {self.limits.usd} USD cannot be kept: set price_file to a "
                "table that has it, or limit the tokens"
            )
        if self.limits.usd is not None and usd >= self.limits.usd:
            return f"the limit of {self.limits.usd} USD for a question was reached"
        if self.limits.seconds is not None and self.monotonic() - self.began >= self.limits.seconds:
            return f"the limit of {self.limits.seconds:g} s for a question was reached"
        if len(self.calls) >= self.limits.turns:
            return f"the limit of {self.limits.turns} turns for a question was reached"
        return None


class AnswerStopped(Exception):
    """Ends an answer like a limit that was reached: what was written is checked and kept. `on_event` may raise it."""


class _Watch(AgentMiddleware[Any, Any]):
    """Before each turn: has a limit been reached?"""

    def __init__(self, spent: _Spent) -> None:
        super().__init__()
        self._spent = spent

    def before_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Raises AnswerStopped."""
        del state, runtime
        why = self._spent.over()
        if why is not None:
            raise AnswerStopped(why)
        self._spent.written.clear()
        return None


class Chat:
    """Safe to share between threads; one conversation takes one question at a time."""

    def __init__(
        self,
        model: ConversingModel,
        sources: Callable[[datetime], Sources],
        saver: BaseCheckpointSaver[Any],
        prompts: PromptLibrary,
        *,
        limits: ChatLimits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._sources = sources
        self._saver = saver
        self._prompts = prompts
        self._limits = limits or ChatLimits()
        self._monotonic = monotonic

    def ask(self, question: str, *, conversation: str, as_of: datetime, on_event: OnEvent = silent) -> ChatAnswer:
        """Answers, and remembers the turn under `conversation`. A model that fails midway leaves an answer of what it had
        written, with the reason. Raises UsageError for a question that is empty or too long, ModelError when nothing was
        written yet."""
        asked = checked_question(question)
        spent = _Spent(self._limits, self._monotonic(), self._monotonic)
        lookups = Lookups(self._sources(as_of), self._limits.lookups, _teller(on_event))
        prompt = self._prompts.load("chat").render(as_of=f"{as_of:%Y-%m-%d %H:%M} UTC")
        agent = self._agent(prompt, lookups, spent, on_event)
        config: Any = {"configurable": {"thread_id": conversation}, "recursion_limit": 4 * self._limits.turns + 10}
        lookups.texts.update(_remembered(agent.get_state(config)))
        reason: str | None = None
        try:
            # kept before each step goes on: what a killed process was asked is still there
            state = agent.invoke({"messages": [HumanMessage(asked)]}, config, durability="sync")
            text = _last_text(state["messages"])
        except AnswerStopped as error:
            text, reason = "".join(spent.written), str(error)
        except BudgetSpent:
            raise
        except ModelError as error:
            text, reason = "".join(spent.written), f"the model failed before it had ended: {error}"
            if not text.strip():
                raise
        on = as_of.astimezone(MARKET_ZONE).date()
        checked = check_answer(text, lookups.texts, asked, on)
        if checked.dropped and reason is None and spent.over() is None:
            checked = self._repaired(checked, text, asked, prompt, lookups, spent, on) or checked
        agent.update_state(config, {"messages": [_kept(checked, lookups)]})
        return _answer(asked, checked, lookups, spent, reason, self._model.name, as_of, conversation)

    def _agent(self, prompt: Prompt, lookups: Lookups, spent: _Spent, on_event: OnEvent) -> Any:
        def written(text: str) -> None:
            spent.written.append(text)
            on_event(TextWritten(text))

        def restarted() -> None:
            if spent.written:
                spent.written.clear()
                on_event(TextRestarted())

        chat = GatedChat(
            model=self._model,
            prompt=prompt,
            max_output_tokens=self._limits.output_tokens,
            on_call=spent.calls.append,
            on_text=written,
            on_restart=restarted,
        )
        summariser = GatedChat(
            model=self._model, prompt=prompt, purpose="chat.summary", max_output_tokens=800, on_call=spent.calls.append
        )
        watch: list[Any] = [
            SummarizationMiddleware(
                model=summariser, trigger=("tokens", self._limits.summarise_from_tokens), keep=("messages", 8)
            ),
            _Watch(spent),
            ModelCallLimitMiddleware(run_limit=self._limits.turns + 1, exit_behavior="end"),
        ]
        system = SystemMessage("\n".join(one.content for one in prompt.messages))
        return create_agent(chat, lookups.tools(), system_prompt=system, middleware=watch, checkpointer=self._saver)

    def _repaired(
        self, checked: Checked, text: str, question: str, prompt: Prompt, lookups: Lookups, spent: _Spent, on: Any
    ) -> Checked | None:
        """One more try with the faults told; taken only if it loses fewer sentences and says as much."""
        faults = " ".join(f"“{one.text}”: {'; '.join(one.faults)}." for one in checked.dropped)
        items = "\n".join(f"[{name}] {told}" for name, told in lookups.texts.items())
        messages = (
            {"role": "system", "content": "\n".join(one.content for one in prompt.messages)},
            {"role": "user", "content": f"{question}\n\nWhat the tools gave:\n{items}"},
            {"role": "assistant", "content": text},
            {"role": "user", "content": REPAIRED.format(faults=faults)},
        )
        try:
            turned = self._model.converse(
                Exchange(messages), prompt, purpose="chat.repair", max_output_tokens=self._limits.output_tokens
            )
        except ModelError:
            return None
        spent.calls.append(turned.call)
        again = check_answer(turned.text, lookups.texts, question, on)
        better = len(again.dropped) < len(checked.dropped) and len(again.sentences) >= len(checked.sentences)
        return again if better else None


def checked_question(question: str) -> str:
    """Raises UsageError."""
    asked = question.strip()
    if not asked:
        raise UsageError("The question is empty. Ask something, such as: What happened to MSFT this week?")
    if len(asked) > MOST_CHARACTERS:
        raise UsageError(
            f"The question has {len(asked):,} characters; {MOST_CHARACTERS:,} can be taken. Take a document in "
            "with `rhyme ingest` or `rhyme analyze`, and ask about it."
        )
    return asked


def _teller(on_event: OnEvent) -> Callable[[str, dict[str, Any], Result | None], None]:
    def tell(name: str, arguments: dict[str, Any], result: Result | None) -> None:
        on_event(ToolStarted(name, arguments) if result is None else ToolEnded(name, result))

    return tell


def _remembered(state: Any) -> dict[str, str]:
    """What earlier questions of the conversation retrieved, kept with their answers."""
    found: dict[str, str] = {}
    for message in state.values.get("messages", ()) if state.values else ():
        found.update(message.additional_kwargs.get("rhyme_retrieved", {}))
    return found


def _last_text(messages: list[Any]) -> str:
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            return cast(str, message.text) if message.text else ""
        if isinstance(message, HumanMessage | ToolMessage):
            break
    return ""


def _kept(checked: Checked, lookups: Lookups) -> AIMessage:
    """What the conversation goes on from: the answer as it stood, with the texts it may still cite."""
    ids = {name for one in checked.sentences for name in one.support}
    kept = {name: text for name, text in lookups.texts.items() if name in ids}
    text = " ".join(f"{one.text} [{', '.join(one.support)}]" if one.support else one.text for one in checked.sentences)
    return AIMessage(text or "(nothing stood the check)", additional_kwargs={"rhyme_retrieved": kept})


def _answer(
    question: str,
    checked: Checked,
    lookups: Lookups,
    spent: _Spent,
    reason: str | None,
    model: str,
    as_of: datetime,
    conversation: str,
) -> ChatAnswer:
    costs = [one.cost_usd for one in spent.calls]
    known = [one for one in costs if one is not None]
    if reason is None and checked.dropped:
        reason = f"{len(checked.dropped)} sentences were taken out: they did not stand the check"
    sentences = checked.sentences
    if not sentences:
        sentences = (AnswerSentence(text="I don't know from what I have.", support=()),)
    provenance = ChatProvenance(
        model=model, mode="agent", as_of=as_of, conversation=conversation, tools=tuple(lookups.called), calls=len(spent.calls),
        input_tokens=sum(one.input_tokens for one in spent.calls), output_tokens=sum(one.output_tokens for one in spent.calls),
        cost_usd=sum(known) if len(known) == len(costs) else None, seconds=spent.monotonic() - spent.began,
        model_calls=tuple(spent.calls),
    )  # fmt: skip
    return ChatAnswer(
        question=question,
        answer=" ".join(one.text for one in sentences),
        sentences=sentences,
        retrieved=tuple(Retrieved(id=name, kind=name.partition(":")[0]) for name in lookups.texts),
        refused=checked.says_no,
        reason=reason or (sentences[0].text if checked.says_no else None),
        dropped=checked.dropped,
        provenance=provenance,
    )
