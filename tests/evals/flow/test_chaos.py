"""Chaos in small: a few seeded runs in which everything must hold, and each invariant seen to fail on a doctored store."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evals.flow.chaos import CommandLine, parts_for, summed
from evals.flow.chaos_invariants import INVARIANTS, Evidence, gather, violations
from evals.flow.chaos_ledger import BudgetSetting, matched
from evals.flow.chaos_run import Plan, run
from evals.flow.chaos_world import Parts
from evals.flow.tally import TallyRow
from records.database import Database
from records.errors import SettingsError
from terminal.bench_chaos import table
from terminal.commands.bench_chaos import ENTRY, PRELOADED

pytestmark = pytest.mark.long

ARTICLES = 8
CHECKS = {check.__name__: check for check in INVARIANTS}


@pytest.fixture(scope="module")
def parts() -> Iterator[Parts]:
    with parts_for(CommandLine(ENTRY, PRELOADED), "sqlite") as made:
        yield made


class Finished:
    """A run that went well, with its store to be doctored in copies."""

    def __init__(self, parts: Parts) -> None:
        self.seen: list[Evidence] = []
        plan = replace(Plan.of(3, articles=ARTICLES, faults=0.2), workers=2, kills=3)
        self.told = run(parts, plan, self.seen.append)
        self._store = parts.folder / "run-3" / "rhyme.db"

    def doctored(self, folder: Path, statement: str, *values: object) -> Evidence:
        """What the checks see after one statement was carried out in a copy, whatever forbids it."""
        copy = folder / "rhyme.db"
        shutil.copy(self._store, copy)
        with closing(sqlite3.connect(copy)) as connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            assert connection.execute(statement, values).rowcount > 0
            connection.commit()
        with Database.open(copy) as database:
            return gather(database, ARTICLES, self.seen[0].rows, self.seen[0].budgets)


@pytest.fixture(scope="module")
def finished(parts: Parts) -> Finished:
    return Finished(parts)


def test_whatever_is_killed_nothing_is_lost_doubled_or_overspent(finished: Finished) -> None:
    told = finished.told
    assert told.violations == []
    assert sum(told.kills.values()) >= 1
    assert sum(told.outcomes.values()) == ARTICLES
    assert told.books.tally_tokens > 0
    assert "Violations: 0" in table({"database": "sqlite", **summed([told])})


def test_a_budget_that_binds_pauses_and_is_never_exceeded(parts: Parts) -> None:
    plan = replace(Plan.of(11, articles=ARTICLES, faults=0.2), workers=2, kills=2, budget_tokens=24_000)
    told = run(parts, plan)
    assert told.violations == []
    assert told.pauses["budget_spent"] >= 1


def test_with_postgresql_killed_and_started_again_everything_holds(parts: Parts) -> None:
    try:
        with parts_for(CommandLine(ENTRY, PRELOADED), "postgres", parts) as made:
            plan = replace(Plan.of(4, articles=ARTICLES, faults=0.2), workers=2, kills=3)
            told = run(made, plan)
    except SettingsError as error:
        pytest.skip(str(error))
    assert told.violations == []


DOCTORED = {
    "nothing_is_lost": "DELETE FROM jobs WHERE article_id = (SELECT min(article_id) FROM jobs)",
    "each_is_analysed_once": "UPDATE jobs SET result = 'joined' WHERE result = 'analysed'",
    "each_story_is_told": "UPDATE jobs SET result = 'joined', failure = NULL",
    "each_forecast_stands_once": "DELETE FROM ledger WHERE sequence = (SELECT max(sequence) FROM ledger)",
    "each_event_is_remembered_once": "DELETE FROM events WHERE id = (SELECT min(id) FROM events)",
    "the_ledger_agrees": "UPDATE model_calls SET input_tokens = input_tokens + 1 WHERE outcome = 'answered'",
    "no_kept_answer_is_asked_for_again": "UPDATE model_answers SET at = at - 60000000",
    "nothing_failed_by_a_fault_of_ours": "UPDATE jobs SET failure = 'code_error', reason = 'ValueError', status = 'failed'",
}


@pytest.mark.parametrize("name", DOCTORED)
def test_an_invariant_is_seen_to_fail_on_a_doctored_store(finished: Finished, tmp_path: Path, name: str) -> None:
    assert CHECKS[name](finished.seen[0]) == []
    assert CHECKS[name](finished.doctored(tmp_path, DOCTORED[name])) != []


def test_a_second_analysis_of_an_article_is_seen(finished: Finished, tmp_path: Path) -> None:
    with closing(sqlite3.connect(finished._store)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(analyses)") if row[1] != "id"]
    columns = ", ".join(names)
    twice = f"INSERT INTO analyses (id, {columns}) SELECT 'ffffffffffffffff', {columns} FROM analyses LIMIT 1"
    assert CHECKS["each_is_analysed_once"](finished.doctored(tmp_path, twice)) != []


def test_a_call_over_the_budget_is_seen_by_the_servers_own_count(finished: Finished) -> None:
    seen = finished.seen[0]
    rows = sorted(seen.rows, key=lambda row: row.at)
    spent = sum(row.tokens for row in rows)
    tight = BudgetSetting(rows[0].at - 1, spent - 1)
    enough = BudgetSetting(rows[0].at - 1, spent)
    check = CHECKS["no_budget_is_exceeded"]
    assert len(check(replace(seen, budgets=(tight,)))) == 1
    assert check(replace(seen, budgets=(enough,))) == []
    assert check(replace(seen, budgets=(tight, BudgetSetting(rows[-1].at, None)))) == []


@pytest.fixture
def one_more(finished: Finished) -> Callable[..., Evidence]:
    """The evidence with one more row of the server, like the last one whose answer was kept."""
    seen = finished.seen[0]
    kept = dict(seen.kept_at)
    last = [pair.row for pair in matched(seen.entries, seen.rows).pairs if pair.entry.request_digest in kept][-1]

    def add(**changes: object) -> Evidence:
        row = TallyRow(**{**vars(last), "n": 10_000, "at": last.at + 60, **changes})
        return replace(seen, rows=(*seen.rows, row))

    return add


def test_tokens_that_the_ledger_has_no_room_for_are_seen(one_more: Callable[..., Evidence]) -> None:
    assert CHECKS["the_ledger_agrees"](one_more(input_tokens=10_000_000)) != []


def test_a_question_asked_again_after_its_answer_was_kept_is_seen(one_more: Callable[..., Evidence]) -> None:
    assert CHECKS["no_kept_answer_is_asked_for_again"](one_more()) != []
    assert "no_kept_answer_is_asked_for_again" not in {one.invariant for one in violations(one_more(digest="another"))}
