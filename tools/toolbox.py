"""The tools by name, with the schema and description that a chat model or an MCP client is given, and one way to call them.

Read-only: nothing here writes, sends or spends. A mistaken call is a `Refused` that says what to do, so that a model can try again;
what a store or source could not do is `unavailable`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from records.base import Record
from records.errors import RhymeError, UsageError
from tools import book, history, news
from tools.result import Result, unavailable
from tools.sources import Sources

Asked = TypeVar("Asked", bound=Record)


class Refused(UsageError):
    """A call that means nothing: an unknown tool, wrong arguments, an id that does not exist."""


@dataclass(frozen=True)
class Tool(Generic[Asked]):
    """One function with its arguments."""

    function: Callable[[Sources, Asked], Result]
    arguments: type[Asked]

    @property
    def name(self) -> str:
        """As it is called."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """What the model reads: the function's docstring."""
        return " ".join(cleandoc(self.function.__doc__ or "").split())

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments; a wrong field is an error."""
        return self.arguments.model_json_schema()

    def __call__(self, sources: Sources, arguments: Mapping[str, Any]) -> Result:
        """Raises Refused."""
        try:
            asked = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the arguments"
            raise Refused(f"{self.name}: {place}: {first['msg']}. Call it again as its schema says.") from None
        try:
            return self.function(sources, asked)
        except UsageError as error:
            raise Refused(str(error)) from error
        except RhymeError as error:
            return unavailable(f"{self.name} could not be done ({error.kind}): {error}")


TOOLS: dict[str, Tool[Any]] = {
    tool.name: tool
    for tool in (
        Tool(news.search_news, news.SearchNews),
        Tool(news.list_analyses, news.ListAnalyses),
        Tool(news.show, news.Show),
        Tool(history.find_precedents, history.FindPrecedents),
        Tool(history.compare_events, history.CompareEvents),
        Tool(history.reaction_around, history.ReactionAround),
        Tool(history.track_record, history.TrackRecordAsked),
        Tool(history.activity, history.ActivityAsked),
        Tool(book.positions, book.Positions),
        Tool(book.alerts_of_the_day, book.Alerts),
    )
}


def call(name: str, arguments: Mapping[str, Any], sources: Sources) -> Result:
    """Raises Refused, also for a name that is none."""
    if name not in TOOLS:
        raise Refused(f"There is no tool {name!r}, only {', '.join(TOOLS)}.")
    return TOOLS[name](sources, arguments)
