"""The pictures of docs/tour.md: `python -m tests.terminal.web_pictures FOLDER`. Every page of a filled home in real Chromium, light
and dark; the question on the Ask page is answered by the embedded model (`rhyme models pull` first)."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from agent.jobs import JobDesk, JobQueue
from evals.made.analyses import fill as fill_made
from records.alert import AlertRule, Conditions
from records.article import Article
from records.job import JobOutcome
from records.taxonomy import EventType, Tag
from terminal.home import Home
from terminal.settings import load_settings
from tests.terminal.web_kit import fill, served, site_of, write_prices
from tests.terminal.work_kit import database_of

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZE: ViewportSize = {"width": 1280, "height": 860}
QUESTION = "What happened to BA this week?"
ANSWER_SECONDS = 240
SETTLE_MILLISECONDS = 800
"""For a chart to be drawn."""
COLOURS = 256
"""Of a picture, chosen so that the few pixels of a rare colour keep it."""
MADE = 1_500
"""Made-up forecasts and grades behind the picture of the track record: nothing else can be shown before the market has judged."""
HIDE_HOME = """home => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) walk.currentNode.data = walk.currentNode.data.replaceAll(home, "/home/analyst/rhyme");
}"""
"""The folder of this run is nobody's."""


def main(folder: Path) -> None:
    """Takes all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as work, ExitStack() as closing:
        home, record = Path(work) / "home", Path(work) / "record"
        _filled(home)
        with database_of(record) as database:
            fill_made(database, MADE, until=datetime.now(UTC))
        base = closing.enter_context(_served(home))
        base_of_record = closing.enter_context(_served(record))
        browser = closing.enter_context(sync_playwright()).chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        _all(browser, folder, base, base_of_record, str(home))
        browser.close()


RULES = {
    "chips": Conditions(tags=(Tag.SEMICONDUCTORS,), min_score=0.5),
    "deals": Conditions(event_types=(EventType.MERGER_ACQUISITION,), min_p_material=0.05),
    "recalls": Conditions(words=("recall", "recalls"), sentiment="negative"),
}


def _filled(home: Path) -> None:
    now = datetime.now(UTC)
    kept = fill(home, now)
    prices = home / "prices"
    write_prices(prices, sorted({ticker for one in kept for ticker in one.tickers}), now)
    (home / "config.toml").write_text(f'prices = "{prices}"\n', encoding="utf-8")
    models = Home(load_settings({}).settings.home).models
    if models.is_dir():
        (home / "models").symlink_to(models, target_is_directory=True)
    _work(home, now)
    for suite in ("tickers", "threads"):
        command = [sys.executable, "-m", "terminal.main", "eval", suite, "--home", str(home), "--quiet", "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _work(home: Path, now: datetime) -> None:
    """Jobs that wait, one that failed, and rules of alerts."""
    articles = [
        Article(id=f"{number + 10:x}" * 16, title=title, text=title, source="Wire", published_at=now, first_seen_at=now)
        for number, title in enumerate(("Chip maker to build a plant in Arizona", "Airline cancels flights after outage",
                                        "Retailer names a new finance chief"))
    ]  # fmt: skip
    with database_of(home) as database, JobQueue.open(database.place) as queue:
        database.intake.save_articles(articles)
        for name, conditions in RULES.items():
            database.alerts.add(AlertRule(name=name, conditions=conditions, added_at=now - timedelta(days=7)))
        JobDesk(database, queue, lambda: now).add([one.id for one in articles])
        database.jobs.begin(articles[0].id, 1)
        reason = "The model service gave no answer for ten minutes."
        database.jobs.finish(articles[0].id, 1, JobOutcome(failure="model_unavailable", reason=reason), now)


@contextmanager
def _served(home: Path) -> Iterator[str]:
    with site_of(home) as site, served(site) as base:
        yield base


def _all(browser: Browser, folder: Path, base: str, base_of_record: str, base_home: str) -> None:
    page = browser.new_page(viewport=SIZE)
    article, story, precedent = _chosen(Path(base_home))
    _brief(page, base)
    brief = page.url.removeprefix(base)
    _answered(page, base)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        _taken(page, folder, "ask", scheme)
    places = {
        "news": f"{base}/",
        "article": f"{base}/articles/{article}",
        "story": f"{base}/stories/{story}",
        "precedent": f"{base}/precedents/{precedent}",
        "ticker": f"{base}/tickers/MSFT",
        "theme": f"{base}/themes/Semiconductors & Hardware",
        "alerts": f"{base}/alerts?day=7 days",
        "brief": f"{base}{brief}",
        "track-record": f"{base_of_record}/track-record",
        "evals": f"{base}/evals",
        "jobs": f"{base}/jobs",
        "settings": f"{base}/settings",
    }
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for name, address in places.items():
            page.goto(address)
            page.evaluate(HIDE_HOME, base_home)
            _taken(page, folder, name, scheme)
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(base)
    _taken(phone, folder, "phone", "light")


def _chosen(home: Path) -> tuple[str, str, str]:
    """An analysis, a story that went on, and a precedent."""
    with database_of(home) as database:
        listed = database.recent_analyses(50)
        update = database.load_analysis(next(one.id for one in listed if "raise expected synergies" in one.title))
        chips = database.load_analysis(next(one.id for one in listed if "Nvidia forecasts" in one.title))
    assert update.story is not None
    return chips.id, update.story.story_id, chips.precedents[0].event_id


def _brief(page: Page, base: str) -> None:
    page.goto(f"{base}/briefs")
    page.locator("form[action='/briefs'] button").first.click()
    page.wait_for_url("**/briefs/*")


def _answered(page: Page, base: str) -> None:
    page.goto(f"{base}/ask")
    page.locator("textarea, input[name='question']").first.fill(QUESTION)
    page.keyboard.press("Enter")
    stop = page.locator("#stop")
    stop.wait_for(state="visible")
    stop.wait_for(state="hidden", timeout=ANSWER_SECONDS * 1_000)


def _taken(page: Page, folder: Path, name: str, scheme: str) -> None:
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(folder / f"{name}-{scheme}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
