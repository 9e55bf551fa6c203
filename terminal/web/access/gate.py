"""What stands before every page and every part of the API."""

from starlette.types import ASGIApp, Receive, Scope, Send

from records.access import LOCAL


class Gate:
    """Says who a request is from."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            scope.setdefault("state", {}).update(user=LOCAL, csrf=None)
        await self._app(scope, receive, send)
