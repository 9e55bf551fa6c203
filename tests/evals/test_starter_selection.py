"""The drawing of the starter precedents: blind to outcomes, spread over types and tickers, without repeated stories."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray

from evals.starter.labeller import RULES, label
from evals.starter.official import announced_at, decisions
from evals.starter.pools import Draft, end_of_day, newswire, recent
from evals.starter.select import MAX_PER_TICKER, MAX_TYPE_SHARE, Drawing, draw_index, draw_newswire, quotas
from markets.sessions import sessions
from records.taxonomy import EventType


class RandomPrices:
    """Every ticker has prices; another seed gives every event another outcome."""

    def __init__(self, seed: int, silent: frozenset[str] = frozenset()) -> None:
        self._seed = seed
        self._silent = silent

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        if ticker in self._silent:
            return np.full(len(sessions), np.nan)
        return np.random.default_rng([self._seed, sum(map(ord, ticker))]).normal(0, 0.01, len(sessions))


def drawing(seed: int = 1, silent: frozenset[str] = frozenset()) -> Drawing:
    return Drawing(RandomPrices(seed, silent), sessions())


WORDS = (
    "amber birch cedar delta ember fjord grove haven ivory jewel knoll lotus maple north ocean pearl quartz river stone tidal"
).split()


def pool(count: int, kinds: Sequence[EventType], tickers: int) -> list[Draft]:
    rng = Random(5)
    drafts = []
    for number in range(count):
        day = date(2011 + number % 5, 1 + number % 12, 1 + number % 27)
        kind = kinds[min(int(rng.expovariate(0.5)), len(kinds) - 1)]
        published = end_of_day(day)
        headline = " ".join(rng.choices(WORDS, k=9)) + f" {number}"
        draft = Draft(
            f"S{number:05}",
            published,
            True,
            f"T{rng.randrange(tickers)}",
            "",
            "Company",
            headline,
            "",
            kind,
            "",
            "newswire",
        )
        drafts.append(replace(draft, price_ticker=draft.ticker, stratum=f"{day.year}/{kind.value}"))
    return drafts


def drawn_ids(made: Drawing) -> list[str]:
    return [draft.id for draft, _ in made.drawn]


def test_the_drawing_is_the_same_whatever_the_prices_did() -> None:
    candidates = pool(800, list(EventType)[:12], 300)
    first, second = drawing(seed=1), drawing(seed=2)
    for made in (first, second):
        draw_newswire(candidates, made, 150, Random(3))
    assert drawn_ids(first) == drawn_ids(second)
    outcomes = [[reaction.z for _, reaction in made.drawn] for made in (first, second)]
    assert outcomes[0] != outcomes[1]


def test_the_order_of_the_pool_does_not_matter_but_the_seed_does() -> None:
    candidates = pool(400, list(EventType)[:6], 300)
    made = [drawing(), drawing(), drawing()]
    draw_newswire(candidates, made[0], 100, Random(3))
    draw_newswire(reversed(candidates), made[1], 100, Random(3))
    draw_newswire(candidates, made[2], 100, Random(4))
    assert drawn_ids(made[0]) == drawn_ids(made[1]) != drawn_ids(made[2])


def test_years_are_equal_and_no_type_or_ticker_crowds_out_the_rest() -> None:
    made = drawing()
    draw_newswire(pool(3_000, list(EventType)[:12], 400), made, 200, Random(3))
    years = Counter(draft.published_at.astimezone(UTC).year for draft, _ in made.drawn)
    assert len(made.drawn) > 190
    assert max(years.values()) - min(years.values()) <= 2
    kinds = Counter(draft.stratum for draft, _ in made.drawn)
    assert max(kinds.values()) <= np.ceil(MAX_TYPE_SHARE * 40)
    assert max(Counter(draft.ticker for draft, _ in made.drawn).values()) == MAX_PER_TICKER


def test_an_event_without_prices_is_left_out_and_counted() -> None:
    candidates = pool(60, [EventType.LITIGATION], 4)
    made = drawing(silent=frozenset({"T0"}))
    draw_index(candidates, made, 30, Random(3))
    assert made.drawn
    assert all(draft.ticker != "T0" for draft, _ in made.drawn)
    assert made.passed_over["newswire: no reaction, no_price"] > 0


def test_a_repeated_story_is_taken_once() -> None:
    base = replace(
        pool(1, [EventType.LITIGATION], 1)[0],
        headline="Court clears Amber Birch of patent claims by Cedar Delta",
        ticker="AAA",
        price_ticker="AAA",
    )
    close = replace(
        base,
        id="S1",
        headline="Ember Fjord names a new finance chief from Grove",
        published_at=base.published_at + timedelta(days=2),
    )
    far = replace(close, id="S2", published_at=base.published_at + timedelta(days=4))
    similar = replace(
        base,
        id="S3",
        ticker="BBB",
        price_ticker="BBB",
        headline="UPDATE 1-Court clears Amber Birch of patent claims by Cedar Delta",
    )
    made = drawing()
    assert [made.take(draft, None) for draft in (base, close, far, similar)] == [True, False, True, False]


@pytest.mark.parametrize("total", [7, 40, 88])
def test_quotas_follow_the_square_root_up_to_the_cap(total: int) -> None:
    counts = {
        "a": 10_000,
        "b": 2_500,
        "c": 900,
        "d": 400,
        "e": 1,
        "f": 100,
        "g": 90,
        "h": 80,
        "i": 70,
        "j": 60,
        "k": 50,
    }
    share = quotas(counts, total)
    assert sum(share.values()) <= total
    assert max(share.values()) <= np.ceil(MAX_TYPE_SHARE * total)
    assert share["a"] >= share["c"] >= share["f"]
    assert share["e"] <= 1


def test_a_type_four_times_as_frequent_gets_twice_the_places() -> None:
    share = quotas({"big": 400, **{f"small {number}": 100 for number in range(20)}}, 88)
    assert share["big"] == 8
    assert set(share.values()) == {8, 4}


@pytest.mark.parametrize(
    ("headline", "kind"),
    [
        ("UPDATE 2-Acme profit beats estimates on strong demand", EventType.EARNINGS_RESULTS),
        ("Acme to buy rival Birch for $2 bln", EventType.MERGER_ACQUISITION),
        ("FDA approves Acme's heart drug", EventType.REGULATORY_APPROVAL),
        ("Acme cuts full-year profit forecast", EventType.GUIDANCE),
        ("Moody's downgrades Acme", EventType.CREDIT_RATING),
        ("Acme recalls 40 000 cars over brakes", EventType.PRODUCT_RECALL_SAFETY),
        ("Acme names Jane Roe chief executive", EventType.MANAGEMENT_CHANGE),
        ("Hackers steal data of Acme customers", EventType.CYBER_INCIDENT),
        ("Acme to replace Birch in S&P 500", EventType.INDEX_CHANGE),
        ("Acme workers go on strike in Peru", EventType.LABOR_DISPUTE),
        ("Acme raises quarterly dividend", EventType.CAPITAL_RETURN),
        ("Wall St Week Ahead: factors to watch", EventType.MARKET_COMMENTARY),
        ("zzz", EventType.NOT_MARKET_RELEVANT),
    ],
)
def test_the_rules_name_the_event_type(headline: str, kind: EventType) -> None:
    assert label(headline) == kind


def test_the_headline_counts_before_the_lead() -> None:
    assert label("Acme to buy rival Birch", "Acme reported a quarterly profit") == EventType.MERGER_ACQUISITION
    assert label("Acme and Birch", "Acme reported a quarterly profit") == EventType.EARNINGS_RESULTS


def test_every_event_type_has_one_rule_but_the_last() -> None:
    assert {rule.event_type for rule in RULES} == set(EventType) - {EventType.NOT_MARKET_RELEVANT}
    assert len(RULES) == len(EventType) - 1


LEAD = (
    "Acme Corp will supply engines to the Birch airline for ten years under a contract that was signed on Monday, "
    "the companies said in a joint statement."
)


def stories(path: Path, **columns: Any) -> None:
    pq.write_table(pa.table(columns), path)


def test_the_newswire_pool_reads_no_column_of_returns(tmp_path: Path) -> None:
    rows = [
        ("1", "Acme wins Birch engine supply contract", LEAD, True, False, 1),
        ("2", "Acme wins Birch engine supply contract", LEAD, False, False, 1),  # about another company
        ("3", "Acme wins Birch engine supply contract", LEAD, True, True, 1),  # tells the price move
        ("4", "Acme wins Birch engine supply contract", LEAD[:100], True, False, 1),  # too short to describe
        ("5", "Acme wins Birch engine supply contract", LEAD, True, False, 4),  # a story about many
        ("6", "Acme wins Birch contract and its shares jump", LEAD, True, False, 1),
        ("7", "PREVIEW-Acme results to show growing demand", LEAD, True, False, 1),
        ("8", "Will Acme win the Birch engine contract?", LEAD, True, False, 1),
    ]
    names = ("id", "headline", "body", "about_head", "price_leak", "n_tickers_same_story")
    columns = {name: [row[position] for row in rows] for position, name in enumerate(names)}
    count = len(rows)
    stories(
        tmp_path / "impact_2013Q2_dev.parquet",
        **columns, date=[datetime(2013, 6, 19)] * count, ticker=["FB"] * count, company=["Acme Corp"] * count,
    )  # fmt: skip
    drafts = list(newswire(tmp_path))
    assert len(drafts) == 1
    assert (drafts[0].ticker, drafts[0].price_ticker) == ("META", "FB")
    assert drafts[0].published_at == datetime(2013, 6, 20, 3, 59, 59, tzinfo=UTC)
    assert (drafts[0].date_only, drafts[0].stratum) == (True, "2013/contract_partnership")


def test_the_recent_pool_keeps_news_about_its_company_and_knows_placeholder_times(tmp_path: Path) -> None:
    noon, exact = datetime(2019, 3, 4, 12, tzinfo=UTC), datetime(2024, 3, 4, 15, 30, tzinfo=UTC)
    headlines = [
        "Microsoft signs cloud agreement with the UK government",
        "Small firm signs a cloud agreement with giant Microsoft",
        "Microsoft: growth story intact, top reasons to buy now",
    ]
    columns = {"id": list("abc"), "headline": headlines, "body": [LEAD] * 3, "ticker": ["MSFT"] * 3}
    stories(tmp_path / "other.parquet", **columns, ts=[exact] * 3)
    stories(tmp_path / "reuters_2019_00.parquet", **columns, ts=[noon] * 3, company=["Microsoft Corp"] * 3)
    drafts = list(recent(tmp_path))
    assert [draft.headline for draft in drafts] == [headlines[0]] * 2
    assert [(draft.published_at, draft.date_only) for draft in drafts] == [
        (exact, False),
        (end_of_day(date(2019, 3, 4)), True),
    ]
    assert {draft.stratum for draft in drafts} == {"2024/ai_deal", "2019/ai_deal"}


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        (date(2008, 12, 16), "2008-12-16T14:15:00-05:00"),
        (date(2012, 6, 20), "2012-06-20T12:30:00-04:00"),
        (date(2013, 1, 30), "2013-01-30T14:15:00-05:00"),
        (date(2013, 6, 19), "2013-06-19T14:00:00-04:00"),
        (date(2020, 3, 15), "2020-03-15T17:00:00-04:00"),
    ],
)
def test_a_rate_decision_came_out_at_its_hour(day: date, moment: str) -> None:
    assert announced_at(day) == datetime.fromisoformat(moment)


def test_decisions_are_index_events_told_in_our_own_words(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(
        "decision_date,rate_before,rate_after,decision_type,spx_day0\n2013-06-19,0.25,0.5,hike,-0.014\n",
        encoding="utf-8",
    )
    (draft,) = decisions(path)
    assert (draft.ticker, draft.rule_type, draft.date_only) == ("^GSPC", EventType.MONETARY_POLICY, False)
    assert "0.25 % → 0.50 %" in draft.headline
    assert "0.014" not in draft.headline + draft.body
