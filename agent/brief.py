"""Briefs: the stories since the one before, threaded, ranked by impact × exposure × novelty, each sentence with what it rests on.

By code from what is kept: a brief costs no call to a model and says the same whichever model read the articles. An analysis is
told once to a scope; one that came late (analysed after the last brief of news from before it) is told by the next.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.evidence import move_words
from agent.sentences import split_sentences
from agent.shielded import shielded_title
from records.analysis import Analysis
from records.brief import Brief, BriefFailure, BriefLine, BriefScope, BriefSentence, BriefStory
from records.database import Database
from records.database.browse import Wanted
from records.portfolio import Position
from records.story import Member
from records.summary import AnalysisSummary
from records.times import Clock

FIRST = timedelta(days=1)
"""How far the first brief of a scope looks back when nothing is said."""
LATE = timedelta(days=7)
"""How old the news of an analysis that came late may be and still be told."""
ON_ITS_WAY = timedelta(minutes=10)
"""How long after it was made an analysis may come into the database: a brief written in between has not seen it."""
PAGE = 200
MATERIAL = 0.2
"""Chance of a move beyond two σ from which the paragraph counts a story: about three times an ordinary day's."""


@dataclass(frozen=True)
class Book:
    """What is held: exposure by ticker, as shares of the portfolio."""

    exposure: Mapping[str, float]
    note: str | None
    """How sizes were had where the file does not give weights; None: it does."""


def book_of(positions: Sequence[Position]) -> Book:
    """Absolute weights; where none is given every position counts the same, which is said."""
    weights = {one.ticker: abs(one.weight) for one in positions if one.weight is not None}
    if weights and len(weights) == len(positions):
        return Book(weights, None)
    if not positions:
        return Book({}, "The portfolio file holds no position.")
    even = {one.ticker: 1 / len(positions) for one in positions}
    return Book(even, "The portfolio file does not give every weight, so that each position counts the same.")


class Briefing:
    """Writes briefs over one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def write(
        self,
        scope: BriefScope,
        *,
        as_of: datetime | None = None,
        since: datetime | None = None,
        limit: int = 20,
        book: Book | None = None,
        keep: bool = True,
    ) -> Brief:
        """`since`: default the last brief of the scope, else a day. `keep`: note what was told, so that the next brief goes on
        there; without it nothing is written and what was told may be told again. Raises StoreError."""
        now = self._clock()
        until = as_of or now
        while True:
            brief, dealt_with = self._write(scope, until, since, limit, book, now)
            if not keep or self._database.briefs.save(brief, dealt_with):
                return brief

    def _write(
        self, scope: BriefScope, until: datetime, since: datetime | None, limit: int, book: Book | None, now: datetime
    ) -> tuple[Brief, set[str]]:
        last = self._database.briefs.last(scope.key)
        begin = since or (last[0] if last else until - FIRST)
        fresh = list(self._fresh(scope, begin, until, made_after=last[1] if last and since is None else None))
        known = self._database.briefs.stories_told(scope.key, {one.story_id for one in fresh if one.story_id})
        ranked = sorted((self._ranked(one, book) for one in _newest_of_stories(fresh)), key=_order)
        shown = [self._story(one, value, exposure, known, until) for value, exposure, one in ranked[:limit]]
        failures = tuple(self._failures())
        waiting = self._waiting()
        brief = Brief(
            id=hashlib.sha256(f"{scope.key}|{begin}|{until}|{now}".encode()).hexdigest()[:16],
            scope=scope,
            since=begin,
            as_of=until,
            created_at=now,
            status="news" if shown else "unknown" if failures or waiting else "no_news",
            overall=tuple(_overall(shown, len(ranked), begin)),
            stories=tuple(shown),
            others=tuple(_line(one) for _, _, one in ranked[limit:]),
            waiting=waiting,
            failures=failures,
            notes=(book.note,) if book is not None and book.note is not None else (),
        )
        return brief, {one.id for one in fresh}

    def _fresh(
        self, scope: BriefScope, begin: datetime, until: datetime, *, made_after: datetime | None
    ) -> Iterator[AnalysisSummary]:
        """What was not told: known after `begin`, or known in the days before it and analysed only after the last brief."""
        back = begin if made_after is None else begin - LATE
        wanted = Wanted(until=until, since=back, tickers=scope.tickers, tags=scope.tags)
        if scope.kind in ("watchlist", "portfolio") and not scope.tickers:
            return  # nothing is held: not the same as everything
        after: str | None = None
        while True:
            page = self._database.browse.analyses(wanted, limit=PAGE, after=after)
            told = self._database.briefs.told(scope.key, [one.id for one in page.items])
            for one in page.items:
                late = made_after is not None and one.created_at > made_after - ON_ITS_WAY
                if one.id not in told and (one.as_of > begin or late):
                    yield one
            after = page.next
            if after is None:
                return

    def _ranked(self, one: AnalysisSummary, book: Book | None) -> tuple[float | None, float | None, AnalysisSummary]:
        exposure = 1.0 if book is None else sum(book.exposure.get(ticker, 0.0) for ticker in set(one.tickers))
        if one.score is None:
            return None, exposure, one
        return one.score * exposure * (1.0 if one.novelty is None else one.novelty), exposure, one

    def _story(
        self, one: AnalysisSummary, value: float | None, exposure: float | None, known: set[str], until: datetime
    ) -> BriefStory:
        analysis = self._database.load_analysis(one.id)
        members = self._members(one, until)
        sources = dict.fromkeys(member.source for member in members if member.source)
        return BriefStory(
            analysis=one.model_copy(update={"title": shielded_title(one.title)}),
            rank_value=value,
            exposure=exposure,
            articles=max(1, len(members)),
            sources=tuple(sources) or ((one.source,) if one.source else ()),
            update=one.story_id in known,
            sentence=_sentence(one, analysis),
            precedent=_precedent(analysis),
            former_id=analysis.former_id,
            changes=analysis.changes,
        )

    def _members(self, one: AnalysisSummary, until: datetime) -> list[Member]:
        """Empty for an article that was not placed in a story."""
        if one.story_id is None or not self._database.browse.has_story(one.story_id, until):
            return []
        return self._database.browse.members(one.story_id, until)

    def _failures(self) -> Iterator[BriefFailure]:
        for feed in self._database.intake.feeds():
            if feed.error is not None:
                yield BriefFailure(what=feed.name, kind="source_failed", message=feed.error)
        for kind, number in self._database.jobs.counts().failed.items():
            message = f"{number} articles could not be analysed; `rhyme jobs list --failed` names them."
            yield BriefFailure(what="analyses", kind=kind, message=message)

    def _waiting(self) -> int:
        counts = self._database.jobs.counts()
        return counts.waiting + counts.running + counts.paused


def _newest_of_stories(fresh: Sequence[AnalysisSummary]) -> list[AnalysisSummary]:
    """One analysis a story, its newest; an article without a story stands for itself."""
    newest: dict[str, AnalysisSummary] = {}
    for one in fresh:
        key = one.story_id or one.id
        if key not in newest or (one.as_of, one.created_at) > (newest[key].as_of, newest[key].created_at):
            newest[key] = one
    return list(newest.values())


def _order(ranked: tuple[float | None, float | None, AnalysisSummary]) -> tuple[bool, float, float, str]:
    value, _, one = ranked
    return value is None, -(value or 0.0), -one.as_of.timestamp(), one.id


def _line(one: AnalysisSummary) -> BriefLine:
    return BriefLine(analysis_id=one.id, title=shielded_title(one.title), ticker=one.ticker, score=one.score)


def _sentence(one: AnalysisSummary, analysis: Analysis) -> BriefSentence:
    """The first sentence of the reader's summary, whose figures were checked when it was made; else the headline. In the output
    language of the analysis."""
    if analysis.translation and analysis.translation.summary:
        first = analysis.translation.summary[0].text
    else:
        first = next((sentence for _, sentence in split_sentences(one.summary)), shielded_title(one.title))
    return BriefSentence(text=first.strip(), support=(f"analysis:{one.id}",))


def _precedent(analysis: Analysis) -> BriefSentence | None:
    if not analysis.precedents:
        return None
    closest = max(analysis.precedents, key=lambda one: one.similarity)
    reaction = closest.reaction
    move = f"{move_words(closest)} ({reaction.z:+.1f}σ)"
    text = f"{closest.published_on}: {closest.summary} {reaction.ticker} then moved {move}."
    return BriefSentence(text=text, support=(f"event:{closest.event_id}",))


def _overall(shown: Sequence[BriefStory], total: int, since: datetime) -> Iterator[BriefSentence]:
    """One paragraph; every figure is counted here or stands in the analysis that is cited."""
    if not shown:
        return
    ids = tuple(f"analysis:{one.analysis.id}" for one in shown)
    stories = f"{total} {'story' if total == 1 else 'stories'}"
    shown_only = "" if total == len(shown) else f", of which the first {len(shown)} are told"
    yield BriefSentence(text=f"{stories} since {since:%Y-%m-%d %H:%M} UTC{shown_only}.", support=ids)
    first = shown[0].analysis
    if first.score is not None and first.low is not None and first.high is not None and first.p_material is not None:
        interval = f"{first.score:.2f} ({first.low:.2f} to {first.high:.2f})"
        chance = f"a chance of {first.p_material:.0%} of a move beyond 2σ"
        text = f"First is {first.ticker} with a market impact of {interval} and {chance}: {first.title}."
        yield BriefSentence(text=text, support=(ids[0],))
    likely = [one for one in shown if (one.analysis.p_material or 0.0) >= MATERIAL]
    if likely:
        have = "has" if len(likely) == 1 else "have"
        text = f"{len(likely)} of those told {have} a chance of at least {MATERIAL:.0%} of such a move."
        yield BriefSentence(text=text, support=tuple(f"analysis:{one.analysis.id}" for one in likely))
    tags = Counter(tag for one in shown for tag in one.analysis.tags)
    if tags and tags.most_common(1)[0][1] > 1:
        tag, number = min(tags.items(), key=lambda item: (-item[1], item[0]))
        with_it = tuple(f"analysis:{one.analysis.id}" for one in shown if tag in one.analysis.tags)
        yield BriefSentence(text=f"The theme met most often is {tag} ({number} stories).", support=with_it)
    updates = [one for one in shown if one.update or one.former_id is not None]
    if updates:
        text = f"{len(updates)} {'goes' if len(updates) == 1 else 'go'} on from what was known before."
        yield BriefSentence(text=text, support=tuple(f"analysis:{one.analysis.id}" for one in updates))
