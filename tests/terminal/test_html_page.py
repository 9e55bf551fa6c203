import base64
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from records.analysis import Analysis
from records.reading import Fact, Span
from terminal.html_page import Bar, render_html
from tests.html_reader import HtmlReader

CSS = Path(__file__).parents[2] / "terminal" / "templates" / "analysis.css"


@pytest.fixture
def hostile(build: SimpleNamespace) -> Analysis:
    evil = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'><a href="javascript:x">'
    article = build.article(title=evil, url="javascript:alert(1)", source=evil)
    fact = Fact(id="A1", text=evil, quote=evil, span=Span(start=0, end=len(evil)))
    reading = build.reading(article, facts=(fact,), summary=evil)
    analysis: Analysis = build.analysis(article=article, reading=reading)
    precedent = analysis.precedents[0].model_copy(update={"summary": evil, "why": evil, "tickers": (evil,)})
    claim = analysis.claims[0].model_copy(update={"text": evil, "support": ("A1", evil)})
    return analysis.model_copy(update={"precedents": (precedent,), "claims": (claim,)})


def test_the_page_is_well_formed_and_complete(analysis: Analysis) -> None:
    page = HtmlReader(render_html(analysis))
    assert page.open == []
    for piece in (
        "Market Impact 0.55", "1.2× an ordinary day for GIS", "General Mills raises its outlook", "GIS, K",
        "Score 0.55", "same company and event", "+3.1 %", "two sessions", "“expects sales to grow 4 percent this year”",
        "1 sentence left out", "46 calls",
    ):  # fmt: skip
        assert piece in page.text, piece
    assert "Shares fell 9 %" not in page.text


def test_a_fall_kept_in_log_is_shown_as_the_fall_of_the_price(fallen: Analysis) -> None:
    page = HtmlReader(render_html(fallen))
    assert "-47.5 %" in page.text
    assert "64.4" not in page.text


def test_the_policy_allows_our_style_sheet_and_nothing_else(analysis: Analysis) -> None:
    html = render_html(analysis)
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(
        meta["content"] for meta in HtmlReader(html).all("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_nothing_is_loaded_run_or_styled_from_elsewhere(analysis: Analysis, hostile: Analysis) -> None:
    for each in (analysis, hostile):
        page = HtmlReader(render_html(each))
        tags = {tag for tag, _ in page.elements}
        assert tags.isdisjoint({"script", "img", "iframe", "link", "object", "embed", "form", "base", "image", "use"})
        for tag, attributes in page.elements:
            assert not any(name.startswith("on") or name in ("style", "src", "xlink:href") for name in attributes), tag
    assert "url(" not in CSS.read_text()
    assert "@import" not in CSS.read_text()


def test_outside_text_is_shown_as_text(hostile: Analysis) -> None:
    html = render_html(hostile)
    assert "<script>alert" not in html
    assert HtmlReader(html).text.count("<script>alert(1)</script>") >= 6


def test_the_only_outside_link_is_the_articles_own_address(analysis: Analysis, hostile: Analysis) -> None:
    outside = [link for link in HtmlReader(render_html(analysis)).all("a") if not str(link["href"]).startswith("#")]
    assert outside == [{"href": "https://news.example.com/2014/03/outlook", "rel": "noopener noreferrer"}]
    assert all(str(link["href"]).startswith("#") for link in HtmlReader(render_html(hostile)).all("a"))


def test_every_citation_leads_to_something_on_the_page(analysis: Analysis) -> None:
    page = HtmlReader(render_html(analysis))
    targets = [str(link["href"])[1:] for link in page.all("a") if str(link["href"]).startswith("#")]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert targets == ["A1", "P1", "score"]
    assert set(targets) <= set(ids)
    assert len(ids) == len(set(ids))


def test_how_a_precedent_differs_is_shown_as_text(analysis: Analysis) -> None:
    precedent = analysis.precedents[0].model_copy(update={"differs": "<b>8</b> years older"})
    page = render_html(analysis.model_copy(update={"precedents": (precedent,)}))
    assert "differs: &lt;b&gt;8&lt;/b&gt; years older" in page
    assert "differs:" not in render_html(analysis)


def test_an_unscoreable_article_has_no_analysis_and_says_why(unscoreable: Analysis) -> None:
    page = HtmlReader(render_html(unscoreable))
    assert "Market Impact — not scoreable: no listed company, sector or market is touched" in page.text
    assert "Analysis" not in page.text
    assert page.all("table") == []


def test_tables_have_headers_and_headings_follow_their_order(analysis: Analysis) -> None:
    page = HtmlReader(render_html(analysis))
    assert len(page.all("h1")) == 1
    assert all(header.get("scope") in ("col", "row") for header in page.all("th"))
    assert page.all("html") == [{"lang": "en"}]
    assert all(picture.get("aria-hidden") == "true" for picture in page.all("svg"))


@pytest.mark.parametrize(
    ("z", "bar"),
    [(2.0, Bar("up", 0, 25)), (-1.0, Bar("down", -12.5, 12.5)), (-9.0, Bar("down", -50, 50)), (0.0, Bar("up", 0, 0))],
)
def test_bars_point_to_the_side_of_the_move_and_end_at_four_sigma(z: float, bar: Bar) -> None:
    assert Bar.of(z) == bar


def _luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_text_stands_out_from_its_ground(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.S)[scheme]
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
    for text in ("ink", "soft", "link", "mark", "up", "down"):
        for ground in ("page", "panel"):
            light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)  # WCAG 2.2, level AA
