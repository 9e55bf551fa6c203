"""What a request changed or tried to, noted in the log before whoever asked has the answer."""

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.requests import Request
from starlette.types import Message, Send

from records.access import AuditEntry, Outcome, Visitor
from records.errors import RhymeError
from terminal.web.route_names import route_name

if TYPE_CHECKING:
    from terminal.web.site import Site

LONGEST_ACTION, LONGEST_OBJECT = 64, 300
_log = logging.getLogger(__name__)


class Note:
    """Of one request. Its body is not noted: it may hold passwords and questions."""

    def __init__(self, site: "Site", request: Request) -> None:
        self._site = site
        self._request = request
        self._status: int | None = None
        self._kept = False

    def watching(self, send: Send) -> Send:
        """The same, with the note kept before the answer begins."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._status = message["status"]
                await self.keep()
            await send(message)

        return watched

    async def keep(self) -> None:
        """Appends it to the log, once, but not that there was too much. A log that cannot be written is told to whoever runs the site,
        not to the visitor."""
        if self._kept or self._status == HTTPStatus.TOO_MANY_REQUESTS:  # or a flood would fill the log
            return
        self._kept = True
        try:
            await anyio.to_thread.run_sync(self._site.access().note, self._entry())
        except RhymeError as error:
            _log.error("a change could not be noted in the audit log: %s", error)

    def _entry(self) -> AuditEntry:
        request, status = self._request, self._status or 500
        user: Visitor | None = request.state.user
        path = request.url.path
        outcome: Outcome = "refused" if status in (401, 403, 413, 429) else "failed" if status >= 400 else "done"
        return AuditEntry(
            at=self._site.clock(),
            visitor=getattr(request.state, "signed_in_as", None) or (user.name if user else "nobody"),
            action=f"{request.method} {route_name(request.scope) or path}"[:LONGEST_ACTION],
            outcome=outcome,
            object=path[:LONGEST_OBJECT],
            address=request.client.host if request.client else None,
        )
