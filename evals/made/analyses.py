"""Many made-up analyses in a database: articles with their words, stories, summaries, labels, forecasts and grades."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from evals.made.prose import Prose
from evals.memory.synthetic import ticker as symbol_of
from records.analysis import Analysis, Claim, Provenance
from records.article import Article
from records.database import Database
from records.event import Precedent
from records.forecast import Forecast, Grade
from records.impact import Driver, Impact
from records.market import Reaction
from records.reading import Fact, Mention, Reading, Sentiment, Span
from records.story import Placement
from records.taxonomy import EventType, Scope, Tag

END = datetime(2026, 3, 31, 20, 30, tzinfo=UTC)
"""When the last one is known, unless another moment is given."""
DAYS = 365
CHUNK = 2_000
KNOWN = ("AAPL", "MSFT", "NVDA", "AMZN", "TSLA", "BA", "JPM", "PFE", "XOM", "F")
"""The first companies' symbols, so that questions can be asked as people ask them; the texts are made up all the same."""
COMPANIES, COMPANY_EXPONENT = 3_000, 0.8
"""The largest company has 1.1 % of the news."""
UPDATES, AGAIN, UNSCORED, UNGRADED = 0.2, 0.02, 0.1, 0.03
"""Shares: of articles that go on with an earlier story; of analyses that were made again; without a score; of forecasts whose
outcome nobody looked up."""
PRECEDENTS = 5
SOURCES = ("Wire", "Morning Post", "Market Daily", "Exchange News", "Trade Journal")
EVENT_TYPES = tuple(kind for kind in EventType if kind is not EventType.NOT_MARKET_RELEVANT)
TAGS = tuple(Tag)
VERSION = "made_v1"


@dataclass(frozen=True)
class _Shared:
    """What many of them have alike, made once."""

    sentiments: tuple[Sentiment, ...]
    precedents: tuple[tuple[Precedent, ...], ...]
    companies: tuple[tuple[str, str], ...]
    """Symbol and name."""


def fill(
    database: Database,
    n: int,
    seed: int = 1,
    *,
    until: datetime = END,
    days: int = DAYS,
    on_progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Adds `n` analyses of articles spread over the `days` before `until`, with all that Rhyme keeps beside them. Returns how many
    were new. 100,000 take about two minutes of one processor and 1.3 GB. `on_progress`: analyses so far."""
    generator = np.random.default_rng([seed, n])
    prose = Prose(generator)
    shared = _shared(generator, prose, until - timedelta(days=days))
    stories: list[str] = []
    new = done = 0
    while done < n:
        size = min(CHUNK, n - done)
        made = list(_chunk(generator, prose, shared, stories, (done, size, n), (until, days), seed))
        fresh = database.intake.save_articles(
            [one.article for one in made]
        )  # at once: one by one takes most of the time
        placed = {one.article.id: one for one in made if one.article.id in fresh}
        with database.stories() as shelf:
            for one in placed.values():
                assert one.story is not None
                shelf.add(one.article, one.story, (), tickers=one.tickers, event_type=one.reading.event_type,
                          embedder=None, vector=None)  # fmt: skip
        new += database.save_analyses([(one, _forecast(one)) for one in made])
        done += size
        on_progress(done)
    _grade(database, generator, until)
    return new


def _chunk(
    generator: np.random.Generator,
    prose: Prose,
    shared: _Shared,
    stories: list[str],
    place: tuple[int, int, int],
    time: tuple[datetime, int],
    seed: int,
) -> Iterator[Analysis]:
    """`place`: how many there are, how many to make, how many there will be."""
    done, size, whole = place
    until, days = time
    weights = np.arange(1, COMPANIES + 1, dtype=np.float64) ** -COMPANY_EXPONENT
    chosen = generator.choice(COMPANIES, (size, 2), p=weights / weights.sum())
    titles = prose.titles([shared.companies[number][1] for number in chosen[:, 0].tolist()])
    texts = prose.texts(size)
    draws = generator.random((size, 8))
    before: Analysis | None = None
    for row in range(size):
        number = done + row
        moment = until - timedelta(days=days) * (1 - (number + 1) / whole)
        if before is not None and draws[row, 0] < AGAIN:
            yield _again(before, moment, number, seed)
            continue
        companies = [shared.companies[one] for one in chosen[row].tolist()]
        article = _article(titles[row], texts[row], moment, seed * 10_000_000 + number)
        story = _story(article, moment, stories, draws[row].tolist())
        before = _analysis(article, texts[row], story, companies, shared, draws[row].tolist(), number, seed)
        yield before


def _article(title: str, sentences: list[str], moment: datetime, number: int) -> Article:
    return Article(
        id=_id("article", number),
        title=title,
        text="\n\n".join(" ".join(sentences[start : start + 3]) for start in range(0, len(sentences), 3)),
        url=f"https://news.example/{number}",
        source=SOURCES[number % len(SOURCES)],
        published_at=moment - timedelta(minutes=3),
        first_seen_at=moment - timedelta(minutes=1),
        language="en",
    )


def _story(article: Article, moment: datetime, stories: list[str], draws: list[float]) -> Placement:
    """An update goes on with one of the last thousand stories."""
    known = stories[-1_000:]
    goes_on = bool(known) and draws[1] < UPDATES
    story = known[int(draws[2] * len(known))] if goes_on else f"S{article.id}"
    if not goes_on:
        stories.append(story)
    return Placement(
        article_id=article.id,
        story_id=story,
        relation="update" if goes_on else "first",
        why="new figures of a known story" if goes_on else "nothing like it",
        novelty=round(0.3 + 0.5 * draws[3], 3) if goes_on else 1.0,
        first_seen_at=article.first_seen_at,
        first_published_at=article.published_at,
        sources=(article.source or "",),
        as_of=moment,
        model=VERSION,
    )


def _analysis(
    article: Article,
    sentences: list[str],
    story: Placement,
    companies: list[tuple[str, str]],
    shared: _Shared,
    draws: list[float],
    number: int,
    seed: int,
) -> Analysis:
    sentiment = shared.sentiments[int(draws[4] * len(shared.sentiments))]
    facts = tuple(_fact(article, place, one) for place, one in enumerate(sentences[:4], 1))
    subject, other = companies
    mentions = (
        Mention(name=subject[1], ticker=subject[0], role="subject", sentiment=sentiment, quote=subject[1]),
        Mention(name=other[1], ticker=other[0], role="mentioned" if draws[5] < 0.6 else "counterparty"),
    )
    first = int(draws[6] ** 2 * len(TAGS))  # themes are not equally frequent
    reading = Reading(
        summary=" ".join(sentences[:2]),
        event_type=EVENT_TYPES[int(draws[3] * len(EVENT_TYPES))],
        tags=tuple(dict.fromkeys((TAGS[first], TAGS[int(draws[2] * len(TAGS))]))),
        mentions=mentions,
        sentiment=sentiment,
        surprise=int(draws[5] * 5),
        scheduled=draws[2] < 0.4,
        scope=Scope.COMPANY,
        facts=facts,
    )
    precedents = shared.precedents[int(draws[7] * len(shared.precedents))]
    moment = story.as_of
    return Analysis(
        id=_id("analysis", seed * 10_000_000 + number),
        created_at=moment + timedelta(seconds=40),
        article=article,
        reading=reading,
        impact=_impact(subject[0], draws[0], draws[4]),
        precedents=precedents,
        precedent_status="found",
        claims=_claims(facts, precedents),
        story=story,
        provenance=_provenance(moment),
    )


def _fact(article: Article, place: int, sentence: str) -> Fact:
    start = article.body.index(sentence)
    return Fact(id=f"A{place}", text=sentence, quote=sentence, span=Span(start=start, end=start + len(sentence)))


def _impact(ticker: str, draw: float, strength: float) -> Impact:
    if draw > 1 - UNSCORED:
        return Impact(
            ticker=None, score=None, low=None, high=None, p_material=None, multiplier=None, n_eff=None,
            evidence="not_scoreable", reason="no instrument was found", model_version=VERSION,
        )  # fmt: skip
    score = round(0.42 + 0.45 * strength**2, 6)
    drivers = (
        Driver(name="ordinary_day", text="an ordinary day", contribution=0.5),
        Driver(name="precedents", text="what followed events like it", contribution=score - 0.5),
    )
    return Impact(
        ticker=ticker, score=score, low=0.15, high=0.93, p_material=round(0.05 + 0.5 * strength**2, 6),
        multiplier=1.0 + 2 * strength, rank=round(strength, 3), evidence="grounded", n_eff=4.2, drivers=drivers,
        model_version=VERSION,
    )  # fmt: skip


def _claims(facts: tuple[Fact, ...], precedents: tuple[Precedent, ...]) -> tuple[Claim, ...]:
    told = [Claim(text=one.text, support=(one.id,), spans=(one.span,), verdict="supported") for one in facts[:3]]
    told += [Claim(text=f"Earlier: {one.summary}", support=(one.id,), verdict="supported") for one in precedents[:2]]
    return (*told, Claim(text="It may cost 9 billion.", support=("A1",), verdict="dropped", faults=("9 billion",)))


def _provenance(moment: datetime) -> Provenance:
    return Provenance(
        model="made", provider="scripted", profile="capable", prompts={"read": "1:made"}, embedder=None, store=None, as_of=moment,
        calls=2, input_tokens=3_000, output_tokens=600, cost_usd=0.002, seconds=4.0, cache_hit=False,
        stages={"read": 2.5, "recall": 0.1, "score": 0.003, "explain": 1.4}, rhyme_version="0",
    )  # fmt: skip


def _again(former: Analysis, moment: datetime, number: int, seed: int) -> Analysis:
    """The same article read once more, later."""
    made = {"id": _id("analysis", seed * 10_000_000 + number), "created_at": moment + timedelta(seconds=40)}
    return former.model_copy(update={**made, "provenance": _provenance(moment)})


def _forecast(one: Analysis) -> Forecast | None:
    impact = one.impact
    if impact.evidence == "not_scoreable":
        return None
    known = one.article.known_at
    day = (known + timedelta(days=1)).replace(hour=21, minute=0, second=0, microsecond=0)
    return Forecast.model_validate(
        {
            **impact.model_dump(include={"ticker", "score", "low", "high", "p_material", "multiplier", "evidence", "n_eff"}),
            "analysis_id": one.id, "article_id": one.article.id, "published_at": known, "date_only": False,
            "as_of": one.provenance.as_of, "session_on": day.date(), "window": "one_session", "outcome_known_at": day,
            "event_type": one.reading.event_type.value, "model_version": VERSION, "recorded_at": one.created_at,
            "forward": one.created_at < day,
        }
    )  # fmt: skip


def _grade(database: Database, generator: np.random.Generator, until: datetime) -> None:
    """Grades every forecast whose outcome is known by `until`, but for a few."""
    waiting = [one for one in database.forecasts(ungraded_only=True) if one.forecast.outcome_known_at <= until]
    kept = generator.random(len(waiting)) >= UNGRADED
    moves = generator.standard_t(4, len(waiting)) * 0.9
    grades = [
        Grade(
            forecast=one.digest, session_on=one.forecast.session_on, abnormal_return=0.02 * z, beta=1.0, sigma=0.02, z=z,
            y=min(0.999, abs(z) / (abs(z) + 0.7)), reference_version=VERSION, price_source="made",
            graded_at=one.forecast.outcome_known_at + timedelta(hours=1),
        )
        for one, z, keep in zip(waiting, (moves * [one.forecast.multiplier for one in waiting]).tolist(), kept, strict=True)
        if keep
    ]  # fmt: skip
    for start in range(0, len(grades), CHUNK):
        database.append_grades(grades[start : start + CHUNK])


def _shared(generator: np.random.Generator, prose: Prose, begin: datetime) -> _Shared:
    weights = generator.dirichlet((1.0, 1.0, 1.0), 60).tolist()
    companies = tuple(
        (KNOWN[number] if number < len(KNOWN) else symbol_of(number), prose.company(number))
        for number in range(COMPANIES)
    )
    summaries = [" ".join(one[:1]) for one in prose.texts(400 * PRECEDENTS)]
    precedents = tuple(
        tuple(_precedent(place, summaries[group * PRECEDENTS + place], companies[group % 50][0], begin, group)
              for place in range(PRECEDENTS))
        for group in range(400)
    )  # fmt: skip
    return _Shared(tuple(Sentiment.of(*one) for one in weights), precedents, companies)


def _precedent(place: int, summary: str, ticker: str, begin: datetime, group: int) -> Precedent:
    happened = begin - timedelta(days=30 + 7 * place + group)
    z = (group % 9 - 4) / 2
    reaction = Reaction(
        ticker=ticker, window="one_session", session_on=happened.date(), abnormal_return=0.02 * z, beta=1.0, sigma=0.02, z=z,
        known_at=happened + timedelta(days=1),
    )  # fmt: skip
    return Precedent(
        id=f"P{place + 1}", event_id=f"made{group}x{place}", summary=summary, event_type=EVENT_TYPES[group % len(EVENT_TYPES)],
        tickers=(ticker,), published_at=happened, similarity=round(0.8 - 0.05 * place, 2), why="the same event type",
        differs="another company", reaction=reaction,
    )  # fmt: skip


def _id(kind: str, number: int) -> str:
    return hashlib.sha256(f"{kind} {number}".encode()).hexdigest()[:16]
