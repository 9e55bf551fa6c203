"""Briefs in the browser: written for a scope, listed, shown."""

from pathlib import Path

import pytest

from records.brief import Brief, BriefLine, BriefScope, BriefSentence, BriefStory
from records.summary import AnalysisSummary
from tests.terminal.work_kit import AT, HOSTILE, database_of, field, opened, words


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With a brief of one story, one more below its limit, and something that failed."""
    summary = AnalysisSummary(
        id="a" * 16, article_id="b" * 16, title=f"Microsoft wins {HOSTILE}", source="Wire", url=None, published_at=AT,
        date_only=False, as_of=AT, created_at=AT, event_type="guidance", tickers=("MSFT",), tags=("Software & Cloud",),
        sentiment=None, ticker="MSFT", score=0.62, low=0.1, high=0.9, p_material=0.1, rank=None, evidence="grounded",
        n_precedents=0, summary="It wins.",
    )  # fmt: skip
    story = BriefStory(
        analysis=summary, rank_value=0.62, exposure=1.0, articles=2, sources=("Wire",), update=True,
        sentence=BriefSentence(text="It wins an order.", support=("analysis:x",)),
        precedent=BriefSentence(text="2012-06-01: MSFT then moved +3.1%.", support=("event:starter-1",)),
    )  # fmt: skip
    kept = Brief(
        id="c" * 16, scope=BriefScope(kind="everything"), since=AT, as_of=AT, created_at=AT, status="news",
        overall=(BriefSentence(text="2 stories since yesterday.", support=("analysis:x",)),), stories=(story,),
        others=(BriefLine(analysis_id="d" * 16, title="A walk", ticker=None, score=None),), waiting=3,
    )  # fmt: skip
    with database_of(tmp_path / "home") as database:
        database.briefs.save(kept, ())
    return tmp_path / "home"


def test_a_brief_is_shown_whole_with_links_to_its_stories_and_their_precedents(home: Path) -> None:
    with opened(home) as client:
        page = client.get(f"/briefs/{'c' * 16}").text
        listed = client.get("/briefs").text
    said = words(page)
    for told in (
        "2 stories since yesterday.",
        "It wins an order.",
        "0.62 (0.10–0.90) for MSFT",
        "goes on from an earlier brief",
    ):
        assert told in said
    assert "3 articles wait to be analysed" in said
    assert f'href="/articles/{"a" * 16}"' in page
    assert f'href="/articles/{"d" * 16}"' in page
    assert 'href="/precedents/starter-1"' in page
    assert "<img" not in page
    assert f'href="/briefs/{"c" * 16}">Everything, 2024-05-10 20:30 UTC: 2 stories' in listed


def test_one_is_written_now_and_an_old_one_is_not_told_again(home: Path) -> None:
    with opened(home) as client:
        form = {"csrf": field(client.get("/briefs").text), "kind": "theme", "theme": "Oil & Gas"}
        written = client.post("/briefs", data=form)
        listed = words(client.get("/briefs").text)
    assert written.status_code == 200
    assert written.url.path.startswith("/briefs/")
    assert "No news: nothing that was not told before" in words(written.text)
    assert "Oil &amp; Gas" in listed


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"kind": "watchlist", "tickers": " , "}, "names no company"),
        ({"kind": "theme", "theme": "Weather"}, "There is no theme"),
        ({"kind": "portfolio"}, "No portfolio file is set"),
    ],
)
def test_a_scope_that_is_none_is_told_and_nothing_is_written(home: Path, form: dict[str, str], says: str) -> None:
    with opened(home) as client:
        answer = client.post("/briefs", data={"csrf": field(client.get("/briefs").text), **form})
    assert answer.status_code == 400
    assert says in words(answer.text)
    with database_of(home) as database:
        assert len(database.briefs.recent(10)) == 1


def test_a_brief_that_is_not_there_is_not_found(home: Path) -> None:
    with opened(home) as client:
        assert client.get("/briefs/nope").status_code == 404
