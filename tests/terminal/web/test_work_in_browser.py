"""The pages of the work in real Chromium: answers stream to their end, a stop keeps what stood, what an answer cites opens beside
it, and nothing of it upsets the browser, asks elsewhere or shuts anyone out."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.jobs import JobDesk, JobQueue
from evals.chat.tool_server import Says, ToolServer, calls
from evals.harness.shelf import Shelf
from records.job import JobOutcome
from tests.terminal.commands.conftest import fill_ledger
from tests.terminal.web.test_evals_page import made
from tests.terminal.web_kit import served, site_of
from tests.terminal.work_kit import ARTICLE, AT, database_of, keep_articles

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package `chromium`)")

__all__ = ["fill_ledger"]
SEARCH = calls("search_news", words="apple chargers")
CITES = f"Apple recalls 5 million chargers. [{ARTICLE}]"
PATIENCE = 90_000
"""Milliseconds, on a machine that does much else."""


class Seat:
    """A browser's page over a served home, the model that answers, and what went wrong in the browser."""

    def __init__(self, page: "sync_api.Page", model: ToolServer, home: Path) -> None:
        self.page, self.model, self.home = page, model, home
        self.faults: list[str] = []
        page.on("console", lambda one: self.faults.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda one: self.faults.append(str(one)))
        page.on("request", self._asked)

    def _asked(self, request: "sync_api.Request") -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            self.faults.append(f"asked {request.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def seat(browser: "sync_api.Browser", tmp_path: Path) -> Iterator[Seat]:
    home = tmp_path / "home"
    ids = keep_articles(home, 2)
    with database_of(home) as database, JobQueue.open(database.place) as queue:
        JobDesk(database, queue, lambda: AT).add(ids)
        database.jobs.begin(ids[0], 1)
        database.jobs.finish(ids[0], 1, JobOutcome(failure="model_unavailable", reason="It is away."), AT)
    with ExitStack() as closing:
        model = closing.enter_context(ToolServer())
        settings = {"model": "m", "provider": "openai", "base_url": model.url}
        site = closing.enter_context(site_of(home, **settings))
        page = closing.enter_context(browser.new_context(base_url=closing.enter_context(served(site)))).new_page()
        page.set_default_timeout(PATIENCE)
        sync_api.expect.set_options(timeout=PATIENCE)
        sat = Seat(page, model, home)
        yield sat
        model.released.set()
        assert sat.faults == []


def test_an_answer_streams_to_its_end_and_what_it_cites_opens_beside_it_by_keyboard_alone(seat: Seat) -> None:
    page = seat.page
    seat.model.play(SEARCH, Says(CITES))
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/ask")
    page.keyboard.type("What of Apple?")
    page.keyboard.press("Enter")
    answer = page.locator(".turn .answer:not(.draft)")
    sync_api.expect(answer).to_contain_text("Apple recalls 5 million chargers.")
    sync_api.expect(page.locator("#said")).to_contain_text("The answer: Apple recalls")
    sync_api.expect(page.locator("#stop")).to_be_hidden()
    cite, source = page.locator(".cite").first, page.locator("#s1-1")
    sync_api.expect(source).to_contain_text("They overheat.")
    cite.focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#s1-1")
    beside, said = source.bounding_box(), answer.bounding_box()
    assert beside is not None
    assert said is not None
    assert beside["x"] >= said["x"] + said["width"] / 2
    sync_api.expect(page.locator("#question")).to_have_value("")


def test_an_answer_is_seen_while_it_is_written_and_a_stop_keeps_it(seat: Seat) -> None:
    page = seat.page
    seat.model.play(SEARCH, Says("Apple recalls 5 million", then="hang"))
    page.goto("/ask")
    page.fill("#question", "What of Apple?")
    page.click("#send")
    sync_api.expect(page.locator(".draft")).to_have_text("Apple recalls 5 million")
    sync_api.expect(page.locator(".lookups li")).to_contain_text("1 found")
    page.click("#stop")
    sync_api.expect(page.locator(".note")).to_contain_text("Stopped.")
    sync_api.expect(page.locator(".draft")).to_have_text("Apple recalls 5 million")
    sync_api.expect(page.locator("#send")).to_be_enabled()


def test_without_javascript_a_question_is_answered_and_its_source_is_there(
    seat: Seat, browser: "sync_api.Browser"
) -> None:
    seat.model.play(SEARCH, Says(CITES))
    address = seat.page
    address.goto("/ask")
    with browser.new_context(java_script_enabled=False, base_url=address.url.removesuffix("/ask")) as context:
        page = context.new_page()
        page.goto("/ask")
        page.fill("#question", "What of Apple?")
        page.click("#send")
        page.wait_for_url("**/ask?c=*", timeout=PATIENCE)
        assert "Apple recalls 5 million chargers." in page.inner_text("#last .answer")
        page.click(".cite")
        assert page.locator("#s1-1:target").count() == 1


def test_a_failed_job_is_retried_from_the_page(seat: Seat) -> None:
    page = seat.page
    page.goto("/jobs?show=failed")
    page.get_by_role("button", name="retry: Apple recalls").click()
    sync_api.expect(page.get_by_text("In line again: 1.")).to_be_visible()
    with database_of(seat.home) as database:
        assert database.jobs.get("a" * 16).status == "waiting"


PAGES = (
    "/ask",
    "/alerts",
    "/briefs",
    "/track-record",
    "/evals",
    "/evals/words-1?base=words-0",
    "/jobs",
    "/settings",
    "/tokens",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anyone_out_in_either_scheme_and_all_fit_a_phone(
    seat: Seat, scheme: str, fill_ledger: Callable[..., None]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    fill_ledger(110, graded=105)
    for number in (0, 1):
        Shelf(seat.home / "evals").save(made(number))
    page = seat.page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 390, "height": 844})
    for path in PAGES:
        page.goto(path)
        found = axe.Axe().run(page).response["violations"]
        grave = [
            (path, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
        ]
        assert grave == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390, path
