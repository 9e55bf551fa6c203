"""Reading with a capable model: the whole form in one call, then held against the article in code."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from agent.progress import OnProgress, Progress, writing
from agent.read import ReadResult, by_ticker, fit_to_context
from agent.sentences import joined
from agent.summary import hold_facts, hold_summary
from models.closed_list import ClosedForm, ClosedList
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.article import Article
from records.market import Candidate
from records.reading import Fact, Mention, Reading, Sentiment, Span
from records.taxonomy import EVENT_DESCRIPTIONS, EventType, Scope, Tag

MAX_OUTPUT_TOKENS = 2_000
PROMPT_TOKENS = 1_500
"""Room for the system text, tags, event types and candidates."""
MAX_FACTS = 10
SCHEMAS_KEPT = 256
"""Forms kept for the next article that names the same companies: making one takes some milliseconds."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SentimentAnswer(_Form):
    """Probabilities; normalised by us."""

    negative: Annotated[float, Field(ge=0, le=1)]
    neutral: Annotated[float, Field(ge=0, le=1)]
    positive: Annotated[float, Field(ge=0, le=1)]


class FactAnswer(_Form):
    """A statement and the words it rests on."""

    text: Annotated[str, Field(min_length=1, max_length=400)]
    quote: Annotated[str, Field(min_length=1, max_length=300)]


class MentionAnswer(_Form):
    """A company of the article; the ticker's closed list is put in per article."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    ticker: str | None
    role: Literal["subject", "counterparty", "competitor", "backer", "mentioned"]
    sentiment: SentimentAnswer
    quote: Annotated[str, Field(max_length=300)]


class ReadAnswer(_Form, ClosedForm):
    """The form of prompts/read.md."""

    summary: Annotated[str, Field(min_length=20, max_length=1_200)]
    event_type: EventType
    tags: Annotated[list[Tag], Field(min_length=1, max_length=6)]
    mentions: Annotated[list[MentionAnswer], Field(max_length=12)]
    sentiment: SentimentAnswer
    surprise: Annotated[int, Field(ge=0, le=4)]
    scheduled: bool
    scope: Scope
    facts: Annotated[list[FactAnswer], Field(max_length=MAX_FACTS)]


def read_capable(
    article: Article,
    candidates: Sequence[Candidate],
    model: LanguageModel,
    prompts: PromptLibrary,
    progress: OnProgress,
) -> ReadResult:
    """One structured call. Tickers outside the candidates and quotes outside the article do not survive."""
    progress(Progress("read", "the model reads the article"))
    shown = fit_to_context(article.body, model, model.context_tokens - MAX_OUTPUT_TOKENS - PROMPT_TOKENS)
    table = by_ticker(candidates)
    prompt = prompts.load("read").render(
        article=shown,
        candidates=[describe_candidate(candidate) for candidate in table.values()],
        tags=[tag.value for tag in Tag],
        event_types={key.value: text for key, text in EVENT_DESCRIPTIONS.items()},
    )
    answer = model.structured(
        prompt,
        answer_schema(tuple(table)),
        purpose="read",
        max_output_tokens=MAX_OUTPUT_TOKENS,
        on_token=writing(progress, "read"),
    )
    missing = (
        ()
        if shown == article.body
        else (f"the model read the first {len(shown):,} of {len(article.body):,} characters",)
    )
    reading = to_reading(answer.value, article.body, table)
    return ReadResult(held_against(article, reading, candidates), answer.calls, missing)


def describe_candidate(candidate: Candidate) -> str:
    """One line of the list of candidates."""
    about = f" ({candidate.note})" if candidate.note else ""
    doubt = "; the word may mean something else" if candidate.ambiguous else ""
    return f"{candidate.instrument.ticker}: {candidate.instrument.name}, named in the text as “{candidate.name}”{about}{doubt}"


@lru_cache(maxsize=SCHEMAS_KEPT)
def answer_schema(tickers: tuple[str, ...]) -> type[ReadAnswer]:
    """ReadAnswer with the candidates as the only tickers there are."""
    form = _with_tickers(tickers)
    form.closed = ClosedList(ReadAnswer, _with_tickers, tickers, _tickers_of)
    return form


def _with_tickers(tickers: tuple[str, ...]) -> type[ReadAnswer]:
    # the list beside it: typing takes literals in another order for the same, and would hand out the union it made first
    choice: Any = Annotated[Literal[tickers], tickers] | None if tickers else None
    unbuilt: Any = {"defer_build": True}
    mention = create_model("MentionAnswer", __base__=MentionAnswer, __cls_kwargs__=unbuilt, ticker=(choice, ...))
    mentions: Any = Annotated[list[mention], Field(max_length=12)]  # type: ignore[valid-type]
    return create_model("ReadAnswer", __base__=ReadAnswer, __cls_kwargs__=unbuilt, mentions=(mentions, ...))


def _tickers_of(answer: ReadAnswer) -> list[str | None]:
    return [mention.ticker for mention in answer.mentions]


def to_reading(answer: ReadAnswer, body: str, table: Mapping[str, Candidate]) -> Reading:
    """The answer held against the article: facts keep only verbatim quotes, mentions only listed tickers."""
    facts: list[Fact] = []
    for fact in answer.facts:
        start = body.find(fact.quote)
        if start >= 0:
            span = Span(start=start, end=start + len(fact.quote))
            facts.append(Fact(id=f"A{len(facts) + 1}", text=fact.text, quote=fact.quote, span=span))
    return Reading(
        summary=answer.summary.strip(),
        event_type=answer.event_type,
        tags=tuple(dict.fromkeys(answer.tags)),
        mentions=tuple(_mention(mention, body, table) for mention in answer.mentions),
        sentiment=_sentiment(answer.sentiment),
        surprise=answer.surprise,
        scheduled=answer.scheduled,
        scope=answer.scope,
        facts=tuple(facts),
        dropped_quotes=len(answer.facts) - len(facts),
    )


def held_against(article: Article, reading: Reading, candidates: Sequence[Candidate]) -> Reading:
    """The reading without sentences of the summary that the article does not carry; its headline where none is left."""
    held = hold_summary(reading.summary, article, candidates)
    facts = hold_facts(reading.facts, article, candidates)
    lead = joined(fact.quote for fact in facts[:2]) or article.title
    summary = " ".join(held.kept) if held.kept else lead
    return reading.model_copy(update={"summary": summary, "facts": facts, "dropped_sentences": held.dropped})


def _mention(mention: MentionAnswer, body: str, table: Mapping[str, Candidate]) -> Mention:
    return Mention(
        name=mention.name,
        ticker=mention.ticker if mention.ticker in table else None,
        role=mention.role,
        sentiment=_sentiment(mention.sentiment),
        quote=mention.quote if mention.quote and mention.quote in body else None,
    )


def _sentiment(answer: SentimentAnswer) -> Sentiment | None:
    if answer.negative + answer.neutral + answer.positive <= 0:
        return None
    return Sentiment.of(answer.negative, answer.neutral, answer.positive)
