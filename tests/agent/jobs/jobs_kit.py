"""Articles, an analyst over the scripted model, and a worker as a process of its own, to be killed."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from agent.analyze import Analyst
from agent.explain import ExplainAnswer, SentenceAnswer
from agent.jobs import Course, JobArchive, JobDesk, JobQueue, Patience, Worker
from agent.read_capable import FactAnswer, MentionAnswer, ReadAnswer, SentimentAnswer
from agent.score import ScoreModel
from markets.desk import MarketDesk
from models.scripted import Reply, ScriptedModel
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.database import AddResult, Database
from records.event import Event, Precedent
from records.prompt import Prompt
from records.taxonomy import EventType, Scope, Tag
from records.times import utc_now
from vectorstore.threads import StoryThreads

PUBLISHED = datetime(2024, 3, 21, 15, 0, tzinfo=UTC)
SYLLABLES = "ba ce di fo gu la me ni po ru sta vel dor min tal kes".split()


def article(number: int) -> Article:
    """About Apple, in words that no other article shares: a story of its own."""
    rng = random.Random(number)
    words = ["".join(rng.choices(SYLLABLES, k=3)) for _ in range(60)]
    at = PUBLISHED + timedelta(days=3 * number)
    return Article(
        id=f"{number:04x}" + "a" * 12,
        title=f"Apple {' '.join(words[:7])}",
        text=f"Apple {' '.join(words[7:30])}.\n\n{' '.join(words[30:])}.".capitalize(),
        published_at=at,
        first_seen_at=at,
        language="en",
    )


def again(one: Article, number: int, hours: int = 1) -> Article:
    """The same text from another publisher."""
    at = one.first_seen_at + timedelta(hours=hours)
    return one.model_copy(
        update={"id": f"{number:04x}" + "b" * 12, "source": f"p{number}", "published_at": at, "first_seen_at": at}
    )


@dataclass(frozen=True)
class Nothing:
    """What a memory without precedents answers."""

    precedents: tuple[Precedent, ...] = ()
    status: Literal["found", "no_precedent"] = "no_precedent"


class PlainMemory:
    """Events in the database, found by nobody: an index adds nothing to what these tests are about."""

    embedder, snapshot = "none", "none"

    def __init__(self, database: Database) -> None:
        self._database = database

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
    ) -> Nothing:
        del text, as_of, k, event_type, tickers, published_at, exclude_story, exclude_ids
        return Nothing()

    def add(self, events: Sequence[Event]) -> AddResult:
        return self._database.add_events(events)


class ScriptedAnalyst:
    """The real analyst; each article has a script of its own: one reading, one explanation."""

    def __init__(self, database: Database, on_call: Callable[[str, str], None]) -> None:
        """`on_call`: receives (article id, purpose) before the answer is given; what it raises, the model raises."""
        self._database = database
        self._on_call = on_call
        self._score_model, self._desk, self._prompts = ScoreModel(), MarketDesk(), PromptLibrary()

    def analyze(self, one: Article) -> Analysis:
        steps = [
            Reply(reading(one), purpose="read", when=self._told(one, "read")),
            Reply(explanation(one), purpose="explain", when=self._told(one, "explain")),
        ]
        return Analyst(
            model=ScriptedModel(steps),
            market=self._desk,
            memory=PlainMemory(self._database),
            archive=JobArchive(self._database),
            threads=StoryThreads(self._database),
            score_model=self._score_model,
            prompts=self._prompts,
            clock=utc_now,
            version="test",
        ).analyze(one)

    def _told(self, one: Article, purpose: str) -> Callable[[Prompt], bool]:
        def tell(_: Prompt) -> bool:
            self._on_call(one.id, purpose)
            return True

        return tell


def reading(one: Article) -> ReadAnswer:
    sides = SentimentAnswer(negative=0.8, neutral=0.15, positive=0.05)
    return ReadAnswer(
        summary=f"{one.title}.",
        event_type=EventType.REGULATORY_ACTION,
        tags=[Tag.ANTITRUST],
        mentions=[MentionAnswer(name="Apple", ticker="AAPL", role="subject", sentiment=sides, quote="Apple")],
        sentiment=sides,
        surprise=2,
        scheduled=False,
        scope=Scope.COMPANY,
        facts=[FactAnswer(text=one.title, quote=one.title)],
    )


def explanation(one: Article) -> ExplainAnswer:
    return ExplainAnswer(sentences=[SentenceAnswer(text=f"{one.title}.", support=["A1"])])


def course_over(database: Database, on_call: Callable[[str, str], None], *, patience: Patience | None = None) -> Course:
    return Course(
        database,
        ScriptedAnalyst(database, on_call),
        StoryThreads(database),
        PlainMemory(database),
        clock=utc_now,
        patience=patience,
    )


def fill(database: Database, articles: Sequence[Article], *, priority: str = "backfill") -> None:
    """Keeps articles and makes jobs of them."""
    for one in articles:
        database.jobs.keep(one)
    with JobQueue.open(database.place) as queue:
        JobDesk(database, queue, utc_now).add([one.id for one in articles], priority)


def until(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Waits for something that must come; the limit only ends a test that hangs."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def work(address: str, folder: str, concurrency: int, delay_seconds: float) -> None:
    """A process of its own: works until nothing is left, or until SIGTERM. Writes every question to the model as a line
    "article purpose" into `calls`, before the answer is given; `ready` is there once it takes work."""
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    told = os.open(Path(folder) / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def on_call(article_id: str, purpose: str) -> None:
        os.write(told, f"{article_id} {purpose}\n".encode())
        time.sleep(delay_seconds)

    patience = Patience(starts=99, first_pause_seconds=0.05)
    with Database.open(address) as database, JobQueue.open(database.place) as queue:
        course = course_over(database, on_call, patience=patience)
        with Worker(database, queue, course, clock=utc_now, concurrency=concurrency, beat_seconds=0.2) as worker:
            (Path(folder) / f"ready{os.getpid()}").touch()
            while not leaving.wait(0.1) and database.jobs.counts().open:
                pass
            left = worker.leave(30)
    os._exit(left)
