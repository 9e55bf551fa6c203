"""An update or a correction is analysed against the former analysis of its story, as it could be known then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.analyze import Analyst
from agent.changes import former_of
from agent.explain import ExplainAnswer, SentenceAnswer
from agent.read_capable import FactAnswer, MentionAnswer, ReadAnswer, SentimentAnswer
from agent.score import ScoreModel
from markets.desk import MarketDesk
from models.scripted import Reply, ScriptedModel
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.changes import (
    EventTypeChange,
    FigureChange,
    QuoteChange,
    ScoreChange,
    SentimentChange,
    TagsChange,
    TickersChange,
)
from records.database import Database
from records.database.analyses import StoryAnalysis
from records.taxonomy import EventType, Scope, Tag
from vectorstore.threads import StoryThreads

PUBLISHED = datetime(2024, 3, 21, 15, 0, tzinfo=UTC)
TITLE = "Apple to take a charge of $900 million for its closed car project"
SAID = "Apple Inc will take a charge of $900 million for its closed car project, the company said in a filing."
MORE = "Some 600 engineers were moved to other work in California, the filing says."

SOLD = EventType.DIVESTITURE_RESTRUCTURING
NEWS = (
    "Analysts at several banks had expected the project to be closed since sales of electric cars slowed last winter. The company "
    "has not commented further on its plans for self-driving software, robots or home devices."
)


def article(number: int, title: str, text: str, hours: float = 0) -> Article:
    at = PUBLISHED + timedelta(hours=hours)
    return Article(
        id=f"{number:016x}", title=title, text=text, published_at=at, first_seen_at=at, language="en", source=f"p{number}"
    )  # fmt: skip


FIRST = article(1, TITLE, f"{SAID}\n\n{MORE}")
CORRECTION = article(
    2,
    f"CORRECTED-{TITLE.replace('$900 million', '$1.2 billion')}",
    f"{SAID.replace('$900 million', '$1.2 billion')}\n\n(Corrects the charge.)",
    hours=2,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


def sides(negative: float) -> SentimentAnswer:
    return SentimentAnswer(negative=negative, neutral=1 - negative, positive=0.0)


def analyse(
    database: Database,
    one: Article,
    *,
    negative: float = 0.8,
    event_type: EventType = EventType.REGULATORY_ACTION,
    tags: tuple[Tag, ...] = (Tag.ANTITRUST,),
    companies: tuple[tuple[str, str], ...] = (("Apple", "AAPL"),),
    quotes: tuple[str, ...] = (),
    as_of: datetime | None = None,
) -> Analysis:
    reading = ReadAnswer(
        summary=f"{one.title}.",
        event_type=event_type,
        tags=list(tags),
        mentions=[
            MentionAnswer(name=name, ticker=ticker, role="subject", sentiment=sides(negative), quote=name)
            for name, ticker in companies
        ],
        sentiment=sides(negative),
        surprise=2,
        scheduled=False,
        scope=Scope.COMPANY,
        facts=[FactAnswer(text=quote, quote=quote) for quote in quotes or one.text.split("\n\n")],
    )
    words = ExplainAnswer(sentences=[SentenceAnswer(text="Apple takes a charge.", support=["A1"])])
    with ScriptedModel([Reply(reading, purpose="read"), Reply(words, purpose="explain")]) as model:
        return Analyst(
            model=model,
            market=MarketDesk(),
            memory=None,
            archive=database,
            threads=StoryThreads(database),
            score_model=ScoreModel(),
            prompts=PromptLibrary(),
            clock=lambda: datetime(2026, 1, 5, tzinfo=UTC),
            version="test",
        ).analyze(one, as_of=as_of)


def test_a_correction_names_the_former_analysis_and_everything_that_changed(database: Database) -> None:
    former = analyse(database, FIRST)
    new = analyse(
        database, CORRECTION, negative=0.3, event_type=SOLD, tags=(Tag.LABOR,), quotes=(CORRECTION.text,)
    )  # fmt: skip
    assert new.story is not None
    assert new.story.relation == "correction"
    assert (new.former_id, new.former_as_of) == (former.id, FIRST.published_at)
    by_kind = {one.kind: one for one in new.changes}
    score = by_kind["score"]
    assert isinstance(score, ScoreChange)
    assert (score.before.score, score.after.score) == (former.impact.score, new.impact.score)
    assert (score.before.low, score.after.high) == (former.impact.low, new.impact.high)
    sentiment = by_kind["sentiment"]
    assert isinstance(sentiment, SentimentChange)
    assert sentiment.before is not None
    assert sentiment.after is not None
    assert (sentiment.before.label, sentiment.after.label) == ("negative", "neutral")
    assert EventTypeChange(before=EventType.REGULATORY_ACTION, after=SOLD) in new.changes
    assert TagsChange(added=(Tag.LABOR,), removed=(Tag.ANTITRUST,)) in new.changes
    corrected = [
        (one.before, one.after) for one in new.changes if isinstance(one, FigureChange) and one.before and one.after
    ]
    assert corrected == [("$900 million", "$1.2 billion")]
    assert QuoteChange(change="gone", fact_id="A2", quote=MORE) in new.changes


def test_companies_that_came_and_went_are_told(database: Database) -> None:
    apple, chips, cloud = ("Apple", "AAPL"), ("Intel", "INTC"), ("Microsoft", "MSFT")
    first = FIRST.model_copy(update={"text": f"{FIRST.text}\n\nMicrosoft Corp made the software."})
    second = CORRECTION.model_copy(update={"text": f"{CORRECTION.text}\n\nIntel Corp made the chips."})
    analyse(database, first, companies=(apple, cloud))
    new = analyse(database, second, companies=(apple, chips))
    assert [one for one in new.changes if isinstance(one, TickersChange)] == [
        TickersChange(added=("INTC",), removed=("MSFT",))
    ]


def test_the_changes_are_kept_with_the_analysis(database: Database) -> None:
    analyse(database, FIRST)
    new = analyse(database, CORRECTION)
    assert new.changes
    assert database.load_analysis(new.id) == new


def test_an_update_that_changes_nothing_has_a_former_analysis_and_no_changes(database: Database) -> None:
    former = analyse(database, FIRST)
    same = article(3, f"UPDATE 1-{TITLE}", f"{SAID}\n\n{MORE}\n\n{NEWS}", 2)
    new = analyse(database, same, quotes=(SAID,))
    assert new.story is not None
    assert new.story.relation == "update"
    assert (new.former_id, new.changes) == (former.id, ())


def test_a_first_article_is_compared_with_nothing(database: Database) -> None:
    new = analyse(database, FIRST)
    assert (new.former_id, new.former_as_of, new.changes) == (None, None, ())
    assert not [line for line in new.provenance.missing if "what changed" in line]


def test_an_article_out_of_order_says_so_and_is_not_compared_with_a_later_one(database: Database) -> None:
    five, six = (PUBLISHED + timedelta(hours=hours) for hours in (5, 6))
    later = analyse(database, FIRST.model_copy(update={"published_at": five, "first_seen_at": five}))
    new = analyse(database, CORRECTION.model_copy(update={"first_seen_at": six}))
    assert new.story is not None
    assert new.story.relation == "correction"
    assert (new.former_id, new.changes) == (None, ())
    [line] = [line for line in new.provenance.missing if "what changed is not told" in line]
    assert "out of order" in line
    assert later.id in line


def test_an_update_of_a_story_that_was_never_analysed_says_so(database: Database) -> None:
    StoryThreads(database).place(FIRST)
    new = analyse(database, CORRECTION)
    assert new.former_id is None
    assert "what changed is not told: no other article of the story was analysed" in new.provenance.missing


def made(
    name: str, article_id: str = "a", *, at: float = 0, as_of: float | None = None, created: float = 0
) -> StoryAnalysis:
    """Times in hours."""
    published, wise, now = (
        PUBLISHED + timedelta(hours=hours) for hours in (at, at if as_of is None else as_of, created)
    )
    return StoryAnalysis(name, article_id, published, wise, now)


def test_the_former_analysis_is_of_the_last_article_before_and_its_newest() -> None:
    now = CORRECTION.known_at
    known = [
        made("old"),
        made("first", at=1, created=1),
        made("again", at=1, created=2),
        made("late", at=3),
    ]
    found = former_of(known, CORRECTION, now)
    assert isinstance(found, StoryAnalysis)
    assert found.id == "again"


def test_an_analysis_with_later_knowledge_or_of_the_article_itself_is_not_compared_with() -> None:
    now = CORRECTION.known_at
    assert "knew more" in str(former_of([made("wise", as_of=30)], CORRECTION, now))
    own = former_of([made("own", CORRECTION.id)], CORRECTION, now)
    assert isinstance(own, str)
    assert "no other article" in own
