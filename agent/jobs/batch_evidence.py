"""What an article was explained by stays as it was while its answer is on the way.

Other articles are finished meanwhile, and their events would change what is recalled and scored. The question would then be
another one than the one that was sent, and its answer would speak of figures that are no longer there.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agent.analyze import Memory, Recalled
from agent.score import Question, ScoreModel
from records.database.batches import Batches
from records.errors import StoreError
from records.event import Event, Precedent
from records.impact import Impact
from records.taxonomy import EventType


@dataclass(frozen=True)
class KeptRecall:
    """What the memory answered."""

    precedents: tuple[Precedent, ...]
    status: Literal["found", "no_precedent"]


class KeptEvidence:
    """The recall and the forecast of one article at a time; for one thread."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._owner = ""
        self._kept: dict[str, Any] | None = None
        self._recalled: dict[str, Any] = {}

    @contextmanager
    def of(self, owner: str) -> Iterator[None]:
        """Inside it, questions are about this owner's article."""
        self._owner, self._recalled = owner, {}
        prepared = self._batches.progress(owner)[1]
        self._kept = json.loads(prepared) if prepared else None
        try:
            yield
        finally:
            self._owner, self._kept = "", None

    def recall(self, ask: Callable[[], Recalled]) -> KeptRecall:
        """What the memory said when the forecast was made; before that, what it says now."""
        kept = self._kept["recall"] if self._kept else None
        if kept is None:
            kept = self._recalled = _recalled(ask)
        if "error" in kept:
            raise StoreError(kept["error"])
        return KeptRecall(tuple(Precedent.model_validate(one) for one in kept["precedents"]), kept["status"])

    def forecast(self, ask: Callable[[], Impact]) -> Impact:
        """The forecast as it was made first."""
        if self._kept is None:
            self._kept = {"recall": self._recalled, "impact": ask().model_dump(mode="json")}
            self._batches.keep_progress(self._owner, prepared=json.dumps(self._kept, ensure_ascii=False))
        return Impact.model_validate(self._kept["impact"])


def _recalled(ask: Callable[[], Recalled]) -> dict[str, Any]:
    try:
        found = ask()
    except StoreError as error:  # the article goes on without precedents and says so, as ever; so does its next turn
        return {"error": str(error)}
    return {"precedents": [one.model_dump(mode="json") for one in found.precedents], "status": found.status}


class SteadyMemory:
    """An event memory whose answer about an article stays."""

    def __init__(self, memory: Memory, evidence: KeptEvidence) -> None:
        self._memory = memory
        self._evidence = evidence

    @property
    def embedder(self) -> str:
        """As of the memory."""
        return self._memory.embedder

    @property
    def snapshot(self) -> str:
        """As of the memory."""
        return self._memory.snapshot

    def recall(
        self,
        text: str,
        as_of: datetime,
        k: int,
        *,
        event_type: EventType | None = None,
        tickers: Collection[str] = (),
        published_at: datetime | None = None,
        exclude_story: str | None = None,
        exclude_ids: Collection[str] = (),
    ) -> KeptRecall:
        """As the memory's, the first time."""

        def ask() -> Recalled:
            return self._memory.recall(
                text,
                as_of,
                k,
                event_type=event_type,
                tickers=tickers,
                published_at=published_at,
                exclude_story=exclude_story,
                exclude_ids=exclude_ids,
            )

        return self._evidence.recall(ask)

    def add(self, events: Sequence[Event]) -> object:
        """As the memory's."""
        return self._memory.add(events)


class SteadyScores(ScoreModel):
    """A score model whose forecast for an article stays."""

    def __init__(self, evidence: KeptEvidence) -> None:
        super().__init__()
        self._evidence = evidence

    def forecast(
        self,
        question: Question,
        precedents: Sequence[Precedent],
        *,
        as_of: datetime,
        recent_scores: Sequence[float] = (),
        why_no_precedents: str | None = None,
    ) -> Impact:
        """As the score model's, the first time."""

        def ask() -> Impact:
            return super(SteadyScores, self).forecast(
                question, precedents, as_of=as_of, recent_scores=recent_scores, why_no_precedents=why_no_precedents
            )

        return self._evidence.forecast(ask)
