"""The pages of the news in real Chromium: what is new arrives, keys alone are enough, and nothing upsets the browser, asks
elsewhere or shuts anyone out."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest

from records.analysis import Analysis
from records.database import Database
from records.times import utc_now
from tests.terminal.web_kit import served, site_of, write_prices

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package `chromium`)")
PATIENCE = 60_000
"""Milliseconds, on a machine that does much else."""
PHONE = 390


class Seat:
    """A browser's page over a served home, the home's database, and what went wrong in the browser."""

    def __init__(self, page: "Page", database: Database) -> None:
        self.page, self.database = page, database
        self.faults: list[str] = []
        page.on("console", lambda one: self.faults.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda one: self.faults.append(str(one)))
        page.on("request", self._asked)

    def _asked(self, request: "Request") -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.faults.append(f"asked {request.url}")

    def analysis(self, words: str) -> Analysis:
        """The kept one whose headline has the words."""
        found = next(one for one in self.database.recent_analyses(50) if words in one.title)
        return self.database.load_analysis(found.id)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def seat(browser: "Browser", analysed_home: Path, tmp_path: Path) -> Iterator[Seat]:
    write_prices(tmp_path / "prices", ["AAPL"], utc_now())
    with ExitStack() as closing:
        site = closing.enter_context(site_of(analysed_home, prices=str(tmp_path / "prices")))
        address = closing.enter_context(served(site))
        database = closing.enter_context(Database.open(analysed_home / "rhyme.db"))
        page = closing.enter_context(browser.new_context(base_url=address)).new_page()
        page.set_default_timeout(PATIENCE)
        sync_api.expect.set_options(timeout=PATIENCE)
        sat = Seat(page, database)
        yield sat
        assert sat.faults == []
        page.goto("about:blank")  # closes the stream before the server ends


def new_analysis(seat: Seat, title: str) -> None:
    """Another process keeps one."""
    made, now = seat.analysis("Nvidia"), utc_now()
    article = made.article.model_copy(
        update={"id": "c" * 16, "title": title, "published_at": now, "first_seen_at": now}
    )
    provenance = made.provenance.model_copy(update={"as_of": now})
    changes = {"id": "d" * 16, "article": article, "provenance": provenance, "created_at": now, "story": None}
    assert seat.database.save_analysis(made.model_copy(update=changes))


def test_a_new_analysis_arrives_at_the_top_and_is_announced(seat: Seat) -> None:
    page = seat.page
    page.goto("/")
    rows = page.locator("#news > li")
    before = rows.count()
    sync_api.expect(page.locator("#live")).to_be_visible()
    new_analysis(seat, "Nvidia <i>raises</i> it again")
    first = rows.first
    sync_api.expect(first.locator("h3")).to_have_text("Nvidia <i>raises</i> it again")
    sync_api.expect(rows).to_have_count(before + 1)
    sync_api.expect(page.locator("#said")).to_have_text("New: Nvidia <i>raises</i> it again")


def test_a_filter_holds_for_what_arrives(seat: Seat) -> None:
    page = seat.page
    page.goto("/?ticker=BA")
    rows = page.locator("#news > li")
    before = rows.count()
    sync_api.expect(page.locator("#live")).to_be_visible()
    with page.expect_response(lambda answer: "part=rows" in answer.url):
        new_analysis(seat, "Nvidia raises it again")
    sync_api.expect(rows).to_have_count(before)


def test_keys_alone_lead_from_the_list_through_a_search_to_an_article_and_back(seat: Seat) -> None:
    page = seat.page
    page.goto("/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("#news > li").nth(1).locator("h3 a")
    sync_api.expect(second).to_be_focused()
    page.keyboard.press("k")
    sync_api.expect(page.locator("#news > li").first.locator("h3 a")).to_be_focused()
    page.keyboard.press("?")
    sync_api.expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("smartphone")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=smartphone")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/*")
    sync_api.expect(page.locator("h1")).to_contain_text("U.S. sues Apple")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url(lambda address: urlsplit(address).path == "/")


def test_a_claim_lights_up_the_words_it_rests_on(seat: Seat) -> None:
    page = seat.page
    page.goto(f"/articles/{seat.analysis('FedEx').id}")
    page.locator("[data-claim='1']").click(position={"x": 2, "y": 2})
    assert page.locator("mark.on").count() >= 1
    page.locator(".prose a[href='#A1']").click()
    assert page.locator("#A1:target").count() == 1


def test_dark_and_light_are_switched_and_stay_so(seat: Seat) -> None:
    page = seat.page
    page.emulate_media(color_scheme="light")
    page.goto("/")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("#theme")
    dark = page.evaluate(ground)
    assert dark != light
    page.goto("/tickers/AAPL")
    assert page.evaluate(ground) == dark


def test_a_chart_can_be_moved_in(seat: Seat) -> None:
    page = seat.page
    page.goto("/tickers/AAPL")
    sync_api.expect(page.locator("#price .scatterlayer .trace")).to_have_count(2)
    sync_api.expect(page.locator("#price svg.spark")).to_have_count(0)


def test_without_javascript_the_news_and_an_article_are_read(seat: Seat, browser: "Browser") -> None:
    seat.page.goto("/")
    with browser.new_context(java_script_enabled=False, base_url=seat.page.url) as context:
        page = context.new_page()
        page.goto("/")
        assert page.locator("#live").is_hidden()
        page.click("summary:has-text('Filters')")
        page.fill("#f-ticker", "FDX")
        page.click("button:has-text('Show')")
        page.click("#news h3 a")
        assert "FedEx" in page.inner_text("h1")
        page.click(".prose a[href='#P1']")
        assert page.locator("tr#P1:target").count() == 1
        page.goto("/tickers/AAPL")
        assert page.locator("svg.spark polyline").count() == 1


def test_on_paper_the_text_stands_without_what_only_a_screen_needs(seat: Seat) -> None:
    page = seat.page
    page.goto(f"/articles/{seat.analysis('FedEx').id}")
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".top", ".skip"):
        assert page.locator(hidden).is_hidden()
    assert page.locator(".source").is_visible()
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def addresses(seat: Seat) -> list[str]:
    """A page of each kind."""
    one = seat.analysis("FedEx")
    assert one.story is not None
    walk = seat.analysis("walks")
    return [
        "/", "/?ticker=BA&order=score", "/?q=nowhere", f"/articles/{one.id}", f"/articles/{walk.id}",
        f"/stories/{one.story.story_id}", f"/precedents/{one.precedents[0].event_id}", "/tickers/AAPL", "/tickers/FDX",
        "/themes/Corporate%20Guidance",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anyone_out_in_either_scheme_and_all_fit_a_phone(
    seat: Seat, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = seat.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": PHONE, "height": 844})
    for path in addresses(seat):
        page.goto(path)
        found = axe.Axe().run(page).response["violations"]
        grave = [
            (path, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert grave == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE, path
