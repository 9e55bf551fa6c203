"""Jobs as rows: one an article. Each method is one transaction."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Select, bindparam, func, insert, select, update

from records.analysis import Analysis
from records.article import Article
from records.database import analyses, ledger, tables
from records.database.job_tables import jobs
from records.database.prepared import Prepared, among
from records.errors import NotFound, UsageError
from records.forecast import Forecast
from records.job import Job, JobCounts, JobOutcome, JobStatus
from records.times import from_epoch, to_epoch

_job, _article, _analysis = jobs.c, tables.articles.c, tables.analyses.c
_mine = jobs.alias("mine").c
OPEN = ("waiting", "running")
UPDATES = ("update", "correction")
"""What an article is to its story when it analyses it again."""
AT_WORK = ("running", "batched")
NOTHING = dict.fromkeys(
    ("finished_at", "result", "failure", "reason", "analysis_id", "former_analysis_id", "story_id", "cost_usd")
)
"""The columns of an outcome, empty."""
ENDED = ("finished_at", "result", "failure", "reason")
"""Those that say that it ended."""
CHUNK = 500
"""Ids in one statement."""


Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Turn:
    """One round of a job, as the queue names it."""

    article_id: str
    round: int
    priority: int


@dataclass(frozen=True)
class StoryTurn:
    """Whether an article is the one of its story that is analysed, and what the story has so far."""

    leads: bool
    analysis_id: str | None


class JobTable:
    """The jobs of one database (`Database.jobs`)."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    # putting in and looking up

    def keep(self, article: Article) -> None:
        """Keeps an article, unless it is kept already, so that a job can be made of it."""
        with self._writing() as connection:
            analyses.save_article(connection, article)

    def article(self, article_id: str) -> Article:
        """A kept article by its whole id. Raises NotFound."""
        with self._reading() as connection:
            rows = _KEPT_ARTICLE.rows(connection, {"wanted": article_id})
        if not rows:
            raise NotFound(
                f"There is no article {article_id!r}. Keep it first, for example with `rhyme jobs add SOURCE`."
            )
        return analyses.article_of(dict(zip(_article.keys(), rows[0], strict=True)))

    def without_job(self) -> list[str]:
        """Ids of the articles that are kept, not analysed and in no job; earliest known first."""
        query = (
            select(_article.id)
            .outerjoin(jobs, _job.article_id == _article.id)
            .outerjoin(tables.analyses, _analysis.article_id == _article.id)
            .where(_job.article_id.is_(None), _analysis.id.is_(None))
            .order_by(func.coalesce(_article.published_at, _article.first_seen_at), _article.id)
        )
        with self._reading() as connection:
            return list(connection.execute(query).scalars())

    def add(self, article_ids: Sequence[str], priority: int, at: datetime) -> list[str]:
        """All or nothing. Ids that have a job keep it as it is; returns the others, in order. Raises NotFound for an article
        that is not kept."""
        wanted = list(dict.fromkeys(article_ids))
        with self._writing() as connection:
            missing = set(wanted) - _known(connection, _article.id, wanted)
            if missing:
                raise NotFound(f"There is no article {sorted(missing)[0]!r}, so no job was made. Keep it first.")
            known = _known(connection, _job.article_id, wanted)
            new = [one for one in wanted if one not in known]
            insert_waiting(connection, new, priority, at)
            return new

    def get(self, id_or_prefix: str) -> Job:
        """By the article's whole id or a unique prefix. Raises NotFound, UsageError (ambiguous)."""
        wanted = id_or_prefix.strip().lower()
        query = _lines().where(_job.article_id.startswith(wanted, autoescape=True)).order_by(_job.article_id).limit(2)
        with self._reading() as connection:
            rows = connection.execute(query).all() if wanted else []
        if not rows:
            raise NotFound(f"There is no job {id_or_prefix!r}. `rhyme jobs list` shows them.")
        if len(rows) > 1 and rows[0].article_id != wanted:
            raise UsageError(f"The id {id_or_prefix!r} fits more than one job: give more of its characters.")
        return _line(rows[0])

    def kept_analysis(self, article_id: str) -> str | None:
        """The analysis that the job of an article, named by its whole id, has kept; None if it has none yet. Raises NotFound."""
        with self._reading() as connection:
            rows = _KEPT.rows(connection, {"wanted": article_id})
        if not rows:
            raise NotFound(f"There is no job {article_id!r}. `rhyme jobs list` shows them.")
        kept: str | None = rows[0][0]
        return kept

    def listed(self, status: JobStatus | None, limit: int) -> list[Job]:
        """The last finished first, then those that are open, in the order in which they will be begun."""
        query = _lines().order_by(_job.finished_at.desc().nulls_last(), _job.priority, _job.added_at).limit(limit)
        if status is not None:
            query = query.where(_job.status == status)
        with self._reading() as connection:
            return [_line(row) for row in connection.execute(query)]

    def counts(self) -> JobCounts:
        """All jobs by what became of them."""
        unpriced = func.count(_job.analysis_id) - func.count(_job.cost_usd)
        query = select(
            _job.status, _job.result, _job.failure, func.count().label("number"), func.sum(_job.cost_usd), unpriced
        ).group_by(_job.status, _job.result, _job.failure)
        found: dict[str, int] = {}
        failed: dict[str, int] = {}
        cost, unknown = 0.0, 0
        with self._reading() as connection:
            for status, result, failure, number, usd, without in connection.execute(query):
                if status == "failed":
                    failed[failure] = failed.get(failure, 0) + number
                else:
                    name = result if status == "done" else status
                    found[name] = found.get(name, 0) + number
                if result != "joined":
                    cost, unknown = cost + (usd or 0.0), unknown + without
        return JobCounts(**found, failed=dict(sorted(failed.items())), cost_usd=cost, unpriced=unknown)

    def turns(self, statuses: Collection[JobStatus], ids: Collection[str] | None = None) -> list[Turn]:
        """Of the jobs of these statuses (and ids), in the order in which they are begun."""
        query = (
            select(_job.article_id, _job.round, _job.priority)
            .where(_job.status.in_(statuses))
            .order_by(_job.priority, _job.added_at)
        )
        with self._reading() as connection:
            found = [Turn(*row) for row in connection.execute(query)]
        return found if ids is None else [turn for turn in found if turn.article_id in ids]

    # changing by command

    def move(self, turns: Sequence[Turn], sources: Collection[JobStatus], target: JobStatus) -> list[Turn]:
        """Those of the turns that were in `sources` and are now in `target`."""
        with self._writing() as connection:
            return [turn for turn in turns if _moved(connection, turn, sources, {"status": target})]

    def renew(self, turns: Sequence[Turn], *, lost_only: bool = False) -> list[Turn]:
        """Puts jobs to wait again, in a new round: finished ones with nothing of the former one; those that failed, were cancelled
        or lost by the queue with the analysis that they have, if any: it was made once and is not made again. `lost_only`: those
        that have ended by now stay as they are."""
        renewed = []
        with self._writing() as connection:
            for turn in turns:
                again = {"status": "waiting", "round": turn.round + 1, "starts": 0}
                ended = again | dict.fromkeys(ENDED)
                fresh = ended | NOTHING | {"leads": False}
                if _moved(connection, turn, OPEN, again) or (
                    not lost_only
                    and (
                        _moved(connection, turn, ("failed", "cancelled"), ended, _job.analysis_id.is_not(None))
                        or _moved(connection, turn, ("done", "failed", "cancelled"), fresh)
                    )
                ):
                    renewed.append(Turn(turn.article_id, turn.round + 1, turn.priority))
        return renewed

    def claim_for_batches(self, priority: int) -> list[Turn]:
        """Gives the jobs that wait with this priority or a later one to the worker that asks in batches; returns them."""
        where = (_job.status == "waiting", _job.priority >= priority)
        with self._writing() as connection:
            claimed = update(jobs).where(*where).values(status="batched")
            rows = connection.execute(claimed.returning(_job.article_id, _job.round, _job.priority)).all()
        return [Turn(*row) for row in rows]

    # a worker's way through one job

    def begin(self, article_id: str, round_: int) -> int | None:
        """Notes a start; returns how many of this round there were with it. None: this round is not to be worked on."""
        with self._writing() as connection:
            begun = _BEGIN.rows(connection, {"wanted": article_id, "its_round": round_})
        return begun[0][0] if begun else None

    def is_held(self, article_id: str, round_: int, start: int) -> bool:
        """Whether the round is being worked on and was not begun again after its start of that number (`begin`)."""
        with self._reading() as connection:
            return bool(_HELD.rows(connection, {"wanted": article_id, "its_round": round_, "start": start}))

    def begin_batched(self, article_id: str, round_: int) -> int | None:
        """As `begin`, for an article that is at work in batches and stays so."""
        where = (_job.article_id == article_id, _job.round == round_, _job.status == "batched")
        with self._writing() as connection:
            begun = update(jobs).where(*where).values(starts=_job.starts + 1)
            return connection.execute(begun.returning(_job.starts)).scalar()

    def rest_batched(self, article_id: str, round_: int) -> None:
        """It waits for an answer: what was begun ended well, and no start is on its account."""
        where = (_job.article_id == article_id, _job.round == round_, _job.status == "batched")
        with self._writing() as connection:
            connection.execute(update(jobs).where(*where).values(starts=_job.starts - 1))

    def take_story(
        self, article_id: str, round_: int, story_id: str, *, always: bool, counts: bool, first: bool = False
    ) -> StoryTurn:
        """Makes the article the one of its story that is analysed, unless the story has an analysis or another open job that
        is; asked again it answers the same. `always`: though there is another (an update). `counts`: whether later articles
        of the story may rely on it (a round-up tells other stories too). `first`: the story began with it, so that an update of
        it under way is no reason to leave it out: the update is compared with it."""
        with self._writing() as connection:
            mine = _LEADS.rows(connection, {"wanted": article_id})
            of_story = _OF_STORY.rows(connection, {"story": story_id})
            former = of_story[0][0] if of_story else None
            others = _OTHER_LEADER if not first else _OTHER_FIRST
            taken = bool(former is not None or others.rows(connection, {"story": story_id, "wanted": article_id}))
            leads = bool(mine and mine[0][0]) or always or not taken
            told = {"told_story": story_id if leads and counts else None, "told_leads": leads}
            _TAKE.changed(connection, {"wanted": article_id, "its_round": round_, **told})
            return StoryTurn(leads, former)

    def open_before(self, article_id: str, story_id: str) -> set[str]:
        """The statuses of the open jobs of the story's other articles that were put in before this one and may be analysed: only
        earlier ones, so that no two wait for each other."""
        with self._reading() as connection:
            rows = _OPEN_BEFORE.rows(connection, {"story": story_id, "wanted": article_id})
        return {status for (status,) in rows}

    def save_analysis(self, analysis: Analysis, forecast: Forecast | None = None) -> bool:
        """Like `Database.save_analysis`, but once a job: False, and nothing is written, when the article's job is not being
        worked on or has its analysis already."""
        with self._writing() as connection:
            made = {"made": analysis.id, "its_cost": analysis.provenance.cost_usd}
            if _MAKE.changed(connection, {"wanted": analysis.article.id, **made}) != 1:
                return False
            analyses.save(connection, analysis)
            if forecast is not None:
                ledger.append_forecast(connection, forecast)
            return True

    def finish(self, article_id: str, round_: int, outcome: JobOutcome, at: datetime) -> None:
        """Notes what a job ended with; an end that is noted stays."""
        values = outcome.model_dump() | {
            "status": "done" if outcome.failure is None else "failed",
            "finished_at": to_epoch(at),
        }
        with self._writing() as connection:
            told = {f"told_{name}": value for name, value in values.items()}
            _FINISH.changed(connection, {"wanted": article_id, "its_round": round_, **told})


def insert_waiting(connection: Connection, article_ids: Sequence[str], priority: int, at: datetime) -> None:
    """Jobs of articles that have none, to be begun in this order."""
    fresh = {"status": "waiting", "priority": priority, "round": 1, "starts": 0, "leads": False}
    rows = [{"article_id": one, **fresh, "added_at": to_epoch(at) + place} for place, one in enumerate(article_ids)]
    if rows:
        connection.execute(insert(jobs), rows)


def _known(connection: Connection, column: Any, wanted: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        found |= set(connection.execute(select(column).where(column.in_(wanted[start : start + CHUNK]))).scalars())
    return found


def _moved(
    connection: Connection, turn: Turn, sources: Collection[str], values: dict[str, Any], *more: ColumnElement[bool]
) -> bool:
    where = (_job.article_id == turn.article_id, _job.round == turn.round, _job.status.in_(sources), *more)
    return connection.execute(update(jobs).where(*where).values(values)).rowcount == 1


def _lines() -> Select[Any]:
    return select(jobs, _article.title).join(tables.articles, _article.id == _job.article_id)


def _line(row: Any) -> Job:
    names = ("article_id", "title", "status", "priority", "round", "starts", "cost_usd")
    return Job(
        **{name: getattr(row, name) for name in names},
        added_at=from_epoch(row.added_at),
        finished_at=None if row.finished_at is None else from_epoch(row.finished_at),
        outcome=JobOutcome(**{name: getattr(row, name) for name in JobOutcome.model_fields}),
    )


# Of every article: written out once, since SQLAlchemy takes longer over a statement than SQLite to run it.
_member = tables.story_members.c
_WANTED = _job.article_id == bindparam("wanted")
_ROUND = (_WANTED, _job.round == bindparam("its_round"))
_KEPT = Prepared(select(_job.analysis_id).where(_WANTED))
_KEPT_ARTICLE = Prepared(select(tables.articles).where(_article.id == bindparam("wanted")))
_LEADS = Prepared(select(_job.leads).where(_WANTED))
_OF_STORY = Prepared(
    select(_analysis.id)
    .join(tables.story_members, _member.article_id == _analysis.article_id)
    .where(_member.story_id == bindparam("story"))
    .order_by(_analysis.created_at.desc(), _analysis.id)
    .limit(1)
)
_LEADER = (
    select(_job.article_id)
    .where(_job.story_id == bindparam("story"), _job.leads, among(_job.status, (*OPEN, "batched", "paused")))
    .where(_job.article_id != bindparam("wanted"))
    .limit(1)
)
_IS_UPDATE = (
    select(_member.article_id).where(_member.article_id == _job.article_id, among(_member.relation, UPDATES)).exists()
)
_OTHER_LEADER, _OTHER_FIRST = Prepared(_LEADER), Prepared(_LEADER.where(~_IS_UPDATE))
_TAKE = Prepared(
    update(jobs).where(*_ROUND).values(story_id=bindparam("told_story"), leads=bindparam("told_leads", type_=Boolean))
)
_OPEN_BEFORE = Prepared(
    select(_job.status)
    .join(tables.story_members, _member.article_id == _job.article_id)
    .where(_member.story_id == bindparam("story"), among(_member.relation, ("first", *UPDATES)))
    .where(among(_job.status, OPEN))
    .where(_job.added_at < select(_mine.added_at).where(_mine.article_id == bindparam("wanted")).scalar_subquery())
)
_BEGIN = Prepared(
    update(jobs)
    .where(*_ROUND, among(_job.status, OPEN))
    .values(status="running", starts=_job.starts + 1)
    .returning(_job.starts)
)
_HELD = Prepared(select(_job.article_id).where(*_ROUND, _job.status == "running", _job.starts == bindparam("start")))
_MAKE = Prepared(
    update(jobs)
    .where(_WANTED, among(_job.status, AT_WORK), _job.analysis_id.is_(None))
    .values(analysis_id=bindparam("made"), cost_usd=bindparam("its_cost"))
)
_FINISH = Prepared(
    update(jobs)
    .where(*_ROUND, among(_job.status, (*OPEN, "batched")))
    .values({name: bindparam(f"told_{name}") for name in (*JobOutcome.model_fields, "status", "finished_at")})
    .values(analysis_id=func.coalesce(bindparam("told_analysis_id"), _job.analysis_id))
)
