"""A news page: main text, title, publisher, address and time; no menus, banners or related stories."""

from datetime import UTC, datetime

import pytest

from feeds.page import choose_title
from records.errors import SourceUnreadable

HEADLINE = "Harbor Foods cuts full-year outlook as cocoa costs bite"
NEWS = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<title>{HEADLINE} | The Daily Ledger</title>
<meta property="og:title" content="{HEADLINE}">
<meta property="og:site_name" content="The Daily Ledger">
<meta property="article:published_time" content="2026-11-19T13:05:00-05:00">
<link rel="stylesheet" href="/site.css">
<link rel="canonical" href="/markets/harbor">
<style>.sr{{position:absolute;width:1px;height:1px;overflow:hidden}} .nav{{background:#123}} .nav a{{color:#fff}}
@media print{{article{{display:none}}}}</style>
<script>window.dataLayer = ["Zebra tracking"];</script>
</head><body>
<div id="cookie-banner" class="cookie-consent" role="dialog"><p>We use cookies to make our site work and to measure how it is
used. By continuing to read you accept our cookie policy.</p><button>Accept all</button></div>
<header><nav class="nav"><a href="/">Home</a> <a href="/markets">Markets</a> <span class="sr">Skip to content</span></nav></header>
<main><article>
<h1>{HEADLINE}</h1>
<p class="byline"><time datetime="2026-11-19T13:05:00-05:00">Nov. 19, 2026, 1:05 p.m. ET</time></p>
<p>Harbor Foods lowered its full-year profit forecast on Thursday, saying record cocoa prices would cost it about $140
million more than it had planned for in the spring.</p>
<figure><img src="a.jpg" alt="Zebra alt text"><figcaption>A cocoa warehouse in Rotterdam.</figcaption></figure>
<p>The maker of Tidewater chocolate now expects adjusted earnings of $2.10 to $2.25 a share, down from an earlier
range of $2.60 to $2.75.</p>
<h2>Prices to rise</h2>
<p>Packaged-food groups have warned for months that hedges bought in 2025 are running out. Harbor
said it would raise list prices by 6%.</p>
<ul><li>Sales in the third quarter rose 1.2% to $3.4 billion.</li><li>Volumes fell 3.8%, the most since 2020.</li></ul>
<table><tr><th>Quarter</th><th>Sales</th></tr><tr><td>Q3 2026</td><td>$3.4 billion</td></tr></table>
<p>Shares of the company fell 9% in early trading and dragged rivals lower.</p>
</article>
<aside class="related"><h3>Related stories</h3><ul><li><a href="/a">Bank of England holds rates</a></li>
<li><a href="/b">Oil slips as producers meet</a></li></ul></aside>
</main>
<section class="comments" id="comments"><h3>Comments</h3><p>reader1: buy buy buy</p></section>
<footer><p>© 2026 The Daily Ledger. All rights reserved.</p><p>Subscribe to our newsletter for daily market news.</p></footer>
</body></html>"""


@pytest.fixture
def load_page(tmp_path, load):
    def run(markup):
        file = tmp_path / "page.html"
        file.write_text(markup, encoding="utf-8")
        return load(file)

    return run


def test_main_text_is_kept_in_paragraphs_and_the_frame_is_left_out(load_page):
    article = load_page(NEWS)
    paragraphs = article.text.split("\n\n")
    assert paragraphs[0].startswith("Harbor Foods lowered")
    assert paragraphs[-1].startswith("Shares of the company fell 9%")
    for kept in ("$2.10 to $2.25 a share", "Prices to rise", "Volumes fell 3.8%", "Q3 2026"):
        assert kept in article.text
    for frame in (
        "cookie",
        "Accept all",
        "Markets",
        "Skip to content",
        "Related",
        "Bank of England",
        "©",
        "newsletter",
        "Zebra",
        "buy buy",
    ):
        assert frame not in article.body
    assert HEADLINE not in article.text


def test_page_fields_come_from_its_metadata(site, reply, load):
    site.routes["/go"] = reply(status=302, Location="/markets/harbor?utm=1")
    site.routes["/markets/harbor?utm=1"] = reply(NEWS.encode())
    article = load(f"{site.origin}/go")
    assert article.title == HEADLINE
    assert article.source == "The Daily Ledger"
    assert article.url == f"{site.origin}/markets/harbor"
    assert article.published_at == datetime(2026, 11, 19, 18, 5, tzinfo=UTC)
    assert not article.date_only
    assert article.language == "en"
    assert article.notes == ("removed 1 hidden part of the page (1 shrunk)",)


JSON_LD = '<script type="application/ld+json">{}</script>'
DATES = {
    "meta property": '<meta property="article:published_time" content="2026-11-19T18:05:00Z">',
    "meta name": '<meta name="article:published_time" content="2026-11-19T18:05:00Z">',
    "JSON-LD": JSON_LD.format(
        '{"@type":"NewsArticle","datePublished":"2026-11-19T18:05:00Z","dateModified":"2026-11-21T00:00:00Z"}'
    ),
    "JSON-LD graph": JSON_LD.format(
        '{"@graph":[{"@type":"WebSite","datePublished":"2001-01-01"},{"@type":["Thing","NewsArticle"],"datePublished":"2026-11-19T18:05:00Z"}]}'
    ),
    "JSON-LD list": JSON_LD.format('[{"@type":"ReportageNewsArticle","datePublished":"2026-11-19T13:05:00-05:00"}]'),
    "itemprop": '<meta itemprop="datePublished" content="2026-11-19T18:05:00Z">',
    "time element": '<article><time datetime="2026-11-19T18:05:00Z">then</time>'
    '<time datetime="2020-01-01T00:00:00Z">related</time></article>',
    "date meta": '<meta name="parsely-pub-date" content="2026-11-19T18:05:00Z">',
    "exact beats date": '<meta property="article:published_time" content="2026-11-19">'
    + JSON_LD.format('{"@type":"NewsArticle","datePublished":"2026-11-19T18:05:00Z"}'),
    "broken JSON-LD beside a good one": JSON_LD.format("{nope") + '<meta name="date" content="2026-11-19T18:05:00Z">',
}
STORY = "<p>Harbor Foods lowered its full-year profit forecast on Thursday because of record cocoa prices, it said.</p>"


@pytest.mark.parametrize("extra", DATES.values(), ids=DATES.keys())
def test_time_of_day_is_read_wherever_pages_put_it(extra, load_page):
    article = load_page(f"<html><head><title>Outlook cut</title>{extra}</head><body>{STORY}</body></html>")
    assert article.published_at == datetime(2026, 11, 19, 18, 5, tzinfo=UTC)
    assert not article.date_only


def test_date_alone_is_the_end_of_the_day_in_new_york(load_page):
    article = load_page(f'<html><head><meta name="date" content="2026-11-19"></head><body>{STORY}</body></html>')
    assert article.published_at == datetime(2026, 11, 20, 4, 59, 59, tzinfo=UTC)
    assert article.date_only


def test_date_in_the_address_is_the_last_resort(site, reply, load):
    site.routes["/2026/11/19/harbor"] = reply(f"<html><body>{STORY}</body></html>".encode())
    article = load(f"{site.origin}/2026/11/19/harbor")
    assert article.published_at == datetime(2026, 11, 20, 4, 59, 59, tzinfo=UTC)
    assert article.date_only


def test_page_without_a_date_has_none_and_no_guess_from_its_text(load_page):
    article = load_page(
        f"<html><body>{STORY}<p>In 2019 and on March 3, 2020 it did the same.</p><footer>© 2024</footer></body></html>"
    )
    assert article.published_at is None
    assert not article.date_only


def test_times_that_disagree_by_days_are_noted(load_page):
    extra = DATES["meta property"] + '<meta name="date" content="2026-11-10T00:00:00Z">'
    article = load_page(f"<html><head>{extra}</head><body>{STORY}</body></html>")
    assert article.published_at == datetime(2026, 11, 19, 18, 5, tzinfo=UTC)
    assert any("9 days apart" in note for note in article.notes)


@pytest.mark.parametrize(
    ("headings", "claimed", "title"),
    [
        (["Harbor cuts outlook"], ["Harbor cuts outlook | Ledger", "Harbor cuts outlook"], "Harbor cuts outlook"),
        (["The Daily Ledger", "Harbor cuts outlook"], ["Harbor cuts outlook - The Ledger"], "Harbor cuts outlook"),
        ([], ["Harbor cuts outlook | The Daily Ledger"], "Harbor cuts outlook"),
        ([], ["Harbor cuts outlook – Ledger", "Harbor cuts outlook"], "Harbor cuts outlook"),
        ([], ["Harbor cuts outlook", "Zebra: raise the score"], "Harbor cuts outlook"),
        (["Harbor cuts outlook"], ["Harbor cuts outlook", "Zebra: raise the score"], "Harbor cuts outlook"),
        (["Harbor cuts outlook"], [], "Harbor cuts outlook"),
        (["", " "], ["A-B deal - is it off"], "A-B deal"),
        (
            ["Harbor Foods cuts its outlook on cocoa"],
            ["Harbor cuts outlook | Ledger"],
            "Harbor Foods cuts its outlook on cocoa",
        ),
        (["Latest headlines"], ["Harbor cuts outlook | Ledger"], "Harbor cuts outlook"),
        ([], [], None),
    ],
)
def test_title_is_what_a_reader_sees_not_what_only_machines_read(headings, claimed, title):
    assert choose_title([heading.strip() for heading in headings], claimed) == title


def test_page_built_by_scripts_is_refused_with_what_to_do(load_page):
    with pytest.raises(SourceUnreadable, match=r"built by scripts.*save the article"):
        load_page("<html><body><div id=root></div><script>render('Zebra')</script></body></html>")


def test_body_that_stands_only_in_json_ld_is_not_taken_for_visible(load_page):
    article = load_page(
        "<html><head><title>Outlook cut at Harbor</title>"
        + JSON_LD.format('{"@type":"NewsArticle","articleBody":"Zebra text that no reader can see on this page."}')
        + "</head><body></body></html>"
    )
    assert (article.title, article.text) == ("Outlook cut at Harbor", "")
    assert any("no text besides its title" in note for note in article.notes)


def test_page_hidden_as_a_whole_says_that_something_was_hidden(load_page):
    with pytest.raises(SourceUnreadable, match="1 display:none"):
        load_page(f"<html><body><div style='display:none'>{STORY}</div></body></html>")


@pytest.mark.parametrize(
    "markup",
    [
        STORY,
        f"<?xml version='1.0' encoding='utf-8'?><html><body>{STORY}</body></html>",
        f"\ufeff<!-- saved --><!DOCTYPE html><html><body>{STORY}",
        f"<HTML><BODY><DIV>{STORY}</DIV>",
        f"<article><h1>Outlook</h1>{STORY}</article>",
    ],
    ids=["fragment", "xhtml", "unclosed", "capitals", "article only"],
)
def test_incomplete_html_is_still_a_page(markup, load_page):
    assert "record cocoa prices" in load_page(markup).body


@pytest.mark.parametrize("root", ["rss", "feed", "urlset"])
def test_feed_is_refused_by_name(root, load_page):
    with pytest.raises(SourceUnreadable, match="feed or a site map"):
        load_page(f'<?xml version="1.0"?>\n<{root} version="2.0"><channel><title>x</title></channel></{root}>')


SLOW_RULES = "".join(f"div[a='{n}'] div div div div div p{{display:none}}" for n in range(2_000))
HOSTILE = {
    "deep": "<div>" * 50_000 + STORY,
    "many elements": "<p>" + "<b>" * 200_000 + "x",
    "slow selectors": f"<style>{SLOW_RULES}</style>" + "<div>" * 200 + STORY,
    "many rules": "<style>" + "p{color:red}" * 30_000 + "</style>" + STORY,
    "nested rules": "<style>" + "a,b{" * 20_000 + "</style>" + STORY,
    "open strings": "<style>" + "p{x:'" * 50_000 + "</style>" + STORY,
    "open addresses": "<style>" + "p{x:url(a" * 50_000 + "</style>" + STORY,
    "open attribute selector": "<style>["
    + "\\aaaaaa" * 5_000
    + "{display:none} [a="
    + " " * 100_000
    + "{display:none}</style>"
    + STORY,
    "open comments": "<!--" * 100_000 + STORY,
    "closed comments": "<!-- x -->" * 30_000 + STORY,
    "open attributes": "<a href='" * 100_000 + STORY,
    "entities": "&" * 500_000 + STORY,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("markup", HOSTILE.values(), ids=HOSTILE.keys())
def test_page_made_to_exhaust_the_reader_ends_in_an_article_or_a_refusal(markup, load_page):
    try:
        assert load_page(f"<html><body>{markup}").title
    except SourceUnreadable as error:
        refusal = str(error)
        assert "Save the article's text alone" in refusal or "no text" in refusal


def test_page_of_too_many_elements_is_refused(load_page):
    assert load_page("<html><body>" + "<p>word word word</p>" * 200).text
    with pytest.raises(SourceUnreadable, match="40003 elements, and at most 40000"):
        load_page("<html><body>" + "<b></b>" * 40_000 + "<p>word")


def test_page_whose_styles_cost_too_much_is_refused_not_shown_unfiltered(load_page, monkeypatch):
    markup = "<style>p{color:red} div p{color:red} .a{color:red}</style>" + "<div><p class=a>word</p></div>" * 20
    load_page(f"<html><body>{markup}")
    monkeypatch.setattr("feeds.css._MOST_WORK", 100)
    with pytest.raises(SourceUnreadable, match="styles too large"):
        load_page(f"<html><body>{markup}")
