"""The way of one article through its job: its story first, then the analysis, with a judgement on every error.

Knows nothing of the durable engine. A step may run twice, after a crash for instance; its effect is one, and what it has asked a
model and kept is not asked again.
"""

import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from agent.analyze import Analyst, Memory, Threads, event_of
from agent.jobs.failures import Patience, kind_of, reaction_to, reason_of
from agent.jobs.pausing import Pausing
from records.analysis import Analysis
from records.article import Article
from records.base import Record
from records.database import Database
from records.errors import StoreError
from records.forecast import Forecast
from records.job import JobOutcome
from records.times import Clock

LOOK_SECONDS = 2.0
"""How often a job that waits for the end of a pause looks."""

LEADER_LOOK_SECONDS = 0.25
LEADER_SECONDS = 180.0
"""How long an update waits for the analysis of its story that is under way: longer than most models take."""
TAKEN_SECONDS = 3.0
"""And for one that still waits though it was put in before: it is begun at the same time, or not for long."""

T = TypeVar("T")
OnOutcome = Callable[[str, JobOutcome], None]
"""Receives the article's id and what its job ended with; from the threads that work."""


class GivenBack(BaseException):
    """Ends a job's thread without an outcome. No Exception, so that nothing on the way takes it for a failure."""


class Placed(Record):
    """What the first step found."""

    story_id: str | None = None
    update: bool = False
    former_analysis_id: str | None = None
    outcome: JobOutcome | None = None
    """Set when the job ends here: it joined, or it failed."""


class JobArchive:
    """The archive of an analyst at work on jobs: keeps one analysis a job, whatever runs twice."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.events_of_ticker = database.events_of_ticker
        self.count_published = database.count_published
        self.scores_since = database.scores_since
        self.analyses_of_story = database.analyses_of_story
        self.load_analysis = database.load_analysis

    def save_analysis(self, analysis: Analysis, forecast: Forecast | None = None) -> bool:
        """False, and nothing is kept, when the job has its analysis."""
        return self._database.jobs.save_analysis(analysis, forecast)


class Analyse(Protocol):
    """What makes an analysis and keeps it in a `JobArchive`; `agent.analyze.Analyst` does."""

    def analyze(self, article: Article) -> Analysis: ...


class Course:
    """The steps of a job. Safe to share between threads."""

    def __init__(
        self,
        database: Database,
        analyst: Analyse | Analyst,
        threads: Threads,
        memory: Memory | None,
        *,
        clock: Clock,
        patience: Patience | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> None:
        """`analyst`: over a `JobArchive` of this database. `on_outcome`: told of every outcome that is noted here."""
        self._database = database
        self._analyst = analyst
        self._threads = threads
        self._memory = memory
        self._clock = clock
        self._stop = threading.Event()
        self._patience = patience or Patience()
        self._pausing = Pausing(database, clock)
        self._on_outcome = on_outcome

    def stop(self) -> None:
        """The worker leaves: jobs that wait are given back at once, others before their next step."""
        self._stop.set()

    def check_stop(self) -> None:
        """Raises GivenBack after `stop`."""
        if self._stop.is_set():
            raise GivenBack

    def begin(self, article_id: str, round_: int) -> JobOutcome | int | None:
        """The number of this start: go on. None: the job is not wanted any more. An outcome: it has cost too many workers."""
        starts = self._surely(lambda: self._database.jobs.begin(article_id, round_))
        if starts is not None and starts > self._patience.starts:
            return JobOutcome(
                failure="worker_lost",
                reason=f"{starts - 1} workers ended while they were at this article: it may be what stopped them.",
            )
        return starts

    def is_held(self, article_id: str, round_: int, start: int) -> bool:
        """Whether the job is still at this start: not taken away by a command, nor begun again by another worker since. To be
        asked before the model is."""
        return self._surely(lambda: self._database.jobs.is_held(article_id, round_, start))

    def place(self, article_id: str, round_: int) -> Placed:
        """Its story, and whether it joins, leads or updates it."""
        return self._judged(lambda: self._placed(article_id, round_), lambda outcome: Placed(outcome=outcome))

    def wait_for_leader(self, article_id: str, placed: Placed) -> None:
        """An update is compared with the analysis of its story: one that is being made now, or was taken together with it, is
        waited for; not for ever, since its worker may be gone. Raises GivenBack."""
        if not placed.update or placed.story_id is None:
            return
        story_id, waited = placed.story_id, 0.0
        while waited < LEADER_SECONDS:
            earlier = self._surely(lambda: self._database.jobs.open_before(article_id, story_id))
            if "running" not in earlier and (waited >= TAKEN_SECONDS or not earlier):
                return
            self._wait(LEADER_LOOK_SECONDS)
            waited += LEADER_LOOK_SECONDS

    def analyse(self, article_id: str, placed: Placed) -> JobOutcome:
        """The analysis, made once; what the model was asked before a crash in this step may be asked again."""
        return self._judged(lambda: self._analysed(article_id, placed), lambda outcome: outcome)

    def note(self, article_id: str, round_: int, outcome: JobOutcome) -> None:
        """Keeps the outcome."""
        self._surely(lambda: self._database.jobs.finish(article_id, round_, outcome, self._clock()))
        if self._on_outcome is not None:
            self._on_outcome(article_id, outcome)

    def _placed(self, article_id: str, round_: int) -> Placed:
        article = self._database.jobs.article(article_id)
        placement = self._threads.place(article, as_of=None, tickers=(), event_type=None)
        relation, story_id = placement.relation, placement.story_id
        update = relation in ("update", "correction")
        turn = self._database.jobs.take_story(
            article_id,
            round_,
            story_id,
            always=update or relation == "recombination",
            counts=relation != "recombination",
            first=relation == "first",
        )
        if not turn.leads:
            joined = JobOutcome(result="joined", reason=placement.why, analysis_id=turn.analysis_id, story_id=story_id)
            return Placed(story_id=story_id, outcome=joined)
        return Placed(story_id=story_id, update=update, former_analysis_id=turn.analysis_id if update else None)

    def _analysed(self, article_id: str, placed: Placed) -> JobOutcome:
        kept = self._kept(article_id)
        if kept is None:
            analysis = self._analyst.analyze(self._database.jobs.article(article_id))
            kept = self._kept(article_id)
            if kept is None:  # taken away by a command meanwhile: the row will not take this outcome either
                return JobOutcome(
                    failure="not_kept", reason=f"the job was taken away before {analysis.id} could be kept"
                )
            if kept != analysis.id:  # another run of this step was first
                analysis = self._database.load_analysis(kept)
        else:
            analysis = self._database.load_analysis(kept)
            self._remember(analysis)
        return JobOutcome(
            result="updated" if placed.update else "analysed",
            analysis_id=kept,
            former_analysis_id=analysis.former_id,
            story_id=placed.story_id,
        )

    def _kept(self, article_id: str) -> str | None:
        return self._database.jobs.kept_analysis(article_id)

    def _remember(self, analysis: Analysis) -> None:
        """An analysis that was kept just before a crash: its event may be missing. Events of one id are one event."""
        event = event_of(analysis)
        if self._memory is not None and event is not None:
            self._memory.add([event])

    def _judged(self, work: Callable[[], T], failed: Callable[[JobOutcome], T]) -> T:
        tries = 0
        while True:
            try:
                return work()
            except Exception as error:  # noqa: BLE001 - the border of a job: every error is judged and told
                tries += 1
                reaction = reaction_to(error, tries, self._patience)
                if reaction == "set_aside":
                    return failed(JobOutcome(failure=kind_of(error), reason=reason_of(error)))
                if reaction == "pause":
                    self._rest(error)
                    tries -= 1
                else:
                    self._wait(self._patience.pause_seconds(tries))

    def _rest(self, error: Exception) -> None:
        """Pauses everything and waits until a person lifts it."""
        self._surely(lambda: self._pausing.begin(reason_of(error), kind_of(error)))
        while self._surely(self._pausing.now) is not None:
            self._wait(LOOK_SECONDS)

    def _surely(self, work: Callable[[], T]) -> T:
        """For the notes of the job itself: while the store cannot be written, there is nothing to do but try again."""
        tries = 0
        while True:
            try:
                return work()
            except StoreError:
                tries += 1
                self._wait(self._patience.pause_seconds(min(tries, self._patience.passing)))

    def _wait(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise GivenBack
