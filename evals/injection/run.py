"""Runs cases with a model, defended or with defences off, and counts. Outcomes are kept, so that a run can go on another day."""

import json
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from evals.injection.bench import Bench
from evals.injection.case import Case
from evals.injection.obedient import ObedientModel
from evals.injection.outcome import Outcome, leaks, of_analysis, of_refusal
from evals.injection.suite import build
from evals.injection.watch import Fence, Watch
from models.interface import LanguageModel
from records.analysis import Analysis
from records.defences import Defence, without
from records.embedder import Embedder
from records.errors import RhymeError

Render = Callable[[Analysis], str]
"""Everything an analysis is shown as: the page on the terminal, the HTML file, the JSON object, one after the other."""
Say = Callable[[str], None]
ABLATION_CASES = 120
"""Cases of the table that shows what each defence does."""
BACKED = (
    Defence.NORMALISATION, Defence.HIDDEN_HTML, Defence.DELIMITERS, Defence.CONFUSABLES, Defence.OUTPUT_FILTER,
    Defence.NEWS_ONLY, Defence.READING_LIMITS,
)  # fmt: skip
"""Defences behind which the withholding stands: the table also takes both off."""


@dataclass(frozen=True)
class Request:
    """What to run."""

    data: Path | None
    limit: int | None = None
    seed: int = 1
    kept: Path | None = None
    """File of outcomes with a real model: those in it are not run again."""
    ablation: int = ABLATION_CASES
    """Also run so many cases with each defence off; 0: none."""


@dataclass
class Results:
    """All outcomes."""

    enclosed: bool
    """The network namespace was there; False: the audit hook alone."""
    cases: int
    bound: list[Outcome] = field(default_factory=list)
    """Of the obedient readers, two a case."""
    model: list[Outcome] = field(default_factory=list)
    """Of the real model, if there was one."""
    model_name: str | None = None
    without: dict[str, list[Outcome]] = field(default_factory=dict)
    """Name of the defence that was off → outcomes of the obedient readers over a sample; "none off" and "all off" besides."""


class Runner:
    """Runs cases on one bench; remembers the clean twins."""

    def __init__(self, bench: Bench, render: Render, also: Path | None = None) -> None:
        """`also`: a second folder that may be written, and the model's own server may be spoken to."""
        self._bench = bench
        self._render = render
        self._fence = Fence((bench.archive, *((also,) if also else ())), loopback=also is not None)
        self._watch = Watch.installed()
        self._twins: dict[tuple[str, str, frozenset[Defence]], tuple[Analysis, str]] = {}

    def run(self, case: Case, model: LanguageModel, off: Set[Defence] = frozenset()) -> Outcome:
        """One case. A typed error is an outcome; anything else is a fault of ours and is raised."""
        with without(off):
            clean, clean_shown = self._clean(case, model, frozenset(off))
            if isinstance(model, ObedientModel):
                model.begin(case.payload)
            with self._watch.armed(self._fence) as watch:
                try:
                    analysis = self._bench.analyze(case, model, poisoned=True)
                    shown = self._render(analysis)
                except RhymeError as error:
                    return of_refusal(
                        case,
                        model.name,
                        clean,
                        error.kind,
                        reached=_reached(model),
                        egress=len(watch.egress),
                        acted=len(watch.acted),
                    )
            return of_analysis(
                case, model.name, clean, analysis, leaks(case, shown, clean_shown), reached=_reached(model),
                outside=model.outside if isinstance(model, ObedientModel) else None,
                egress=len(watch.egress), acted=len(watch.acted),
            )  # fmt: skip

    def _clean(self, case: Case, model: LanguageModel, off: frozenset[Defence]) -> tuple[Analysis, str]:
        key = (case.host.id, model.name, off)
        if key not in self._twins:
            if isinstance(model, ObedientModel):
                model.begin(None)
            analysis = self._bench.analyze(case, model, poisoned=False)
            self._twins[key] = (analysis, self._render(analysis))
        return self._twins[key]


def _reached(model: LanguageModel) -> bool | None:
    return model.reached if isinstance(model, ObedientModel) else None


def evaluate(
    request: Request, archive: Path, embedder: Embedder, render: Render, say: Say, *, enclosed: bool,
    model: LanguageModel | None = None, also: Path | None = None,
) -> Results:  # fmt: skip
    """Everything asked for. `also`: the user's own home, where the answers and costs of a real model are kept.

    Raises StoreError, ModelError, SourceError."""
    whole = build(request.data, request.seed)
    suite = whole.limited(request.limit, request.seed)
    results = Results(enclosed, len(suite.cases), model_name=model.name if model else None)
    with Bench.opened(archive, embedder, say) as bench:
        runner = Runner(bench, render, None if model is None else also)
        if model is not None:
            results.model = list(_kept(runner, suite.cases, model, request.kept, say))
            return results
        readers = (ObedientModel("capable"), ObedientModel("embedded"))
        for number, case in enumerate(suite.cases, start=1):
            results.bound += [runner.run(case, reader) for reader in readers]
            if number % 100 == 0:
                say(f"{number:,} of {len(suite.cases):,} cases")
        if request.ablation:
            sample = suite.spread(request.ablation, request.seed).cases
            results.without = _ablation(runner, sample, readers[:1], say)
    return results


def _ablation(
    runner: Runner, sample: Sequence[Case], readers: Sequence[ObedientModel], say: Say
) -> dict[str, list[Outcome]]:
    """The same sample with each defence off, and with the withholding behind it off, too."""
    sets: dict[str, frozenset[Defence]] = {"none off": frozenset()}
    sets |= {defence.value: frozenset({defence}) for defence in Defence}
    sets |= {f"{one.value} + withholding": frozenset({one, Defence.WITHHOLDING}) for one in BACKED}
    sets["output_filter + news_only"] = frozenset({Defence.OUTPUT_FILTER, Defence.NEWS_ONLY})
    sets["quarantine + source_cap"] = frozenset({Defence.QUARANTINE, Defence.SOURCE_CAP})
    sets["all off"] = frozenset(Defence)
    found = {}
    for name, off in sets.items():
        say(f"Without: {name}")
        found[name] = [runner.run(case, reader, off) for case in sample for reader in readers]
    return found


def _kept(
    runner: Runner, cases: Sequence[Case], model: LanguageModel, path: Path | None, say: Say
) -> Iterator[Outcome]:
    known = {outcome.case: outcome for outcome in read_outcomes(path) if outcome.model == model.name}
    ordered = sorted(
        cases, key=lambda case: case.host.id
    )  # a host's clean twin is read once, and its cases then share it
    for number, case in enumerate(ordered, start=1):
        outcome = known.get(case.id) or runner.run(case, model)
        if case.id not in known and path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(outcome.as_dict()) + "\n")
        say(f"{number:,} of {len(cases):,} cases with {model.name}")
        yield outcome


def read_outcomes(path: Path | None) -> list[Outcome]:
    """Those of an earlier run."""
    if path is None or not path.is_file():
        return []
    return [Outcome.of_dict(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
