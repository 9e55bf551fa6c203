"""Made-up analyses are what Rhyme itself would keep: readable, found, listed, counted, in a sound ledger."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from evals.made.analyses import END, fill
from evals.made.prose import COMMON
from records.database import Database
from records.database.browse import Wanted
from records.summary import summary_of

N = 400


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database.open(tmp_path_factory.mktemp("made") / "rhyme.db") as database:
        assert fill(database, N, 7) == N
        yield database


def test_they_are_listed_read_back_whole_and_say_what_their_summaries_say(filled: Database) -> None:
    wanted = Wanted(until=END)
    page = filled.browse.analyses(wanted, limit=N)
    assert filled.browse.count(wanted) == len(page.items)
    assert 0 < N - len(page.items) < N // 10  # an analysis made again stands for the one before
    whole = filled.load_analysis(page.items[0].id)
    assert summary_of(whole) == page.items[0]
    assert all(fact.quote == whole.article.body[fact.span.start : fact.span.end] for fact in whole.reading.facts)
    assert max(one.as_of for one in page.items) == END


def test_some_words_are_in_nearly_every_article_and_each_can_be_searched_for(filled: Database) -> None:
    articles = [
        filled.browse.article(one.article_id) for one in filled.browse.analyses(Wanted(until=END), limit=N).items
    ]
    counts = Counter(word for one in articles for word in set(one.body.lower().replace(".", "").split()))
    assert counts[COMMON[0]] > 0.9 * len(articles)
    rare = next(word for word, n in counts.items() if n == 1 and len(word) >= 6)
    assert len(filled.browse.articles(rare, until=END)) == 1


def test_stories_go_on_and_their_members_are_kept(filled: Database) -> None:
    items = filled.browse.analyses(Wanted(until=END), limit=N).items
    story, n = Counter(one.story_id for one in items).most_common(1)[0]
    assert n > 1
    assert len(filled.browse.members(str(story), END)) == n


def test_their_ledger_is_sound_and_most_of_it_is_graded(filled: Database) -> None:
    check = filled.verify_ledger()
    assert check.fault is None
    assert 0.8 * N < check.forecasts <= N
    assert 0.9 * check.forecasts < check.grades < check.forecasts


def test_the_same_seed_gives_the_same_and_adds_nothing_again(filled: Database, tmp_path: Path) -> None:
    with Database.open(tmp_path / "other.db") as other:
        fill(other, N, 7)
        one, two = (each.browse.analyses(Wanted(until=END), limit=N).items for each in (filled, other))
        assert one == two
        assert fill(other, N, 7) == 0
        assert fill(other, 10, 8, until=END + timedelta(days=1), days=1) == 10
