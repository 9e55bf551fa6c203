"""Article: every part in its order, what it rests on marked in the source, what is missing said by kind."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from records.analysis import Analysis, Claim, Ground
from records.article import Article
from records.job import JobOutcome
from records.reading import Span
from records.times import utc_now
from terminal.web import article_view
from tests.terminal.work_kit import database_of, opened, words

Show = Callable[[Analysis], str]


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Show]:
    """Keeps an analysis and gives its page."""
    home = tmp_path / "shown"
    with database_of(home) as database, opened(home) as client:

        def shown(analysis: Analysis) -> str:
            database.save_analysis(analysis)
            answer = client.get(f"/articles/{analysis.id}")
            assert answer.status_code == 200
            return answer.text

        yield shown


def test_the_parts_stand_in_the_order_of_the_page(show: Show, analysis: Analysis) -> None:
    said = words(show(analysis))
    order = [
        "Market Impact 0.55", "General Mills raises its outlook", "as of 2014-03-05 13:30 UTC", "Tickers", "GIS", "Tags",
        "Summary", "Analysis Sales are to grow 4 percent.", "Interval and drivers", "80 % interval 0.12–0.93", "Score 0.55",
        "Closest precedents", "+3.1 %", "Claims and their support", "Missing or left out", "Provenance and cost", "46 calls",
    ]  # fmt: skip
    at = 0
    for part in order:
        assert part in said[at:], part
        at = said.index(part, at) + len(part)


def test_a_fall_kept_in_log_is_shown_as_the_fall_of_the_price(show: Show, fallen: Analysis) -> None:
    said = words(show(fallen))
    assert "-47.5 %" in said
    assert "64.4" not in said


def test_citations_lead_to_marks_in_the_source_and_to_precedents(show: Show, analysis: Analysis) -> None:
    page = show(analysis)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'href="#([^"]+)"', page)) - {"main"}
    assert {"A1", "P1", "score"} <= targets <= set(ids)
    mark = re.search(r'<mark id="A1" data-claims="1">(.*?)</mark>', page)
    assert mark is not None
    assert mark[1] == "expects sales to grow 4 percent this year"
    assert 'href="/precedents/starter-0001"' in page


def test_what_the_check_took_out_is_told_apart_from_what_stands(show: Show, analysis: Analysis) -> None:
    page = show(analysis)
    assert "1 sentence taken out by the check" in words(page)
    assert "<s>Shares fell 9 %.</s> – 9 % is not in A2" in page
    assert "Shares fell 9 %" not in page[: page.index('id="claims"')]


@pytest.mark.parametrize(
    ("status", "kind"), [("no_precedent", "No precedent"), ("not_asked", "Not asked"), ("failed", "Failed")]
)
def test_precedents_that_are_not_there_are_told_by_kind(
    show: Show, build: SimpleNamespace, status: str, kind: str
) -> None:
    assert f"Closest precedents {kind} " in words(show(build.analysis(precedents=(), precedent_status=status)))


def test_what_is_missing_is_told_by_kind(show: Show, build: SimpleNamespace) -> None:
    provenance = build.provenance(missing=("precedents failed: the store is locked", "no price history is set"))
    article = build.article()
    page = words(
        show(build.analysis(reading=build.reading(article, sentiment=None), provenance=provenance, article=article))
    )
    lacking = page[page.index("Missing or left out") :]
    assert "Precedents failed precedents failed: the store is locked" in lacking
    assert "Prices no price history is set" in lacking
    assert "Check 1 sentence left out" in lacking
    assert "Sentiment not measured, which is not the same as neutral" in lacking


def test_an_unscoreable_article_says_why_and_has_no_number(show: Show, unscoreable: Analysis) -> None:
    said = words(show(unscoreable))
    assert "Market Impact — not scoreable: no listed company, sector or market is touched" in said
    assert "Interval" not in said


def test_what_the_market_did_since_is_set_beside_the_score(analysed_home: Path, build: SimpleNamespace) -> None:
    with database_of(analysed_home) as database, opened(analysed_home) as client:
        kept = database.load_analysis(database.recent_analyses(50)[-1].id)
        assert kept.impact.ticker is not None
        page = f"/articles/{kept.id}"
        assert "What the market did" not in client.get(page).text
        reaction = build.analysis().precedents[0].reaction
        reaction = reaction.model_copy(update={"ticker": kept.impact.ticker, "z": 2.8, "abnormal_return": -0.644})
        (event,) = database.events([kept.article.event_id])
        assert database.add_reactions([event.model_copy(update={"reaction": reaction})]) == 1
        said = words(client.get(page).text)
    assert f"{kept.impact.ticker} -47.5 % (+2.8σ, one session)" in said
    assert re.search(r"Realised impact 0\.9\d, (in|out)side the interval", said)


def test_an_older_analysis_says_that_there_is_a_newer_one(show: Show, analysis: Analysis) -> None:
    again = analysis.model_copy(update={"id": "b" * 16, "created_at": analysis.created_at + timedelta(days=1)})
    assert "analysed again" not in show(again)
    page = show(analysis)
    assert f'<a href="/articles/{again.id}">Its newest analysis</a>' in page


def test_the_id_of_an_article_leads_to_its_newest_analysis(analysed_home: Path) -> None:
    with database_of(analysed_home) as database, opened(analysed_home) as client:
        kept = database.load_analysis(database.recent_analyses(1)[0].id)
        answer = client.get(f"/articles/{kept.article.id}", follow_redirects=False)
        assert answer.headers["location"] == f"/articles/{kept.id}"
        missing = client.get("/articles/ffffffffffffffff")
    assert missing.status_code == 404
    assert "There is no article" in words(missing.text)


def test_an_article_that_could_not_be_analysed_says_why(tmp_path: Path) -> None:
    home, at = tmp_path / "home", utc_now()
    article = Article(id="e" * 16, title="A <b>deal</b>", text="It is done.", published_at=at, first_seen_at=at)
    with database_of(home) as database, opened(home) as client:
        database.intake.save_articles([article])
        assert "no job asks for its analysis" in words(client.get(f"/articles/{article.id}").text)
        database.jobs.add([article.id], 1, at)
        assert "waiting Its analysis is not made yet" in words(client.get(f"/articles/{article.id}").text)
        database.jobs.begin(article.id, 1)
        failed = JobOutcome(failure="model_unavailable", reason="The server did not answer.")
        database.jobs.finish(article.id, 1, failed, at)
        page = client.get(f"/articles/{article.id}").text
    assert "model unavailable The server did not answer." in words(page)
    assert "A &lt;b&gt;deal&lt;/b&gt;" in page


def claim(text: str, *spans: tuple[int, int], grounds: tuple[tuple[int, int], ...] = (), support: str = "A1") -> Claim:
    return Claim(
        text=text,
        support=(support,),
        spans=tuple(Span(start=start, end=end) for start, end in spans),
        grounds=tuple(Ground(words="x", source="A1", span=Span(start=start, end=end)) for start, end in grounds),
        verdict="supported",
    )


def test_the_pieces_of_the_source_are_the_whole_source_also_where_marks_overlap(analysis: Analysis) -> None:
    claims = (
        claim("One.", (10, 40), grounds=((20, 25),)),
        claim("Two.", (30, 60), support="A2"),
        claim("Far.", (0, 99_999)),
    )
    marked = analysis.model_copy(update={"claims": claims})
    pieces = article_view.pieces(marked)
    body = marked.article.body
    assert "".join(piece.text for piece in pieces) == body
    at = 0
    for piece in pieces:
        middle, at = at + len(piece.text) // 2, at + len(piece.text)
        assert (1 in piece.claims) == (10 <= middle < 40)
        assert (2 in piece.claims) == (30 <= middle < 60)
        assert piece.exact == (20 <= middle < 25)
    assert [name for piece in pieces for name in piece.begins] == ["A1", "A2"]
