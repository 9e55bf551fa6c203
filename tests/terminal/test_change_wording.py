"""The part "What changed" of both pages."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from records.analysis import Analysis
from records.changes import (
    EventTypeChange,
    FigureChange,
    MaterialChange,
    QuoteChange,
    ScoreChange,
    ScoreState,
    SentimentChange,
    TagsChange,
    TickersChange,
)
from records.reading import Sentiment
from records.taxonomy import EventType, Tag
from terminal.change_wording import NOTHING, change_line
from terminal.html_page import render_html
from terminal.page import print_page

LOW = ScoreState(ticker="GIS", score=0.41, low=0.1, high=0.8)
HIGH = ScoreState(ticker="GIS", score=0.62, low=0.2, high=0.95)
NONE = ScoreState(ticker=None, score=None, low=None, high=None)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (ScoreChange(before=LOW, after=HIGH), "score 0.41 (0.10–0.80) → 0.62 (0.20–0.95)"),
        (ScoreChange(before=NONE, after=HIGH), "score not scoreable for no instrument → 0.62 (0.20–0.95) for GIS"),
        (MaterialChange(before=None, after=0.11), "P(>2σ) unknown → 11 %"),
        (
            SentimentChange(before=None, after=Sentiment.of(0.7, 0.2, 0.1)),
            "sentiment not measured → negative (positive 0.10, neutral 0.20, negative 0.70)",
        ),
        (EventTypeChange(before=EventType.GUIDANCE, after=EventType.FINANCING), "event guidance → financing"),
        (TickersChange(added=("K",), removed=("GIS",)), "tickers: now also K; no longer GIS"),
        (TagsChange(added=(), removed=(Tag.GUIDANCE,)), "tags: no longer Corporate Guidance"),
        (
            FigureChange(change="corrected", before="$900 million", after="$1.2 billion", words="charge of $1.2 billion"),
            "corrected: charge of $1.2 billion; before: $900 million",
        ),
        (FigureChange(change="new", before=None, after="600", words="some 600 jobs"), "new figure: some 600 jobs"),
        (
            FigureChange(change="gone", before="600", after=None, words="some 600 jobs"),
            "figure no longer stated: some 600 jobs",
        ),
        (QuoteChange(change="new", fact_id="A1", quote="It will sue."), "newly said: “It will sue.”"),
        (QuoteChange(change="gone", fact_id="A1", quote="“No,” he said."), "no longer said: “‘No,’ he said.”"),
        (QuoteChange(change="gone", fact_id="A1", quote="It will sue."), "no longer said: “It will sue.”"),
    ],
)  # fmt: skip
def test_every_change_is_said_from_to(change: object, line: str) -> None:
    assert change_line(change) == line  # type: ignore[arg-type]


def _changed(build: SimpleNamespace, *changes: object) -> Analysis:
    analysis: Analysis = build.analysis(
        former_id="00ff00ff00ff00ff", former_as_of=build.article().published_at, changes=changes
    )
    return analysis


def _printed(analysis: Analysis) -> str:
    stream = io.StringIO()
    print_page(analysis, Console(file=stream, width=100))
    return " ".join(stream.getvalue().split())


def test_what_changed_stands_under_the_score_with_the_former_analysis_and_its_time(build: SimpleNamespace) -> None:
    quote = "<b>[red]It will sue[/red]</b>"
    analysis = _changed(
        build, ScoreChange(before=LOW, after=HIGH), QuoteChange(change="new", fact_id="A1", quote=quote)
    )
    wanted = (
        "rank: too few articles yet",
        "What changed",
        "analysis 00ff00ff00ff00ff as of 2014-03-05 13:30 UTC",
        "score 0.41",
    )
    text = _printed(analysis)
    places = [text.find(piece) for piece in (*wanted, quote, "General Mills raises its outlook")]
    assert places == sorted(places)
    assert -1 not in places
    html = render_html(analysis)
    assert "&lt;b&gt;[red]It will sue[/red]&lt;/b&gt;" in html
    assert html.index('id="score"') < html.index("What changed") < html.index("<h1>")


def test_an_update_without_changes_says_that_there_are_none_and_a_first_article_has_no_such_part(
    build: SimpleNamespace, analysis: Analysis
) -> None:
    assert NOTHING in _printed(_changed(build))
    assert NOTHING in render_html(_changed(build))
    assert "What changed" not in _printed(analysis)
    assert "What changed" not in render_html(analysis)
