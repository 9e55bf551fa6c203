"""Briefs over histories that nobody wrote by hand: analyses that come late, are made again or are kept a while after they were
made, and writers and readers at once. Nothing is told twice, nothing is missed."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from agent.brief import Briefing
from evals.made.analyses import END, fill
from records.analysis import Analysis
from records.brief import Brief, BriefScope
from records.database import Database
from records.database.browse import Wanted
from records.times import utc_now

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALL = BriefScope(kind="everything")
Opened = Callable[[], Database]


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> list[Analysis]:
    """Analyses to be given times and stories of their own."""
    with Database.open(tmp_path_factory.mktemp("made") / "rhyme.db") as database:
        fill(database, 60, 11, until=START)
        found = database.browse.analyses(Wanted(until=END), limit=60).items
        return [database.load_analysis(one.id) for one in found]


def timed(template: Analysis, number: int, *, as_of: datetime, made: datetime) -> Analysis:
    """The template as an analysis of its own: what it could know, and when it was made."""
    article = template.article.model_copy(update={"published_at": as_of, "first_seen_at": as_of})
    story = template.story.model_copy(update={"story_id": f"S{number}"}) if template.story else None
    provenance = template.provenance.model_copy(update={"as_of": as_of})
    changed = {"id": f"{number:016x}", "created_at": made, "article": article, "story": story, "provenance": provenance}
    return template.model_copy(update=changed)


@dataclass
class World:
    """A database, a clock that only goes on, and what was briefed."""

    database: Database
    templates: list[Analysis]
    now: datetime = START
    made: list[Analysis] = field(default_factory=list)
    waiting: list[tuple[datetime, Analysis]] = field(default_factory=list)
    """Made and not yet kept: their transaction is under way."""
    briefs: list[Brief] = field(default_factory=list)

    def pass_time(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        for at, one in [pair for pair in self.waiting if pair[0] <= self.now]:
            self.database.save_analysis(one)
            self.waiting.remove((at, one))

    def analyse(self, age: int, lag: int) -> None:
        """News of `age` minutes ago is analysed now and kept `lag` minutes later."""
        if len(self.made) < len(self.templates):
            template = self.templates[len(self.made)]
            self._make(timed(template, len(self.made), as_of=self.now - age * MINUTE, made=self.now), lag)

    def analyse_again(self, which: int) -> None:
        if self.made and len(self.made) < len(self.templates):
            former = self.made[which % len(self.made)]
            again = {"id": f"{len(self.made):016x}", "created_at": self.now}
            self._make(former.model_copy(update=again), 0)

    def brief(self) -> None:
        self.briefs.append(Briefing(self.database, lambda: self.now).write(ALL, limit=3))

    def _make(self, one: Analysis, lag: int) -> None:
        self.made.append(one)
        if lag:
            self.waiting.append((self.now + lag * MINUTE, one))
        else:
            self.database.save_analysis(one)


def told(briefs: Iterable[Brief]) -> Counter[str]:
    """How often each analysis was told or named."""
    return Counter(
        name
        for brief in briefs
        for name in [*(one.analysis.id for one in brief.stories), *(o.analysis_id for o in brief.others)]
    )


steps = st.one_of(
    st.tuples(st.just("analyse"), st.integers(0, 600), st.sampled_from((0, 0, 1, 5))),
    st.tuples(st.just("analyse_again"), st.integers(0, 20)),
    st.tuples(st.just("pass_time"), st.integers(1, 240)),
    st.tuples(st.just("brief")),
)


@settings(
    max_examples=12,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, max_size=15))
@example(history=[("analyse", 30, 5), ("brief",), ("pass_time", 10), ("brief",)])
def test_whatever_the_history_everything_of_the_time_is_told_exactly_once(
    history: list[tuple[object, ...]], templates: list[Analysis], migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.db"
    shutil.copyfile(migrated_sqlite, path)
    with Database.open(path) as database:
        world = World(database, templates)
        world.brief()
        world.pass_time(1)
        for name, *arguments in history:
            getattr(world, str(name))(*arguments)
            world.pass_time(1)
        world.pass_time(30)
        world.brief()
        newest = {one.id for one in database.browse.analyses(Wanted(until=world.now), limit=100).items}
        counts = told(world.briefs)
        assert [name for name, n in counts.items() if n > 1] == []
        since = world.briefs[0].since
        owed = {one.id for one in world.made if one.id in newest and one.provenance.as_of > since}
        assert owed - set(counts) == set()


def test_writers_and_readers_at_once_lose_nothing_and_tell_nothing_twice(
    templates: list[Analysis], migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = tmp_path / "rhyme.db"
    shutil.copyfile(migrated_sqlite, path)
    briefs: list[Brief] = []
    done = threading.Event()
    with Database.open(path) as database:
        begin = utc_now()
        briefs.append(Briefing(database, utc_now).write(ALL))

        def write(numbers: range) -> None:
            for number in numbers:
                moment = utc_now()
                database.save_analysis(timed(templates[number], number, as_of=moment - number * MINUTE, made=moment))

        def read() -> None:
            while not done.is_set():
                briefs.append(Briefing(database, utc_now).write(ALL))

        writers = [threading.Thread(target=write, args=(range(first, 45, 3),)) for first in range(3)]
        readers = [threading.Thread(target=read) for _ in range(2)]
        for one in [*writers, *readers]:
            one.start()
        for one in writers:
            one.join()
        done.set()
        for one in readers:
            one.join()
        briefs.append(Briefing(database, utc_now).write(ALL))
        counts = told(briefs)
    assert begin <= briefs[0].as_of
    assert [name for name, n in counts.items() if n > 1] == []
    assert set(counts) == {f"{number:016x}" for number in range(45)}
