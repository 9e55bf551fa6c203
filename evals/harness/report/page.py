"""A report as one HTML file: no script, nothing remote, all outside text escaped, pictures inside."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.harness.report import ablations, rows
from evals.harness.report.content import Report
from evals.harness.report.pictures import Picture, pictures_of
from evals.harness.run import Run


def page(report: Report, runs: Sequence[Run]) -> str:
    """The whole page; pictures are drawn of those runs that the report has."""
    by_id = {run.run_id: run for run in runs}
    drawn = {
        part.run_id: [_inside(picture) for picture in pictures_of(by_id[part.run_id], part)]
        for section in report.sections
        for part in section.parts
        if part.run_id in by_id
    }
    return (
        _environment().get_template("report.html.j2").render(report=report, rows=rows, settings=ablations, drawn=drawn)
    )


def _inside(picture: Picture) -> dict[str, Any]:
    return {"title": picture.title, "svg": Markup(picture.svg)}


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("evals.harness.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
