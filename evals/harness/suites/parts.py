"""What a suite is built with, and how its figures are put down."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evals.harness.datasets import DataSet
from evals.harness.run import Ablated, Ablation, Case, Interval
from evals.tickers.grade import Share
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article

if TYPE_CHECKING:
    from evals.chat.run import SourcesAsOf, Talk
    from evals.impact import bootstrap
    from evals.injection.bench import Bench

Item = TypeVar("Item")
Say = Callable[[str], None]
OpenTalk = Callable[[Sequence[Article], LanguageModel | None], "tuple[Talk | None, SourcesAsOf]"]
NO_ANSWER = "no answer"
"""Kind of failure: a typed error in place of an answer."""


@dataclass(frozen=True)
class Parts:
    """Everything that comes from outside a suite."""

    data: Path | None
    """A folder of the user's; None: the shipped set."""
    limit: int | None
    """Cases put to a model at most; None: all."""
    seed: int
    home: Path
    """The user's home: where answers and costs of a model may be written."""
    model: LanguageModel | None
    open_bench: "Callable[[], Bench]"
    """The real path of an article over the shipped precedents, opened once for all suites of a command."""
    open_talk: OpenTalk
    """The chat and its tools over articles of the suite's own; without a model the tools alone."""
    render: Callable[[Analysis], str]
    """Everything an analysis is shown as."""
    say: Say = lambda _: None

    def few(self, items: Sequence[Item], at_most: int | None = None) -> list[Item]:
        """The cases for a model, drawn by the seed, in their order; a larger limit asks the same ones first. `at_most`: the
        embedded model's own bound, where a case takes it most of a minute."""
        from random import Random

        limits = [one for one in (self.limit, at_most if self.is_embedded else None) if one is not None]
        if not limits or min(limits) >= len(items):
            return list(items)
        places = Random(self.seed).sample(range(len(items)), len(items))[: min(limits)]
        return [items[place] for place in sorted(places)]

    @property
    def is_embedded(self) -> bool:
        """Whether the model is a small one on this machine."""
        return self.model is not None and self.model.profile == "embedded"

    def asked(self) -> LanguageModel:
        """The model of a task that needs one."""
        if self.model is None:
            raise RuntimeError("this task is built with a model")
        return self.model


def prompt_digests(names: Sequence[str]) -> dict[str, str]:
    """Name → version:digest. Raises SettingsError for a damaged prompt."""
    library = PromptLibrary()
    loaded = {name: library.load(name) for name in names}
    return {name: f"{one.header.version}:{one.digest}" for name, one in loaded.items()}


def answered_rate(cases: Sequence[Case], answered: Sequence[Case]) -> dict[str, float | None]:
    """The share of cases with an answer: the other figures are of those, so a case must not be lost unseen."""
    return {"answered_rate": len(answered) / len(cases) if cases else None}


def of_shares(shares: Mapping[str, Share]) -> tuple[dict[str, float | None], dict[str, Interval | None]]:
    """Values and Wilson's intervals; unknown where nothing was counted."""
    metrics: dict[str, float | None] = {}
    intervals: dict[str, Interval | None] = {}
    for name, share in shares.items():
        told = share.to_json()
        low, high = told["low"], told["high"]
        metrics[name] = share.hits / share.n if share.n else None
        intervals[name] = (float(low), float(high)) if isinstance(low, float) and isinstance(high, float) else None
    return metrics, intervals


def of_intervals(
    found: "Mapping[str, bootstrap.Interval | None]",
) -> tuple[dict[str, float | None], dict[str, Interval | None]]:
    """Values and their bootstrap intervals."""
    metrics = {name: None if one is None else one.value for name, one in found.items()}
    return metrics, {name: None if one is None else (one.low, one.high) for name, one in found.items()}


def ablation_of(
    varied: str,
    setting: str,
    values: Mapping[str, float | None],
    differences: "Mapping[str, bootstrap.Interval | None]",
    told: str | None = None,
) -> Ablation:
    """An ablation from its figures and from the paired differences, run − ablation, metric by metric."""
    difference, intervals = of_intervals(differences)
    metrics = {
        name: Ablated(value=value, difference=difference.get(name), interval=intervals.get(name))
        for name, value in values.items()
    }
    return Ablation(varied=varied, setting=setting, metrics=metrics, told=told)


def sources(*sets: DataSet) -> tuple[dict[str, str], dict[str, str]]:
    """Digests and origins by name."""
    return {one.name: one.digest for one in sets}, {one.name: one.told() for one in sets}


def evening(day: str) -> datetime:
    """20:00 UTC of a day in ISO: after the session in New York."""
    return datetime.combine(datetime.fromisoformat(day).date(), time(20), UTC)
