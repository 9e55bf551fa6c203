"""Answers to an analyst's questions: sentence by sentence, each with the ids it rests on, and what was looked up for it."""

from typing import Annotated, Literal

from pydantic import Field

from records.analysis import ModelCall
from records.base import Record
from records.times import UtcDatetime


class AnswerSentence(Record):
    """One sentence that stood the check."""

    text: str
    support: Annotated[
        tuple[str, ...],
        Field(description="ids this conversation retrieved; empty only for a refusal or 'I don't know'"),
    ]


class DroppedSentence(Record):
    """One that did not, and why."""

    text: str
    faults: tuple[str, ...]


class Retrieved(Record):
    """One thing that a tool gave."""

    id: str
    kind: str


class ChatProvenance(Record):
    """How an answer came about."""

    model: str
    mode: Annotated[
        Literal["agent", "steps"],
        Field(description="agent: the model calls tools; steps: planned in code, for small models"),
    ]
    as_of: UtcDatetime
    conversation: str
    tools: Annotated[tuple[str, ...], Field(description="names of the tools called, in order")]
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Annotated[float | None, Field(description="None if a price is not known")]
    seconds: float
    model_calls: tuple[ModelCall, ...] = ()


class ChatAnswer(Record):
    """What `rhyme ask --json` prints."""

    question: str
    answer: Annotated[str, Field(description="the sentences, joined")]
    sentences: tuple[AnswerSentence, ...]
    retrieved: tuple[Retrieved, ...]
    refused: Annotated[
        bool, Field(description="nothing was answered: it cannot be known or done, or nothing stood the check")
    ]
    reason: Annotated[
        str | None, Field(description="why it was refused, cut short, or left out in part; None: a whole answer")
    ]
    dropped: tuple[DroppedSentence, ...] = ()
    provenance: ChatProvenance


class KeptTurn(Record):
    """One question of a conversation at the web terminal, with its answer and what stands beside it."""

    who: Annotated[str, Field(description="the visitor whose conversation it is; nobody else sees it")]
    conversation: str
    asked_at: UtcDatetime
    answer: ChatAnswer
    texts: Annotated[dict[str, str], Field(description="id → what a tool gave for it, of those the answer cites")]
