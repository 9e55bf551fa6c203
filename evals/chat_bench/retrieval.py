"""How long each tool takes, as the chat calls it: looked up, shielded, written for the model."""

import itertools
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agent.shielded import shielded
from alerts import Alerts
from evals.chat_bench.first_token import spread
from evals.chat_bench.home import EVENTS, PORTFOLIO, PRICES, MadeHome
from evals.made.analyses import DAYS, END, KNOWN
from evals.made.prose import COMMON
from evals.memory.corpus import Say
from evals.memory.questions import Question
from markets.portfolio import read_portfolio
from markets.price_sources import open_prices
from markets.resolved_prices import ResolvedPrices
from records.database import Database
from records.database.browse import Wanted
from records.summary import AnalysisSummary
from records.taxonomy import EventType, Tag
from tools.sources import AlertsAsked, RecordOfTrack, Sources
from tools.toolbox import call
from vectorstore.memory import EventMemory

LIMIT_MS = 100.0
HALF = END - timedelta(days=DAYS // 2)
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Lookup:
    """One call of a tool."""

    tool: str
    way: str
    """What is asked in this way, in a few words; figures are by tool and way."""
    arguments: Arguments
    as_of: datetime = END


def measure_retrieval(home: MadeHome, track_record: RecordOfTrack | None, each: int, say: Say) -> dict[str, object]:
    """`each`: calls of each way of asking. Milliseconds by the clock, and of one processor; the first call of each tool in the
    process, which opens what it needs, is told apart."""
    with ExitStack() as closing:
        database = closing.enter_context(Database.open(home.database))
        memory = closing.enter_context(EventMemory.open(home.folder / EVENTS, database, home.embedder))
        sources = Sources(
            database, END, memory=memory, prices=ResolvedPrices(open_prices(str(home.folder / PRICES))),
            track_record=track_record, alerts=_alerts(database), portfolio=lambda: read_portfolio(home.folder / PORTFOLIO),
        )  # fmt: skip
        first: dict[str, float] = {}
        taken: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for way in _ways(database, home):
            for one in itertools.islice(way, each):
                cpu, begun = time.thread_time(), time.perf_counter()
                told = shielded(call(one.tool, one.arguments, replace(sources, as_of=one.as_of)))
                json.dumps([{"id": item.id, "text": item.text} for item in told.items], ensure_ascii=False)
                ms, cpu_ms = 1_000 * (time.perf_counter() - begun), 1_000 * (time.thread_time() - cpu)
                if one.tool not in first:
                    first[one.tool] = round(ms, 1)
                    continue
                taken.setdefault((one.tool, one.way), []).append((ms, cpu_ms))
            say(f"{one.tool}, {one.way}: {max(ms for ms, _ in taken[one.tool, one.way]):.0f} ms at most")
    return _figures(taken, first)


def _figures(
    taken: Mapping[tuple[str, str], list[tuple[float, float]]], first: Mapping[str, float]
) -> dict[str, object]:
    ways = [
        {
            "tool": tool,
            "way": way,
            "calls": len(both),
            "ms": _rounded([ms for ms, _ in both]),
            "cpu_ms": _rounded([cpu for _, cpu in both]),
        }
        for (tool, way), both in taken.items()
    ]
    by_tool = {
        tool: {
            "ms": _rounded([ms for (name, _), both in taken.items() if name == tool for ms, _ in both]),
            "cpu_ms": _rounded([cpu for (name, _), both in taken.items() if name == tool for _, cpu in both]),
            "first_ms": first[tool],
        }
        for tool in first
    }
    slow = [
        f"{tool}, {way}" for (tool, way), both in taken.items() if _rounded([ms for ms, _ in both])["p95"] > LIMIT_MS
    ]
    return {"limit_ms": LIMIT_MS, "tools": by_tool, "ways": ways, "over_the_limit": slow}


def _rounded(values: list[float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in spread(values or [0.0]).items()}


def _ways(database: Database, home: MadeHome) -> Iterator[Iterator[Lookup]]:
    newest = database.browse.analyses(Wanted(until=END), limit=200).items
    yield from _searches(newest)
    yield from _lists()
    yield from _precedents(home)
    yield from _shown(newest, len(home.corpus.vectors))
    for days, way in ((30, "30 days"), (366, "a year by weeks")):
        for by in ("ticker", "tag"):
            asked = {"by": by, "since": f"{days} days", "days": 1 if days == 30 else 7}
            yield _ways_of("activity", f"{by}s, {way}", [asked])
    yield _ways_of(
        "activity", "one company, a year", [{"by": "ticker", "labels": [one], "since": "366 days"} for one in KNOWN]
    )
    on = [(END - timedelta(days=back)).date().isoformat() for back in range(5, 200, 9)]
    moves = [{"ticker": ticker, "at": day} for ticker, day in zip(itertools.cycle(KNOWN), on, strict=False)]
    yield _ways_of("reaction_around", "a company on a day", moves)
    yield _ways_of(
        "track_record", "all, asked before", [{}]
    )  # for each event type the first one costs what the very first does
    yield _ways_of("positions", "all", [{}])
    yield _ways_of("alerts_of_the_day", "20 rules, today", [{}])
    yield _ways_of("alerts_of_the_day", "20 rules, today, as of half a year before", [{}], HALF)
    yield _ways_of("alerts_of_the_day", "20 rules, yesterday", [{"day": "yesterday"}])


def _alerts(database: Database) -> AlertsAsked:
    alerts = Alerts(database, None)
    return lambda since, as_of, limit: alerts.report(as_of, since=since, limit=limit)


def _ways_of(tool: str, way: str, asked: list[dict[str, Any]], as_of: datetime = END) -> Iterator[Lookup]:
    return (Lookup(tool, way, one, as_of) for one in itertools.cycle(asked))


def _searches(newest: tuple[AnalysisSummary, ...]) -> Iterator[Iterator[Lookup]]:
    headlines = [{"words": one.title} for one in newest]
    rare = [{"words": one.title.rsplit(" ", 1)[-1]} for one in newest]
    frequent = [{"words": " ".join(COMMON[start : start + 3])} for start in range(0, 30, 3)]
    mixed = [
        {"words": f"what did the {COMMON[n % 20]} say of {COMMON[-1 - n]} and {COMMON[100 + n % 20]}"}
        for n in range(40)
    ]
    for as_of, when in ((END, ""), (HALF, ", as of half a year before")):
        yield _ways_of("search_news", f"a headline{when}", headlines, as_of)
        yield _ways_of("search_news", f"a rare word{when}", rare, as_of)
        yield _ways_of("search_news", f"three words that nearly every article has{when}", frequent, as_of)
        yield _ways_of("search_news", f"a question{when}", mixed, as_of)
        yield _ways_of("search_news", f"24 frequent words{when}", [{"words": " ".join(COMMON[:24])}], as_of)
    yield _ways_of("search_news", "frequent words of the last week", [{**one, "since": "7 days"} for one in frequent])


def _lists() -> Iterator[Iterator[Lookup]]:
    tags = [tag.value for tag in Tag]
    asked: dict[str, list[dict[str, Any]]] = {
        "newest": [{}],
        "highest score": [{"order": "score"}],
        "a company": [{"tickers": [one]} for one in KNOWN],
        "a company this week": [{"tickers": [one], "since": "this week"} for one in KNOWN],
        "a company by score": [{"tickers": [one], "order": "score"} for one in KNOWN],
        "a theme": [{"tags": [one]} for one in tags],
        "a theme by score": [{"tags": [one], "order": "score"} for one in tags],
        "three themes by score": [{"tags": tags[at : at + 3], "order": "score"} for at in range(0, 36, 3)],
        "ten companies by score today": [{"tickers": list(KNOWN), "order": "score", "since": "today"}],
        "ten companies by score": [{"tickers": list(KNOWN), "order": "score"}],
        "a theme of a company": [{"tags": [tag], "tickers": [one]} for tag, one in zip(tags, itertools.cycle(KNOWN), strict=False)],
        "an event type": [{"event_types": [kind.value]} for kind in EventType],
        "an event type of a company": [{"event_types": [kind.value], "tickers": ["MSFT"]} for kind in EventType],
        "from a score on": [{"min_score": 0.8}],
    }  # fmt: skip
    for way, each in asked.items():
        yield _ways_of("list_analyses", way, each)
    for way in ("a theme by score", "newest"):
        yield _ways_of("list_analyses", f"{way}, as of half a year before", asked[way], HALF)


def _precedents(home: MadeHome) -> Iterator[Iterator[Lookup]]:
    by_share: dict[float, list[Question]] = {}
    for one in home.corpus.questions.asked:
        by_share.setdefault(one.share, []).append(one)
    for share, questions in sorted(by_share.items()):
        way = f"{share:.0%} of the events known"
        yield (
            Lookup(
                "find_precedents",
                way,
                {"text": one.text, "tickers": [one.ticker], "event_type": one.event_type},
                one.as_of,
            )
            for one in itertools.cycle(questions)
        )


def _shown(newest: tuple[AnalysisSummary, ...], events: int) -> Iterator[Iterator[Lookup]]:
    names = {
        "an analysis": [f"analysis:{one.id}" for one in newest],
        "an article": [f"article:{one.article_id}" for one in newest],
        "a story": [f"story:{one.story_id}" for one in newest if one.story_id],
        "a claim": [f"claim:{one.id}.1" for one in newest],
        "an event": [f"event:e{number:08d}" for number in range(0, min(5_000, events), 50)],
    }
    for way, ids in names.items():
        yield _ways_of("show", way, [{"id": one} for one in ids])
    pairs = [{"first": one, "second": other} for one, other in itertools.pairwise(names["an event"])]
    pairs += [{"first": names["an analysis"][0], "second": one} for one in names["an event"][:20]]
    yield _ways_of("compare_events", "two events, or an analysis and an event", pairs)
