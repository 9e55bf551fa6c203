"""Plain text and Markdown: where the title ends, what a header is, which lines belong together."""

import pytest

from feeds.plain import read_markdown, read_text

BODY = "Harbor Foods lowered its full-year profit forecast on Thursday. Shares fell 9%."


OPENINGS = {
    "blank line": (f"Harbor cuts outlook\n\n{BODY}", "Harbor cuts outlook", BODY),
    "no blank line": (f"Harbor cuts outlook\n{BODY}", "Harbor cuts outlook", BODY),
    "heading": (f"# Harbor cuts outlook #\n\n{BODY}", "Harbor cuts outlook", BODY),
    "underlined": (f"Harbor cuts outlook\n====\n{BODY}", "Harbor cuts outlook", BODY),
    "headline alone": ("Harbor cuts outlook", "Harbor cuts outlook", ""),
    "colon": (f"Apple: what now?\n\n{BODY}", "Apple: what now?", BODY),
    "date word": (f"Date: the app that changed dating\n\n{BODY}", "Date: the app that changed dating", BODY),
    "address word": (f"URL: a history\n\n{BODY}", "URL: a history", BODY),
    "long line": ("Long opening sentence " * 12, None, ("Long opening sentence " * 12).strip()),
    "long heading": ("# " + "word " * 60, None, "# " + ("word " * 60).strip()),
    "wrapped": (
        "Harbor Foods said on Monday it would cut\njobs in its cloud unit.\n\nMore.",
        None,
        "Harbor Foods said on Monday it would cut jobs in its cloud unit.\n\nMore.",
    ),
}


@pytest.mark.parametrize(("raw", "title", "text"), OPENINGS.values(), ids=OPENINGS.keys())
def test_title_is_a_short_first_line_that_starts_no_paragraph(raw, title, text):
    draft = read_text(raw)
    assert (draft.title, draft.text) == (title, text)


HEADS = {
    "bare": "Title: Harbor cuts outlook\nDate: 2026-11-19\nSource: The Daily Ledger\nURL: https://ledger.example/a\n\n",
    "fenced": "---\ntitle: 'Harbor cuts outlook'\nauthor: Desk\ndate: 2026-11-19\npublisher: The Daily Ledger\n"
    "link: https://ledger.example/a\n---\n",
    "title below": "Published: 2026-11-19\nPUBLISHER: The Daily Ledger\nlink: https://ledger.example/a\nHarbor cuts outlook\n\n",
    "other names": "\ufeff\nHeadline: Harbor cuts outlook\npublished-at: 2026-11-19\nsource: The Daily Ledger\n"
    "url: https://ledger.example/a\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_headers_at_the_top_become_fields(head):
    draft = read_text(head + BODY)
    assert (draft.title, draft.text) == ("Harbor cuts outlook", BODY)
    assert (draft.published, draft.source, draft.url) == (
        ("2026-11-19",),
        "The Daily Ledger",
        "https://ledger.example/a",
    )


def test_headers_below_the_top_are_text():
    draft = read_text(f"Harbor cuts outlook\n\nSource: The Daily Ledger\n\n{BODY}")
    assert draft.source is None
    assert "Source: The Daily Ledger" in draft.text


def test_wrapped_lines_are_joined_and_bullets_and_paragraphs_are_not():
    draft = read_text(
        "Title here\n\nOne sentence that\nwraps twice\nand ends.\nA new one.\n\n- first\n- second\n\nLast."
    )
    assert draft.text == "One sentence that wraps twice and ends.\n\nA new one.\n\n- first\n\n- second\n\nLast."


MARKDOWN = """---
date: 2026-11-19
---
# Harbor *cuts* outlook

Harbor said [on Thursday](http://x.example "Zebra") that **sales**
fell.

![Zebra](http://x.example/a.png)
<!-- Zebra -->

<p style='display:none'>Zebra</p>

[//]: # (Zebra)

- one
- two
"""


def test_markdown_is_read_as_its_reader_sees_it():
    draft = read_markdown(MARKDOWN, "a.md")
    assert draft.title == "Harbor cuts outlook"
    assert [paragraph for paragraph in draft.text.splitlines() if paragraph] == [
        "Harbor said on Thursday that sales fell.",
        "one",
        "two",
    ]
    assert draft.published == ("2026-11-19",)
    assert draft.notes == ("removed 2 hidden parts of the page (1 comment, 1 display:none)",)


def test_very_long_markdown_is_read_as_plain_text():
    draft = read_markdown("Title\n\n" + "some **bold** words. " * 30_000, "a.md")
    assert draft.title == "Title"
    assert "**bold**" in draft.text
