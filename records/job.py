"""Jobs: kept articles that wait to be analysed, and what became of each."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.times import UtcDatetime

JobStatus = Literal["waiting", "running", "batched", "done", "failed", "paused", "cancelled"]
"""`batched`: its questions to the model go out in batches, and no other worker takes it."""
JobResult = Literal["analysed", "joined", "updated"]
"""A new story was analysed; the article joined a story that is analysed once; an update or correction re-analysed its story."""

PRIORITIES: Mapping[str, int] = {"live": 1, "backfill": 10}
"""Smaller goes first; room is left between the two."""


class JobOutcome(Record):
    """What a job ended with: a result, or a failure with its reason."""

    result: JobResult | None = None
    failure: Annotated[str | None, Field(description="kind of the error in snake_case; None when there was none")] = (
        None
    )
    reason: Annotated[str | None, Field(description="of a failure what happened, of a joined article why")] = None
    analysis_id: Annotated[
        str | None, Field(description="the analysis made, or the story's; None if not there yet")
    ] = None
    former_analysis_id: Annotated[
        str | None, Field(description="of an update: the story's analysis before it; None if there was none")
    ] = None
    story_id: str | None = None


class Job(Record):
    """One article's place in the queue. An article has at most one job."""

    article_id: str
    title: str
    status: JobStatus
    priority: Annotated[int, Field(ge=1, description="smaller goes first")]
    round: Annotated[int, Field(ge=1, description="how often it was put into the queue; more than 1 after a retry")]
    starts: Annotated[
        int, Field(ge=0, description="in this round: more than 1 after a worker was lost or gave it back")
    ]
    added_at: UtcDatetime
    finished_at: UtcDatetime | None
    cost_usd: Annotated[float | None, Field(description="of its analysis; None if none was made or a price is unknown")]
    outcome: JobOutcome


class JobCounts(Record):
    """All jobs by what became of them."""

    waiting: int = 0
    running: int = 0
    batched: Annotated[int, Field(description="at work in batches (`rhyme worker --batch`)")] = 0
    paused: Annotated[int, Field(description="set to rest one by one; a pause of everything is told apart")] = 0
    cancelled: int = 0
    analysed: int = 0
    joined: int = 0
    updated: int = 0
    failed: Annotated[Mapping[str, int], Field(description="set aside, by kind of error")] = {}
    cost_usd: float = 0.0
    unpriced: Annotated[int, Field(description="analyses whose cost is not known, and so not in cost_usd")] = 0

    @property
    def done(self) -> int:
        """Finished with a result."""
        return self.analysed + self.joined + self.updated

    @property
    def open(self) -> int:
        """Still to be finished by a worker that asks the model one question at a time."""
        return self.waiting + self.running

    @property
    def total(self) -> int:
        """All jobs there are."""
        return self.open + self.batched + self.paused + self.cancelled + self.done + sum(self.failed.values())


class Pause(Record):
    """Why no job is begun."""

    reason: str
    kind: Annotated[str, Field(description="`asked` when a person paused, else the kind of the error")]
    at: UtcDatetime
