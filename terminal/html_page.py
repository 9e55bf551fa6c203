"""The same page as one self-contained HTML file: no script, nothing remote, all outside text escaped."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from records.analysis import Analysis
from records.event import Precedent
from records.impact import Impact
from terminal import wording
from terminal.change_wording import change_lines, former_line
from terminal.plain import plain

CLIPPED_AT = 4.0  # σ: a longer bar would only shrink the others; σ itself is estimated from inputs clipped there
HALF_BAR = 50.0  # units of the bar's viewBox on each side of zero


@dataclass(frozen=True)
class Bar:
    """A reaction as a rectangle right (up) or left (down) of zero, in viewBox units."""

    direction: str
    x: float
    width: float

    @classmethod
    def of(cls, z: float) -> "Bar":
        width = round(min(abs(z), CLIPPED_AT) / CLIPPED_AT * HALF_BAR, 2)
        return cls("up", 0, width) if z >= 0 else cls("down", -width, width)


@dataclass(frozen=True)
class PrecedentRow:
    """A precedent with its figures in words."""

    precedent: Precedent
    date: str
    move: str
    sigmas: str
    window: str
    differs: str
    bar: Bar

    @classmethod
    def of(cls, precedent: Precedent) -> "PrecedentRow":
        reaction = precedent.reaction
        return cls(
            precedent=precedent,
            date=str(precedent.published_on),
            move=wording.percent(reaction.simple_return),
            sigmas=wording.sigmas(reaction),
            window=wording.window(reaction),
            differs=wording.differences(precedent),
            bar=Bar.of(reaction.z),
        )


def render_html(analysis: Analysis) -> str:
    """The page. Its only link to the outside is the article's own http(s) address."""
    style = files("terminal").joinpath("templates/analysis.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _templates()
        .get_template("analysis.html.j2")
        .render(shown(analysis), style=_Style(style), style_hash=_Style(f"sha256-{digest}"))
    )


def shown(analysis: Analysis) -> dict[str, Any]:
    """What a page of an analysis is made of, in words, by the names its templates use."""
    return {
        "analysis": analysis,
        "score": wording.score(analysis.impact),
        "impact_lines": wording.impact_lines(analysis.impact),
        "scale": _scale(analysis.impact),
        "former": former_line(analysis),
        "changes": change_lines(analysis),
        "scored": analysis.impact.evidence != "not_scoreable",
        "source_line": wording.source_line(analysis.article),
        "as_of": wording.moment(analysis.provenance.as_of),
        "created": wording.moment(analysis.created_at),
        "link": wording.safe_address(analysis.article.url),
        "tickers": analysis.tickers,
        "sentiment": wording.sentiment(analysis.reading.sentiment),
        "story": wording.story_line(analysis.story),
        "language": analysis.translation.language if analysis.translation else "en",
        "summary": analysis.shown_summary,
        "sentences": [(text, wording.citations(claim, analysis)) for claim, text in analysis.shown_sentences],
        "drivers": wording.driver_rows(analysis.impact),
        "precedents": [PrecedentRow.of(precedent) for precedent in analysis.precedents],
        "absence": wording.PRECEDENT_ABSENCE[analysis.precedent_status],
        "facts": wording.cited_facts(analysis),
        "missing": wording.missing_lines(analysis),
        "provenance": wording.provenance_line(analysis.provenance),
    }


class _Style(str):
    """Our own style sheet and its digest: not escaped, or the digest would not match."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("terminal"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "words": wording.words}
    return environment


def _scale(impact: Impact) -> dict[str, float] | None:
    """Score and interval from 0 to 1; None when there is no score."""
    if impact.score is None or impact.low is None or impact.high is None:
        return None
    return {"score": impact.score, "low": impact.low, "high": impact.high}
