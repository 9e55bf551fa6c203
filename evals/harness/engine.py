"""Runs a task on inspect-ai: our samples, our solver and our scorer, its scheduling, its logs (`inspect view` reads them)."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from evals.harness.recordings import RecordingMissing, metered
from evals.harness.run import Case
from evals.harness.task import Mark, Reply, Sample, Task, shortened
from records.errors import BudgetSpent, ModelDenied, ModelQuotaSpent, RhymeError, SettingsError

if TYPE_CHECKING:
    from inspect_ai import Task as InspectTask

Say = Callable[[str], None]
SCORER = "rhyme"
STEPS = 20
"""Lines of progress a suite, about."""
ENDS_A_RUN = (RecordingMissing, BudgetSpent, ModelDenied, ModelQuotaSpent)
"""Errors that the next case would meet too: the run stops, and what was answered is kept."""


def engine_missing() -> str | None:
    """Why the engine cannot run here; None: it can."""
    from importlib.util import find_spec

    if find_spec("inspect_ai") is not None:
        return None
    return (
        "The evaluation engine inspect-ai is not installed. Install Rhyme with the extra `evals` (pip install 'rhyme[evals]'); "
        "runs that are kept can be listed, shown, compared and reported without it."
    )


def run_cases(task: Task, logs: Path, say: Say, *, at_once: int = 1) -> tuple[Case, ...]:
    """Every sample answered and graded, in the order of their ids. Raises SettingsError without the engine, KeyboardInterrupt
    when it was stopped, and whatever ends the run (ModelError, StoreError)."""
    missing = engine_missing()
    if missing:
        raise SettingsError(missing)
    from inspect_ai import eval as inspect_eval

    ended: list[BaseException] = []
    logs.mkdir(parents=True, exist_ok=True)
    logged = inspect_eval(
        _inspect_task(task, say, ended),
        model=None,
        log_dir=str(logs),
        display="none",
        max_samples=at_once,
        fail_on_error=True,
        score_display=False,
        log_realtime=False,
        log_model_api=False,
        log_level="error",
        acp_server=False,
        ctl_server=False,
    )
    if ended:
        raise ended[0]
    if not logged or logged[0].status == "cancelled":
        raise KeyboardInterrupt
    found = logged[0]
    if found.status != "success":
        raise RuntimeError(
            f"the engine ended {found.status}: {found.error.message if found.error else 'no reason given'}"
        )
    cases = [_case_of(sample) for sample in found.samples or ()]
    return tuple(sorted(cases, key=lambda case: case.id))


def _case_of(sample: Any) -> Case:
    return Case.model_validate(sample.scores[SCORER].metadata["case"])


def _inspect_task(task: Task, say: Say, ended: list[BaseException]) -> "InspectTask":
    from inspect_ai import Task as InspectTask
    from inspect_ai.dataset import MemoryDataset
    from inspect_ai.dataset import Sample as InspectSample
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score, Target, mean, scorer
    from inspect_ai.solver import Generate, TaskState, solver

    samples = {sample.id: sample for sample in task.samples}
    done = iter(range(1, len(samples) + 1))

    @solver(name=f"rhyme_{task.suite}")
    def answered() -> Any:
        async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001 - the engine hands both over
            case = await to_thread.run_sync(_graded, task, samples[str(state.sample_id)], ended)
            state.metadata["case"] = case.model_dump(mode="json")
            state.output = ModelOutput.from_content(task.suite, case.answer or "", error=case.error)
            state.completed = True
            number = next(done)
            if number % max(1, len(samples) // STEPS) == 0 or number == len(samples):
                say(f"{task.suite}: {number:,} of {len(samples):,}")
            return state

        return solve

    @scorer(metrics={"*": [mean()]}, name=SCORER)
    def graded() -> Any:
        async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the engine hands both over
            case = Case.model_validate(state.metadata["case"])
            value = {name: float("nan") if one is None else one for name, one in case.scores.items()}
            explained = "; ".join((*case.checks, *((case.error,) if case.error else ())))
            return Score(
                value=value, answer=case.answer, explanation=explained, metadata={"case": state.metadata["case"]}
            )

        return score

    dataset = MemoryDataset(
        [InspectSample(input=one.prompt or one.id, id=one.id, target=str(one.expected)) for one in task.samples],
        name=f"{task.suite}-{task.split}-{task.data_digest}",
    )
    return InspectTask(dataset=dataset, solver=answered(), scorer=graded(), name=f"rhyme-{task.suite}", version=1)


def _graded(task: Task, sample: Sample, ended: list[BaseException]) -> Case:
    """One case. A typed error is its outcome; what ends the run, or is a fault of ours, is handed to the caller and raised."""
    try:
        return graded(task, sample)
    except BaseException as error:
        ended.append(error)
        raise


def graded(task: Task, sample: Sample) -> Case:
    """Answers and grades one sample. Raises what ends a run."""
    error: str | None = None
    reply, mark = None, None
    with metered() as calls:
        try:
            reply = task.solve(sample)
            mark = task.mark(sample, reply)
        except ENDS_A_RUN:
            raise
        except RhymeError as failed:
            error = f"{failed.kind}: {failed}"
    return _case(task, sample, reply, mark, error, list(reply.calls if reply and reply.calls is not None else calls))


def _case(
    task: Task, sample: Sample, reply: Reply | None, mark: Mark | None, error: str | None, calls: list[Any]
) -> Case:
    costs = [call.cost_usd for call in calls]
    return Case(
        id=sample.id,
        cluster=sample.cluster,
        day=sample.day,
        prompt=shortened(sample.prompt),
        answer=shortened(reply.answer) if reply else None,
        expected=sample.expected,
        scores={name: mark.scores.get(name) if mark else None for name in task.scored},
        checks=mark.checks if mark else (),
        error=error,
        latency_ms=round(1000 * sum(call.seconds for call in calls), 1) if calls else None,
        input_tokens=sum(call.input_tokens for call in calls) if calls else None,
        output_tokens=sum(call.output_tokens for call in calls) if calls else None,
        cost_usd=sum(costs) if costs and all(cost is not None for cost in costs) else None,
    )
