"""The OpenAPI document: as it is shipped, and true of every answer."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from terminal.manual import DOCS, generated
from tests.terminal.web.conftest import Serve, Served, with_words

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
EXAMPLES = 6
"""Of each operation: the whole takes some twenty seconds."""

ELSEWHERE = {
    ("GET", "/api/v1/stream"),
    ("POST", "/api/v1/ask"),
    ("POST", "/api/v1/ask/stream"),
    ("POST", "/api/v1/feeds"),
}
"""What never ends, asks a model or fetches from other machines: each has tests of its own."""


@pytest.fixture
def at(serve: Serve, analysed_home: Path) -> Served:
    return serve(analysed_home, web_requests_per_minute=1_000_000, web_questions_per_minute=1_000_000)


def test_the_shipped_document_is_the_programs(at: Served) -> None:
    shipped = json.loads((DOCS / "api.openapi.json").read_text(encoding="utf-8"))
    assert at.client.get("/api/openapi.json").json() == shipped
    assert generated()["api.openapi.json"] == (DOCS / "api.openapi.json").read_text(encoding="utf-8")


def test_every_operation_documents_its_problems_and_says_what_it_does(at: Served) -> None:
    paths = at.client.get("/api/openapi.json").json()["paths"]
    operations = [(path, name, one) for path, methods in paths.items() for name, one in methods.items()]
    assert len(operations) > 25
    for path, name, one in operations:
        assert len(one["description"]) > 10, (path, name)
        for status in ("401", "403", "422", "429", "503"):
            assert "application/problem+json" in one["responses"][status]["content"], (path, name, status)


def test_no_answer_is_undocumented_and_none_is_a_fault_of_ours(at: Served) -> None:
    schema = schemathesis.openapi.from_url(f"{at.url}/api/openapi.json")
    with_words(at)
    operations = [result.ok() for result in schema.get_all_operations()]
    proven = [one for one in operations if (one.method.upper(), one.path) not in ELSEWHERE]
    assert len(proven) == len(operations) - len(ELSEWHERE) > 20
    for operation in proven:
        _prove(operation)


def _prove(operation: object) -> None:
    strategy = operation.as_strategy()  # type: ignore[attr-defined]

    # what the schema allows may still name a conversation, a place in a list or a theme that there is not: 400
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @given(case=strategy)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def holds(case: object) -> None:
        case.call_and_validate(timeout=30, excluded_checks=[positive_data_acceptance])  # type: ignore[attr-defined]

    holds()
