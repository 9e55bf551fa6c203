"""Numbers for Prometheus: requests as they are answered, and what stands in the database when it is asked."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from records.errors import RhymeError
from terminal.web.route_names import route_name

if TYPE_CHECKING:
    from terminal.web.site import Site

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
"""Seconds; a page has to come within .05, an answer of the embedded model takes a minute."""
ELSEWHERE = "none"
"""In place of the path where no route fitted: paths that strangers make up would each be a series of their own."""


class Metrics:
    """Of one application."""

    def __init__(self, site: "Site") -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter(
            "rhyme_http_requests", "Requests answered.", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "rhyme_http_seconds",
            "From a request to the beginning of its answer.",
            labels,
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Stock(site))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request that was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class _Stock(Collector):
    """What is there, looked up when it is asked; a database that cannot be read leaves its numbers out."""

    def __init__(self, site: "Site") -> None:
        self._site = site

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        yield GaugeMetricFamily("rhyme_streams_open", "Open streams of new analyses.", self._site.hub.streams)
        reachable = GaugeMetricFamily("rhyme_database_up", "Whether the database can be read.")
        try:
            found = list(self._kept())
        except RhymeError:
            reachable.add_metric((), 0)
        else:
            reachable.add_metric((), 1)
            yield from found
        yield reachable

    def _kept(self) -> Iterator[Metric]:
        database = self._site.database
        yield GaugeMetricFamily("rhyme_analyses", "Analyses that are kept.", database.announced.latest())
        counts = database.jobs.counts()
        jobs = GaugeMetricFamily("rhyme_jobs", "Jobs by state.", labels=("state",))
        for state in ("waiting", "running", "batched", "paused", "cancelled", "done"):
            jobs.add_metric((state,), getattr(counts, state))
        jobs.add_metric(("failed",), sum(counts.failed.values()))
        yield jobs
        yield GaugeMetricFamily("rhyme_jobs_cost_usd", "Cost of the analyses of jobs, US dollars.", counts.cost_usd)


class Measured:
    """Counts every request and its time. Stands before all else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        told: list[tuple[int, float]] = []

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append((message["status"], time.perf_counter() - began))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            status, seconds = told[0] if told else (500, time.perf_counter() - began)
            route = route_name(scope) or ELSEWHERE
            self._metrics.count(scope["method"], route, status, seconds)
