"""The suites: what each measures, and which of its tasks need a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from evals.harness.suites.parts import Parts
from evals.harness.task import Task

Kind = Literal["code", "model"]
Load = Callable[[Parts], Task]


@dataclass(frozen=True)
class Suite:
    """One suite. A loader imports what it needs when it is called."""

    name: str
    measures: str
    code: Load | None = None
    """The task that needs no model."""
    model: Load | None = None
    """The task that puts its cases to a model."""

    def tasks(self) -> Mapping[Kind, Load]:
        """Those it has."""
        found: dict[Kind, Load] = {}
        if self.code:
            found["code"] = self.code
        if self.model:
            found["model"] = self.model
        return found


def _impact(parts: Parts) -> Task:
    from evals.harness.suites.impact import load

    return load(parts)


def _recall(parts: Parts) -> Task:
    from evals.harness.suites.recall import load

    return load(parts)


def _threads(parts: Parts) -> Task:
    from evals.harness.suites.threads import load

    return load(parts)


def _words(parts: Parts) -> Task:
    from evals.harness.suites.words import load

    return load(parts)


def _words_by_model(parts: Parts) -> Task:
    from evals.harness.suites.words import load_model

    return load_model(parts)


def _sentiment(parts: Parts) -> Task:
    from evals.harness.suites.sentiment import load

    return load(parts)


def _tags(parts: Parts) -> Task:
    from evals.harness.suites.tags import load

    return load(parts)


def _tickers(parts: Parts) -> Task:
    from evals.harness.suites.tickers import load

    return load(parts)


def _tickers_by_model(parts: Parts) -> Task:
    from evals.harness.suites.tickers import load

    return load(parts, by_model=True)


def _chat(parts: Parts) -> Task:
    from evals.harness.suites.chat import load

    return load(parts)


def _chat_by_model(parts: Parts) -> Task:
    from evals.harness.suites.chat import load_model

    return load_model(parts)


def _injection(parts: Parts) -> Task:
    from evals.harness.suites.injection import load

    return load(parts)


def _injection_by_model(parts: Parts) -> Task:
    from evals.harness.suites.injection import load_model

    return load_model(parts)


def _leaks(parts: Parts) -> Task:
    from evals.harness.suites.leaks import load

    return load(parts)


def _cost(parts: Parts) -> Task:
    from evals.harness.suites.cost import load_model

    return load_model(parts)


SUITES: Mapping[str, Suite] = {
    one.name: one
    for one in (
        Suite("impact", "the score of past events against what the market did", code=_impact),
        Suite("recall", "whether precedents are of the story's kind, and none where there is none", code=_recall),
        Suite("threads", "whether headlines of one story meet, and only those", code=_threads),
        Suite("words", "whether words stand in what they cite", code=_words, model=_words_by_model),
        Suite("sentiment", "the sentiment towards a company", model=_sentiment),
        Suite("tags", "the themes of an article", model=_tags),
        Suite("tickers", "which instrument a name leads to", code=_tickers, model=_tickers_by_model),
        Suite("chat", "answers to questions, and what a search finds", code=_chat, model=_chat_by_model),
        Suite("injection", "what orders planted in articles set off", code=_injection, model=_injection_by_model),
        Suite("leaks", "whether anything later than as_of shows", code=_leaks),
        Suite("cost", "tokens, seconds and US dollars of an analysis", model=_cost),
    )
}
