"""JSON: documented fields, one object, and a useful refusal for the rest."""

import json

import pytest

from records.errors import SourceUnreadable

STORY = {"title": "Harbor cuts outlook", "text": "Harbor Foods lowered its full-year profit forecast on Thursday."}


@pytest.fixture
def load_json(tmp_path, load):
    def run(value, name="story.json"):
        file = tmp_path / name
        file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return load(file)

    return run


URL = "https://a.example/x"
NAMINGS = [
    {"title": "T one", "text": "Body.", "url": URL, "source": "Ledger", "published_at": "2026-11-19T18:05:00Z"},
    {"headline": "T one", "body": "Body.", "link": URL, "publisher": "Ledger", "publishedAt": "2026-11-19T18:05:00Z"},
    {
        "headline": "T one",
        "content": "Body.",
        "url": URL,
        "source": {"id": None, "name": "Ledger"},
        "date": 1_795_111_500,
    },
    {
        "title": "T one",
        "article": "<p>Body.</p>",
        "url": f"{URL}#top",
        "source": "Ledger",
        "timestamp": 1_795_111_500_000,
    },
    {
        "title": "T one",
        "text": None,
        "body": "",
        "summary": "Body.",
        "url": URL,
        "source": "Ledger",
        "published": "Thu, 19 Nov 2026 13:05:00 -0500",
        "sentiment": {"nested": [1, 2]},
        "id": 7,
    },
]


@pytest.mark.parametrize("value", NAMINGS)
def test_documented_names_of_each_field_are_read_and_others_ignored(value, load_json):
    article = load_json(value)
    assert (article.title, article.text, article.url, article.source) == (
        "T one",
        "Body.",
        "https://a.example/x",
        "Ledger",
    )
    assert article.published_at.isoformat() == "2026-11-19T18:05:00+00:00"
    assert not article.date_only


def test_kind_is_found_by_content_without_an_extension(load_json):
    assert load_json(STORY, "story").title == STORY["title"]
    assert load_json(STORY, "story.txt").title == STORY["title"]


def test_paragraphs_may_be_a_list(load_json):
    assert load_json({**STORY, "text": ["One.", "Two."]}).text == "One.\n\nTwo."


def test_list_of_one_is_that_object(load_json):
    assert load_json([STORY]).title == STORY["title"]


@pytest.mark.parametrize("value", [[STORY, STORY], [], [1, 2], f"{json.dumps(STORY)}\n{json.dumps(STORY)}\n"])
def test_many_or_none_are_refused_with_the_remedy(value, load_json):
    with pytest.raises(SourceUnreadable, match="Use one object"):
        load_json(value)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ('{"title": "x", }', "no valid JSON.*line 1 column"),
        ('{"title": "x"', "no valid JSON"),
        ({"articles": [STORY]}, r"without a title or a text.*articles"),
        ({}, "without a title or a text"),
        ({"title": 7, "text": "x"}, "'title' that is no string but 7"),
        ({"title": "x", "text": {"html": "y"}}, "no string but"),
        ({"title": "x", "text": ["a", 1]}, "no string but"),
        ({"title": "x", "url": ["y"]}, "'url' that is no string"),
        ('"just a string"', "no object"),
        ("17", "no object"),
        ("[[1]]", "no object"),
        ('{"title": ' + "[" * 100_000, "cannot be an article|no valid JSON"),
        ('{"title": "x", "date": ' + "9" * 5000 + "}", "cannot be an article"),
    ],
    ids=[
        "comma",
        "cut",
        "wrapped",
        "empty",
        "title",
        "text",
        "list",
        "url",
        "string",
        "number",
        "nested list",
        "deep",
        "huge number",
    ],
)
def test_other_json_is_refused_with_what_was_seen(value, advice, load_json):
    with pytest.raises(SourceUnreadable, match=advice):
        load_json(value)


def test_text_that_begins_with_a_bracket_is_no_json(load_json):
    article = load_json("[Updated] Harbor cuts outlook\n\nHarbor Foods lowered its forecast.", "story.txt")
    assert article.title == "[Updated] Harbor cuts outlook"


def test_hidden_html_in_a_field_is_removed(load_json):
    article = load_json(
        {"title": "Harbor <b>cuts</b> outlook", "text": "<p>Sales fell.</p><p hidden>Zebra</p><!-- Zebra -->"}
    )
    assert article.body == "Harbor cuts outlook\n\nSales fell."
    assert article.notes == ("removed 2 hidden parts of the page (1 comment, 1 hidden attribute)",)


def test_angle_brackets_that_are_no_markup_stay(load_json):
    assert load_json({"title": "x", "text": "Margin <5% and EPS > $2."}).text == "Margin <5% and EPS > $2."


def test_lone_surrogates_do_not_break_the_digest(load_json):
    article = load_json('{"title": "Harbor \\ud800cuts", "text": "x"}')
    assert article.title == "Harbor cuts"
