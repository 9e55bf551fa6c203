"""News over a home of real analyses: order, filters, pages, views, and what is said when there is nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.terminal.work_kit import field, opened, words


@pytest.fixture
def client(analysed_home: Path) -> Iterator[TestClient]:
    with opened(analysed_home) as one:
        yield one


def headlines(page: str) -> list[str]:
    return re.findall(r'<h3><a href="/articles/[^"]+">(.*?)</a></h3>', page)


def scores(page: str) -> list[str]:
    return re.findall(r'class="score(?: none)?"[^>]*>([^<]+)<', page)


def test_a_row_says_score_headline_tickers_tags_sentiment_age_novelty_and_story(client: TestClient) -> None:
    page = client.get("/", params={"q": "reject contract"}).text
    said = words(page)
    row = said[said.index("Boeing workers reject") :]
    for told in ("BA", "labor dispute", "Labor & Employment".replace("&", "&amp;"), "negative", "2 articles"):
        assert told in row, told
    assert re.search(r"0\.\d\d .*80 % interval 0\.\d\d to \d\.\d\d", said)
    assert re.search(r"Novelty [01]\.\d\d", row)
    assert re.search(r"Age \d+ h", row)
    assert 'href="/tickers/BA"' in page
    assert 'href="/themes/Labor%20%26%20Employment"' in page
    assert re.search(r'href="/stories/[^"]+"', page)


def test_a_row_that_was_shown_before_shows_its_age_and_its_storys_articles_of_now(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"q": "reject contract"}
    before, site = words(client.get("/", params=asked).text), client.app.state.site  # type: ignore[attr-defined]
    now, sizes = site.clock(), site.database.shown.story_sizes
    monkeypatch.setattr(site, "clock", lambda: now + timedelta(days=3))
    monkeypatch.setattr(
        site.database.shown, "story_sizes", lambda *asked: {one: size + 5 for one, size in sizes(*asked).items()}
    )
    after = words(client.get("/", params=asked).text)
    assert ("2 articles" in before, "7 articles" in before) == (True, False)
    assert ("2 articles" in after, "7 articles" in after) == (False, True)
    ages = [re.findall(r"Age (\d+ \w+)", said) for said in (before, after)]
    assert ages[0] != ages[1]


def test_the_newest_come_first_or_the_highest_and_what_is_not_scoreable_last(client: TestClient) -> None:
    newest = headlines(client.get("/").text)
    assert newest[0].startswith("Boeing workers begin strike")
    by_score = scores(client.get("/", params={"order": "score"}).text)
    numbers = [one for one in by_score if one != "—"]
    assert numbers == sorted(numbers, reverse=True)
    assert by_score[-1] == "—"
    assert len(by_score) == len(newest)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"ticker": "nvda"}, ["Nvidia"]),
        ({"ticker": "NVDA, FDX"}, ["FedEx", "Nvidia"]),
        ({"tag": "Antitrust & Competition"}, ["U.S. sues Apple"]),
        ({"event": "capital_return"}, ["Meta"]),
        ({"sentiment": "neutral"}, ["Five quiet evening walks"]),
        ({"q": "smartphone"}, ["U.S. sues Apple"]),
        ({"min_score": "0.78", "ticker": "FDX"}, ["FedEx"]),
        ({"ticker": "NONE"}, []),
    ],
)
def test_a_filter_leaves_what_fits(client: TestClient, asked: dict[str, str], found: list[str]) -> None:
    page = client.get("/", params=asked).text
    assert [one[: len(begin)] for one, begin in zip(headlines(page), found, strict=True)] == found
    assert ("No analysis fits these filters" in page) == (not found)


@pytest.mark.parametrize(
    "asked", [{"min_score": "high"}, {"tag": "Weather"}, {"event": "x"}, {"since": "whenever"}, {"order": "up"}, {"after": "x"}]
)  # fmt: skip
def test_a_value_that_is_none_of_the_form_is_refused_in_words(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.get("/", params=asked)
    assert answer.status_code == 400
    assert next(iter(asked.values())) in words(answer.text)


def test_a_past_moment_shows_what_was_known_then_and_is_not_live(client: TestClient) -> None:
    now, then = client.get("/").text, client.get("/", params={"as_of": "1 day"}).text
    assert 0 < len(headlines(then)) < len(headlines(now))
    assert 'data-live="yes"' in now
    assert 'data-live="no"' in then


def test_the_pages_hold_everything_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = headlines(client.get("/").text)
    monkeypatch.setattr("terminal.web.pages.news.LIMIT", 3)
    seen: list[str] = []
    page = client.get("/").text
    while True:
        seen += headlines(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        page = client.get(older[1].replace("&amp;", "&")).text
    assert seen == whole


def test_the_rows_alone_are_the_same_rows(client: TestClient) -> None:
    rows = client.get("/", params={"part": "rows", "ticker": "BA"}).text
    assert headlines(rows) == headlines(client.get("/", params={"ticker": "BA"}).text)
    assert "<html" not in rows


def test_a_view_is_kept_shown_and_removed(client: TestClient) -> None:
    page = client.get("/", params={"ticker": "BA", "order": "score"}).text
    form = {"csrf": field(page), "name": "Planes <b>", "query": "ticker=BA&order=score&evil=1"}
    kept = client.post("/views", data=form, follow_redirects=False)
    assert kept.headers["location"] == "/?ticker=BA&order=score"
    listed = client.get("/?ticker=BA&order=score").text
    assert '<a class="chip" href="/?ticker=BA&amp;order=score">Planes &lt;b&gt;</a>' in listed
    gone = client.post("/views/remove", data={"csrf": field(listed), "name": "Planes <b>"})
    assert "Planes" not in gone.text


def test_a_view_without_the_forms_own_field_is_not_kept(client: TestClient) -> None:
    answer = client.post("/views", data={"name": "mine", "query": "ticker=BA"}, headers={"Origin": "http://evil.test"})
    assert answer.status_code == 403
    assert "mine" not in client.get("/").text


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    with opened(tmp_path / "new") as client:
        assert "Nothing has been analysed yet" in client.get("/").text


def test_a_count_that_went_no_further_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = client.get("/").text
    assert f"{len(headlines(whole))} analyses ·" in words(whole)
    monkeypatch.setattr("terminal.web.pages.news.LIMIT", 2)
    monkeypatch.setattr("terminal.web.pages.news.COUNTED", 3)
    assert "3 analyses or more ·" in words(client.get("/").text)
