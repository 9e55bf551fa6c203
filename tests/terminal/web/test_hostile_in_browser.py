"""Hostile stories on every page in real Chromium: no dialog, no error, no request elsewhere, no navigation, a title of ours."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from agent.brief import Briefing
from agent.jobs import JobDesk, JobQueue
from records.brief import BriefScope
from records.job import JobOutcome
from tests.terminal.web.test_hostile_pages import MARKUP, hostile
from tests.terminal.web_kit import served, site_of
from tests.terminal.work_kit import AT, database_of

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian's package `chromium`)")
PAGES = ("/", "/ask", "/briefs", "/track-record", "/evals", "/jobs", "/settings", "/stories/S1")


def filled(home: Path, build: SimpleNamespace) -> list[str]:
    """A home with the hostile stories, told in a brief and failed as jobs; the addresses that show them."""
    addresses = list(PAGES)
    with database_of(home) as database, JobQueue.open(database.place) as queue:
        for number, text in enumerate(MARKUP):
            analysis, event = hostile(build, number, text)
            database.save_analysis(analysis)
            database.add_events([event])
            assert analysis.story is not None
            with database.stories() as shelf:
                shelf.add(analysis.article, analysis.story, (), tickers=(), event_type=None, embedder=None, vector=None)
            addresses.append(f"/articles/{analysis.id}")
            JobDesk(database, queue, lambda: AT).add([analysis.article.id])
            database.jobs.begin(analysis.article.id, 1)
            outcome = JobOutcome(failure="model_refused", reason=text)
            database.jobs.finish(analysis.article.id, 1, outcome, AT)
        latest = max(
            one.provenance.as_of for one in (database.load_analysis(each.split("/")[-1]) for each in addresses[8:])
        )
        brief = Briefing(database, lambda: latest).write(BriefScope(kind="everything"), as_of=latest)
        addresses.append(f"/briefs/{brief.id}")
    return addresses


def test_nothing_of_a_hostile_story_acts_on_any_page(tmp_path: Path, build: SimpleNamespace) -> None:
    home, faults, shown = tmp_path / "home", [], 0
    addresses = filled(home, build)
    with site_of(home) as site, served(site) as base, sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("dialog", lambda one: (faults.append(f"dialog {one.message}"), one.dismiss()))
        page.on("pageerror", lambda one: faults.append(f"error {one}"))
        page.on("console", lambda one: faults.append(one.text) if one.type in ("error", "warning") else None)
        page.on("request", lambda one: urlsplit(one.url).hostname != "127.0.0.1" and faults.append(f"asked {one.url}"))
        for address in addresses:
            page.goto(base + address)
            page.mouse.move(300, 300)  # over what may wait for it
            page.wait_for_timeout(150)
            assert page.url.startswith(base + address.split("?")[0])
            assert page.title().endswith("Rhyme")
            shown += "alert(1)" in page.inner_text("body")
        browser.close()
    assert faults == []
    assert shown >= len(MARKUP) // 2  # they are there, as text
