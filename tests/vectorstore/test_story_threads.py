"""Placing articles: relations told apart, placements that stay, nothing of the future, many writers."""

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.article import Article
from records.database import Database
from records.errors import NotFound
from records.story import Placement
from records.taxonomy import EventType
from vectorstore.threads import StoryThreads
from vectorstore.threads import threads as threads_module

START = datetime(2025, 7, 21, 14, 5, tzinfo=UTC)
TITLE = "Acme cuts profit forecast, finance chief to leave"
BODY = (
    "Acme Corp on Monday cut its profit forecast for the year by 20 percent, citing weak demand for its pumps in Europe, and said "
    "its finance chief would step down.\n\nThe maker of pumps now expects a profit of $1.2 billion, down from $1.5 billion."
)
MORE = (
    "Shares of the company fell 14 percent in early trade, their steepest fall since 2009.\n\n"
    "Two rivals lost 37 stores to floods in Jakarta, a trade body said."
)
BETA = "Beta Plc agreed to buy drugmaker Gamma for $3 billion in cash, the companies said, the largest takeover of its sector."

DELTA = "Delta Inc opened a plant on the river with 340 workers, its first in the north since the flood of 2019."


def article(title: str = TITLE, text: str = BODY, *, minutes: float = 0, source: str | None = None) -> Article:
    at = START + timedelta(minutes=minutes)
    name = hashlib.sha256(f"{title}\n\n{text}".encode()).hexdigest()[:16]
    return Article(id=name, title=title, text=text, source=source, published_at=at, first_seen_at=at)


@pytest.fixture
def threads(database: Database) -> StoryThreads:
    return StoryThreads(database)


@pytest.fixture
def first(threads: StoryThreads) -> Placement:
    """The story's first article, placed."""
    return threads.place(article(source="wire"))


def test_the_first_article_starts_a_story_and_is_all_new(first: Placement) -> None:
    assert (first.relation, first.novelty, first.closest) == ("first", 1.0, ())
    assert first.first_seen_at == first.first_published_at == START
    assert first.sources == ("wire",)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (TITLE.upper(), BODY.upper()),
        (TITLE, f"NEW YORK, July 21 (Reuters) - {BODY}\n\n(Reporting by A. Writer; Editing by B. Editor)"),
        (f"RPT-{TITLE}", BODY),
        ("Pump maker warns", BODY),
        (TITLE, " ".join(BODY.split()[:28])),
        (TITLE, ""),
        (TITLE.replace("ch", "c&#104;"), f"{BODY}\n\nClick here to subscribe to our newsletter."),
    ],
    ids=["case", "byline", "repeat", "other headline", "shortened", "headline alone", "entities and furniture"],
)
def test_a_reprint_is_found_and_adds_little(threads: StoryThreads, first: Placement, title: str, text: str) -> None:
    again = threads.place(article(title, text, minutes=30, source="site"))
    assert (again.story_id, again.relation) == (first.story_id, "reprint")
    assert again.novelty <= 0.1
    assert again.sources == ("wire", "site")
    assert again.closest[0].article_id == first.article_id


@pytest.mark.parametrize("label", ["UPDATE 1-", ""])
def test_added_paragraphs_are_an_update_as_new_as_what_they_add(
    threads: StoryThreads, first: Placement, label: str
) -> None:
    placed = threads.place(article(f"{label}{TITLE}", f"{BODY}\n\n{MORE}", minutes=30))
    assert (placed.story_id, placed.relation) == (first.story_id, "update")
    assert 0.2 < placed.novelty < 0.7


def test_other_words_for_the_same_event_are_an_update(threads: StoryThreads, first: Placement) -> None:
    placed = threads.place(article("Acme slashes profit outlook; finance chief to quit", "", minutes=30))
    assert (placed.story_id, placed.relation) == (first.story_id, "update")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (f"CORRECTED-{TITLE}", BODY.replace("20 percent", "25 percent")),
        (TITLE, f"(Corrects figure in first paragraph)\n\n{BODY.replace('20 percent', '25 percent')}"),
        (TITLE, BODY.replace("20 percent", "25 percent")),
    ],
    ids=["in the headline", "in the text", "unsaid"],
)
def test_a_corrected_figure_is_a_correction(threads: StoryThreads, first: Placement, title: str, text: str) -> None:
    placed = threads.place(article(title, text, minutes=30))
    assert (placed.story_id, placed.relation) == (first.story_id, "correction")


@pytest.mark.parametrize(
    ("title", "corrected"),
    [
        ("Boeing to buy Spirit for $4.7 bln", "Correction: Boeing to buy Spirit for $8.3 bln"),
        ("Zeta Corp to cut 3,000 jobs", "CORRECTED-Zeta Corp to cut 300 jobs"),
        ("Zeta Corp raises dividend to 12 cents a share", "CORRECTED-Zeta Corp raises dividend to 21 cents a share"),
    ],
)
def test_a_correction_of_the_headlines_figure_stays_in_the_story(
    threads: StoryThreads, title: str, corrected: str
) -> None:
    first = threads.place(article(title, ""))
    placed = threads.place(article(corrected, "", minutes=30))
    assert (placed.story_id, placed.relation) == (first.story_id, "correction")


def test_a_correction_of_another_story_of_the_company_does_not_join(threads: StoryThreads) -> None:
    first = threads.place(article("Zeta Corp raises dividend to 12 cents a share", ""))
    placed = threads.place(article("CORRECTED-Zeta Corp to cut 300 jobs", "", minutes=30))
    assert placed.story_id != first.story_id


def test_a_round_up_of_two_stories_is_a_recombination_that_later_articles_do_not_join(
    threads: StoryThreads, first: Placement
) -> None:
    other = threads.place(article("Beta to buy Gamma for $3 billion in cash", BETA, minutes=10))
    told = "\n\n".join((BODY.split("\n")[0], BETA, DELTA))
    placed = threads.place(article("Morning briefs: what to know", told, minutes=60), tickers=["DLT"])
    assert placed.relation == "recombination"
    assert placed.story_id in (first.story_id, other.story_id)
    later = threads.place(article("Delta opens plant", DELTA, minutes=90), tickers=["DLT"])
    assert later.relation == "first"


def test_another_event_of_the_company_is_another_story(threads: StoryThreads) -> None:
    threads.place(article())
    assert threads.place(article("Acme recalls pumps in Canada over fire risk", "", minutes=30)).relation == "first"


def test_a_template_that_names_another_company_is_another_story(threads: StoryThreads) -> None:
    threads.place(article("Zyxgen files for non-timely 10-K", ""))
    assert threads.place(article("Qorvex files for non-timely 10-K", "", minutes=5)).relation == "first"


def test_the_same_words_a_month_later_are_a_new_event_and_days_later_a_reprint(
    threads: StoryThreads, first: Placement
) -> None:
    again = threads.place(article(TITLE, f"{BODY} ", minutes=15 * 24 * 60))
    assert (again.relation, again.story_id) == ("reprint", first.story_id)
    later = threads.place(article(TITLE, f"{BODY}  ", minutes=60 * 24 * 60))
    assert later.relation == "first"


def test_placing_again_gives_the_same_placement_whatever_came_since(threads: StoryThreads, first: Placement) -> None:
    threads.place(article(f"UPDATE 1-{TITLE}", f"{BODY}\n\n{MORE}", minutes=30))
    again = threads.place(article(source="wire"), tickers=["ACME"], as_of=START + timedelta(days=3))
    assert again == first


def test_an_article_that_was_placed_is_found_without_a_look_at_its_text(
    threads: StoryThreads, first: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the text was looked at")

    with monkeypatch.context() as patch:
        patch.setattr(threads_module, "sketch", never)
        assert threads.place(article(source="wire")) == first
        assert threads.place(article(source="wire"), tickers=["ACME", "ACME"], event_type=EventType.GUIDANCE) == first
        assert threads.place(article(source="wire"), tickers=["BETA"]) == first
    story = threads.story(first.story_id)
    assert (story.tickers, story.event_type) == (("ACME", "BETA"), EventType.GUIDANCE)
    for minutes, ticker in ((20, "ACME"), (21, "BETA")):
        found = threads.place(article(f"Pump maker {minutes}", "", minutes=minutes), tickers=[ticker])
        assert first.article_id in [one.article_id for one in found.closest]


def test_tickers_and_type_told_later_serve_the_next_article(threads: StoryThreads, first: Placement) -> None:
    threads.place(article(source="wire"), tickers=["ACME"], event_type=EventType.GUIDANCE)
    story = threads.story(first.story_id)
    assert (story.tickers, story.event_type) == (("ACME",), EventType.GUIDANCE)
    placed = threads.place(article("Pump maker to miss targets", "", minutes=20), tickers=["ACME"])
    assert placed.closest[0].article_id == first.article_id  # found by the ticker: no word is shared


def test_novelty_counts_what_the_company_was_told_of_before(threads: StoryThreads) -> None:
    threads.place(article("Acme opens plant in Ohio with 340 workers", "", minutes=0), tickers=["ACME"])
    days = 40 * 24 * 60
    known = threads.place(article("Acme opens plant in Ohio with 340 workers ", "", minutes=days), tickers=["ACME"])
    assert known.relation == "first"  # too late for the story, yet nothing new
    assert known.novelty == 0


def test_vectors_of_one_embedder_are_compared_and_others_ignored(threads: StoryThreads) -> None:
    one, other = np.array([1.0, 0.0]), np.array([0.6, 0.8])
    threads.place(article(), vector=one, embedder="mpnet-int8:a")
    same = threads.place(article("Acme slashes outlook", "", minutes=5), vector=other, embedder="mpnet-int8:a")
    assert "meaning 0.60" in same.closest[0].why
    foreign = threads.place(article("Acme trims outlook", "", minutes=6), vector=other, embedder="minilm-int8:b")
    assert all("meaning" not in one.why for one in foreign.closest if one.article_id == article().id)


def test_a_vector_without_its_embedder_and_a_naive_time_are_refused(threads: StoryThreads) -> None:
    with pytest.raises(ValueError, match="embedder"):
        threads.place(article(), vector=[1.0, 0.0])
    with pytest.raises(ValueError, match="naive"):
        threads.place(article(), as_of=datetime(2025, 7, 21))


def test_a_story_lists_its_articles_and_an_unknown_one_is_not_found(threads: StoryThreads, first: Placement) -> None:
    threads.place(article(f"UPDATE 1-{TITLE}", f"{BODY}\n\n{MORE}", minutes=30, source="wire"))
    threads.place(article("Pump maker warns", BODY, minutes=40, source="site"))
    story = threads.story(first.story_id)
    assert [one.relation for one in story.members] == ["first", "update", "reprint"]
    assert story.sources == ("wire", "site")
    assert [one.relation for one in story.updates] == ["update"]
    with pytest.raises(NotFound, match="no story"):
        threads.story("Snone")


def test_a_backfill_is_placed_as_of_its_publication(threads: StoryThreads) -> None:
    threads.place(article())
    old = article("Acme cuts profit forecast, finance chief leaves", "", minutes=-3 * 24 * 60)
    backfill = old.model_copy(update={"first_seen_at": START + timedelta(days=1)})
    assert threads.place(backfill).relation == "first"  # the later article is stored, and was not yet published


HEADLINES = st.sampled_from(
    [
        "Acme cuts profit forecast",
        "UPDATE 1-Acme cuts profit forecast",
        "Acme slashes profit outlook",
        "Acme recalls pumps over fire risk",
        "Beta to buy Gamma for $3 billion",
        "Gamma agrees to $3 bln Beta takeover",
        "Morning briefs: what to know today",
    ]
)
TEXTS = st.sampled_from(["", BODY, f"{BODY}\n\n{MORE}", BETA, f"{BODY}\n\n{BETA}"])
ARTICLES = st.lists(st.tuples(HEADLINES, TEXTS, st.integers(0, 20_000)), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(past=ARTICLES, future=ARTICLES, probe=st.tuples(HEADLINES, TEXTS))
def test_articles_of_the_future_leave_a_placement_as_it_is(
    tmp_path_factory: pytest.TempPathFactory,
    past: list[tuple[str, str, int]],
    future: list[tuple[str, str, int]],
    probe: tuple[str, str],
) -> None:
    now = 20_000
    found = []
    for later in ([], future):
        with Database.open(tmp_path_factory.mktemp("story") / "rhyme.sqlite3") as database:
            threads = StoryThreads(database)
            seen = [article(f"{title} {n}", text, minutes=at) for n, (title, text, at) in enumerate(past)]
            come = [  # published before the probe, so that only when they were seen keeps them out
                article(f"{title} {n}.", text, minutes=at).model_copy(
                    update={"first_seen_at": START + timedelta(minutes=now + 1 + n)}
                )
                for n, (title, text, at) in enumerate(later)
            ]
            for one in [*come, *seen]:
                threads.place(one)
            found.append(threads.place(article(*probe, minutes=now)))
    assert found[0] == found[1]


def test_threads_that_place_at_once_agree_on_one_story(database: Database) -> None:
    placed: list[Placement] = []

    def place(number: int) -> None:
        placed.append(StoryThreads(database).place(article(f"{TITLE} {'.' * number}")))  # all first seen at one time

    workers = [threading.Thread(target=place, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(placed) == 6
    assert len({one.story_id for one in placed}) == 1


def test_placing_many_gives_what_placing_each_gives(database: Database, tmp_path: Path) -> None:
    batch = [article(), article("Pump maker warns", minutes=3), article("Beta to buy Gamma", BETA, minutes=9)]
    together = StoryThreads(database).place_all(batch)
    with Database.open(tmp_path / "other.sqlite3") as other:
        assert [StoryThreads(other).place(one) for one in batch] == together
