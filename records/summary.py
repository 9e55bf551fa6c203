"""One analysis as lists, tools and feeds of news show it: small, made once when the analysis is kept."""

from typing import Annotated

from pydantic import Field

from records.analysis import Analysis
from records.base import Record
from records.impact import Evidence
from records.reading import SentimentLabel
from records.story import Relation
from records.times import UtcDatetime


class AnalysisSummary(Record):
    """What a list needs of an analysis; `Database.load_analysis` gives the whole of it."""

    id: str
    article_id: str
    story_id: Annotated[str | None, Field(description="None if the article was not placed in a story")] = None
    relation: Annotated[Relation | None, Field(description="of the article to its story; None likewise")] = None
    novelty: Annotated[float | None, Field(ge=0, le=1, description="None likewise")] = None
    title: str
    source: str | None
    url: str | None
    published_at: UtcDatetime | None
    date_only: bool
    as_of: Annotated[UtcDatetime, Field(description="what the analysis was allowed to know")]
    created_at: UtcDatetime
    event_type: Annotated[str, Field(description="as it was called then; a later taxonomy may not know it")]
    tickers: tuple[str, ...]
    tags: tuple[str, ...]
    sentiment: Annotated[SentimentLabel | None, Field(description="None if it was not measured")]
    ticker: Annotated[str | None, Field(description="the instrument of the score; None if it is not scoreable")]
    score: Annotated[float | None, Field(ge=0, le=1, description="None if it is not scoreable, never 0.5")]
    low: float | None
    high: float | None
    p_material: float | None
    rank: float | None
    evidence: Evidence
    n_precedents: Annotated[int, Field(ge=0)]
    summary: Annotated[str, Field(description="of the article, by the reader")]


def summary_of(analysis: Analysis) -> AnalysisSummary:
    """The small form of an analysis."""
    article, reading, impact, story = analysis.article, analysis.reading, analysis.impact, analysis.story
    return AnalysisSummary(
        id=analysis.id,
        article_id=article.id,
        story_id=story.story_id if story else None,
        relation=story.relation if story else None,
        novelty=story.novelty if story else None,
        title=article.title,
        source=article.source,
        url=article.url,
        published_at=article.published_at,
        date_only=article.date_only,
        as_of=analysis.provenance.as_of,
        created_at=analysis.created_at,
        event_type=reading.event_type.value,
        tickers=analysis.tickers,
        tags=tuple(tag.value for tag in reading.tags),
        sentiment=reading.sentiment.label if reading.sentiment else None,
        ticker=impact.ticker,
        score=impact.score,
        low=impact.low,
        high=impact.high,
        p_material=impact.p_material,
        rank=impact.rank,
        evidence=impact.evidence,
        n_precedents=len(analysis.precedents),
        summary=reading.summary,
    )
