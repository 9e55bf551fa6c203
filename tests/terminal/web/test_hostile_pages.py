"""Hostile stories on every page that shows news: markup stays text, nothing of it loads, executes or leads anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from evals.injection.payloads import own
from records.analysis import Analysis
from records.article import Article
from records.event import Event
from records.reading import Fact, Mention, Span
from records.story import Placement
from terminal.web.headers import CONTENT_SECURITY_POLICY
from tests.html_reader import HtmlReader
from tests.terminal.work_kit import database_of, opened

MARKUP = (
    '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "</script><script>alert(1)</script>",
    '<a href="javascript:alert(1)">here</a>', "{{ 7*7 }}{% raw %}", '" onmouseover="alert(1)', "<!--", "]]>", "\x1b[31m\u202e",
    "<iframe src=//evil.test></iframe>", '<meta http-equiv="refresh" content="0;url=//evil.test">',
)  # fmt: skip
PAYLOADS = tuple(payload.text for style in ("static", "adaptive") for payload in own(style))[::4]
OURS = re.compile(r"/(?!/)|#|https?://news\.example\.com/")


def hostile(build: SimpleNamespace, number: int, text: str) -> tuple[Analysis, Event]:
    """An analysis every text of which is `text`, as if no other defence had held, and its event."""
    identity = f"{number:016x}"
    article: Article = build.article(
        id=identity,
        title=text,
        text=f"{text}\n\n{text}",
        source=text,
        url="javascript:alert(1)" if number % 2 else f"https://x.test/{text}",
    )
    span = Span(start=0, end=len(text))
    mention = Mention(name=text, ticker=text[:12] or "X", role="subject", quote=text)
    reading = build.reading(
        article, facts=(Fact(id="A1", text=text, quote=text, span=span),), summary=text, mentions=(mention,)
    )
    made: Analysis = build.analysis(article=article, reading=reading, id=f"f{number:015x}")
    precedent = made.precedents[0].model_copy(
        update={"summary": text, "why": text, "differs": text, "tickers": (text,), "event_id": text[:60]}
    )
    claims = tuple(
        one.model_copy(update={"text": text, "support": ("A1", text), "spans": (span,)}) for one in made.claims
    )
    dropped = claims[0].model_copy(update={"verdict": "dropped", "faults": (text,)})
    placed = Placement(
        article_id=identity, story_id="S1", relation="first", why=text, novelty=1.0, sources=(text,),
        first_seen_at=article.first_seen_at, as_of=article.first_seen_at, model="test",
    )  # fmt: skip
    provenance = build.provenance(missing=(text,), model=text, prompts={text: text})
    impact = build.impact(reason=text)
    changes = {
        "precedents": (precedent,),
        "claims": (*claims, dropped),
        "story": placed,
        "provenance": provenance,
        "impact": impact,
    }
    event = Event(
        id=text[:60], summary=text, event_type=precedent.event_type, tickers=(text,), story_id=text[:100], source=text,
        published_at=precedent.published_at, reaction=precedent.reaction,
    )  # fmt: skip
    return made.model_copy(update=changes), event


@pytest.fixture
def pages(tmp_path: Path, build: SimpleNamespace) -> Iterator[tuple[TestClient, list[str]]]:
    """A home with all of them, and the addresses that show them."""
    home, addresses = (
        tmp_path / "home",
        ["/", "/?order=score", "/stories/S1", "/tickers/GIS", "/themes/Corporate%20Guidance", "/briefs"],
    )
    with database_of(home) as database:
        for number, text in enumerate((*MARKUP, *PAYLOADS)):
            analysis, event = hostile(build, number, text)
            database.save_analysis(analysis)
            database.add_events([event])
            assert analysis.story is not None
            with database.stories() as shelf:
                shelf.add(
                    analysis.article, analysis.story, (), tickers=(text,), event_type=None, embedder=None, vector=None
                )
            addresses += [f"/articles/{analysis.id}"]
            if "\x1b" not in event.id:
                addresses += [f"/precedents/{quote(event.id, safe='')}"]
            addresses += [f"/?q={quote(text[:150])}", f"/tickers/{quote(text, safe='')}"]
    with opened(home) as client:
        yield client, addresses


def test_no_page_has_an_element_a_handler_or_an_address_of_a_hostile_story(pages: tuple[TestClient, list[str]]) -> None:
    client, addresses = pages
    assert len(addresses) > 4 * len(MARKUP)
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code in (200, 400, 404), address
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        seen = HtmlReader(answer.text)
        assert seen.open == [], address
        for tag, attributes in seen.elements:
            where = f"{address}: {tag} {attributes}"
            assert tag not in {"img", "iframe", "object", "embed", "base", "style", "math"}, where
            assert not [
                name for name in attributes if name.startswith("on") or name in ("style", "srcdoc", "formaction")
            ], where
            assert "http-equiv" not in attributes, where
            for name in ("href", "src", "action"):
                value = attributes.get(name) or "/"
                assert OURS.match(value) or (name == "href" and value.startswith("https://x.test/")), where
            if tag == "script":
                assert (attributes.get("src") or "").startswith("/static/"), where
            if (attributes.get("href") or "").startswith("http"):
                assert attributes["rel"] == "noopener noreferrer", where


def test_the_words_of_a_hostile_story_are_shown_as_words(pages: tuple[TestClient, list[str]]) -> None:
    client, _ = pages
    page = client.get(f"/articles/f{0:015x}").text
    assert "<script>alert(1)" not in page
    assert "<script>alert(1)</script>" in " ".join(HtmlReader(page).words)
    brackets = client.get(f"/articles/f{MARKUP.index('{{ 7*7 }}{% raw %}'):015x}").text
    assert "{{ 7*7 }}{% raw %}" in brackets
    controls = client.get(f"/articles/f{len(MARKUP) - 3:015x}").text
    assert "\x1b" not in controls
    assert "\u202e" not in controls
