"""Answers with a small model: the question is planned in code, looked up, and answered in short constrained steps.

A model of one or two billion weights calls no tools and makes up relations when it writes freely. So here code finds companies,
days and what kind of answer is wanted; the model only says, item by item, whether what was found answers the question; and the
sentences are those of the items themselves.
"""

import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from agent.chat.citations import faults_of
from agent.chat.conversation import ChatLimits, OnEvent, ToolEnded, ToolStarted, checked_question, silent
from agent.chat.passages import Passage
from agent.chat.reading import asks_for_a_fact, cannot_be_read_off, chosen, looked_for, ranked
from agent.chat.step_memory import StepMemories, StepMemory
from agent.shielded import shielded
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import ModelCall
from records.chat import AnswerSentence, ChatAnswer, ChatProvenance, Retrieved
from records.errors import ModelCannot, UsageError
from records.market import Candidate
from records.taxonomy import EVENT_DESCRIPTIONS, EventType, Tag
from tools.result import Item, Result
from tools.sources import Sources
from tools.toolbox import Refused, call
from tools.when import MARKET_ZONE

SHOWN = 5
"""Items an answer tells."""
JUDGED = 8
"""Items the model is asked about, each with one short call."""
RELEVANT = 0.5
READ = 3
"""Articles read whole for a question of fact."""

_ORDER = re.compile(
    r"(?:^|[.,;!]\s*)(?:please |now |then |(?:can|could|would|will) you |i want you to |go ahead and )*(?:buy|sell|short|purchase|"
    r"place|execute|send|e-?mail|post|delete|wire|transfer|cancel)\b|\b(?:place|execute) (?:an?|the|my) (?:order|trade)\b|"
    r"\b(?:buy|sell) .{0,40}\bfor me\b",
    re.IGNORECASE,
)
_FUTURE = re.compile(
    r"\b(?:will|going to|shall)\b.{0,60}\b(?:rise|fall|go up|go down|drop|gain|close|be worth|reach|hit|happen|move)\b|"
    r"\b(?:next|tomorrow'?s?) (?:week|month|year|quarter|price)\b|\btomorrow\b|\bshould i (?:buy|sell|hold)\b",
    re.IGNORECASE,
)
_TRACK = re.compile(
    r"\b(?:track record|how (?:good|accurate|well)|reliab|calibrat|your scores?|your forecasts?)", re.IGNORECASE
)
_LIKE = re.compile(
    r"\b(?:like (?:this|that|it)|something similar|similar (?:events?|news|cases?)|precedents?|last (?:seen|time)|"
    r"ever (?:seen|happened)|(?:happen\w*|seen|occur\w*) .{0,80}\bbefore)\b",
    re.IGNORECASE,
)
_BOOK = re.compile(r"\b(?:(?:my|our|this|the) portfolio|my (?:book|positions|holdings))\b", re.IGNORECASE)
_ALERTS = re.compile(
    r"\b(?:(?:my|our|any|today['’]?s|yesterday['’]?s) alerts?|alerts? (?:of|for|from) (?:the day|today|yesterday|this week)|"
    r"(?:my|our) rules?)\b",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"\b(?:how busy|how (?:many|much) (?:news|articles?|stories|coverage)|news activity|activity (?:in|on|of|by) (?:the )?"
    r"(?:news|sectors?|themes?|tickers?)|most news|(?:gone|how) quiet)\b",
    re.IGNORECASE,
)
_REACTION = re.compile(r"\b(?:did .* (?:do|move|react)|reaction|moved?)\b", re.IGNORECASE)
_WHEN = re.compile(
    r"\b(today|yesterday|this week|last week|this month|this year|(?:last|past) \d{1,3} (?:hours?|days?|weeks?|months?)|"
    r"\d{4}-\d{2}-\d{2})\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|its|they|their|that|this company|the stock|the company)\b", re.IGNORECASE)


_SYMBOL = re.compile(
    r"\$?\b(?!(?:FDA|SEC|FED|CEO|CFO|COO|US|USA|UK|EU|AI|EPS|GDP|CPI|IPO|ETF|ECB|IT|ALL|ARE|ON|OR|SO|M&A|FY|Q[1-4])\b)"
    r"([A-Z]{2,5}(?:\.[A-Z])?)\b"
)
"""A ticker as people type it; what is in the list is more often a word or an office."""


class Market(Protocol):
    """Where companies are found in words (`markets.desk.MarketDesk`)."""

    def candidates(self, title: str, text: str, as_of: datetime) -> tuple[Candidate, ...]: ...
    def given(self, ticker: str, as_of: datetime) -> Candidate: ...


@dataclass(frozen=True)
class Step:
    """One lookup of a plan."""

    tool: str
    arguments: dict[str, Any]


@dataclass
class StepChat:
    """Answers questions with any model. Of a conversation companies and topic are remembered, in `memories`."""

    model: LanguageModel
    sources: Callable[[datetime], Sources]
    market: Market
    prompts: PromptLibrary
    limits: ChatLimits = field(default_factory=ChatLimits)
    monotonic: Callable[[], float] = time.monotonic
    memories: StepMemories = field(default_factory=StepMemories)

    def ask(self, question: str, *, conversation: str, as_of: datetime, on_event: OnEvent = silent) -> ChatAnswer:
        """Raises UsageError for a question that is empty or too long, ModelError."""
        asked = checked_question(question)
        began = self.monotonic()
        no = refusal(asked)
        if no is not None:
            return self._answered(
                asked, [AnswerSentence(text=no, support=())], [], [], [], no, as_of, conversation, began
            )
        memory = self.memories.of(conversation)
        steps = list(self._plan(asked, memory, as_of))
        sources = self.sources(as_of)
        results = [self._looked_up(step, sources, on_event) for step in steps[: self.limits.lookups]]
        found = items = [item for result in results for item in result.items]
        calls: list[ModelCall] = []
        sentences: list[AnswerSentence] = []
        reason: str | None = None
        if asks_for_a_fact(asked) and not any(step.arguments.get("since") for step in steps):
            sentences, reason, read = self._read_off(asked, items, sources, as_of, calls, on_event)
            steps += [Step("show", {}) for _ in read]
            items = [*items, *read]
        if not sentences:
            meant = f"{asked} (of {memory.meant})" if memory.meant else asked
            named = self._tickers(asked, as_of) or (memory.tickers if memory.meant else ())
            told = self._relevant(meant, _of_companies(_to_judge(found), named), calls)
            memory.topic = (_headline(told[0]) if told else None) or memory.topic
            sentences = [AnswerSentence(text=sentence_of(item), support=(item.id,)) for item in told[:SHOWN]]
            reason = _no_news(told) if sentences else reason or _why_nothing(steps, results)
        if not sentences:
            sentences = [AnswerSentence(text=f"I don't know from what I have: {reason}", support=())]
        self.memories.keep(conversation)
        names = [step.tool for step in steps]
        return self._answered(asked, sentences, items, names, calls, reason, as_of, conversation, began)

    def _plan(self, question: str, memory: StepMemory, as_of: datetime) -> Iterator[Step]:
        """Which lookups, by what the words ask for."""
        tickers = self._tickers(question, as_of)
        memory.meant = ""
        if not tickers and _IT.search(question):
            tickers = memory.tickers
            memory.meant = ", ".join(tickers)
        memory.tickers = tickers or memory.tickers
        when = _WHEN.search(question)
        since = when[0].lower() if when else None
        if _TRACK.search(question):
            yield Step("track_record", {"event_type": _event_type(question)})
            return
        if _LIKE.search(question):
            topic = memory.topic if _IT.search(question) and memory.topic else question
            yield Step("find_precedents", {"text": topic, "tickers": list(tickers), "limit": SHOWN})
            return
        if _ALERTS.search(question):
            yield Step("alerts_of_the_day", {"day": since})
            return
        if _BOOK.search(question):
            yield Step("positions", {})
            yield Step("list_analyses", {"since": since or "today", "order": "score", "limit": 20})
            return
        if _BUSY.search(question):
            yield Step(
                "activity", {"by": "ticker" if tickers else "tag", "labels": list(tickers), "since": since or "7 days"}
            )
            return
        if tickers and when and _REACTION.search(question) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", since or ""):
            yield Step("reaction_around", {"ticker": tickers[0], "at": since})
        tags = [tag.value for tag in Tag if tag.value.lower() in question.lower()]
        if tickers or tags or since:
            yield Step("list_analyses", {"tickers": list(tickers), "tags": tags, "since": since, "limit": 10})
        yield Step("search_news", {"words": looked_for(question)[:2_000], "since": since, "limit": 10})

    def _tickers(self, question: str, as_of: datetime) -> tuple[str, ...]:
        """Of the companies that a question names, and the symbols that it writes out."""
        found = [one.instrument.ticker for one in self.market.candidates(question, "", as_of)]
        for symbol in _SYMBOL.findall(question):
            try:
                found.append(self.market.given(symbol, as_of).instrument.ticker)
            except UsageError:
                continue
        return tuple(dict.fromkeys(found))

    def _looked_up(self, step: Step, sources: Sources, on_event: OnEvent) -> Result:
        on_event(ToolStarted(step.tool, step.arguments))
        try:
            result = shielded(call(step.tool, step.arguments, sources))
        except Refused as error:
            result = Result(status="nothing_found", note=str(error))
        on_event(ToolEnded(step.tool, result))
        return result

    def _read_off(
        self,
        question: str,
        items: list[Item],
        sources: Sources,
        as_of: datetime,
        calls: list[ModelCall],
        on_event: OnEvent,
    ) -> tuple[list[AnswerSentence], str | None, list[Item]]:
        """(the passage that answers, why none does, the articles read). No reason: none was there to be read."""
        pages = [item for item in items if item.kind == "article"][:READ]
        if not any(map(_is_page, pages)):
            return [], None, []
        why = cannot_be_read_off(question)
        if why is not None:
            return [], why, []
        shown = [self._looked_up(Step("show", {"id": item.id}), sources, on_event) for item in pages]
        read = [item for result in shown for item in result.items]
        texts = {item.id: item.text for item in read}
        on = as_of.astimezone(MARKET_ZONE).date()

        def stands(source: str, passage: Passage) -> bool:
            return not faults_of(sentence_of_text(passage.text), (source,), texts, question, on)

        def judge(passage: Passage) -> float:
            prompt = self.prompts.load("chat_answers").render(question=question, passage=passage.text[:600])
            answer = self.model.choose(prompt, ("Yes", "No"), purpose="chat.answers")
            calls.extend(answer.calls)
            return answer.value["Yes"]

        candidates = [one for one in ranked(question, texts) if stands(one.source, one.passage)]
        try:
            best = chosen(candidates, judge)
        except ModelCannot:
            best = None
        if best is None:
            return [], "nothing that was read answers it for certain", read
        return [AnswerSentence(text=sentence_of_text(best.passage.text), support=(best.source,))], None, read

    def _relevant(self, question: str, items: list[Item], calls: list[ModelCall]) -> list[Item]:
        """The items that the model holds for an answer, likeliest first; all in their order when it cannot say."""
        distinct = list({item.id: item for item in items}.values())[:JUDGED]
        judged: list[tuple[float, int, Item]] = []
        for place, item in enumerate(distinct):
            if item.kind in ("record", "activity", "position", "reaction", "event", "alert") or _is_held(
                item, distinct
            ):
                judged.append((1.0, place, item))  # asked for by name: nothing else can be meant
                continue
            prompt = self.prompts.load("chat_relevant").render(question=question, item=item.text[:800])
            try:
                answer = self.model.choose(prompt, ("Yes", "No"), purpose="chat.relevant")
            except ModelCannot:
                return distinct
            calls.extend(answer.calls)
            judged.append((answer.value["Yes"], place, item))
        return [item for share, _, item in sorted(judged, key=lambda one: (-one[0], one[1])) if share >= RELEVANT]

    def _answered(
        self,
        question: str,
        sentences: list[AnswerSentence],
        items: list[Item],
        tools: list[str],
        calls: list[ModelCall],
        reason: str | None,
        as_of: datetime,
        conversation: str,
        began: float,
    ) -> ChatAnswer:
        costs = [one.cost_usd for one in calls]
        provenance = ChatProvenance(
            model=self.model.name, mode="steps", as_of=as_of, conversation=conversation, tools=tuple(tools), calls=len(calls),
            input_tokens=sum(one.input_tokens for one in calls), output_tokens=sum(one.output_tokens for one in calls),
            cost_usd=None if None in costs else sum(one or 0.0 for one in costs), seconds=self.monotonic() - began,
            model_calls=tuple(calls),
        )  # fmt: skip
        return ChatAnswer(
            question=question,
            answer=" ".join(one.text for one in sentences),
            sentences=tuple(sentences),
            retrieved=tuple(Retrieved(id=item.id, kind=item.kind) for item in {one.id: one for one in items}.values()),
            refused=not any(one.support for one in sentences),
            reason=reason,
            provenance=provenance,
        )


def refusal(question: str) -> str | None:
    """Why a question is not looked up at all; None: it is."""
    if _ORDER.search(question):
        return "I can't do that: I only read, and place no order and send nothing."
    if _FUTURE.search(question):
        return "I don't know from what I have: it lies in the future. A score says how far news may move a share, not which way."
    return None


def sentence_of(item: Item) -> str:
    """What an item says, as a sentence of its own."""
    return sentence_of_text(item.text)


def _to_judge(items: list[Item]) -> list[Item]:
    """Without pages that are read and not told; beside a portfolio only news of what is held, before the positions themselves."""
    positions = [item for item in items if item.kind == "position"]
    if positions:
        return [*(item for item in items if _is_held(item, positions)), *positions]
    return [item for item in items if not _is_page(item)]


def _of_companies(items: list[Item], tickers: Collection[str]) -> list[Item]:
    """Without analyses of other companies than those a question names, where there are some of these."""
    asked = set(tickers)
    others = [item for item in items if item.kind == "analysis" and not asked & _tickers_of(item)]
    found = any(item.kind == "analysis" and item not in others for item in items)
    return [item for item in items if item not in others] if found else items


def _tickers_of(item: Item) -> set[str]:
    return {item.data.get("ticker"), *item.data.get("tickers", ())} - {None}


def _is_held(item: Item, items: list[Item]) -> bool:
    """Whether it is an analysis of a company that a position of the portfolio is in."""
    held = {one.data.get("ticker") for one in items if one.kind == "position"}
    return item.kind == "analysis" and bool(held & _tickers_of(item))


def _headline(item: Item) -> str | None:
    """What a follow-up means by "this"."""
    title = item.data.get("title") or item.data.get("summary")
    return str(title) if title and item.kind in ("analysis", "article", "event") else None


def _is_page(item: Item) -> bool:
    """Whether it is an article whose text is longer than its excerpt, so that it is read and not told whole."""
    excerpt = str(item.data.get("excerpt", ""))
    return item.kind == "article" and "…" in (excerpt[:1], excerpt[-1:])


def sentence_of_text(text: str) -> str:
    """In one line, with its full stop."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…", "]")) else f"{text}."


def _event_type(question: str) -> str | None:
    """The event type that shares most words with the question; None: none is named."""
    words = {word.rstrip("s") for word in re.findall(r"[a-z]{3,}", question.lower())} - {
        "new",
        "score",
        "your",
        "have",
        "been",
        "how",
        "good",
    }
    extra = {EventType.REGULATORY_APPROVAL: {"fda", "drug", "approval"}, EventType.EARNINGS_RESULTS: {"earning", "result"},
             EventType.MERGER_ACQUISITION: {"merger", "takeover", "acquisition", "deal"}}  # fmt: skip
    shares = {
        kind: len(
            words
            & (
                {word.rstrip("s") for word in re.findall(r"[a-z]{3,}", kind.value.replace("_", " "))}
                | extra.get(kind, set())
            )
        )
        for kind in EVENT_DESCRIPTIONS
    }
    best = max(shares, key=lambda kind: shares[kind])
    return best.value if shares[best] else None


def _no_news(told: list[Item]) -> str | None:
    """Said beside the positions of a portfolio of which nothing is told."""
    quiet = bool(told) and all(item.kind == "position" for item in told)
    return "no analysed news of that time is on what the portfolio holds" if quiet else None


def _why_nothing(steps: list[Step], results: list[Result]) -> str:
    """Of alerts the note says what was held against which rules, and so is the answer."""
    asked = zip(steps, results, strict=False)
    missing = [one.note for step, one in asked if one.status == "unavailable" or step.tool == "alerts_of_the_day"]
    if missing:
        return " ".join(missing)
    return "nothing that was found answers it" if any(result.items for result in results) else "nothing was found"
