"""The objects of a worker that asks in batches, put together from an assembly."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from records.errors import BudgetSpent, ModelCannot
from records.times import utc_now

if TYPE_CHECKING:
    from agent.jobs import JobQueue
    from agent.jobs.batch_collect import Price
    from agent.jobs.batch_worker import BatchWorker
    from models.open_model import ModelSpec
    from models.wire import Usage
    from terminal.assembly import Assembly


@contextmanager
def open_batch_worker(parts: "Assembly", queue: "JobQueue", told: Callable[[str], None]) -> "Iterator[BatchWorker]":
    """The worker, once no other is at work on the database. Raises ModelCannot, BudgetSpent, ModelError, StoreError,
    SettingsError, UsageError."""
    from agent.jobs import Course, JobArchive
    from agent.jobs.batch_evidence import KeptEvidence, SteadyMemory, SteadyScores
    from agent.jobs.batch_worker import BatchSettings, BatchWorker
    from models.batch_api import BatchApi
    from models.batch_gate import BatchGate
    from models.open_model import open_model
    from models.openai_provider import OPENAI_URL, Endpoint
    from models.wire import Usage
    from records.database.batch_turn import alone
    from terminal.assembly import chroma_place
    from terminal.gateway import budget_limits
    from terminal.kept_memory import KeptMemory
    from vectorstore.threads import StoryThreads

    settings, database = parts.settings, parts.database
    spec, budget = _remote(parts), budget_limits(settings)
    price = _price(spec)
    if budget.in_usd and price(spec.name, Usage(1, 1)) is None:
        raise BudgetSpent(
            f"A budget in US dollars is set, but the batch price of {spec.name} is not known, so no job was taken. Set price_file "
            "to a table that has it (with `batch`, as docs/batches.md says), or use the budgets in tokens."
        )
    gate = BatchGate(
        lambda: database.batches,
        lambda: database.model_calls,
        parts.run_id,
        settings.answer_cache,
        limited_in_usd=budget.in_usd,
    )
    with ExitStack() as closing:
        closing.enter_context(alone(database.place))
        service = BatchApi(
            Endpoint(spec.base_url or OPENAI_URL, spec.api_key, spec.api_version),
            timeout_seconds=spec.timeout_seconds or 120.0,
        )
        closing.callback(service.close)
        service.check()  # before any job is taken
        model = open_model(spec, gate=gate)
        closing.callback(model.close)
        evidence = KeptEvidence(database.batches)
        opened = KeptMemory(parts.memory, shared=chroma_place(settings).shared)
        parts.at_end(opened.close)
        memory = SteadyMemory(opened, evidence)
        analyst = parts.analyst(
            archive=JobArchive(database), memory=memory, model=model, score_model=SteadyScores(evidence)
        )
        course = Course(database, analyst, StoryThreads(database), memory, clock=utc_now)
        batches = BatchSettings(run_id=parts.run_id, model=spec.name, budget=budget)
        yield BatchWorker(
            database, queue, course, gate, evidence, service, price, settings=batches, clock=utc_now, told=told
        )


def _remote(parts: "Assembly") -> "ModelSpec":
    """The model of the settings at the prices of a batch. Raises ModelCannot for one that runs here, ModelMissing."""
    from dataclasses import replace

    from terminal.assembly import model_spec, runs_here

    if runs_here(parts.settings):
        raise ModelCannot(
            f"The model {parts.settings.model!r} runs on this machine, where there are no batches and nothing is billed. Run "
            "`rhyme worker` without --batch, or set `model` to one that is asked from OpenAI."
        )
    return replace(model_spec(parts.settings), batch=True)


def _price(spec: "ModelSpec") -> "Price":
    """US dollars by model and usage, at the prices of a batch."""
    from models.open_model import prices_of

    table = prices_of(spec)

    def price(model: str, usage: "Usage") -> float | None:
        found = table.find(model) if table else None
        return found.cost_usd(usage) if found else None

    return price
