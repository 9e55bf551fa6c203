"""The OpenAPI document, whole: with the problems and the ways to sign a request."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from terminal.web.problems import Problem

ABOUT = (
    "Everything that Rhyme's pages show. Lists are given a page at a time: `next` of one is `after` of the following. Answers to "
    "GET carry an ETag. A request that changes something may carry an `Idempotency-Key`: the same one again within a day gets the "
    "first answer again. Every failure is a problem (RFC 9457)."
)


def add_document(app: FastAPI) -> None:
    """Has the application describe its API so."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _made(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title="Rhyme", version=app.version, description=ABOUT, routes=app.routes)
    parts = made.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    parts.setdefault("schemas", {}).update(problem.pop("$defs", {}) | {"Problem": problem})
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "of `rhyme users token add`"},
        "session": {"type": "apiKey", "in": "cookie", "name": "rhyme_session"},
    }
    made["security"] = [{}, {"token": []}, {"session": []}]
    return made
