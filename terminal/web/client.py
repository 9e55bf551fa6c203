"""A typed client of the API: what the web terminal knows, as the same records that it keeps."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from evals.harness.run import Run
from evals.track_record_shape import TrackRecord
from records.access import SavedView, Visitor
from records.article import Article
from records.base import Record
from records.brief import Brief
from records.chat import ChatAnswer
from records.database.browse import Page
from records.errors import NotFound, SourceRefused, SourceUnreachable, SourceUnreadable, UsageError
from records.event import Event
from records.job import Job
from records.summary import AnalysisSummary
from terminal.output import AnalysisOutput
from terminal.web.api.records import (
    ActivityList,
    Articles,
    Briefs,
    Changed,
    Evals,
    Feeds,
    Jobs,
    Precedents,
    StoryThread,
    Views,
)
from terminal.web.problems import Problem
from terminal.web.route_names import API_PREFIX

Answer = TypeVar("Answer", bound=Record)
Value = str | int | float | bool | datetime | None | Sequence[str]
TIMEOUT_SECONDS = 30.0
ASK_SECONDS = 600.0
"""A small model on a busy machine takes minutes for an answer."""


class Refused(UsageError):
    """The site said no; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


@dataclass(frozen=True)
class Announced:
    """A new analysis of the stream; `number` is what a later stream can go on from."""

    number: int
    analysis: AnalysisSummary


class Client:
    """Safe to share between threads; a context manager. Every method raises Refused (NotFound for an id there is not),
    SourceUnreachable when the site gives no answer or cannot now, SourceUnreadable for an answer that is none."""

    def __init__(self, address: str, token: str | None = None, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """`address`: as `rhyme serve` prints it. `token`: of `rhyme users token add`; None: the site asks for none."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        base = address.rstrip("/") + API_PREFIX
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout_seconds)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets its connections go."""
        self._http.close()

    # what is known

    def me(self) -> Visitor:
        """Who the site takes this client for."""
        return self._get(Visitor, "/me")

    def analyses(self, **filters: Value) -> Page:
        """One page; the filters are the parameters of the API: q, ticker, tag, event_type, sentiment, story, min_score, since,
        as_of, order, limit, after."""
        return self._get(Page, "/analyses", filters)

    def every_analysis(self, **filters: Value) -> Iterator[AnalysisSummary]:
        """All that fit, page after page."""
        while True:
            page = self.analyses(**filters)
            yield from page.items
            if page.next is None:
                return
            filters["after"] = page.next

    def analysis(self, analysis_id: str) -> AnalysisOutput:
        """The whole of one."""
        return self._get(AnalysisOutput, f"/analyses/{_piece(analysis_id)}")

    def articles(self, q: str, **filters: Value) -> Articles:
        """By their words; filters: since, as_of, limit."""
        return self._get(Articles, "/articles", {"q": q, **filters})

    def article(self, article_id: str) -> Article:
        """With its text."""
        return self._get(Article, f"/articles/{_piece(article_id)}")

    def story(self, story_id: str, **filters: Value) -> StoryThread:
        """In time; filter: as_of."""
        return self._get(StoryThread, f"/stories/{_piece(story_id)}", filters)

    def precedents(self, q: str, **filters: Value) -> Precedents:
        """Past events like a text; filters: event_type, ticker, as_of, limit."""
        return self._get(Precedents, "/precedents", {"q": q, **filters})

    def precedent(self, event_id: str, **filters: Value) -> Event:
        """One past event; filter: as_of."""
        return self._get(Event, f"/precedents/{_piece(event_id)}", filters)

    def activity(self, ticker: str | None = None, **filters: Value) -> ActivityList:
        """Of companies, or of one; filters: since, as_of, days, limit."""
        return self._get(ActivityList, "/tickers" + (f"/{_piece(ticker)}" if ticker else ""), filters)

    def theme_activity(self, tag: str | None = None, **filters: Value) -> ActivityList:
        """Of themes, or of one; filters likewise."""
        return self._get(ActivityList, "/themes" + (f"/{_piece(tag)}" if tag else ""), filters)

    def track_record(self, **filters: Value) -> TrackRecord:
        """Filter: include_replays."""
        return self._get(TrackRecord, "/track-record", filters)

    def evals(self) -> Evals:
        """The runs that are kept."""
        return self._get(Evals, "/evals")

    def eval_run(self, run_id: str) -> Run:
        """One, with its cases."""
        return self._get(Run, f"/evals/{_piece(run_id)}")

    def briefs(self, limit: int = 20) -> Briefs:
        """Newest first."""
        return self._get(Briefs, "/briefs", {"limit": limit})

    def brief(self, brief_id: str) -> Brief:
        """One brief."""
        return self._get(Brief, f"/briefs/{_piece(brief_id)}")

    def jobs(self, **filters: Value) -> Jobs:
        """Filters: status, limit."""
        return self._get(Jobs, "/jobs", filters)

    def job(self, article_id: str) -> Job:
        """Of one article."""
        return self._get(Job, f"/jobs/{_piece(article_id)}")

    def feeds(self) -> Feeds:
        """By name."""
        return self._get(Feeds, "/feeds")

    def views(self) -> Views:
        """One's own."""
        return self._get(Views, "/views")

    # what changes something

    def ask(self, question: str, conversation: str | None = None) -> ChatAnswer:
        """Waits for the whole answer."""
        body = {"question": question, "conversation": conversation}
        return self._send(ChatAnswer, "POST", "/ask", body, timeout=ASK_SECONDS)

    def write_brief(self, kind: str = "everything", **what: Value) -> Brief:
        """Of what happened since the last of its scope; what: tickers, theme."""
        return self._send(Brief, "POST", "/briefs", {"kind": kind, **what})

    def add_jobs(self, article_ids: Sequence[str], priority: str = "backfill") -> Changed:
        """Puts kept articles in line."""
        return self._send(Changed, "POST", "/jobs", {"article_ids": list(article_ids), "priority": priority})

    def change_jobs(self, action: str, article_ids: Sequence[str] = ()) -> Changed:
        """`action`: pause, resume, cancel or retry; no ids: all that it can be about."""
        return self._send(Changed, "POST", f"/jobs/{_piece(action)}", {"article_ids": list(article_ids)})

    def save_view(self, name: str, query: Mapping[str, str]) -> SavedView:
        """In place of the one of that name."""
        return self._send(SavedView, "PUT", f"/views/{_piece(name)}", {"query": dict(query)})

    def remove_view(self, name: str) -> None:
        """Forgets it."""
        self._answer("DELETE", f"/views/{_piece(name)}")

    # what comes

    def stream(self, after: int | None = None) -> Iterator[Announced]:
        """New analyses until the site ends the stream, which it does once in a while: go on after the last `number`. Raises
        SourceUnreadable when too much was missed to be told one by one: read the list anew."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        try:
            with self._http.stream("GET", "/stream", headers=headers, timeout=httpx.Timeout(30, read=60)) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refusal(answer)
                for name, number, data in _events(answer.iter_lines()):
                    if name == "analysis":
                        yield Announced(int(number), AnalysisSummary.model_validate_json(data))
                    elif name == "reset":
                        raise SourceUnreadable(
                            f"More was missed than is told again; read the list, then go on after {number}."
                        )
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    def _get(self, kind: type[Answer], path: str, parameters: Mapping[str, Value] | None = None) -> Answer:
        given = {name: _worded(value) for name, value in (parameters or {}).items() if value is not None}
        return _read(kind, self._answer("GET", path, params=given))

    def _send(
        self, kind: type[Answer], method: str, path: str, body: Mapping[str, Any], *, timeout: float | None = None
    ) -> Answer:
        """With a key, so that it is done once though the connection broke and it is sent again."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        more = {} if timeout is None else {"timeout": timeout}
        try:
            answer = self._answer(method, path, json=body, headers=headers, **more)
        except SourceUnreachable as error:
            if not isinstance(error.__cause__, httpx.RemoteProtocolError | httpx.ReadError):
                raise
            answer = self._answer(method, path, json=body, headers=headers, **more)
        return _read(kind, answer)

    def _answer(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        if answer.is_error:
            raise _refusal(answer)
        return answer


def _unreachable(error: httpx.HTTPError) -> SourceUnreachable:
    return SourceUnreachable(
        f"The site gave no answer ({type(error).__name__}: {error}). Is `rhyme serve` running there?"
    )


def _refusal(answer: httpx.Response) -> Exception:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return SourceUnreadable(f"The site answered {answer.status_code} without saying why. Is it Rhyme's address?")
    if answer.status_code in (429, 503):
        return SourceUnreachable(problem.detail, retry_after=answer.headers.get("Retry-After"))
    if answer.status_code == 404:
        return NotFound(problem.detail)
    return SourceRefused(problem.detail) if answer.status_code == 401 else Refused(problem)


def _read(kind: type[Answer], answer: httpx.Response) -> Answer:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise SourceUnreadable(
            f"The site's answer is no {kind.__name__} ({error.error_count()} faults). Is it of another version?"
        ) from error


def _worded(value: Value) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _piece(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="")


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(name, id, data) of each event that has data, as the standard reads a stream."""
    name, number, data = "message", "", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            number = value
        elif field == "data":
            data.append(value)
        elif not line:
            if data:
                yield name, number, "\n".join(data)
            name, data = "message", []
