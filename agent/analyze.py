"""The path of one article: read → recall → score → explain → check, with everything on record."""

import hashlib
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from agent.changes import compared, former_of
from agent.circumstances import Circumstances, PastEvents, outcomes_until
from agent.evidence import Evidence
from agent.explain import explain
from agent.guard import shield, shield_precedents
from agent.guard_output import clean_claims, clean_reading
from agent.guard_views import matchable
from agent.ledger import forecast_of
from agent.primary import Primary, choose_primary, market_type
from agent.progress import OnProgress, Progress, silent
from agent.provenance import Gathered, NamedMemory, provenance_of
from agent.read import read
from agent.score import ScoreModel
from markets.prices import PriceSource
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Analysis, Claim
from records.article import Article
from records.database.analyses import StoryAnalysis
from records.errors import SourceUnreadable, StoreError, UsageError
from records.event import Event, Precedent
from records.forecast import Forecast
from records.impact import Impact
from records.market import Candidate
from records.reading import Reading
from records.story import Placement
from records.taxonomy import EventType, Tag
from records.times import Clock, new_york_date
from records.translation import Translation

SCORED_WITH = 100
"""Precedents asked for: few neighbours are noisy, so the score uses as many as are similar enough; from a hundred on, more of them
change its rank correlation by less than .002 (evals/impact, k curve)."""
SHOWN = 5
RANK_WINDOW = timedelta(days=90)
EVENT_SUMMARY_LIMIT = 500


class Recalled(Protocol):
    """What the event memory answers."""

    @property
    def precedents(self) -> tuple[Precedent, ...]: ...
    @property
    def status(self) -> Literal["found", "no_precedent"]: ...


class Memory(NamedMemory, Protocol):
    """The event memory as an analysis needs it (`vectorstore.EventMemory`)."""

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
    ) -> Recalled: ...
    def add(self, events: Sequence[Event]) -> object: ...


class Threads(Protocol):
    """Story threads as an analysis needs them (`vectorstore.threads.StoryThreads`)."""

    def place(
        self, article: Article, *, as_of: datetime | None, tickers: Collection[str], event_type: EventType | None
    ) -> Placement: ...


class Market(Protocol):
    """Instruments as an analysis needs them (`markets`)."""

    def candidates(self, title: str, text: str, as_of: datetime) -> tuple[Candidate, ...]: ...
    def stand_in(self, event_type: EventType, tags: Sequence[Tag], as_of: datetime) -> Candidate | None: ...
    def given(self, ticker: str, as_of: datetime) -> Candidate: ...


class Archive(PastEvents, Protocol):
    """Where analyses are kept and past events looked up (`records.database.Database`)."""

    def save_analysis(self, analysis: Analysis, forecast: Forecast | None = None) -> bool: ...
    def scores_since(self, moment: datetime, *, until: datetime | None = None) -> list[float]: ...
    def analyses_of_story(self, story_id: str) -> list[StoryAnalysis]: ...
    def load_analysis(self, id_or_prefix: str) -> Analysis: ...


@dataclass(frozen=True)
class _Recall:
    precedents: tuple[Precedent, ...]
    status: Literal["found", "no_precedent", "not_asked", "failed"]
    why: str | None


class Analyst:
    """Analyses articles with one model, one memory and one score model; holds no state between articles."""

    def __init__(
        self,
        *,
        model: LanguageModel,
        market: Market,
        memory: Memory | None,
        archive: Archive,
        score_model: ScoreModel,
        prompts: PromptLibrary,
        clock: Clock,
        version: str,
        memory_missing: str | None = None,
        prices: PriceSource | None = None,
        threads: Threads | None = None,
        output_language: str = "en",
    ) -> None:
        """`memory` None: no precedents are asked for (`memory_missing` says why, if that is not the user's wish). `prices`: of the
        shares before the articles; None: the score does without. `threads` None: the article is not placed among stories.
        `output_language`: ISO 639-1, what the checked words are translated into."""
        self._model = model
        self._market = market
        self._memory = memory
        self._memory_missing = memory_missing
        self._archive = archive
        self._threads = threads
        self._output_language = output_language
        self._score_model = score_model
        self._circumstances = Circumstances(archive, prices, score_model)
        self._prompts = prompts
        self._clock = clock
        self._version = version

    def analyze(
        self,
        article: Article,
        *,
        as_of: datetime | None = None,
        ticker: str | None = None,
        progress: OnProgress = silent,
    ) -> Analysis:
        """The analysis of `article` as it could be made at `as_of` (None: its publication, else now); kept before it is returned.

        Raises UsageError (article later than `as_of`, unknown `ticker`), SourceUnreadable (a language the model does not read),
        ModelError, StoreError. Recall that fails is recorded and leaves a prior-only score.
        """
        begun, run = time.perf_counter(), Gathered(progress)
        moment = self._moment(article, as_of)
        self._refuse_language(article, run)
        received, article = article, shield(article)
        given = self._market.given(ticker, moment) if ticker else None
        with run.stage("read", "reading the article"):
            found = self._market.candidates(matchable(article.title), matchable(article.text), moment)
            candidates = (given, *(one for one in found if one.instrument != given.instrument)) if given else found
            result = read(article, candidates, self._model, self._prompts, progress)
        run.calls.extend(result.calls)
        reading, left_out = clean_reading(result.reading, article, candidates)
        run.missing.extend((*result.missing, *left_out))
        stand_in = self._market.stand_in(market_type(reading, article.title), reading.tags, moment)
        primary = choose_primary(reading, candidates, stand_in, article.title, given=given)
        with run.stage("recall", "looking for precedents"):
            story = self._place(received, reading, primary, as_of, run)
            recalled = self._recall(article, reading, primary, moment, story)
        if recalled.status == "failed":
            run.missing.append(recalled.why or "precedents failed")
        with run.stage("score", "computing the score"):
            impact = self._score(article, reading, primary, recalled, moment, run)
        evidence = Evidence(
            body=article.body,
            reading=reading,
            impact=impact,
            precedents=recalled.precedents[:SHOWN],
            recalled=recalled.precedents,
            candidates=tuple(dict.fromkeys((*candidates, *((primary.candidate,) if primary.candidate else ())))),
            as_of=moment,
            published_on=new_york_date(article.published_at) if article.published_at else None,
        )
        with run.stage("explain", "writing the analysis"):
            explained = explain(evidence, self._model, self._prompts, progress)
        run.calls.extend(explained.calls)
        claims = clean_claims(explained.claims, evidence, ours=explained.composed)
        translation = self._translation(reading, claims, evidence, run)
        former = self._former(article, story, moment, run)
        created_at = self._clock()
        analysis = Analysis(
            id=_analysis_id(article, moment, self._model.name, created_at),
            created_at=created_at,
            article=article,
            reading=reading,
            impact=impact,
            precedents=evidence.precedents,
            precedent_status=recalled.status,
            claims=claims,
            story=story,
            translation=translation,
            provenance=provenance_of(
                run, self._model, self._memory, as_of=moment, seconds=time.perf_counter() - begun, version=self._version
            ),
        )
        analysis = compared(analysis, former)
        self._keep(analysis, progress)
        return analysis

    def _moment(self, article: Article, as_of: datetime | None) -> datetime:
        moment = as_of or article.published_at or self._clock()
        if moment.tzinfo is None:
            raise UsageError(f"The time {moment.isoformat()} has no zone. Write it like 2025-07-21T14:30:00Z.")
        if article.published_at and article.published_at > moment:
            raise UsageError(
                f"The article was published at {article.published_at.isoformat()}, after the time of the analysis "
                f"({moment.isoformat()}): it could not have been known. Give a later --as-of."
            )
        return moment

    def _refuse_language(self, article: Article, run: Gathered) -> None:
        if article.language in (None, "en"):
            return
        if self._model.profile == "embedded":
            raise SourceUnreadable(
                f"The article's language looks like {article.language!r}, and the embedded model reads English only. "
                "Choose a capable model (for example --model with an OpenAI model) or give an English translation."
            )
        run.missing.append(
            f"the article's language is {article.language!r}; the analysis was written and checked in English"
        )

    def _place(
        self, article: Article, reading: Reading, primary: Primary, as_of: datetime | None, run: Gathered
    ) -> Placement | None:
        """Among what was seen by the `as_of` asked for; without one, by when the article itself was first seen."""
        if self._threads is None:
            return None
        try:
            return self._threads.place(
                article, as_of=as_of, tickers=_tickers(reading, primary), event_type=reading.event_type
            )
        except StoreError as error:
            run.missing.append(f"the story failed: {error}")
            return None

    def _former(self, article: Article, story: Placement | None, as_of: datetime, run: Gathered) -> Analysis | None:
        """What an update or a correction is compared with."""
        if story is None or story.relation not in ("update", "correction"):
            return None
        try:
            found = former_of(self._archive.analyses_of_story(story.story_id), article, as_of)
            if not isinstance(found, str):
                return self._archive.load_analysis(found.id)
            run.missing.append(found)
        except StoreError as error:
            run.missing.append(f"what changed is not told: {error}")
        return None

    def _recall(
        self, article: Article, reading: Reading, primary: Primary, as_of: datetime, story: Placement | None
    ) -> _Recall:
        if self._memory is None:
            return _Recall(
                (),
                "failed" if self._memory_missing else "not_asked",
                self._memory_missing or "precedents were not asked for",
            )
        if primary.candidate is None:
            return _Recall((), "not_asked", primary.reason)
        try:
            recalled = self._memory.recall(
                recall_text(article, reading),
                min(as_of, outcomes_until(article)) if article.date_only else as_of,
                SCORED_WITH,
                event_type=reading.event_type,
                tickers=_tickers(reading, primary),
                published_at=article.published_at,
                exclude_story=story.story_id if story else None,
                exclude_ids=[event_id(article)],
            )
        except StoreError as error:
            return _Recall((), "failed", f"precedents failed: {error}")
        precedents = shield_precedents(recalled.precedents)
        why = None if precedents else "no past event known at the time is similar enough"
        return _Recall(precedents, recalled.status if precedents else "no_precedent", why)

    def _score(
        self, article: Article, reading: Reading, primary: Primary, recalled: _Recall, as_of: datetime, run: Gathered
    ) -> Impact:
        if primary.instrument is None:
            return self._score_model.not_scoreable(primary.reason or "no instrument")
        question, missing = self._circumstances.question(article, reading, primary.instrument, as_of)
        run.missing.extend(missing)
        return self._score_model.forecast(
            question,
            recalled.precedents,
            as_of=as_of,
            recent_scores=self._archive.scores_since(as_of - RANK_WINDOW, until=as_of),
            why_no_precedents=recalled.why,
        )

    def _keep(self, analysis: Analysis, progress: OnProgress) -> None:
        progress(Progress("check", "saving"))
        from markets.sessions import sessions  # late: loading the calendar takes a second, unneeded until now

        self._archive.save_analysis(analysis, forecast_of(analysis, sessions(), self._clock()))
        event = event_of(analysis)
        if self._memory is None or event is None:
            return
        try:
            self._memory.add([event])
        except StoreError as error:
            kept = f"The analysis is kept (`rhyme show {analysis.id}`), but its event could not be remembered. {error}"
            raise type(error)(kept) from error

    def _translation(
        self, reading: Reading, claims: Sequence[Claim], evidence: Evidence, run: Gathered
    ) -> Translation | None:
        """None when the output is English, or when the words stay so. Raises ModelError."""
        if self._output_language == "en":
            return None
        from agent.translation import translated_or_why  # late: names of months, currencies and languages take a while

        asked = (reading.summary, claims, evidence, self._model, self._prompts, self._output_language)
        done = translated_or_why(*asked, run.stage, run.progress)
        run.calls.extend(done.calls)
        run.missing.extend(done.missing)
        return done.translation


def recall_text(article: Article, reading: Reading) -> str:
    """What precedents are looked for with: the headline and the summary."""
    return f"{article.title.rstrip('.')}. {reading.summary}"


def _tickers(reading: Reading, primary: Primary) -> list[str]:
    """Those the article is about; without any, the one that is scored."""
    central = [mention.ticker for mention in reading.mentions if mention.ticker and mention.role != "mentioned"]
    return central or ([primary.candidate.instrument.ticker] if primary.candidate else [])


def event_id(article: Article) -> str:
    """The id under which an article's own event is remembered."""
    return article.event_id


def event_of(analysis: Analysis) -> Event | None:
    """The analysed article as an event whose outcome is still unknown; None if no market is touched."""
    ticker = analysis.impact.ticker
    if ticker is None:
        return None
    article, reading = analysis.article, analysis.reading
    return Event(
        id=event_id(article),
        summary=recall_text(article, reading)[:EVENT_SUMMARY_LIMIT],
        event_type=reading.event_type,
        tickers=tuple(dict.fromkeys((ticker, *analysis.tickers))),
        tags=reading.tags,
        published_at=article.known_at,
        date_only=article.date_only,
        story_id=analysis.story.story_id if analysis.story else None,
        source="analysis",
    )


def _analysis_id(article: Article, as_of: datetime, model: str, created_at: datetime) -> str:
    whole = "|".join((article.id, as_of.isoformat(), model, created_at.isoformat()))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
