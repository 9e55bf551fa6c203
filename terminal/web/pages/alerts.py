"""Alerts: what of a day's analysed news met the rules, what could not be judged, and the forms by which the role `write` sets
them."""

from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from alerts import Wish, rule_of
from alerts.rules import SENTIMENTS
from records.errors import NotFound, SourceError, UsageError
from records.taxonomy import EventType, Tag
from terminal.alert_parts import open_alerts, wished
from terminal.plain import plain
from terminal.web.rendering import age, page
from terminal.web.site import Site, the_site
from tools.alert_lines import cause_words, conditions_words, lead, unjudged
from tools.when import whole_days

router = APIRouter(include_in_schema=False)

SHOWN = 100
Served = Annotated[Site, Depends(the_site)]
DONE = {
    "added": "The rule was set; it looks at the news of today already.",
    "removed": "The rule was removed; it raises nothing from now on.",
}
"""What a redirect may say: the address names one of these, never words of its own."""


@dataclass(frozen=True)
class Filled:
    """The form as it was sent, shown again when it is refused."""

    name: str = ""
    tickers: str = ""
    portfolio: bool = False
    theme: str = ""
    event: str = ""
    min_score: str = ""
    min_chance: str = ""
    sentiment: str = ""
    words: str = ""

    def wish(self) -> Wish:
        """Raises UsageError for what is no number."""
        return Wish(
            portfolio=self.portfolio,
            tickers=self.tickers.split(","),
            tags=[self.theme],
            event_types=[self.event],
            min_score=_number(self.min_score, "score"),
            min_p_material=_number(self.min_chance, "chance"),
            sentiment=self.sentiment or None,
            words=self.words.split(","),
        )


@router.get("/alerts")
def alerts(request: Request, site: Served, day: str = "", done: str = "") -> Response:
    """`day`: in the words of a person, in New York; today without it. Raises UsageError for what is no day."""
    return _page(request, site, day, said=DONE.get(done, ""))


async def _filled(
    name: Annotated[str, Form(max_length=64)] = "",
    tickers: Annotated[str, Form(max_length=2_000)] = "",
    portfolio: Annotated[bool, Form()] = False,
    theme: Annotated[str, Form(max_length=200)] = "",
    event: Annotated[str, Form(max_length=200)] = "",
    min_score: Annotated[str, Form(max_length=20)] = "",
    min_chance: Annotated[str, Form(max_length=20)] = "",
    sentiment: Annotated[str, Form(max_length=20)] = "",
    words: Annotated[str, Form(max_length=2_000)] = "",
) -> Filled:
    return Filled(
        name=name.strip(),
        tickers=tickers.strip(),
        portfolio=portfolio,
        theme=theme.strip(),
        event=event.strip(),
        min_score=min_score.strip(),
        min_chance=min_chance.strip(),
        sentiment=sentiment.strip(),
        words=words.strip(),
    )


@router.post("/alerts/rules/add")
def add(request: Request, site: Served, filled: Annotated[Filled, Depends(_filled)]) -> Response:
    """Sets a rule."""
    shelf, now = site.database.alerts, site.clock()
    try:
        wanted = wished(site.parts, filled.wish())
        shelf.add(rule_of(wanted, filled.name or None, [one.name for one in shelf.rules()], now))
    except (UsageError, SourceError) as error:
        return _page(request, site, fault=str(error), filled=filled, status=400)
    return RedirectResponse("/alerts?done=added#rules", status_code=303)


@router.post("/alerts/rules/remove")
def remove(request: Request, site: Served, rule: Annotated[str, Form(max_length=64)] = "") -> Response:
    """What it raised before stays."""
    try:
        site.database.alerts.remove(rule, site.clock())
    except NotFound as error:
        return _page(request, site, fault=str(error), status=404)
    return RedirectResponse("/alerts?done=removed#rules", status_code=303)


def _text(sentence: str) -> str:
    """Without the marks of a command, which a page shows otherwise."""
    return plain(sentence).replace("`", "")


def _number(text: str, what: str) -> float | None:
    try:
        return float(text.replace(",", ".")) if text else None
    except ValueError:
        raise UsageError(f"{text!r} is no {what}: give a number from 0 to 1, such as 0.60.") from None


def _page(
    request: Request,
    site: Site,
    day: str = "",
    *,
    said: str = "",
    fault: str = "",
    filled: Filled | None = None,
    status: int = 200,
) -> Response:
    now = site.clock()
    since, until = whole_days(day, now)
    report = open_alerts(site.parts).report(until, since=since, limit=SHOWN)
    stories = {one.analysis.story_id for one in report.alerts if one.analysis.story_id}
    sizes = site.database.shown.story_sizes(stories, until)
    rows = [
        (one, cause_words(one), one.analysis, age(one.analysis.as_of, now), sizes.get(one.analysis.story_id or "", 1))
        for one in report.alerts
    ]
    rules = [(one, plain(conditions_words(one.conditions))) for one in site.database.alerts.rules()]
    return page(
        request, "alerts.html", status=status, report=report, lead=_text(lead(report)), notes=list(map(_text, unjudged(report))),
        rows=rows, rules=rules, said=said, fault=plain(fault), day=day, filled=asdict(filled or Filled()), sentiments=SENTIMENTS,
        themes=[tag.value for tag in Tag], events=[kind.value for kind in EventType],
        has_portfolio=site.settings.portfolio is not None, may_write=request.state.user.role == "write",
    )  # fmt: skip
