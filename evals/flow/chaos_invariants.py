"""What must hold when nothing is open any more, whatever was killed on the way. Each check returns sentences about what does
not hold; none: it holds."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select

from agent.analyze import event_of
from agent.ledger import forecast_of
from evals.flow.chaos_ledger import BudgetSetting, budget_faults, ledger_faults, repeated
from evals.flow.tally import TallyRow
from markets.sessions import sessions
from records.analysis import Analysis
from records.database import Database, tables
from records.database.model_call_tables import model_answers
from records.database.model_calls import Hold
from records.job import Job
from records.spending import CallEntry
from records.times import from_epoch

One = TypeVar("One")

MANY = 1_000_000
OURS = frozenset({"code_error", "not_kept"})
"""Reasons that no fault and no kill may lead to."""


@dataclass(frozen=True)
class Evidence:
    """All that the checks look at."""

    expected_articles: int
    jobs: tuple[Job, ...]
    articles: frozenset[str]
    """Ids of all that are kept."""
    analyses: tuple[Analysis, ...]
    story_of: Mapping[str, str]
    """Article → its story."""
    forecasts: tuple[tuple[str, str], ...]
    """(analysis, article) of each row of the forecast ledger."""
    ledger_fault: str | None
    events: tuple[str, ...]
    entries: tuple[CallEntry, ...]
    holds: tuple[Hold, ...]
    kept_at: Mapping[str, float]
    """Request digest → when its answer was kept, Unix seconds."""
    rows: tuple[TallyRow, ...]
    budgets: tuple[BudgetSetting, ...]


def gather(
    database: Database, expected_articles: int, rows: Sequence[TallyRow], budgets: Sequence[BudgetSetting]
) -> Evidence:
    """Everything read once. Raises StoreError."""
    with database._reading() as connection:
        analysis_ids = list(connection.execute(select(tables.analyses.c.id)).scalars())
        members = connection.execute(select(tables.story_members.c.article_id, tables.story_members.c.story_id)).all()
        articles = frozenset(connection.execute(select(tables.articles.c.id)).scalars())
        answers = connection.execute(select(model_answers.c.digest, model_answers.c.at)).all()
    fault = database.verify_ledger().fault
    return Evidence(
        expected_articles=expected_articles,
        jobs=tuple(database.jobs.listed(None, MANY)),
        articles=articles,
        analyses=tuple(database.load_analysis(one) for one in analysis_ids),
        story_of=dict(tuple(row) for row in members),
        forecasts=tuple((row.forecast.analysis_id, row.forecast.article_id) for row in database.forecasts()),
        ledger_fault=None if fault is None else str(fault),
        events=tuple(event.id for event in database.every_event()),
        entries=tuple(database.model_calls.entries()),
        holds=tuple(database.model_calls.holds()),
        kept_at={digest: from_epoch(at).timestamp() for digest, at in answers},
        rows=tuple(rows),
        budgets=tuple(budgets),
    )


def nothing_is_lost(seen: Evidence) -> list[str]:
    """Every article has a job, and every job ended with a result or with a reason."""
    faults = []
    if len(seen.articles) != seen.expected_articles:
        faults.append(f"{len(seen.articles)} articles are kept, {seen.expected_articles} were sent in")
    missing = seen.articles - {job.article_id for job in seen.jobs}
    faults += [f"the article {one} has no job" for one in sorted(missing)]
    for job in seen.jobs:
        ended = job.status == "done" and job.outcome.result is not None
        aside = job.status == "failed" and job.outcome.failure and job.outcome.reason
        if not ended and not aside:
            faults.append(f"the job {job.article_id} is {job.status} with {job.outcome.result or job.outcome.failure}")
    return faults


def each_is_analysed_once(seen: Evidence) -> list[str]:
    """One analysis for an article that was analysed, none for one that joined, at most one for one set aside."""
    of = defaultdict(list)
    for analysis in seen.analyses:
        of[analysis.article.id].append(analysis.id)
    faults = []
    for job in seen.jobs:
        made, outcome = of.pop(job.article_id, []), job.outcome
        if outcome.result in ("analysed", "updated"):
            if made != [outcome.analysis_id]:
                faults.append(f"{job.article_id} was {outcome.result} as {outcome.analysis_id} and has {made}")
        elif len(made) > (outcome.result is None):
            faults.append(f"{job.article_id} {outcome.result or 'was set aside'} and has the analyses {made}")
    faults += [f"{article} has analyses {made} and no job" for article, made in of.items()]
    return faults


def each_story_is_told(seen: Evidence) -> list[str]:
    """A joined article's story has an analysis, or an article of it was set aside with a reason; and no story has two analyses
    that are no updates."""
    told, first, aside = set(), Counter[str](), set()
    for job in seen.jobs:
        story = seen.story_of.get(job.article_id, "")
        if job.outcome.result in ("analysed", "updated"):
            told.add(story)
        if job.outcome.result == "analysed":
            first[story] += 1
        if job.outcome.failure:
            aside.add(story)
    faults = [
        f"{job.article_id} joined a story that nobody tells"
        for job in seen.jobs
        if job.outcome.result == "joined" and seen.story_of.get(job.article_id) not in told | aside
    ]
    return faults + [f"the story {story} was analysed {times} times" for story, times in first.items() if times > 1]


def each_forecast_stands_once(seen: Evidence) -> list[str]:
    """One row of the forecast ledger for each analysis that can be graded; its chain is whole."""
    wanted = Counter(
        (one.id, one.article.id) for one in seen.analyses if forecast_of(one, sessions(), one.created_at) is not None
    )
    faults = [f"the forecast ledger's chain is broken: {seen.ledger_fault}"] if seen.ledger_fault else []
    return faults + _differences(wanted, Counter(seen.forecasts), "forecast")


def each_event_is_remembered_once(seen: Evidence) -> list[str]:
    """One event for each analysis that touches a market, and no other."""
    wanted = Counter({event.id for one in seen.analyses if (event := event_of(one)) is not None})
    return _differences(wanted, Counter(seen.events), "event")


def _differences(wanted: Counter[One], found: Counter[One], what: str) -> list[str]:
    missing = [f"the {what} {one} is missing" for one in (wanted - found).elements()]
    return missing + [f"the {what} {one} is one too many" for one in (found - wanted).elements()]


def the_ledger_agrees(seen: Evidence) -> list[str]:
    """As `evals.flow.chaos_ledger.ledger_faults`."""
    return ledger_faults(seen.entries, seen.holds, seen.rows)


def no_budget_is_exceeded(seen: Evidence) -> list[str]:
    """As `evals.flow.chaos_ledger.budget_faults`."""
    return budget_faults(seen.budgets, seen.rows)


def no_kept_answer_is_asked_for_again(seen: Evidence) -> list[str]:
    """As `evals.flow.chaos_ledger.repeated`."""
    return repeated(seen.entries, dict(seen.kept_at), seen.rows)


def nothing_failed_by_a_fault_of_ours(seen: Evidence) -> list[str]:
    """No article was set aside because of our own code."""
    return [
        f"{job.article_id} was set aside as {job.outcome.failure}: {job.outcome.reason}"
        for job in seen.jobs
        if job.outcome.failure in OURS
    ]


INVARIANTS: tuple[Callable[[Evidence], list[str]], ...] = (
    nothing_is_lost,
    each_is_analysed_once,
    each_story_is_told,
    each_forecast_stands_once,
    each_event_is_remembered_once,
    the_ledger_agrees,
    no_budget_is_exceeded,
    no_kept_answer_is_asked_for_again,
    nothing_failed_by_a_fault_of_ours,
)


@dataclass(frozen=True)
class Violation:
    """What did not hold."""

    invariant: str
    told: str


def violations(seen: Evidence) -> list[Violation]:
    """Over all invariants."""
    return [Violation(check.__name__, told) for check in INVARIANTS for told in check(seen)]
