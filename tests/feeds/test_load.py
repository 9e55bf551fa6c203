"""The finished article: identity, times, address, limits, notes."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from feeds import Fetcher, Limits, load_article
from records.errors import SourceRefused, SourceUnreadable

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
BODY = "Harbor Foods lowered its full-year profit forecast on Thursday. Shares fell 9%."


@pytest.fixture
def load_text(tmp_path, load):
    def run(text, name="story.txt", **options):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return load(file, **options)

    return run


def test_id_is_the_digest_of_the_cleaned_title_and_text(load_text):
    article = load_text(f"Harbor cuts outlook\n\n{BODY}")
    assert article.id == hashlib.sha256(f"Harbor cuts outlook\n{BODY}".encode()).hexdigest()[:16]


def test_same_story_in_three_formats_has_one_id(load_text):
    plain = load_text(f"Harbor cuts outlook\n\n{BODY}\n")
    page = load_text(
        f"<html><head><title>Harbor cuts outlook</title></head><body><h1>Harbor cuts outlook</h1><p>{BODY}</p></body></html>",
        "a.html",
    )
    value = load_text(f'{{"title": "Harbor cuts\\u00a0outlook\\u200b", "text": "{BODY}"}}', "a.json")
    assert plain.id == page.id == value.id


def test_first_seen_is_the_clocks_time(load_text):
    assert load_text(BODY).first_seen_at == NOW


def test_text_headers_give_source_address_and_date(load_text):
    article = load_text(
        "Source: The Daily Ledger\nURL: https://ledger.example/a#x\nDate: Nov. 19, 2026, 1:05 p.m. ET\n\n"
        f"Harbor cuts outlook\n\n{BODY}"
    )
    assert (article.title, article.source, article.url) == (
        "Harbor cuts outlook",
        "The Daily Ledger",
        "https://ledger.example/a",
    )
    assert article.published_at == datetime(2026, 11, 19, 18, 5, tzinfo=UTC)


def test_without_a_publisher_the_host_stands_in(load_text):
    article = load_text(f"URL: https://www.ledger.example/a\n\nHarbor cuts outlook\n\n{BODY}")
    assert article.source == "ledger.example"
    assert load_text(BODY).source is None


def test_without_a_title_the_first_sentence_stands_in_once(load_text):
    sentence = (
        "Harbor Foods Inc. lowered its full-year forecast by 3.5% on Thursday, citing record cocoa prices and weak demand "
        "across Europe, Asia and the markets of South America, its executives told investors."
    )
    rest = (
        "Shares fell 9%. " + "Rivals fell too, and analysts cut their targets for the whole sector within hours. " * 2
    )
    article = load_text(f"{sentence} {rest}")
    assert article.title == sentence
    assert article.text == rest.strip()
    assert article.notes == ("the source has no title: its first sentence was taken",)


def test_first_sentence_without_end_is_cut_at_a_word_and_kept_in_the_text(load_text):
    article = load_text("words and more words " * 40)
    assert len(article.title) <= 300
    assert article.title.endswith(("words…", "more…", "and…"))
    assert article.text.startswith("words and more words")


def test_title_repeated_at_the_head_of_the_text_is_dropped(load_text):
    article = load_text(f'{{"title": "Harbor cuts outlook", "text": "HARBOR CUTS OUTLOOK\\n\\n{BODY}"}}', "a.json")
    assert article.text == BODY


def test_bare_headline_is_an_article_without_text(load_text):
    article = load_text("Harbor cuts outlook")
    assert (article.title, article.text) == ("Harbor cuts outlook", "")


def test_title_goes_through_cleaning_like_the_text(load_text):
    article = load_text(f"Harbor\u200b cuts\u202e \uff2f\uff55\uff54look\n\n{BODY}\u00ad \U000e0041")
    assert article.title == "Harbor cuts Outlook"
    assert article.notes == ("removed 4 invisible characters (1 bidi, 1 soft hyphen, 1 tag, 1 zero-width)",)


def test_words_of_mixed_script_are_noted(load_text):
    article = load_text(f"\u0410pple cuts outlook\n\n{BODY}")
    assert any("U+0410" in note for note in article.notes)


def test_long_text_is_cut_at_a_paragraph_with_a_note(load_text):
    paragraphs = [f"Paragraph {number} with a few words in it." for number in range(100)]
    article = load_text("Title here\n\n" + "\n\n".join(paragraphs), limits=Limits(max_characters=1000))
    assert 900 < len(article.text) <= 1000
    assert article.text.endswith("with a few words in it.")
    assert any("text cut from" in note for note in article.notes)


def test_paragraph_longer_than_the_limit_is_cut_inside(load_text):
    article = load_text("Title here\n\n" + "word " * 1000, limits=Limits(max_characters=1000))
    assert len(article.text) in (999, 1000)


def test_time_of_day_without_a_zone_is_kept_as_a_date_with_a_note(load_text):
    article = load_text(f"Date: 2026-11-19 13:05\n\nHarbor cuts outlook\n\n{BODY}")
    assert article.date_only
    assert article.published_at == datetime(2026, 11, 20, 4, 59, 59, tzinfo=UTC)
    assert article.notes == ("publication time '2026-11-19 13:05' has no time zone: taken as a date only",)


@pytest.mark.parametrize(
    ("ahead", "noted"), [(timedelta(hours=23), False), (timedelta(hours=25), True), (timedelta(days=-900), False)]
)
def test_publication_more_than_a_day_ahead_is_noted(ahead, noted, load_text):
    article = load_text(f"Date: {(NOW + ahead).isoformat()}\n\nHarbor cuts outlook\n\n{BODY}")
    assert article.published_at == NOW + ahead
    assert any("lies in the future" in note for note in article.notes) is noted


def test_time_that_is_not_understood_is_unknown_with_a_note(load_text):
    article = load_text('{"title": "Harbor cuts outlook", "published_at": "03/04/2026"}', "a.json")
    assert article.published_at is None
    assert article.notes == ("publication time '03/04/2026' is not understood",)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://a.example/",
        "https://user:pw@a.example/",
        "not an address",
        "//a.example",
        "https://",
    ],
)
def test_address_that_is_no_web_page_is_not_kept(url, load_text):
    article = load_text(f'{{"title": "Harbor cuts outlook", "url": "{url}"}}', "a.json")
    assert article.url is None
    assert article.source is None
    assert any("is not usable" in note for note in article.notes)


@pytest.mark.parametrize("canonical", ["https://reuters.example/real", "javascript:alert(1)", "http://[bad"])
def test_fetched_page_cannot_claim_another_sites_address(canonical, site, reply, load):
    site.routes["/a"] = reply(
        f'<html><head><link rel="canonical" href="{canonical}"></head><body><h1>Cut</h1><p>{BODY}</p></body></html>'.encode()
    )
    article = load(f"{site.origin}/a")
    assert article.url == f"{site.origin}/a"
    assert any("another site as its address: reuters.example" in note for note in article.notes) is (
        "reuters" in canonical
    )


def test_address_is_fetched_and_read_by_its_content(site, reply, load):
    site.routes["/text"] = reply(f"Harbor cuts outlook\n\n{BODY}".encode(), "text/plain; charset=utf-8")
    site.routes["/json"] = reply(
        f'{{"title": "Harbor cuts outlook", "text": "{BODY}"}}'.encode(), "application/octet-stream"
    )
    site.routes["/md"] = reply(f"# Harbor *cuts* outlook\n\n{BODY}".encode(), "text/markdown")
    site.routes["/html"] = reply(f"<html><body><h1>Harbor cuts outlook</h1><p>{BODY}</p></body></html>".encode(), None)
    ids = {load(f"{site.origin}{path}").id for path in ("/text", "/json", "/md", "/html")}
    assert len(ids) == 1
    assert load(f"{site.origin}/text").source == "127.0.0.1"


def test_pdf_behind_a_harmless_type_is_still_a_pdf(site, reply, load):
    site.routes["/a"] = reply(b"%PDF-1.7 rest", "text/html")
    with pytest.raises(SourceUnreadable, match="PDF isn't read yet: save its text"):
        load(f"{site.origin}/a")


def test_other_schemes_are_refused(load):
    with pytest.raises(SourceRefused, match=r"'file'.*give its path"):
        load("file:///etc/hostname")
    with pytest.raises(SourceRefused, match="'ftp'"):
        load("ftp://a.example/b")


def test_private_address_is_refused_by_default(site):
    with pytest.raises(SourceRefused, match=r"loopback|port"):
        load_article(f"{site.origin}/a", stdin=None, fetcher=Fetcher(), clock=lambda: NOW)
    assert not site.requests


def test_other_languages_are_returned_with_their_code(load_text):
    article = load_text(
        "Deutsche Bank senkt Prognose\n\nDie Bank senkte am Donnerstag ihre Gewinnprognose für das laufende Jahr."
    )
    assert article.language == "de"
    assert load_text("AAPL 10-K").language is None


def test_loading_twice_gives_the_same_article(load_text):
    text = f"Harbor cuts outlook\n\n{BODY} ½ \u200b"
    assert load_text(text) == load_text(text)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    [
        "a\n",
        "ab ",
        "!",
        '"',
        '."',
        "\u200b",
        "a\u200b",
        "½",
        "\u0301",
        "Aа ",
        "<!-- x -->",
        "Title: x\n",
        "# ",
        "word. Next ",
        "<p",
        "。",
    ],
)
@pytest.mark.parametrize(("name", "length"), [("story.txt", 300_000), ("story.md", 60_000)])
def test_repetitive_text_is_read_or_refused_in_time_that_grows_with_its_length(piece, name, length, load_text):
    try:
        assert load_text(piece * (length // len(piece)), name).title
    except SourceUnreadable as error:
        assert "no text" in str(error) or "elements" in str(error)  # noqa: PT017 - either ending is right


def test_title_of_a_page_that_is_too_long_is_cut_with_a_note(load_text):
    article = load_text(f'{{"title": "{"word " * 100}", "text": "{BODY}"}}', "a.json")
    assert len(article.title) <= 300
    assert article.notes == (f"title cut from 499 to {len(article.title)} characters",)
