"""No forecast knows what was not yet known: checked by brute force, by absurd futures, and by taking the future away."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.circumstances import Circumstances
from agent.score import ScoreModel
from evals.impact import fit
from evals.impact.baselines import same_ticker_mean
from evals.impact.events import Event as ImpactEvent
from evals.impact.events import Measured
from evals.impact.features import flows_of
from evals.impact.forecast import precedents_of
from evals.impact.neighbours import NOBODY, SAME_STORY, Neighbours, dense, known_order, lexical, nearest
from evals.impact.run import Ground, Request, prepare
from evals.starter.pools import end_of_day
from markets.prices import ParquetPrices
from records.article import Article
from records.database import Database
from records.embedder import Embedder
from records.event import Event
from records.market import Instrument, Reaction
from records.reading import Reading, Sentiment
from records.taxonomy import EventType, Scope
from records.times import new_york_date
from vectorstore.memory import EventMemory

AS_OF = date(2014, 9, 30)
START = date(2012, 1, 2)
HEADLINES = ("profit beats forecast", "loss widens on recall", "bridge opens in harbor town", "board names a chairman")


# nearest: who may be a precedent


def _event(number: int, day: date, ticker: str, headline: str = "news") -> ImpactEvent:
    return ImpactEvent(
        id=f"e{number:05}",
        split="val",
        day=day,
        ticker=ticker,
        company=ticker,
        headlines=(headline,),
        body="",
        stories=1,
        earnings=False,
        tells_price=False,
        event_type=EventType.GUIDANCE,
        results=False,
    )


def _reaction(ticker: str, day: date, known_at: datetime, z: float = 1.0) -> Reaction:
    return Reaction(
        ticker=ticker,
        window="two_session",
        session_on=day,
        date_only=True,
        abnormal_return=0.01 * z,
        beta=1.0,
        sigma=0.01,
        z=z,
        known_at=known_at,
    )


@pytest.fixture(scope="module")
def crowd() -> Measured:
    """1,600 events of 25 shares in 500 days; outcomes known from two hours to forty days later, some at the very end of a day."""
    generator = np.random.default_rng(1)
    days = sorted(START + timedelta(days=int(offset)) for offset in generator.integers(0, 500, 1_600))
    events = tuple(_event(n, day, f"T{generator.integers(25)}") for n, day in enumerate(days))
    hours = generator.choice([2, 15, 40, 24 * 9, 24 * 40], len(events))
    exact = generator.random(len(events)) < 0.3
    reactions = tuple(
        _reaction(
            event.ticker,
            event.day,
            end_of_day(event.day + timedelta(days=int(hour) // 24))
            if at_the_end
            else event.published_at + timedelta(hours=int(hour)),
        )
        for event, hour, at_the_end in zip(events, hours, exact, strict=True)
    )
    return Measured(events, reactions, (None,) * len(events))


def _allowed(data: Measured, query: int) -> NDArray[np.bool_]:
    """The definition: known by the end of the query's day, and not its own story."""
    now = data.events[query]
    known = np.array([reaction.known_at for reaction in data.reactions], dtype=object) <= now.outcomes_until
    own = np.array([event.ticker == now.ticker for event in data.events])
    recent = np.array([event.day for event in data.events], dtype=object) > now.day - SAME_STORY
    return np.asarray(known & ~(own & recent), dtype=bool)


def test_of_a_hundred_thousand_neighbours_none_was_unknowable_and_all_are_the_nearest(crowd: Measured) -> None:
    generator = np.random.default_rng(2)
    likeness = generator.random((len(crowd.events), len(crowd.events)), dtype=np.float32) + 0.01
    order, _ = known_order(crowd)
    queries = np.arange(len(crowd.events), dtype=np.int64)
    k = 80
    found = nearest(crowd, queries, lambda asked, n: likeness[asked][:, order[:n]], k, workers=1)
    pairs = 0
    for query, places, similarity in zip(queries, found.places, found.similarity, strict=True):
        allowed = np.flatnonzero(_allowed(crowd, int(query)))
        expected = allowed[np.argsort(-likeness[query, allowed], kind="stable")][:k]
        there = places[places != NOBODY]
        assert set(there.tolist()) == set(expected.tolist())
        assert (similarity[: len(there)] == np.sort(likeness[query, expected])[::-1]).all()
        assert not similarity[len(there) :].any()
        pairs += len(there)
    assert pairs >= 100_000


def test_the_number_of_workers_does_not_change_the_neighbours(crowd: Measured) -> None:
    matrix = np.abs(np.random.default_rng(3).normal(size=(len(crowd.events), 8))).astype(np.float32)
    queries = np.arange(len(crowd.events), dtype=np.int64)
    alone, shared = (nearest(crowd, queries, dense(matrix, crowd), 20, workers=workers) for workers in (1, 2))
    assert alone.places.tobytes() == shared.places.tobytes()
    assert alone.similarity.tobytes() == shared.similarity.tobytes()


def test_a_reprint_within_a_week_is_never_a_precedent_and_the_same_news_later_is() -> None:
    day = date(2013, 6, 3)
    ages = (1, 5, 7, 8, 30)
    events = [_event(n, day - timedelta(days=age), "T1", HEADLINES[0]) for n, age in enumerate(ages)]
    events += [_event(10, day - timedelta(days=5), "T2", HEADLINES[0]), _event(11, day, "T1", HEADLINES[0])]
    reactions = [_reaction(event.ticker, event.day, event.published_at - timedelta(hours=1)) for event in events]
    data = Measured(tuple(events), tuple(reactions), (None,) * len(events))
    same = np.ones((len(events), 1), dtype=np.float32)
    found = nearest(data, np.array([6], dtype=np.int64), dense(same, data), 9)
    assert {events[place].id for place in found.places[0] if place != NOBODY} == {"e00003", "e00004", "e00010"}


def test_an_event_nothing_came_before_has_nobody(crowd: Measured) -> None:
    alone = crowd.select(np.arange(len(crowd.events)) == 0)
    found = nearest(alone, np.array([0], dtype=np.int64), dense(np.ones((1, 1), dtype=np.float32), alone), 5)
    assert (found.places == NOBODY).all()
    assert not found.similarity.any()


def test_the_flow_counts_only_outcomes_known_before_the_day(small_coverage: None) -> None:
    del small_coverage
    day = date(2013, 6, 3)
    crowd = [_event(n, day - timedelta(days=1 + n % 80), f"X{n}") for n in range(200)]
    known, late, same_day = (_event(900 + n, day - timedelta(days=age), "T1") for n, age in enumerate((20, 10, 0)))
    now = _event(990, day, "T1")
    events = sorted([*crowd, known, late, same_day, now], key=lambda event: (event.day, event.id))
    moments = {known.id: now.outcomes_until, late.id: now.outcomes_until + timedelta(microseconds=1)}
    reactions = [_reaction(each.ticker, each.day, moments.get(each.id, each.published_at)) for each in events]
    data = Measured(tuple(events), tuple(reactions), (None,) * len(events))
    y = np.where([event.id == known.id for event in events], 0.9, 0.1)
    flow = flows_of(data, y, np.full(len(y), 0.5))[events.index(now)]
    assert flow is not None
    assert flow.excess == pytest.approx(0.4 / (1 + 8))
    assert (flow.stories_10, flow.stories_90, flow.days_since_story) == (1, 2, 10)


def test_the_flow_is_unknown_where_only_the_day_itself_and_the_future_are_dense(small_coverage: None) -> None:
    del small_coverage
    day = date(2013, 6, 3)
    before = [_event(n, day - timedelta(days=1 + n % 89), f"X{n}") for n in range(79)]
    dense = [_event(1_000 + n, day + timedelta(days=n % 60), f"X{n}") for n in range(600)]
    long_ago = [_event(n, day - timedelta(days=95 + n % 30), f"X{n}") for n in range(2_000, 2_300)]
    now = _event(990, day, "T1")

    def known(*more: ImpactEvent) -> bool:
        events = sorted([*before, *dense, *long_ago, now, *more], key=lambda event: (event.day, event.id))
        reactions = [_reaction(each.ticker, each.day, each.published_at) for each in events]
        data = Measured(tuple(events), tuple(reactions), (None,) * len(events))
        y = np.full(len(events), 0.5)
        return flows_of(data, y, y)[events.index(now)] is not None

    assert not known()
    assert known(_event(991, day - timedelta(days=90), "T1"))


def test_the_same_ticker_mean_is_of_outcomes_known_on_the_day(crowd: Measured) -> None:
    y = np.random.default_rng(6).random(len(crowd.events))
    found = same_ticker_mean(crowd, y)
    for place in range(400, len(crowd.events), 30):
        now = crowd.events[place]
        known = np.array([reaction.known_at <= now.outcomes_until for reaction in crowd.reactions])
        mine = known & np.array([event.ticker == now.ticker and event.id < now.id for event in crowd.events])
        assert found[place] == pytest.approx((y[mine].sum() + 8 * y[known].mean()) / (mine.sum() + 8))


# prepare and Ground.forecasts: the future changes nothing


def _bytes_by_event(ground: Ground) -> dict[str, bytes]:
    made = ground.forecasts()
    assert made.scale is not None
    assert made.p_material is not None
    assert made.low is not None
    assert made.high is not None
    table = np.column_stack([made.score, made.scale, made.p_material, made.low, made.high, ground.rows[ground.graded]])
    return {ground.data.events[place].id: line.tobytes() for place, line in zip(ground.graded, table, strict=True)}


def _ready(folder: Path) -> Ground:
    return prepare(Request(folder, "val"), lambda _: None)


def _until(forecasts: dict[str, bytes], ground: Ground, day: date) -> dict[str, bytes]:
    early = {event.id for event in ground.data.events if event.day <= day}
    return {name: made for name, made in forecasts.items() if name in early}


def test_deleting_everything_after_as_of_leaves_the_forecasts_byte_identical(
    world: Any, prepared: Ground, tmp_path: Path, small_coverage: None
) -> None:
    del small_coverage
    cut = _ready(world.until(AS_OF, AS_OF).write(tmp_path / "cut"))
    remaining = _bytes_by_event(cut)
    whole = _bytes_by_event(prepared)
    assert len(remaining) > 300
    assert max(event.day for event in cut.data.events) > AS_OF - timedelta(days=5)
    assert remaining == {name: whole[name] for name in remaining}


def test_absurd_events_and_prices_after_as_of_leave_the_forecasts_byte_identical(
    world: Any, make_story: Callable[..., dict[str, Any]], prepared: Ground, tmp_path: Path, small_coverage: None
) -> None:
    del small_coverage
    texts = [row["headline"] for row in world.rows[-300:]]
    later = [day for day in world.days if AS_OF < day <= date(2014, 12, 31)]
    canaries = [
        make_story(90_000 + n, later[n % len(later)], world.names[n % 40], f"{text} bankruptcy fraud", "val", earn=True)
        for n, text in enumerate(texts * 3)
    ]
    absurd = world.with_rows([*world.rows, *canaries]).with_absurd_prices(after=AS_OF)
    ground = _ready(absurd.write(tmp_path / "absurd"))
    mine, whole = _bytes_by_event(ground), _bytes_by_event(prepared)
    early = _until(whole, prepared, AS_OF)
    assert {name: mine[name] for name in early} == early
    assert any(mine[name] != whole[name] for name in whole.keys() - early.keys() & mine.keys())


def test_outcomes_not_known_on_the_day_its_own_included_do_not_move_a_forecast(
    prepared: Ground, small_coverage: None
) -> None:
    del small_coverage
    data, now = prepared.data, end_of_day(AS_OF)
    lines = np.array([data.events[place].day == AS_OF for place in prepared.graded])
    queries = prepared.graded[lines]
    assert len(queries) >= 1
    reactions = tuple(
        each if each.known_at <= now else each.model_copy(update={"z": 9.0, "abnormal_return": -0.4, "sigma": 0.2})
        for each in data.reactions
    )
    absurd = replace(data, reactions=reactions)
    y = prepared.ref.cdf(absurd.abs_z)
    flows, again = flows_of(data, prepared.y, prepared.words), flows_of(absurd, y, prepared.words)
    assert [flows[place] for place in queries] == [again[place] for place in queries]
    assert None not in [flows[place] for place in queries]
    near = Neighbours(queries, prepared.neighbour_places[lines], prepared.found.words[lines].astype(np.float32))
    made = [
        prepared.forecasts(precedents_of(prepared.model, given, prepared.rows, prepared.words, near))
        for given in (data, absurd)
    ]
    assert made[0].score.tobytes() == made[1].score.tobytes()
    assert made[0].score == pytest.approx(prepared.forecasts(prepared.found).score[lines], rel=1e-6)


def test_a_reprint_of_the_last_days_is_no_neighbour_in_a_whole_evaluation(prepared: Ground) -> None:
    found, events = prepared.found, prepared.data.events
    there = prepared.neighbour_places != NOBODY
    assert there.sum() >= 100_000
    for place, places, mask in zip(found.queries, prepared.neighbour_places, there, strict=True):
        now = events[place]
        for near in places[mask]:
            other, reaction = events[near], prepared.data.reactions[near]
            assert reaction.known_at <= now.outcomes_until
            assert other.ticker != now.ticker or now.day - other.day >= SAME_STORY


def test_the_lexical_neighbours_are_the_nearest_by_cosine(prepared: Ground) -> None:
    similar = lexical(prepared.vectors, prepared.data)
    order, _ = known_order(prepared.data)
    queries = prepared.graded[:5]
    expected = (prepared.vectors[queries] @ prepared.vectors.T).toarray()[:, order[:700]]
    assert np.abs(similar(queries, 700) - expected).max() < 1e-6


# fit: rows after the cut


@pytest.fixture
def small_fit(monkeypatch: pytest.MonkeyPatch, small_coverage: None) -> None:
    del small_coverage
    monkeypatch.setattr(fit, "FIRST_WARM_YEAR", 2013)
    monkeypatch.setattr(fit, "CALIBRATED_ON", (2014,))
    monkeypatch.setattr(fit, "MIN_DOCUMENTS", 4)
    monkeypatch.setattr(fit, "SEEDS", (0,))
    monkeypatch.setattr(fit, "NEIGHBOURS", 60)
    monkeypatch.setattr(fit, "GRID", {"k0": (15.0, 60.0), "half_life_years": (2.0, 8.0)})
    monkeypatch.setattr(fit, "FOREST", fit.FOREST | {"n_estimators": 12, "min_child_samples": 30, "n_jobs": 1})


def _fitted(folder: Path, until: date) -> tuple[bytes, bytes]:
    return fit.artifact(fit.development(folder, until, lambda _: None))


@pytest.mark.usefixtures("small_fit")
def test_fitting_twice_with_data_appended_after_the_cut_gives_the_same_bytes(
    world: Any, make_story: Callable[..., dict[str, Any]], impact_folder: Path, tmp_path: Path
) -> None:
    until, measured_by = date(2014, 6, 30), date(2014, 7, 31)
    later = [day for day in world.days if until < day]
    canaries = [
        make_story(90_000 + n, later[n % len(later)], world.names[n % 40], f"absurd words {n % 7}", "val")
        for n in range(500)
    ]
    absurd = world.with_rows([*world.rows, *canaries]).with_absurd_prices(after=measured_by)
    once = _fitted(impact_folder, until)
    again = _fitted(absurd.write(tmp_path / "absurd"), until)
    assert once == again
    made = fit.artifact_of(*once)
    assert made.fitted["last_day"] <= until.isoformat()
    assert made.fitted["calibration_events"] > 150
    assert "absurd" not in made.vocabulary.terms


@pytest.mark.usefixtures("small_fit")
def test_what_forecasts_a_year_was_taught_by_outcomes_known_before_it(impact_folder: Path) -> None:
    development = fit.development(impact_folder, date(2014, 6, 30), lambda _: None)
    taught = development.before(2014)
    known = [reaction.known_at.date() for reaction in development.data.reactions]
    assert max(day for day, mine in zip(known, taught, strict=True) if mine) < date(2013, 12, 22)
    words, types = development.out_of_sample()
    first = development.years == 2012
    assert np.isnan(words[first]).all()
    assert np.isnan(types[first]).all()
    development.y[development.years == 2014] = 0.99
    again, _ = development.out_of_sample()
    assert again.tobytes() == words.tobytes()


# the memory and the score that live use has


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.sqlite3") as opened:
        yield opened


@pytest.fixture
def memory(tmp_path: Path, database: Database, hashing_embedder: Embedder) -> Iterator[EventMemory]:
    with EventMemory.open(tmp_path / "memory", database, hashing_embedder) as opened:
        yield opened


NOW = datetime(2014, 6, 2, 20, 30, tzinfo=UTC)


def _past(number: int, days: float, lag: float = 1.5, **changes: Any) -> Event:
    """An event some days before NOW whose outcome was known `lag` days later."""
    published = NOW - timedelta(days=days)
    ticker = f"T{number % 60}"
    fields: dict[str, Any] = {
        "id": f"e{number}",
        "summary": f"Company {number} says {HEADLINES[number % 4]}, item {number * 7 % 97}",
        "event_type": EventType.GUIDANCE,
        "tickers": (ticker,),
        "published_at": published,
        "reaction": _reaction(ticker, published.date(), published + timedelta(days=lag), z=number % 5),
    }
    return Event(**fields | changes)


def test_a_hundred_thousand_pairs_of_event_and_as_of_recall_nothing_unknowable(memory: EventMemory) -> None:
    generator = np.random.default_rng(5)
    events = [_past(n, float(generator.uniform(0, 900)), float(generator.choice([0.1, 2, 30]))) for n in range(1_000)]
    memory.add(events)
    known_at = {event.id: event.reaction.known_at for event in events if event.reaction}
    moments = [NOW - timedelta(days=float(days)) for days in generator.uniform(0, 900, 90)]
    moments += list(known_at.values())[:10]  # to the very moment
    for number, as_of in enumerate(moments):
        recall = memory.recall(f"Company says {HEADLINES[number % 4]}", as_of, 50, min_similarity=0.0)
        assert recall.searched == sum(known <= as_of for known in known_at.values())
        assert all(known_at[each.event_id] <= as_of for each in recall.precedents)
    assert len(events) * len(moments) >= 100_000


def _article(title: str = f"Company 3 says {HEADLINES[3]}") -> Article:
    return Article(id="0" * 16, title=title, text="It said so.", published_at=NOW, first_seen_at=NOW, language="en")


def _reading() -> Reading:
    return Reading(
        summary="It said so.",
        event_type=EventType.GUIDANCE,
        tags=(),
        mentions=(),
        sentiment=Sentiment.of(0.2, 0.6, 0.2),
        surprise=None,
        scheduled=False,
        scope=Scope.COMPANY,
        facts=(),
    )


def _answer(memory: EventMemory, database: Database, prices: ParquetPrices, ticker: str) -> bytes:
    """Question, precedents and forecast of the article as of NOW, as text."""
    model = ScoreModel()
    article, instrument = _article(), Instrument(ticker=ticker, name="Company")
    question, missing = Circumstances(database, prices, model).question(article, _reading(), instrument, NOW)
    recall = memory.recall(article.body, NOW, 25, published_at=NOW, min_similarity=0.0)
    assert question.state is not None
    assert question.flow is not None
    assert len(recall.precedents) == 25
    impact = model.forecast(question, recall.precedents, as_of=NOW)
    return f"{question} {missing} {recall.precedents} {impact.model_dump_json()}".encode()


@pytest.mark.usefixtures("small_coverage")
def test_future_canaries_leave_state_flow_precedents_and_score_byte_identical(
    world: Any, memory: EventMemory, database: Database, tmp_path: Path
) -> None:
    ticker = world.names[0]
    mine = {"tickers": (ticker,)}
    past = [_past(n, 1 + n / 4, **(mine if n % 6 == 0 else {})) for n in range(300)]
    memory.add(past)
    prices = ParquetPrices(world.write(tmp_path / "market") / "prices")
    before = _answer(memory, database, prices, ticker)
    canaries = [
        _past(1_000 + n, -0.01 - n / 3, summary=f"Company 3 says {HEADLINES[3]}", **(mine if n % 2 == 0 else {}))
        for n in range(60)
    ]
    memory.add(canaries)
    absurd = world.with_absurd_prices(after=date(2014, 6, 2)).write(tmp_path / "absurd")  # NOW is after that close
    assert _answer(memory, database, ParquetPrices(absurd / "prices"), ticker) == before
    cut = world.until(date(2014, 6, 2), date(2014, 6, 2)).write(tmp_path / "cut")
    memory.remove([event.id for event in canaries])
    assert _answer(memory, database, ParquetPrices(cut / "prices"), ticker) == before
    known = past[6].model_copy(update={"summary": "Something else entirely"})
    memory.add([known])
    assert _answer(memory, database, prices, ticker) != before


@pytest.mark.usefixtures("small_coverage")
def test_an_outcome_known_after_as_of_is_no_surprise_of_the_flow(database: Database, world: Any) -> None:
    ticker = world.names[0]
    database.add_events([_past(n, 1 + n / 4) for n in range(200)])
    circumstances = Circumstances(database, None, ScoreModel())
    instrument = Instrument(ticker=ticker, name="Company")

    def excess(lag: float, z: float) -> float:
        published = NOW - timedelta(days=3)
        reaction = _reaction(ticker, published.date(), published + timedelta(days=lag), z)
        database.add_events([_past(999, 3, tickers=(ticker,), reaction=reaction)])
        flow = circumstances.question(_article(), _reading(), instrument, NOW)[0].flow
        assert flow is not None
        assert flow.stories_10 == 1
        return flow.excess

    assert excess(lag=3.01, z=9.0) == 0
    assert excess(lag=3, z=9.0) == 0  # known in time, but its window may hold a part of the day's own move
    assert excess(lag=1.5, z=9.0) > 0.02 > 0 > excess(lag=1.5, z=0.0)


def test_a_reprint_in_the_memory_is_not_its_own_precedent(memory: EventMemory) -> None:
    article = _article("Borealis cuts its forecast for the year after a recall of pumps")
    reprints = [
        _past(n, days, 0.1, summary=f"{article.title}. {article.text}", tickers=("BRLS",))
        for n, days in enumerate((0.2, 1, 2.9))
    ]
    old = _past(50, 200, summary=f"{article.title}. {article.text}", tickers=("BRLS",))
    memory.add([*reprints, old, *(_past(n, n) for n in range(100, 120))])
    recall = memory.recall(article.body, NOW, 20, published_at=NOW, min_similarity=0.0)
    ids = [precedent.event_id for precedent in recall.precedents]
    assert "e50" in ids
    assert not {"e0", "e1", "e2"} & set(ids)


def test_a_day_of_new_york_parts_the_stories_of_the_day_from_earlier_ones() -> None:
    assert new_york_date(datetime(2014, 6, 3, 3, 59, tzinfo=UTC)) == date(2014, 6, 2)
    assert end_of_day(date(2014, 6, 2)) == datetime(2014, 6, 3, 3, 59, 59, tzinfo=UTC)
