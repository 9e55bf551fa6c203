"""Alive, ready, counted and traced; and one clear answer when the database goes away."""

import re
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from records.spending import CallEntry, Outcome
from records.times import utc_now
from terminal.web.traces import Traces
from tests.terminal.web.conftest import Serve, with_words


def test_a_site_without_models_is_alive_and_ready_and_says_what_is_missing(serve: Serve, analysed_home: Path) -> None:
    at = serve(analysed_home)
    assert at.client.get("/healthz").json() == {"alive": True}
    ready = at.client.get("/readyz")
    parts = {one["name"]: (one["ready"], one["needed"], one["kind"]) for one in ready.json()["parts"]}
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert parts == {
        "database": (True, True, None),
        "memory": (False, False, "model_missing"),
        "model": (False, False, "model_missing"),
    }
    with_words(at)
    assert {one["name"]: one["ready"] for one in at.client.get("/readyz").json()["parts"]}["memory"] is True


def test_requests_are_counted_by_route_and_what_is_kept_is_told(serve: Serve, analysed_home: Path) -> None:
    at = serve(analysed_home)
    for path in ("/api/v1/analyses/ffff", "/api/v1/analyses/eeee", "/made/up/1", "/made/up/2"):
        at.client.get(path)
    told = at.client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in told.text.splitlines() if not line.startswith("#"))
    route = "/api/v1/analyses/{analysis_id}"
    assert float(lines[f'rhyme_http_requests_total{{method="GET",route="{route}",status="404"}}']) == 2
    assert float(lines['rhyme_http_requests_total{method="GET",route="none",status="404"}']) == 2
    assert float(lines[f'rhyme_http_seconds_count{{method="GET",route="{route}"}}']) == 2
    assert float(lines["rhyme_analyses"]) == at.site.database.announced.latest()
    assert float(lines["rhyme_database_up"]) == 1
    assert "made" not in told.text


def test_a_database_that_goes_away_gives_one_clear_answer_and_comes_back(
    serve: Serve, tmp_path: Path, postgres_url: str, postgres_server: Any
) -> None:
    import psycopg

    at = serve(tmp_path / "far", database_url=postgres_url)
    assert at.client.get("/").status_code == 200
    name = make_url(postgres_url).database
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        for path in ("/", "/jobs", "/track-record"):
            page = at.client.get(path)
            assert (page.status_code, page.headers["Retry-After"]) == (503, "5"), path
            assert len(re.findall("<h1>", page.text)) == 1
            assert "could not be used" in page.text
        problem = at.client.get("/api/v1/analyses")
        assert (problem.status_code, problem.json()["kind"]) == (503, "store_unreachable")
        ready = at.client.get("/readyz")
        assert (ready.status_code, ready.json()["parts"][0]["kind"]) == (503, "store_unreachable")
        assert at.client.get("/healthz").status_code == 200
        assert "rhyme_database_up 0.0" in at.client.get("/metrics").text
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert at.client.get("/").status_code == 200


def test_a_file_that_is_no_database_gives_the_same(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "rhyme.db").write_bytes(b"not a database at all" * 100)
    at = serve(tmp_path / "home")
    page = at.client.get("/")
    assert page.status_code == 503
    assert "is damaged or is not a database" in page.text


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """A real OTLP collector on loopback: its address, and the spans that it was sent."""
    grpc = pytest.importorskip("grpc", reason="grpcio is not installed")
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

    spans: list[Any] = []

    class Kept(service.TraceServiceServicer):  # type: ignore[misc]
        def Export(self, request: Any, _: Any) -> Any:  # noqa: N802 - the protocol's name
            spans.extend(span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans)
            return messages.ExportTraceServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(2))
    service.add_TraceServiceServicer_to_server(Kept(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}", spans
    server.stop(0).wait()


def test_requests_and_model_calls_are_traced_without_a_word_of_what_was_said(
    serve: Serve, analysed_home: Path, collector: tuple[str, list[Any]]
) -> None:
    address, spans = collector
    at = serve(analysed_home, traces_address=address)
    at.client.get("/api/v1/analyses")
    call = CallEntry(
        utc_now(), "run", "openai", "gpt-5", "chat", "chat@1", "p", "r", Outcome.ANSWERED, input_tokens=12, output_tokens=3,
        cost_nano=5_000_000, seconds=1.5,
    )  # fmt: skip
    at.site.database.model_calls.settle(call)
    at.site.database.model_calls.settle(
        CallEntry(utc_now(), "run", "openai", "gpt-5", "chat", "chat@1", "p", "r", Outcome.TIMED_OUT)
    )
    traces = at.site.traces
    assert isinstance(traces, Traces)
    traces.provider.force_flush()
    named = {span.name: span for span in spans}
    assert "GET /api/v1/analyses" in named
    calls = [span for span in spans if span.name == "chat gpt-5"]
    told = {one.key: one.value for one in calls[0].attributes}
    assert told["gen_ai.request.model"].string_value == "gpt-5"
    assert told["gen_ai.usage.input_tokens"].int_value == 12
    assert told["rhyme.cost_usd"].double_value == 0.005
    assert calls[0].end_time_unix_nano - calls[0].start_time_unix_nano == 1_500_000_000
    assert calls[1].status.code == 2
    assert {one.key: one.value.string_value for one in calls[1].attributes}["error.type"] == "timed_out"


def test_without_an_address_nothing_is_traced(serve: Serve, analysed_home: Path) -> None:
    assert serve(analysed_home).site.traces is None
