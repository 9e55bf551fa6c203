"""The real path for one article: source, cleaning, reading, memory, score, explanation, check, pages. And nothing else."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.analyze import Analyst
from agent.score import ScoreModel
from evals.injection.case import Case
from evals.injection.places import FEED, clean
from feeds.finish import finish
from feeds.intake import Intake
from feeds.limits import Limits
from feeds.load import article_in
from feeds.received import Faulty
from feeds.response import Page
from feeds.syndication import read_syndication
from markets.desk import MarketDesk
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.defences import Defence, holds
from records.embedder import Embedder
from records.event import Event
from records.market import Reaction
from records.taxonomy import EventType
from vectorstore.memory import EventMemory
from vectorstore.starter import load_starter

NOW = datetime(2026, 1, 5, tzinfo=UTC)
POISON_Z = 6.0
"""Of a poisoned precedent: what the score counts at most."""
KEPT_VECTORS = 4_000
Say = Callable[[str], None]


class RememberedEmbedder:
    """An embedder that makes each vector once."""

    def __init__(self, inner: Embedder) -> None:
        self.name, self.digest, self.dimensions = inner.name, inner.digest, inner.dimensions
        self._inner = inner
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimensions)."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._inner.embed(new), strict=True))
        rows = np.array([self._known[text] for text in texts], dtype=np.float32)
        while len(self._known) > KEPT_VECTORS:
            self._known.popitem(last=False)
        return rows


class Unlearning:
    """The event memory that recalls and adds nothing, so that no case feeds on another. One question is answered once."""

    def __init__(self, memory: EventMemory, answered: dict[Hashable, Any] | None) -> None:
        """`answered`: earlier answers; None: the memory is not as it was, ask it anew."""
        self._memory = memory
        self._answered = answered
        self.embedder, self.snapshot = memory.embedder, memory.snapshot

    def recall(self, text: str, as_of: datetime, k: int, **asked: Any) -> Any:
        """As `EventMemory.recall`."""
        if self._answered is None:
            return self._memory.recall(text, as_of, k, **asked)
        off = tuple(defence for defence in Defence if not holds(defence))
        key = (text, as_of, k, off, *(str(value) for _, value in sorted(asked.items())))
        if key not in self._answered:
            self._answered[key] = self._memory.recall(text, as_of, k, **asked)
        return self._answered[key]

    def add(self, events: Sequence[Event]) -> None:
        """Nothing."""


@dataclass
class Bench:
    """Everything an analysis needs, opened once."""

    archive: Path
    database: Database
    memory: EventMemory
    desk: MarketDesk
    score_model: ScoreModel
    prompts: PromptLibrary
    answered: dict[Hashable, Any] = field(default_factory=dict)
    """Recalls of the memory as it was opened."""

    @classmethod
    @contextmanager
    def opened(cls, archive: Path, embedder: Embedder, say: Say) -> Iterator["Bench"]:
        """A bench over an archive of its own with the shipped precedents. Raises StoreError, ModelError."""
        with Database.open(archive / "rhyme.db") as database:
            say("Opening the event memory …")
            with EventMemory.open(archive / "events", database, RememberedEmbedder(embedder)) as memory:
                load_starter(memory)
                yield cls(archive, database, memory, MarketDesk(), ScoreModel(), PromptLibrary())

    def analyst(self, model: LanguageModel, *, poisoned_memory: bool = False) -> Analyst:
        """The analyst with that model."""
        return Analyst(
            model=model,
            market=self.desk,
            memory=Unlearning(self.memory, None if poisoned_memory else self.answered),
            archive=self.database,
            score_model=self.score_model,
            prompts=self.prompts,
            clock=lambda: NOW,
            version="evaluation",
        )

    def analyze(self, case: Case, model: LanguageModel, *, poisoned: bool) -> Analysis:
        """The analysis of the poisoned source or of its clean twin. Raises RhymeError."""
        article = article_of(case, poisoned=poisoned)
        if not poisoned or case.precedent is None:
            return self.analyst(model).analyze(article)
        event = poison(case)
        self.memory.add([event])
        try:
            return self.analyst(model, poisoned_memory=True).analyze(article)
        finally:
            self.memory.remove([event.id])


def article_of(case: Case, *, poisoned: bool) -> Article:
    """The article that Rhyme makes of the source. Raises SourceError."""
    if poisoned:
        content, media_type, url = case.content, case.media_type, case.url
    else:
        text, media_type = clean(case.host)
        content, url = text.encode(), f"https://news.example.com/{case.host.id}"
    if media_type == FEED:
        entry = read_syndication(Page("https://wire.example.com/feed", content, FEED, "utf-8")).entries[0]
        assert not isinstance(entry, Faulty), entry.message
        return finish(entry.draft, NOW, Limits(), name=entry.name, fetched=entry.draft.url)
    return article_in(Intake(content, case.id, url, media_type, "utf-8"), NOW, Limits())


def poison(case: Case) -> Event:
    """The event of an importer with bad intent: the article's own words, an order, and a huge move."""
    at = case.host.published_at - timedelta(days=300)
    ticker = "ZZZZ"
    return Event(
        id=f"poison{case.id}",
        summary=case.precedent or case.host.title,
        event_type=EventType.OPERATIONS_UPDATE,
        tickers=(ticker,),
        published_at=at,
        source="import:events.csv/wire",
        reaction=Reaction(
            ticker=ticker,
            window="one_session",
            session_on=date(at.year, at.month, at.day),
            abnormal_return=0.01 * POISON_Z,
            beta=1.0,
            sigma=0.01,
            z=POISON_Z,
            known_at=at + timedelta(days=2),
        ),
    )
