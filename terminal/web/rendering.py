"""From a template and values to a page: everything from outside is escaped, an undefined name is an error, and every page gets the
same layout, navigation and hidden form field."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from records.times import utc_now
from terminal import wording
from terminal.plain import plain
from terminal.version import rhyme_version

THEME_COOKIE = "rhyme_theme"
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Place:
    """An entry of the navigation: its address, its words, and the key that goes there after `g`."""

    address: str
    label: str
    key: str


NAVIGATION = (
    Place("/", "News", "n"),
    Place("/alerts", "Alerts", "l"),
    Place("/ask", "Ask", "a"),
    Place("/briefs", "Brief", "b"),
    Place("/track-record", "Track record", "t"),
    Place("/evals", "Evals", "e"),
    Place("/jobs", "Jobs and feeds", "j"),
    Place("/settings", "Settings", "s"),
)


def page(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The template with the values and what every page has: `user`, `csrf_field`, `navigation`, `here` and `theme`."""
    return HTMLResponse(rendered(request, template, **values), status_code=status)


def rendered(request: Request, template: str, **values: object) -> str:
    """The HTML of `page`."""
    chosen = request.cookies.get(THEME_COOKIE)
    everywhere = {
        "user": getattr(request.state, "user", None),
        "csrf_field": csrf_field(getattr(request.state, "csrf", None)),
        "navigation": NAVIGATION,
        "here": _here(request.url.path),
        "theme": chosen if chosen in THEMES else None,
        "version": rhyme_version(),
    }
    return templates().get_template(template).render(everywhere | values)


def csrf_field(token: str | None) -> Markup:
    """The hidden field that shows a form came from our own page; empty where none is needed."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token) if token else Markup("")


@cache
def templates() -> Environment:
    """The environment: the pages' own templates first, then those that a saved page is made of."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("terminal.web"), PackageLoader("terminal")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": plain,
        "words": wording.words,
        "moment": wording.moment,
        "age": age,
        "percent": wording.percent,
        "share": wording.share,
        "safe_address": wording.safe_address,
        "path": path_piece,
        "query": urlencode,
    }
    environment.globals |= {"static": static_address}
    return environment


def path_piece(value: object) -> str:
    """One piece of an address's path, with what would end it written as %xx: "BRK/A" → "BRK%2FA"."""
    return quote(str(value), safe="")


@cache
def static_address(name: str) -> str:
    """The address of a static file of ours, which changes with its content so that it may be kept for good."""
    content = files("terminal.web").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def age(moment: datetime, now: datetime | None = None) -> str:
    """How long ago in one unit: "now", "5 min", "3 h", "2 d"; older than 60 days its date; in the future its date too."""
    passed = (now or utc_now()) - moment
    if passed < timedelta(0) or passed >= timedelta(days=60):
        return f"{moment:%Y-%m-%d}"
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _here(path: str) -> str:
    """The navigation's entry that the path belongs to; "" if to none."""
    begins = [place.address for place in NAVIGATION if place.address != "/" and path.startswith(place.address)]
    return "/" if path == "/" else begins[0] if begins else ""
