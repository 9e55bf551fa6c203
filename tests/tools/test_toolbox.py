"""The tools: bounded, cited by id, nothing from after the moment asked as of, and three answers kept apart."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from records.analysis import Analysis
from records.database import texts
from records.errors import SourceUnreachable
from records.event import Event, Precedent
from records.portfolio import Position
from records.taxonomy import EventType, Tag
from tests.tools.conftest import NOW, ListedMemory, placement, reaction
from tools import news, schemas
from tools.result import Result
from tools.sources import Sources
from tools.toolbox import TOOLS, Refused, call

DAY = timedelta(days=1)
MakeNews = Callable[..., Analysis]
MakeEvent = Callable[..., Event]


def ids(result: Result) -> list[str]:
    return [one.id for one in result.items]


def test_every_tool_says_what_it_is_for_and_refuses_fields_it_does_not_know() -> None:
    for tool in TOOLS.values():
        assert len(tool.description) > 20
        assert tool.schema["additionalProperties"] is False
        assert all("description" in part for part in tool.schema.get("properties", {}).values())


def test_the_news_of_a_company_this_week_comes_newest_first_with_its_score(
    sources: Sources, make_news: MakeNews
) -> None:
    kept = [make_news(f"Microsoft {n}", ago=n * DAY) for n in (0, 1, 8)] + [make_news("Apple sues", ticker="AAPL")]
    for one in kept:
        sources.database.save_analysis(one)
    told = call("list_analyses", {"tickers": ["msft"], "since": "this week"}, sources)
    assert ids(told) == [f"analysis:{kept[0].id}", f"analysis:{kept[1].id}"]
    assert "market impact 0.60 for MSFT (80 % interval 0.10 to 0.90" in told.items[0].text
    assert told.status == "found"


def test_what_is_not_shown_is_counted(sources: Sources, make_news: MakeNews) -> None:
    for n in range(5):
        sources.database.save_analysis(make_news(f"Microsoft {n}", ago=n * DAY))
    told = call("list_analyses", {"limit": 2}, sources)
    assert (len(told.items), told.more) == (2, 3)
    assert "5 analyses" in told.note


def test_a_list_that_is_not_counted_to_its_end_says_more_than(
    sources: Sources, make_news: MakeNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "COUNTED", 3)
    for n in range(5):
        sources.database.save_analysis(make_news(f"Microsoft {n}", ago=n * DAY))
    told = call("list_analyses", {"limit": 2}, sources)
    assert "More than 3 analyses" in told.note
    assert told.more >= 1


def test_a_search_that_compared_only_the_newest_says_so(
    sources: Sources, make_news: MakeNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "RANKED", 2)
    for n in range(2):
        sources.database.save_analysis(make_news(f"Microsoft wins {n}", ago=n * DAY))
    assert "compared" not in call("search_news", {"words": "Microsoft"}, sources).note
    sources.database.save_analysis(make_news("Microsoft wins again"))
    told = call("search_news", {"words": "Microsoft"}, sources)
    assert "the newest 2 were compared" in told.note
    assert len(told.items) == 2


def test_nothing_of_tomorrow_is_listed_found_counted_or_shown(sources: Sources, make_news: MakeNews) -> None:
    late = make_news("Microsoft splits its shares", ago=-DAY, story="s9")
    sources.database.save_analysis(late)
    assert call("search_news", {"words": "splits"}, sources).status == "nothing_found"
    assert call("list_analyses", {}, sources).status == "nothing_found"
    assert call("activity", {"by": "ticker"}, sources).status == "nothing_found"
    for name in (f"analysis:{late.id}", f"article:{late.article.id}", f"claim:{late.id}.1"):
        with pytest.raises(Refused, match="known at 2024-05-10"):
            call("show", {"id": name}, sources)


def test_a_score_that_does_not_exist_is_said_and_is_no_number(sources: Sources, make_news: MakeNews) -> None:
    sources.database.save_analysis(make_news("A garden opens", ticker=None))
    told = call("search_news", {"words": "garden"}, sources)
    assert "not scoreable" in told.items[0].text
    assert told.items[0].data["score"] is None


def test_an_article_without_an_analysis_is_found_and_says_so(sources: Sources, make_news: MakeNews) -> None:
    article = make_news("Boeing delays a jet").article
    with sources.database.stories() as shelf:
        shelf.add(article, placement(article, "s1"), (), tickers=(), event_type=None, embedder=None, vector=None)
    told = call("search_news", {"words": "boeing jet"}, sources)
    assert ids(told) == [f"article:{article.id}"]
    assert "Not analysed" in told.items[0].text


def test_show_gives_an_analysis_with_its_claims_and_precedents(sources: Sources, make_news: MakeNews) -> None:
    precedent = Precedent(
        id="P1", event_id="e1", summary="IBM won an order.", event_type=EventType.CONTRACT_PARTNERSHIP, tickers=("IBM",),
        published_at=NOW - 400 * DAY, similarity=0.5, why="same type", reaction=reaction("IBM", date(2023, 4, 6)),
    )  # fmt: skip
    made = make_news(precedents=(precedent,))
    sources.database.save_analysis(made)
    told = call("show", {"id": f"analysis:{made.id}"}, sources)
    assert ids(told) == [f"analysis:{made.id}", f"claim:{made.id}.1", f"claim:{made.id}.2", "event:e1"]
    assert "dropped" in told.items[2].text
    claim = call("show", {"id": f"claim:{made.id}.1"}, sources)
    assert "“The order is worth 3 billion dollars.”" in claim.items[0].text


def test_a_story_is_shown_with_its_articles_and_analyses(sources: Sources, make_news: MakeNews) -> None:
    made = make_news(story="s1")
    sources.database.save_analysis(made)
    with sources.database.stories() as shelf:
        shelf.add(
            made.article, placement(made.article, "s1"), (), tickers=(), event_type=None, embedder=None, vector=None
        )
    told = call("show", {"id": "story:s1"}, sources)
    assert ids(told) == ["story:s1", f"analysis:{made.id}"]
    assert f"article:{made.article.id}" in told.items[0].text


@pytest.mark.parametrize(
    "name", ["", "nonsense", "analysis:", "story:nope", "event:nope", "claim:x", "claim:x.9", "article:nope", "order:1"]
)
def test_an_id_that_is_none_is_refused_in_words(sources: Sources, name: str) -> None:
    with pytest.raises(Refused, match=r"no |give|id"):
        call("show", {"id": name}, sources)


def test_an_unknown_tool_and_wrong_arguments_are_refused_with_what_to_do(sources: Sources) -> None:
    with pytest.raises(Refused, match="only search_news"):
        call("place_order", {"ticker": "MSFT"}, sources)
    with pytest.raises(Refused, match="limit"):
        call("list_analyses", {"limit": 100_000}, sources)
    with pytest.raises(Refused, match="as its schema says"):
        call("list_analyses", {"shell": "rm"}, sources)


def test_precedents_are_asked_for_as_of_the_moment_of_the_question(sources: Sources) -> None:
    memory = ListedMemory()
    told = call("find_precedents", {"text": "a merger", "tickers": ["msft"]}, replace(sources, memory=memory))
    assert told.status == "nothing_found"
    assert memory.asked == [("a merger", NOW, 5, None, ("MSFT",))]


def test_without_a_memory_precedents_are_unavailable_and_not_nothing(sources: Sources) -> None:
    told = call("find_precedents", {"text": "a merger"}, sources)
    assert told.status == "unavailable"
    assert "rhyme doctor" in told.note


def test_a_source_that_fails_is_unavailable_and_says_why(sources: Sources) -> None:
    class Gone:
        def returns(self, ticker: str, sessions: Any) -> NDArray[np.float64]:
            raise SourceUnreachable(f"The table of {ticker} for {len(sessions)} days is gone. Set `prices` anew.")

    told = call("reaction_around", {"ticker": "MSFT", "at": "2024-05-01"}, replace(sources, prices=Gone()))
    assert told.status == "unavailable"
    assert "The table of MSFT" in told.note
    assert call("reaction_around", {"ticker": "MSFT", "at": "2024-05-01"}, sources).status == "unavailable"


class Prices:
    """Every share moves by a pattern of its own; nothing is missing."""

    def returns(self, ticker: str, sessions: Any) -> NDArray[np.float64]:
        days = np.array([day.toordinal() for day in sessions], dtype=np.float64)
        return 0.01 * np.sin(days * (1.0 if ticker.startswith("^") else 1.7))


def test_a_reaction_is_measured_and_one_of_the_future_is_not(sources: Sources) -> None:
    with_prices = replace(sources, prices=Prices())
    told = call("reaction_around", {"ticker": "msft", "at": "2024-04-10T14:30Z"}, with_prices)
    assert ids(told) == ["reaction:MSFT:2024-04-10"]
    assert "over one session from 2024-04-10" in told.items[0].text
    two = call("reaction_around", {"ticker": "MSFT", "at": "2024-04-10"}, with_prices)
    assert two.items[0].data["window"] == "two_session"
    late = call("reaction_around", {"ticker": "MSFT", "at": "today"}, with_prices)
    assert late.status == "unavailable"
    assert "not known yet" in late.note


def test_events_are_compared_by_what_they_share_and_what_the_market_did(
    sources: Sources, make_event: MakeEvent, make_news: MakeNews
) -> None:
    made = make_news(event_type=EventType.MERGER_ACQUISITION, tags=(Tag.MERGERS,))
    sources.database.save_analysis(made)
    sources.database.add_events([make_event("e1", date(2024, 3, 1))])
    told = call("compare_events", {"first": "event:e1", "second": f"analysis:{made.id}"}, sources)
    text = told.items[0].text
    assert "the event type merger acquisition and the companies MSFT and the themes Mergers" in text
    assert "70 days apart" in text
    assert "after the first: MSFT then moved +2.0% against its market" in text
    assert "after the second: what the market did is not known" in text


def test_a_fall_kept_in_log_is_told_as_the_fall_of_the_price_to_models_and_programs(
    sources: Sources, make_event: MakeEvent
) -> None:
    fell = reaction("MSFT", date(2024, 3, 1), move=-0.644)
    sources.database.add_events([make_event("e1", date(2024, 3, 1), reaction=fell)])
    (item,) = call("show", {"id": "event:e1"}, sources).items
    assert "MSFT then moved -47.5% against its market" in item.text
    assert "64.4%" not in item.text
    assert item.data["reaction"]["simple_return"] == pytest.approx(-0.4748, abs=1e-4)
    assert item.data["reaction"]["abnormal_return"] == -0.644


def test_a_reaction_known_only_later_is_not_in_what_is_shown_of_an_event(
    sources: Sources, make_event: MakeEvent
) -> None:
    event = make_event("e1", date(2024, 5, 10), reaction=reaction("MSFT", date(2024, 5, 13)))
    sources.database.add_events([event])
    told = call("show", {"id": "event:e1"}, sources)
    assert "what the market did is not known" in told.items[0].text
    assert told.items[0].data["reaction"] is None


def test_activity_is_counted_by_stretch(sources: Sources, make_news: MakeNews) -> None:
    for ago in (0, 1, 1):
        sources.database.save_analysis(make_news(f"News {ago}", ago=ago * DAY))
    told = call("activity", {"by": "tag", "labels": ["Software & Cloud"], "since": "7 days"}, sources)
    assert [one.data["analyses"] for one in told.items] == [1, 2]


def test_positions_come_from_the_file_and_are_unavailable_without_one(sources: Sources) -> None:
    assert call("positions", {}, sources).status == "unavailable"
    held = (Position(ticker="MSFT", weight=0.125), Position(ticker="BRK.B", quantity=1200))
    told = call("positions", {"tickers": ["brk.b"]}, replace(sources, portfolio=lambda: held))
    assert [one.text for one in told.items] == ["BRK.B: quantity 1,200"]
    assert call("positions", {"tickers": ["X"]}, replace(sources, portfolio=lambda: held)).status == "nothing_found"


def test_the_track_record_is_asked_as_of_the_moment_and_by_event_type(sources: Sources) -> None:
    asked = []

    def record(as_of: Any, event_type: Any) -> tuple[str, dict[str, object]]:
        asked.append((as_of, event_type))
        return "12 graded forecasts: too few", {"graded": 12}

    told = call("track_record", {"event_type": "regulatory_approval"}, replace(sources, track_record=record))
    assert asked == [(NOW, EventType.REGULATORY_APPROVAL)]
    assert told.items[0].text == "12 graded forecasts: too few"
    assert call("track_record", {}, sources).status == "unavailable"


def test_a_long_article_is_cut_and_what_it_says_is_marked_as_anothers_words(
    sources: Sources, make_news: MakeNews
) -> None:
    made = make_news(text="Buy now. " * 5_000)
    sources.database.save_analysis(made)
    told = call("show", {"id": f"article:{made.article.id}"}, sources)
    assert len(told.items[0].text) < 8_100
    assert told.items[0].text.endswith("[cut]")
    assert "never to be done" in told.note


def test_the_schemas_are_those_that_are_documented() -> None:
    assert schemas.TARGET.read_text(encoding="utf-8") == schemas.document(), "renew it with `python -m tools.schemas`"


def test_reprints_of_a_story_are_found_once_by_the_article_that_was_analysed(
    sources: Sources, make_news: MakeNews
) -> None:
    analysed = make_news("Boeing delays a jet", story="s1")
    reprint = make_news("Boeing delays a jet, a jet, a Boeing jet", ago=-timedelta(0)).article
    sources.database.save_analysis(analysed)
    for article in (analysed.article, reprint):
        with sources.database.stories() as shelf:
            shelf.add(article, placement(article, "s1"), (), tickers=(), event_type=None, embedder=None, vector=None)
    told = call("search_news", {"words": "boeing jet"}, sources)
    assert ids(told) == [f"analysis:{analysed.id}"]
    assert "1 more articles of these stories" in told.note
