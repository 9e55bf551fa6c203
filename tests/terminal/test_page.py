import io
import re
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from rich.console import Console

from records.analysis import Analysis
from terminal.page import print_page


def _printed(analysis: Analysis, width: int = 120, *, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    print_page(analysis, console)
    return stream.getvalue()


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_the_page_keeps_the_products_order(analysis: Analysis) -> None:
    text = _flat(_printed(analysis))
    wanted = [
        "Market Impact 0.55", "1.2× an ordinary day for GIS",
        "80 % interval 0.12–0.93 (a move of 0.2–2.2 % up or 0.2–2.1 % down)", "P(>2σ) 9 %", "grounded in 3.4 effective precedents",
        "rank: too few articles yet",
        "General Mills raises its outlook after a strong winter",
        "news.example.com · 2014-03-05 13:30 UTC · as of 2014-03-05 13:30 UTC",
        "Tickers GIS, K", "Tags Corporate Guidance, Agriculture & Food, Consumer Goods", "Sentiment positive",
        "Summary", "Analysis", "to grow 4 percent. [A1]", "moved the share by 3.1 %. [P1][score]",
        "What makes the score", "ordinary day", "+0.50", "+0.06", "-0.01", "Score 0.55",
        "Closest precedents", "P1 2012-06-01", "+3.1 % +2.8σ one session 0.86", "two sessions", "-5.1 % -4.7σ",
        "Quoted from the article", "A1 “expects sales to grow 4 percent this year”",
        "Missing or left out", "1 sentence left out",
        "default (local) · 46 calls · 30,412 + 310 tokens · 38.2 s · no cost (local)",
    ]  # fmt: skip
    place = 0
    for piece in wanted:
        place = text.find(piece, place)
        assert place >= 0, f"{piece!r} is missing or out of order in:\n{text}"


def test_a_fall_kept_in_log_is_shown_as_the_fall_of_the_price(fallen: Analysis) -> None:
    text = _flat(_printed(fallen))
    assert "-47.5 % -19.5σ" in text
    assert "64.4" not in text


def test_what_the_check_dropped_is_not_shown(analysis: Analysis) -> None:
    assert "Shares fell 9 %" not in _printed(analysis)


def test_an_unscoreable_article_says_why_and_gets_no_analysis(unscoreable: Analysis) -> None:
    text = _printed(unscoreable)
    assert "Market Impact —  not scoreable: no listed company, sector or market is touched" in text
    assert "Analysis" not in text
    assert "precedents" not in text.lower()
    assert "0.5" not in text
    assert "source unknown" in text
    assert "Tickers none found" in _flat(text)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_no_line_is_wider_than_the_window(analysis: Analysis, width: int) -> None:
    lines = _printed(analysis, width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert "+3.1 %" in _flat("\n".join(lines))
    assert "same company and event" in _flat("\n".join(lines))


def test_without_a_terminal_there_is_no_colour_code(analysis: Analysis) -> None:
    assert "\x1b" not in _printed(analysis)
    assert "\x1b[" in _printed(analysis, colour=True)


@pytest.mark.parametrize("width", [60, 140])
def test_outside_text_is_shown_literally_and_cannot_steer_the_terminal(build: SimpleNamespace, width: int) -> None:
    evil = "[red]Buy[/red] [link=https://evil.example]now[/link]\x1b[2J\x1b]0;owned\x07 General Mills"
    article = build.article(title=evil, source="[bold]wire\x1b[8m")
    reading = build.reading(article, facts=(), summary=f"{evil} fell.")
    analysis = build.analysis(article=article, reading=reading, claims=())
    precedent = analysis.precedents[0].model_copy(update={"summary": evil, "why": evil, "tickers": ("[red]",)})
    text = _printed(analysis.model_copy(update={"precedents": (precedent,)}), width)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert _flat(text).count("[red]Buy[/red]") >= 3
    assert "[bold]wire" in text


@pytest.mark.parametrize("width", [60, 140])
def test_how_a_precedent_differs_has_its_own_words_and_an_old_analysis_none(analysis: Analysis, width: int) -> None:
    precedent = analysis.precedents[0].model_copy(update={"differs": "8 years older \x1b[31m"})
    text = _printed(analysis.model_copy(update={"precedents": (precedent,)}), width)
    assert "differs: 8 years older" in _flat(text)
    assert "\x1b" not in text
    assert "differs:" not in _printed(analysis, width)


def test_each_absence_of_precedents_has_its_own_words(build: SimpleNamespace) -> None:
    texts = {
        status: _flat(_printed(build.analysis(precedents=(), claims=(), precedent_status=status)))
        for status in ("no_precedent", "not_asked", "failed")
    }
    found = {re.search(r"Closest precedents (.*?\.)", text)[1] for text in texts.values()}  # type: ignore[index]
    assert len(found) == 3


def test_unknown_values_are_said_to_be_unknown(build: SimpleNamespace) -> None:
    article = build.article(published_at=None, url=None, source=None)
    analysis = build.analysis(
        article=article,
        reading=build.reading(article, sentiment=None, mentions=()),
        provenance=build.provenance(provider="openai", cost_usd=None),
    )
    text = _flat(_printed(analysis))
    assert "undated, first seen 2026-11-02 09:00 UTC" in text
    assert "Sentiment not measured" in text
    assert "price unknown" in text
