"""Pictures of the pages of the news for the documentation: `python tests/terminal/web_pictures.py HOME FOLDER`, over a home that
`tests/terminal/web_kit.py` filled."""

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from records.database import Database
from terminal.home import Home
from tests.terminal.web_kit import served, site_of

WIDE, HIGH = 1280, 900
SCHEMES = ("light", "dark")
COLOURS = 256
"""Of a picture, chosen so that the few pixels of a rare colour keep it."""
SETTLE_MILLISECONDS = 600
"""For a chart to be drawn."""


def addresses(home: Path) -> dict[str, str]:
    """A page of each kind, by the name of its picture."""
    with Database.open(Home(home).database) as database:
        listed = database.recent_analyses(50)
        update = database.load_analysis(next(one.id for one in listed if "raise expected synergies" in one.title))
        chips = database.load_analysis(next(one.id for one in listed if "Nvidia forecasts" in one.title))
    assert update.story is not None
    return {
        "news": "/",
        "article": f"/articles/{chips.id}",
        "story": f"/stories/{update.story.story_id}",
        "precedent": f"/precedents/{chips.precedents[0].event_id}",
        "ticker": "/tickers/MSFT",
        "theme": "/themes/Semiconductors%20%26%20Hardware",
    }


def main(home: Path, folder: Path) -> None:
    """Writes NAME-light.png and NAME-dark.png of each page."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with site_of(home) as site, served(site) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in SCHEMES:
            context = browser.new_context(
                base_url=address,
                viewport={"width": WIDE, "height": HIGH},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            page = context.new_page()
            for name, path in addresses(home).items():
                page.goto(path)
                page.wait_for_timeout(SETTLE_MILLISECONDS)
                taken = Image.open(BytesIO(page.screenshot()))
                taken.convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE).save(
                    folder / f"{name}-{scheme}.png", optimize=True
                )
            context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
