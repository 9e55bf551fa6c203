"""From a request to runs: tasks are built, their cases run on the engine, their figures put down, the runs kept.

Stopped, the same command goes on: answers of a model are on disk before the next is asked for, and a suite that was finished is
not begun again.
"""

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evals.harness.engine import run_cases
from evals.harness.recordings import RecordedModel, RecordingMissing, Recordings, about_of
from evals.harness.registry import SUITES, Kind, Load
from evals.harness.run import Case, Layer, Run, RunProvenance
from evals.harness.shelf import Shelf
from evals.harness.suites.parts import Parts
from evals.harness.task import Task
from models.interface import LanguageModel
from records.analysis import Analysis
from records.article import Article
from records.embedder import Embedder
from records.errors import StoreError, UsageError
from records.times import Clock

if TYPE_CHECKING:
    from evals.chat.run import SourcesAsOf, Talk
    from evals.injection.bench import Bench

RECORDED = Path(__file__).parent / "recorded"
RECORDED_MODEL = "default"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Request:
    """What is to be graded, and how."""

    suites: tuple[str, ...]
    layer: Layer
    """`replay`: recorded answers; `live`: the model; `offline`: code alone, tasks of a model are left out."""
    data: Path | None = None
    limit: int | None = None
    """Cases put to a model, a suite; tasks of code run whole."""
    seed: int = 0
    model: str = ""
    """As the settings name it: another model begins anew."""
    recorded: Path = RECORDED / f"{RECORDED_MODEL}.jsonl.gz"
    """What a replay reads."""
    record: Path | None = None
    """Where a live run leaves its answers, for replays."""

    @property
    def key(self) -> str:
        """Of what may go on where another run stopped."""
        asked = [sorted(self.suites), self.layer, str(self.data), self.seed, self.model]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Outside:
    """Everything that is handed in."""

    shelf: Shelf
    home: Path
    open_model: Callable[[], LanguageModel]
    """Behind its gateway: limits, budgets and the cost ledger hold. Called when a task first needs it."""
    open_embedder: Callable[[], Embedder]
    open_talk: "Callable[[Sequence[Article], LanguageModel | None, ExitStack], tuple[Talk | None, SourcesAsOf]]"
    """Closed with the stack."""
    render: Callable[[Analysis], str]
    clock: Clock
    version: str
    say: Callable[[str], None] = field(default=lambda _: None)
    at_once: int = 1
    """Cases under way together: 1 for a model on this machine."""


def assess(request: Request, outside: Outside) -> Iterator[Run]:
    """Each run as it is finished and kept. Raises UsageError for an unknown suite, SettingsError without the engine,
    KeyboardInterrupt when it was stopped, ModelError, StoreError, SourceError."""
    for name in request.suites:
        if name not in SUITES:
            raise UsageError(f"There is no suite {name!r}; there are {', '.join(SUITES)}.")
    with _Session(request, outside) as session:
        for name in request.suites:
            for kind, load in SUITES[name].tasks().items():
                if kind == "code" or session.asks(name):
                    yield session.run(name, kind, load)
        session.finished()


class _Session:
    """One command: its model, its bench, and what was done before it was stopped."""

    def __init__(self, request: Request, outside: Outside) -> None:
        self._request, self._outside = request, outside
        self._closing = ExitStack()

    def __enter__(self) -> "_Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @cached_property
    def recordings(self) -> Recordings:
        """The recorded answers in a replay; else this command's own, which begin where it was stopped."""
        if self._request.layer == "replay":
            return Recordings.read(self._request.recorded)
        model = self._live
        return Recordings.going_on(self._answers_file, about_of(model, self._outside.clock()))

    @cached_property
    def _live(self) -> LanguageModel:
        self._outside.say("Opening the model …")
        model = self._outside.open_model()
        model.count_tokens("ready")
        return model

    @cached_property
    def model(self) -> RecordedModel:
        """What the tasks ask."""
        return RecordedModel(self.recordings, None if self._request.layer == "replay" else self._live)

    @cached_property
    def _bench(self) -> "Bench":
        from evals.injection.bench import Bench

        scratch = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="rhyme-eval-")))
        opened = Bench.opened(scratch, self._outside.open_embedder(), self._outside.say)
        return self._closing.enter_context(opened)

    @property
    def _answers_file(self) -> Path:
        return self._outside.shelf.unfinished / f"{self._request.key}.jsonl"

    @property
    def _done_file(self) -> Path:
        return self._outside.shelf.unfinished / f"{self._request.key}.done.json"

    def run(self, suite: str, kind: Kind, load: Load) -> Run:
        """One task, unless it was done before the stop."""
        part = f"{suite} {kind} {self._request.limit}"
        known = self._known().get(part)
        if known is not None:
            try:
                return self._outside.shelf.load(known)
            except (StoreError, UsageError):
                self._outside.say(f"The finished run {known} is gone; {suite} is graded again.")
        self._outside.say(f"{suite}: preparing …")
        started = self._outside.clock()
        task = load(self._parts(suite, kind))
        try:
            at_once = self._outside.at_once if kind == "model" else 1
            cases = run_cases(task, self._outside.shelf.logs, self._outside.say, at_once=at_once)
        finally:
            task.close()
        found = self._run_of(task, cases, started)
        self._outside.shelf.save(found)
        if self._request.layer != "replay":
            self._keep(part, found.run_id)
        return found

    def asks(self, suite: str) -> bool:
        """Whether the suite is put to a model. Raises RecordingMissing in a replay of a suite alone that has no answers."""
        if self._request.layer != "replay":
            return self._request.layer != "offline"
        if suite in self.recordings.about.limits:
            return True
        why = f"No answers are recorded for the suite {suite}"
        if len(self._request.suites) == 1:
            raise RecordingMissing(
                f"{why}. Run it without --replay, or record some with `rhyme eval all --record FILE`."
            )
        self._outside.say(f"{why}: what needs a model is left out.")
        return False

    def _limit(self, suite: str) -> int | None:
        """A replay asks no more than was recorded."""
        if self._request.layer != "replay":
            return self._request.limit
        known = [one for one in (self._request.limit, self.recordings.about.limits.get(suite)) if one is not None]
        return min(known, default=None)

    def _parts(self, suite: str, kind: Kind) -> Parts:
        request = self._request
        return Parts(
            data=request.data,
            limit=self._limit(suite) if kind == "model" else None,
            seed=request.seed,
            home=self._outside.home,
            model=self.model if kind == "model" else None,
            open_bench=lambda: self._bench,
            open_talk=lambda articles, model: self._outside.open_talk(articles, model, self._closing),
            render=self._outside.render,
            say=self._outside.say,
        )

    def _run_of(self, task: Task, cases: Sequence[Case], started: datetime) -> Run:
        request, replay = self._request, self._request.layer == "replay"
        layer: Layer = "offline" if task.kind == "code" else request.layer
        figures = task.figures(cases)
        made_at = self.recordings.about.recorded_at if replay else self._outside.clock()
        revision = git_revision()
        about = self.recordings.about if task.kind == "model" else None
        provenance = RunProvenance(
            model=about.model if about else None,
            profile=about.profile if about else None,
            prompt_digests=dict(task.prompt_digests),
            embedder=task.embedder,
            score_version=task.score_version,
            store_snapshot=task.store_snapshot,
            data_digests=dict(task.data_digests),
            data_sources=dict(task.data_sources),
            git_revision=revision,
            seed=request.seed,
            limit=self._limit(task.suite) if task.kind == "model" else None,
            started=None if replay else started,
            version=self._outside.version,
            notes=task.notes,
        )
        stamp = made_at.strftime("%Y%m%dt%H%M%S")
        identity = provenance.model_dump_json(exclude={"started"}) + task.data_digest + made_at.isoformat()
        return Run(
            run_id=f"{task.suite}-{layer}-{stamp}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}",
            suite=task.suite,
            layer=layer,
            split=task.split,
            data_digest=task.data_digest,
            n=len(cases),
            metrics=dict(figures.metrics),
            intervals=dict(figures.intervals),
            baselines={name: dict(values) for name, values in figures.baselines.items()},
            ablations=figures.ablations,
            provenance=provenance,
            published=figures.published,
            cases=tuple(cases),
            failures=dict(figures.failures),
            made_at=made_at,
        )

    def _known(self) -> dict[str, str]:
        try:
            told = json.loads(self._done_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(run_id) for name, run_id in told.items()} if isinstance(told, dict) else {}

    def _keep(self, part: str, run_id: str) -> None:
        self._done_file.parent.mkdir(parents=True, exist_ok=True)
        self._done_file.write_text(json.dumps(self._known() | {part: run_id}), encoding="utf-8")

    def finished(self) -> None:
        """Nothing is left to go on with."""
        if self._request.layer == "replay":
            return
        if self._request.record is not None:
            asked = {name: self._request.limit for name in self._request.suites if SUITES[name].model}
            self.recordings.pack(self._request.record, asked)
        self._done_file.unlink(missing_ok=True)
        self._answers_file.unlink(missing_ok=True)


@cache
def git_revision() -> str | None:
    """The checkout's commit, '+' when files differ from it; None outside of a checkout of Rhyme."""

    def git(*arguments: str) -> str:
        found = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
        return found.stdout.strip()

    try:
        if Path(git("rev-parse", "--show-toplevel")) != ROOT:
            return None
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None
