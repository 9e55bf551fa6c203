"""`--json`: the one object a program reads. Names never change; docs/analysis.schema.json is generated from here."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from records.analysis import Analysis, Claim, Ground, Provenance
from records.article import Article, Withheld
from records.base import Record
from records.changes import Change
from records.event import Precedent
from records.impact import Driver, Evidence, Impact
from records.market import Reaction, Window
from records.reading import Fact, Mention, Sentiment, Span
from records.story import Placement
from records.taxonomy import EventType, Tag
from records.times import UtcDatetime
from records.translation import TranslatedSentence


class ArticleOutput(Record):
    """Where the text came from, without the text."""

    id: str
    title: str
    url: Annotated[str | None, Field(description="null when read from a file or stdin")]
    source: Annotated[str | None, Field(description="publisher's name or host; null if unknown")]
    published_at: Annotated[UtcDatetime | None, Field(description="the publisher's claim; null if undated")]
    date_only: bool
    first_seen_at: UtcDatetime
    language: Annotated[str | None, Field(description="ISO 639-1; null if undecided")]
    notes: Annotated[tuple[str, ...], Field(description="what cleaning changed")]
    withheld: Annotated[
        tuple[Withheld, ...],
        Field(
            description="passages addressed to a model, by place in the article as received: neither read nor quoted"
        ),
    ]

    @classmethod
    def of(cls, article: Article) -> "ArticleOutput":
        return cls(**{name: getattr(article, name) for name in cls.model_fields})


class ImpactOutput(Record):
    """The forecast; every number is null when `evidence` is not_scoreable."""

    ticker: Annotated[str | None, Field(description="the instrument the score is about")]
    score: Annotated[float | None, Field(ge=0, le=1, description="expected impact; an ordinary day is .50")]
    low: Annotated[float | None, Field(ge=0, le=1, description="10 % quantile")]
    high: Annotated[float | None, Field(ge=0, le=1, description="90 % quantile")]
    p_material: Annotated[float | None, Field(ge=0, le=1, description="probability of a move beyond two sigma")]
    multiplier: Annotated[float | None, Field(gt=0, description="expected scale against an ordinary day")]
    move_low: Annotated[float | None, Field(description="10 % quantile of the absolute abnormal return, in log")]
    move_high: Annotated[float | None, Field(description="90 % quantile of the absolute abnormal return, in log")]
    rank: Annotated[float | None, Field(ge=0, le=1, description="share of recent articles below; null if few")]
    evidence: Evidence
    n_eff: Annotated[float | None, Field(ge=0, description="effective number of precedents")]
    drivers: Annotated[tuple[Driver, ...], Field(description="their contributions sum to the score")]
    reason: Annotated[str | None, Field(description="why it is not scoreable or prior only; null when grounded")]
    model_version: str

    @classmethod
    def of(cls, impact: Impact) -> "ImpactOutput":
        return cls(**{name: getattr(impact, name) for name in cls.model_fields})


class ReactionOutput(Record):
    """What the market did after a precedent."""

    ticker: str
    abnormal_return: Annotated[float, Field(description="beyond the market, in log: -0.644 is a fall of 47.5 %")]
    simple_return: Annotated[float, Field(description="the same as the price shows it, fraction (-0.475 = -47.5 %)")]
    z: Annotated[float, Field(description="in standard deviations of the days before")]
    window: Window
    session_on: date
    known_at: Annotated[UtcDatetime, Field(description="first moment the outcome was observable")]

    @classmethod
    def of(cls, reaction: Reaction) -> "ReactionOutput":
        return cls(**{name: getattr(reaction, name) for name in cls.model_fields})


class PrecedentOutput(Record):
    """A past event like this one, known with its outcome at `as_of`."""

    id: Annotated[str, Field(description="P1, P2, …: what claims cite")]
    event_id: str
    summary: str
    event_type: EventType
    tickers: tuple[str, ...]
    published_at: UtcDatetime
    similarity: Annotated[float, Field(ge=0, le=1)]
    why: Annotated[str, Field(description="what it shares with the article")]
    differs: Annotated[str, Field(description="how it differs from the article; empty: not recorded")]
    reaction: ReactionOutput

    @classmethod
    def of(cls, precedent: Precedent) -> "PrecedentOutput":
        fields = {name: getattr(precedent, name) for name in cls.model_fields}
        return cls(**fields | {"reaction": ReactionOutput.of(precedent.reaction)})


class ClaimOutput(Record):
    """One sentence of the analysis after the check."""

    text: str
    support: Annotated[tuple[str, ...], Field(description="ids: A1… facts, P1… precedents, score, sentiment")]
    spans: Annotated[tuple[Span, ...], Field(description="character ranges of title, blank line, text")]
    grounds: Annotated[
        tuple[Ground, ...],
        Field(
            description="where each figure, date and quotation stands: a range of the article, or an id and its field"
        ),
    ]
    verdict: Literal["supported", "dropped"]
    faults: Annotated[tuple[str, ...], Field(description="why it was dropped")]

    @classmethod
    def of(cls, claim: Claim) -> "ClaimOutput":
        return cls(**{name: getattr(claim, name) for name in cls.model_fields})


class ProvenanceOutput(Record):
    """How the analysis came about."""

    model: str
    provider: str
    profile: Literal["capable", "embedded"]
    prompts: Annotated[dict[str, str], Field(description="prompt name: version:digest")]
    embedder: str | None
    store: str | None
    as_of: UtcDatetime
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Annotated[float | None, Field(description="0 for a local model; null if the price is unknown")]
    seconds: float
    cache_hit: bool
    stages: Annotated[dict[str, float], Field(description="seconds by stage")]
    missing: Annotated[tuple[str, ...], Field(description="what could not be had, and why")]
    rhyme_version: str

    @classmethod
    def of(cls, provenance: Provenance) -> "ProvenanceOutput":
        return cls(**{name: getattr(provenance, name) for name in cls.model_fields})


class TranslationOutput(Record):
    """The words in the output language; `summary` and `analysis` of the analysis stay in English, as they were checked."""

    language: Annotated[str, Field(description="ISO 639-1")]
    summary: str
    analysis: Annotated[str, Field(description="the supported sentences, joined")]
    kept_english: Annotated[int, Field(ge=0, description="sentences whose translation did not hold")]
    sentences: Annotated[
        tuple[TranslatedSentence, ...], Field(description="of the summary, then of the analysis, each with its English")
    ]

    @classmethod
    def of(cls, analysis: Analysis) -> "TranslationOutput":
        translation = analysis.translation
        if translation is None:
            raise ValueError("the analysis is not translated")
        return cls(
            language=translation.language,
            summary=analysis.shown_summary,
            analysis=" ".join(text for _, text in analysis.shown_sentences),
            kept_english=translation.kept_english,
            sentences=(*translation.summary, *translation.analysis),
        )


class AnalysisOutput(Record):
    """One analysed article."""

    id: Annotated[str, Field(description="`rhyme show ID` shows it again")]
    schema_version: int
    created_at: UtcDatetime
    article: ArticleOutput
    summary: str
    analysis: Annotated[str, Field(description="the supported sentences; empty when there is nothing to say")]
    event_type: EventType
    tags: tuple[Tag, ...]
    tickers: Annotated[tuple[str, ...], Field(description="the scored one first, then those the article is about")]
    mentions: tuple[Mention, ...]
    sentiment: Annotated[Sentiment | None, Field(description="null if it was not measured")]
    impact: ImpactOutput
    precedents: tuple[PrecedentOutput, ...]
    precedent_status: Literal["found", "no_precedent", "not_asked", "failed"]
    facts: Annotated[tuple[Fact, ...], Field(description="statements of the article that claims cite as A1, A2, …")]
    claims: tuple[ClaimOutput, ...]
    story: Annotated[Placement | None, Field(description="its story and novelty; null if it was not placed")] = None
    translation: Annotated[
        TranslationOutput | None,
        Field(description="summary and analysis in the output language; null: English was asked"),
    ] = None
    former_id: Annotated[str | None, Field(description="of an update: the story's analysis before it; null: none")] = (
        None
    )
    former_as_of: Annotated[UtcDatetime | None, Field(description="what that analysis could know")] = None
    changes: Annotated[tuple[Change, ...], Field(description="against former_id; empty with one: nothing changed")] = ()
    dropped: Annotated[int, Field(ge=0, description="sentences the check removed")]
    provenance: ProvenanceOutput

    @classmethod
    def of(cls, analysis: Analysis) -> "AnalysisOutput":
        """The object for one analysis; nothing is computed that the analysis does not hold."""
        reading = analysis.reading
        return cls(
            id=analysis.id,
            schema_version=analysis.schema_version,
            created_at=analysis.created_at,
            article=ArticleOutput.of(analysis.article),
            summary=reading.summary,
            analysis=analysis.text,
            event_type=reading.event_type,
            tags=reading.tags,
            tickers=analysis.tickers,
            mentions=reading.mentions,
            sentiment=reading.sentiment,
            impact=ImpactOutput.of(analysis.impact),
            precedents=tuple(PrecedentOutput.of(precedent) for precedent in analysis.precedents),
            precedent_status=analysis.precedent_status,
            facts=reading.facts,
            claims=tuple(ClaimOutput.of(claim) for claim in analysis.claims),
            story=analysis.story,
            translation=TranslationOutput.of(analysis) if analysis.translation else None,
            former_id=analysis.former_id,
            former_as_of=analysis.former_as_of,
            changes=analysis.changes,
            dropped=analysis.dropped,
            provenance=ProvenanceOutput.of(analysis.provenance),
        )


def as_json(value: Record | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Indented JSON in ASCII: the same bytes in every locale, and no character a terminal could act on."""
    data = value.model_dump(mode="json") if isinstance(value, Record) else value
    return json.dumps(data, indent=2, ensure_ascii=True, allow_nan=False)


def analysis_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `AnalysisOutput`, as written to docs/analysis.schema.json."""
    schema = AnalysisOutput.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rhyme analysis",
        **schema,
    }
