"""Places articles into stories, as of a time, once and for all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from records.article import Article
from records.database import Database
from records.database.stories import StoryRow, StoryShelf
from records.story import Likeness, Placement, Relation, Story
from records.taxonomy import EventType
from records.times import to_epoch
from vectorstore.threads.candidates import candidates, tells
from vectorstore.threads.decide import SAME_HEADLINE, SAME_STORY, StoryModel, load_model, relation
from vectorstore.threads.features import Shared, shared
from vectorstore.threads.members import MemberCache, Members, Stored
from vectorstore.threads.novelty import novelty
from vectorstore.threads.sketch import Sketch, sketch, ticker_keys
from vectorstore.threads.wording import why

MEMBERS_WEIGHED = 8
"""The newest members, and the first, whose mean P(same story) decides: one chance likeness does not chain two stories together."""
STORIES_WEIGHED = 3
SHOWN = 3
TOLD_SHARE = 0.7
"""Share of a headline said in one paragraph from which a round-up tells that story."""
TOLD_BODY = 0.5
"""Share of a body's shingles found in a text from which the text contains that story."""


class _Extras(TypedDict):
    tickers: Collection[str]
    event_type: EventType | None
    embedder: str | None
    vector: NDArray[np.float32] | None


@dataclass(frozen=True)
class _Compared:
    row: StoryRow
    sketch: Sketch
    shared: Shared
    probability: float


@dataclass(frozen=True)
class _Decision:
    story_id: str
    relation: Relation
    why: str
    closest: tuple[_Compared, ...]
    members: tuple[_Compared, ...]


class StoryThreads:
    """Story threads over the database. Safe to use from several threads and processes: placements are made one at a time."""

    def __init__(self, database: Database, *, model: StoryModel | None = None) -> None:
        """`model` None: the shipped one."""
        self._database = database
        self._model = model or load_model()
        self._cache = MemberCache()

    def place(
        self,
        article: Article,
        *,
        as_of: datetime | None = None,
        tickers: Collection[str] = (),
        event_type: EventType | None = None,
        vector: Sequence[float] | NDArray[np.floating] | None = None,
        embedder: str | None = None,
    ) -> Placement:
        """Where the article stands among those first seen at or before `as_of` (None: its own first_seen_at). What was placed keeps
        its placement; what is told of it later (tickers, event type, vector) serves the articles after it.

        `vector`: of the headline, by the embedder 'name:digest'. Raises ValueError for a naive time or a vector without its
        embedder, StoreError.
        """
        moment = as_of or article.first_seen_at
        to_epoch(moment)  # refuses a naive time before any work
        placed = self._placed(article, frozenset(tickers), event_type) if vector is None else None
        if placed is not None:
            return placed
        new = sketch(article, tickers=tickers, event_type=event_type, vector=vector, embedder=embedder)
        with self._database.stories() as shelf:
            placed = shelf.placement(article.id)
            if placed is None:
                return self._place(shelf, Members(shelf, self._cache), new, moment)
            _learn(shelf, new)
            return placed

    def place_all(
        self,
        articles: Sequence[Article],
        *,
        tickers: Mapping[str, Collection[str]] = MappingProxyType({}),
        then: Callable[[StoryShelf], None] | None = None,
    ) -> list[Placement]:
        """Each as of its own first_seen_at, in the order given, in one transaction: for bulk. `tickers`: article id → those
        that its source names. `then`: what else belongs to that transaction."""
        sketches = [sketch(article, tickers=tickers.get(article.id, ())) for article in articles]
        with self._database.stories() as shelf:
            shelf.keep(articles)
            opened = Members(shelf, self._cache)
            placed = shelf.placements([article.id for article in articles])
            for new in sketches:
                before = placed.get(new.article.id)
                if before is None:
                    placed[new.article.id] = self._place(shelf, opened, new, new.article.first_seen_at, kept=True)
                else:
                    _learn(shelf, new)
            if then is not None:
                then(shelf)
        return [placed[article.id] for article in articles]

    def story(self, story_id: str) -> Story:
        """The story with all its articles. Raises NotFound, StoreError."""
        return self._database.story(story_id)

    def _placed(self, article: Article, tickers: Collection[str], event_type: EventType | None) -> Placement | None:
        """Where it was placed before, and keeps what is told of it: neither needs a look at its text. None: it was not."""
        if not tickers and event_type is None:
            return self._database.placement(article.id)
        with self._database.stories() as shelf:
            placed = shelf.placement(article.id)
            if placed is not None:
                told: _Extras = {"tickers": tickers, "event_type": event_type, "embedder": None, "vector": None}
                shelf.learn(article, ticker_keys(tickers), **told)
            return placed

    def _place(
        self, shelf: StoryShelf, members: Members, new: Sketch, as_of: datetime, *, kept: bool = False
    ) -> Placement:
        found = candidates(shelf, new, as_of)
        stored = members.of({*found.compared, *found.company})
        compared = {number: self._compare(new, stored[number]) for number in found.compared}
        decision = self._decide(shelf, members, new, compared, as_of)
        company = [stored[number].sketch for number in found.company]
        earlier = [*(one.sketch for one in (*decision.members, *decision.closest)), *company]
        placement = self._placement(shelf, new, decision, earlier, as_of)
        shelf.add(new.article, placement, new.all_keys, kept=kept, **_extras(new))
        self._cache.placed(new)
        return placement

    def _decide(
        self, shelf: StoryShelf, opened: Members, new: Sketch, compared: dict[int, _Compared], as_of: datetime
    ) -> _Decision:
        def members_of(story_id: str) -> list[_Compared]:
            numbers = shelf.newest(story_id, as_of, MEMBERS_WEIGHED)
            stored = opened.of(numbers)
            return [compared.get(number) or self._compare(new, stored[number]) for number in numbers]

        nearest = sorted(
            compared.values(), key=lambda one: (-one.probability, -to_epoch(one.sketch.at), one.row.article.id)
        )
        for story_id in _best_stories(nearest):
            members = members_of(story_id)
            if not _belongs(members, nearest, story_id):
                continue
            closest = next(one for one in nearest if one.row.story_id == story_id)
            others = self._told(new, nearest) - {story_id} if _is_gathered(new, closest, self._model) else set[str]()
            added = novelty(new.content, [one.sketch.content for one in members])
            near = sorted(members, key=lambda one: -one.probability)
            kind, reason = relation(new, [one.sketch for one in near], added, len(others))
            return _Decision(story_id, kind, reason, tuple(nearest[:SHOWN]), tuple(members))
        told = self._told(new, nearest)
        if len(told) > 1:
            story_id = next(one.row.story_id for one in nearest if one.row.story_id in told)
            reason = f"parts of {len(told)} stories in one text"
            return _Decision(story_id, "recombination", reason, tuple(nearest[:SHOWN]), tuple(members_of(story_id)))
        return _Decision(f"S{new.article.id}", "first", "no earlier article tells it", tuple(nearest[:SHOWN]), ())

    def _told(self, new: Sketch, compared: Sequence[_Compared]) -> set[str]:
        """The stories that the text tells a substantial part of."""
        parts = new.parts
        found = set()
        for one in compared:
            inside = _share_inside(one.sketch, new)
            if inside >= TOLD_BODY or (
                len(parts) > 1 and tells(parts, one.sketch.title_set, one.sketch.weights) >= TOLD_SHARE
            ):
                found.add(one.row.story_id)
        return found

    def _placement(
        self, shelf: StoryShelf, new: Sketch, decision: _Decision, earlier: Sequence[Sketch], as_of: datetime
    ) -> Placement:
        article = new.article
        head = shelf.head(decision.story_id, as_of)
        seen = article.first_seen_at if head is None else min(head.first_seen_at, article.first_seen_at)
        dated = [
            moment for moment in (article.published_at, head.first_published_at if head else None) if moment is not None
        ]
        sources = (*(head.sources if head else ()), *((article.source,) if article.source else ()))
        return Placement(
            article_id=article.id,
            story_id=decision.story_id,
            relation=decision.relation,
            why=decision.why,
            novelty=round(novelty(new.content, [one.content for one in earlier]), 4),
            closest=tuple(
                Likeness(
                    article_id=one.row.article.id,
                    similarity=round(one.probability, 4),
                    why=why(new, one.sketch, one.shared),
                )
                for one in decision.closest
            ),
            first_seen_at=seen,
            first_published_at=min(dated, default=None),
            sources=tuple(dict.fromkeys(sources)),
            as_of=as_of,
            model=self._model.version,
        )

    def _compare(self, new: Sketch, stored: Stored) -> _Compared:
        row, old = stored.row, stored.sketch
        found = shared(new, old)
        probability = self._model.probability(new, old, found)
        if row.relation == "recombination" and probability < 1:
            # a round-up is near every story it tells: only its own text printed again belongs with it
            probability = probability if (found.body_jaccard or 0.0) >= TOLD_BODY else 0.0
        return _Compared(row, old, found, probability)


def _learn(shelf: StoryShelf, new: Sketch) -> None:
    """What is told of an article that was placed before."""
    if new.tickers or new.event_type or new.vector is not None:
        shelf.learn(new.article, new.keys()["ticker"], **_extras(new))


def _extras(new: Sketch) -> "_Extras":
    return {"tickers": new.tickers, "event_type": new.event_type, "embedder": new.embedder, "vector": new.vector}


def _best_stories(nearest: Sequence[_Compared]) -> list[str]:
    likely = (one.row.story_id for one in nearest if one.probability >= SAME_STORY)
    return list(dict.fromkeys(likely))[:STORIES_WEIGHED]


def _belongs(members: Sequence[_Compared], nearest: Sequence[_Compared], story_id: str) -> bool:
    """Near one text that is nearly the same, or near enough to the members on average."""
    best = max(one.probability for one in nearest if one.row.story_id == story_id)
    if best >= CERTAIN:
        return True
    weighed = [one.probability for one in members if one.row.relation != "recombination"]
    return bool(weighed) and sum(weighed) / len(weighed) >= SAME_STORY


CERTAIN = 0.95
"""P(same story) of a text with nine tenths of another's body: it is that story whatever the other members say."""


def _is_gathered(new: Sketch, closest: _Compared, model: StoryModel) -> bool:
    """A text that is not under a headline of the story itself: its body alone, or its label, brought it here."""
    if new.print.label == "digest":
        return True
    return closest.shared.jaccard < SAME_HEADLINE and model.title_probability(closest.shared) < SAME_STORY


def _share_inside(old: Sketch, new: Sketch) -> float:
    if old.print.body_digest is None or not old.print.shingles:
        return 0.0
    return len(old.print.shingles & new.print.shingles) / len(old.print.shingles)
