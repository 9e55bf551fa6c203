"""The finished analysis of one article: what the page shows, what is kept, and how it came about."""

from typing import Annotated, Literal

from pydantic import Field

from records.article import Article
from records.base import Record
from records.changes import Change
from records.event import Precedent
from records.impact import Impact
from records.reading import Reading, Span
from records.story import Placement
from records.times import UtcDatetime
from records.translation import TranslatedSentence, Translation

ANALYSIS_SCHEMA_VERSION = 4


class Sentence(Record):
    """One sentence of an explanation with the ids it rests on: facts `A1…`, precedents `P1…`, `score`, `sentiment`."""

    text: Annotated[str, Field(min_length=1)]
    support: tuple[str, ...]


class Explanation(Record):
    """The analysis paragraph, sentence by sentence, before it is checked."""

    sentences: tuple[Sentence, ...]


class Ground(Record):
    """Where one figure, date, name or quotation of a claim stands in what the claim cites."""

    words: Annotated[str, Field(description="as the claim writes them")]
    source: Annotated[str, Field(description="the cited id: A1, P1, score, sentiment, link:TICKER")]
    span: Annotated[Span | None, Field(description="characters of Article.body; None outside the article")] = None
    field: Annotated[
        str | None, Field(description="field of the precedent or of the score; None within the article")
    ] = None


class Claim(Record):
    """A sentence after the check."""

    text: str
    support: tuple[str, ...]
    spans: Annotated[tuple[Span, ...], Field(description="character ranges of Article.body behind cited facts")] = ()
    grounds: Annotated[
        tuple[Ground, ...], Field(description="where each figure, date and quotation stands; empty in earlier versions")
    ] = ()
    verdict: Literal["supported", "dropped"]
    faults: Annotated[tuple[str, ...], Field(description="why it was dropped; empty when supported")] = ()


class ModelCall(Record):
    """One call to a language model: what it was for and what it cost."""

    purpose: Annotated[str, Field(description="the stage, e.g. 'read', 'read.tags', 'explain', 'explain.repair'")]
    provider: str
    model: str
    prompt: Annotated[str | None, Field(description="name@version of the prompt file")] = None
    prompt_digest: Annotated[str | None, Field(description="SHA-256 of the prompt file, 16 hex digits")] = None
    input_tokens: Annotated[int, Field(ge=0)]
    cached_tokens: Annotated[int, Field(ge=0, description="part of input_tokens served from the prefix cache")] = 0
    output_tokens: Annotated[int, Field(ge=0)]
    tokens_estimated: Annotated[bool, Field(description="counted by us because the provider did not say")] = False
    cost_usd: Annotated[float | None, Field(ge=0, description="0 for a local model; None if the price is unknown")]
    seconds: Annotated[float, Field(ge=0)]
    attempts: Annotated[int, Field(ge=1, description="tries, retries included")] = 1
    repaired: Annotated[bool, Field(description="the first answer broke the schema and a second was asked for")] = False
    cache_hit: bool = False
    fallback: Annotated[str | None, Field(description="what the provider could not do and was done otherwise")] = None


class Provenance(Record):
    """Enough to repeat an analysis and to know what is missing from it."""

    model: str
    provider: str
    profile: Literal["capable", "embedded"]
    prompts: Annotated[dict[str, str], Field(description="prompt name → version:digest")]
    embedder: Annotated[str | None, Field(description="name:digest; None when precedents were not asked for")]
    store: Annotated[str | None, Field(description="event memory: 'N events, digest'; None likewise")]
    as_of: UtcDatetime
    calls: Annotated[int, Field(ge=0, description="language-model calls, repairs included")]
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    seconds: Annotated[float, Field(ge=0, description="wall clock, whole analysis")]
    cache_hit: bool
    stages: Annotated[dict[str, float], Field(default_factory=dict, description="seconds by stage")]
    model_calls: tuple[ModelCall, ...] = ()
    missing: Annotated[tuple[str, ...], Field(description="what could not be had, and why")] = ()
    rhyme_version: str


class Analysis(Record):
    """Everything known about one article at `as_of`."""

    schema_version: int = ANALYSIS_SCHEMA_VERSION
    id: Annotated[
        str, Field(description="16 hex digits; of article, as_of and provenance, so that a rerun is a new analysis")
    ]
    created_at: UtcDatetime
    article: Article
    reading: Reading
    impact: Impact
    precedents: tuple[Precedent, ...]
    precedent_status: Annotated[
        Literal["found", "no_precedent", "not_asked", "failed"],
        Field(description="four different answers, never one empty list"),
    ]
    claims: tuple[Claim, ...]
    story: Annotated[
        Placement | None, Field(description="where the article stands among known stories; None if it was not placed")
    ] = None
    former_id: Annotated[
        str | None, Field(description="of an update or a correction: the story's analysis that `changes` compares with")
    ] = None
    former_as_of: Annotated[UtcDatetime | None, Field(description="what that one could know; None likewise")] = None
    changes: Annotated[
        tuple[Change, ...],
        Field(description="empty with a former_id: nothing changed; without one: nothing to compare"),
    ] = ()
    translation: Annotated[
        Translation | None, Field(description="summary and claims in the output language; None: it is English")
    ] = None
    provenance: Provenance

    @property
    def tickers(self) -> tuple[str, ...]:
        """The forecast's instrument first, then those of companies the article is about, not merely names."""
        central = (one.ticker for one in self.reading.mentions if one.ticker and one.role != "mentioned")
        return tuple(dict.fromkeys((*((self.impact.ticker,) if self.impact.ticker else ()), *central)))

    @property
    def text(self) -> str:
        """The analysis paragraph: the supported sentences, joined."""
        return " ".join(claim.text for claim in self.claims if claim.verdict == "supported")

    @property
    def shown_summary(self) -> str:
        """The summary in the output language, where a sentence's translation did not hold in English."""
        return _joined(self.translation.summary) if self.translation else self.reading.summary

    @property
    def shown_sentences(self) -> tuple[tuple[Claim, str], ...]:
        """Each supported claim with its words in the output language, likewise."""
        supported = [claim for claim in self.claims if claim.verdict == "supported"]
        texts = [one.text for one in self.translation.analysis] if self.translation else [one.text for one in supported]
        return tuple(zip(supported, texts, strict=True))

    @property
    def dropped(self) -> int:
        """How many sentences the check removed."""
        return sum(claim.verdict == "dropped" for claim in self.claims)


def _joined(sentences: tuple[TranslatedSentence, ...]) -> str:
    return " ".join(one.text for one in sentences)
