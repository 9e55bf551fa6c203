"""Track record: how the forecasts did that were made before their outcome, from the ledger alone."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from records.errors import NotFound
from records.forecast import Forecast
from terminal.commands.ledger import refuse_broken
from terminal.plain import plain
from terminal.web.addresses import address_of_item
from terminal.web.charts import correlation_panel, reliability_panel
from terminal.web.rendering import page
from terminal.web.site import Site, the_site

if TYPE_CHECKING:
    from evals.track_record import Statistics, TrackRecord
    from evals.track_record_detail import Miss, PeriodCorrelation

router = APIRouter(include_in_schema=False)

MISSES = 10
_computing = threading.Lock()


@dataclass(frozen=True)
class Computed:
    """The record of a ledger with this last row."""

    head: str
    record: "TrackRecord"
    over_time: "tuple[PeriodCorrelation, ...]"
    misses: "tuple[Miss, ...]"


@dataclass(frozen=True)
class MissRow:
    """A miss with its headline."""

    miss: "Miss"
    title: str
    address: str | None
    """None: the analysis is not kept here."""


@router.get("/track-record")
def track_record(request: Request, site: Annotated[Site, Depends(the_site)]) -> Response:
    """Raises StoreCorrupt for a ledger that does not verify."""
    found = _computed(request, site)
    numbers = found.record.statistics
    return page(
        request, "track_record.html", record=found.record, numbers=numbers, head=found.head,
        rows=[] if numbers is None else statistic_rows(numbers), over_time=found.over_time,
        score_panel=None if numbers is None else reliability_panel(numbers.score_bins),
        material_panel=None if numbers is None else reliability_panel(numbers.p_material_bins),
        time_panel=correlation_panel(found.over_time) if any(one.spearman for one in found.over_time) else None,
        misses=[_miss(site, one) for one in found.misses],
    )  # fmt: skip


def _computed(request: Request, site: Site) -> Computed:
    """Once for each state of the ledger: its intervals take seconds."""
    newest = site.database.ledger_rows(1)
    head = newest[0].digest if newest else ""
    with _computing:
        kept: Computed | None = getattr(request.app.state, "track_record", None)
        if kept is None or kept.head != head:
            kept = request.app.state.track_record = _compute(site, head)
        return kept


def _compute(site: Site, head: str) -> Computed:
    from evals.track_record import track_record as made_record
    from evals.track_record_detail import correlation_by_period, worst_misses
    from markets.reference import reference

    refuse_broken(site.database.verify_ledger())
    entries, ref = site.database.forecasts(), reference()
    return Computed(head, made_record(entries, ref), correlation_by_period(entries, ref), worst_misses(entries, MISSES))


def statistic_rows(found: "Statistics") -> list[tuple[str, object, str]]:
    """(name, value or estimate, what a constant forecast has)."""
    crps = "unknown" if found.crps_ordinary_day is None else f"{found.crps_ordinary_day:.3f} every day ordinary"
    return [
        ("Rank correlation of score and impact", found.spearman, "0"),
        ("CRPS, lower is better", found.crps, crps),
        ("Brier of P(>2σ), lower is better", found.brier, f"{found.brier_constant:.3f} the base rate"),
        ("Brier skill", found.brier_skill, "0"),
        ("AUC of P(>2σ)", found.auc, "0.5"),
        ("ECE of P(>2σ), lower is better", found.ece, "0 the base rate"),
        ("Inside the 80 % interval", found.coverage, f"{found.coverage_ordinary_day:.3f} an ordinary day's"),
        ("Mean impact", found.y, f"{found.score:.3f} was the mean score"),
        ("Share beyond 2σ", found.material, f"{found.p_material:.3f} was the mean P(>2σ)"),
    ]


def _miss(site: Site, miss: "Miss") -> MissRow:
    forecast: Forecast = miss.forecast
    try:
        title = plain(site.database.load_analysis(forecast.analysis_id).article.title)
    except NotFound:
        return MissRow(miss, f"article {forecast.article_id}, whose analysis is not kept here", None)
    return MissRow(miss, title, address_of_item(f"analysis:{forecast.analysis_id}"))
