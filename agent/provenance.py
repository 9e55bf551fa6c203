"""How an analysis came about: by which model, prompts and memory, with how many calls, and what was missing."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from agent.progress import OnProgress, Progress, Stage
from models.interface import LanguageModel
from records.analysis import ModelCall, Provenance


@dataclass
class Gathered:
    """What one analysis gathers on its way."""

    progress: OnProgress
    calls: list[ModelCall] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds."""
    missing: list[str] = field(default_factory=list)
    """What the reader is told is not there, and why."""

    @contextmanager
    def stage(self, name: Stage, detail: str) -> Iterator[None]:
        """Tells of a stage that begins, and notes how long it took."""
        self.progress(Progress(name, detail))
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = time.perf_counter() - begun


class NamedMemory(Protocol):
    """The event memory, as it is named on record."""

    @property
    def embedder(self) -> str: ...
    @property
    def snapshot(self) -> str: ...


def provenance_of(
    run: Gathered, model: LanguageModel, memory: NamedMemory | None, *, as_of: datetime, seconds: float, version: str
) -> Provenance:
    """Of an analysis that took so many `seconds`. What it cost is unknown if it is for one call."""
    costs = [call.cost_usd for call in run.calls]
    return Provenance(
        model=model.name,
        provider=model.provider,
        profile=model.profile,
        prompts={
            call.prompt.split("@")[0]: f"{call.prompt.split('@')[1]}:{call.prompt_digest}"
            for call in run.calls
            if call.prompt
        },
        embedder=memory.embedder if memory else None,
        store=memory.snapshot if memory else None,
        as_of=as_of,
        calls=len(run.calls),
        input_tokens=sum(call.input_tokens for call in run.calls),
        output_tokens=sum(call.output_tokens for call in run.calls),
        cost_usd=None if any(cost is None for cost in costs) else sum(cost for cost in costs if cost is not None),
        seconds=seconds,
        cache_hit=bool(run.calls) and all(call.cache_hit for call in run.calls),
        stages=run.stages,
        model_calls=tuple(run.calls),
        missing=(*run.missing, *_replaced(run.calls, model.name)),
        rhyme_version=version,
    )


def _replaced(calls: Sequence[ModelCall], model: str) -> tuple[str, ...]:
    """Why another model than the one asked answered, once for each reason."""
    return tuple(dict.fromkeys(call.fallback or "" for call in calls if call.model != model))
