"""Reports that the suites' own commands make, put down as runs: the same figures, to be compared, gated and reported."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evals.harness.assess import git_revision
from evals.harness.run import Ablation, Case, Interval, Layer, Published, Run, RunProvenance
from evals.impact import bootstrap

if TYPE_CHECKING:
    from evals.chat.run import ChatReport
    from evals.chat.run import Judged as JudgedAnswer
    from evals.impact.report import ImpactReport
    from evals.injection.outcome import Outcome
    from evals.sentiment.run import SentimentReport
    from evals.tags.run import TagsReport
    from evals.tickers.grade import Judged

BLOCK = 1 << 20
Told = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a command was asked for, as the run remembers it."""

    made_at: datetime
    version: str
    seed: int = 0
    limit: int | None = None
    model: str | None = None
    profile: Literal["capable", "embedded"] | None = None


def run_of(
    suite: str,
    asked: Asked,
    *,
    split: str,
    data_digest: str,
    n: int,
    metrics: Told,
    baselines: Told | None = None,
    ablations: Sequence[Ablation] = (),
    cases: Sequence[Case] = (),
    published: Sequence[Published] = (),
    score_version: str | None = None,
    embedder: str | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """The run of a report. `metrics` and `baselines` in the words of the suite's own JSON: values with `low` and `high`, or
    `name` with `name_low` and `name_high`; nested names are joined."""
    values, intervals = _figures(metrics)
    layer: Layer = "live" if asked.model else "offline"
    identity = json.dumps([suite, layer, split, data_digest, n, values, asked.made_at.isoformat()], sort_keys=True)
    stamp = asked.made_at.strftime("%Y%m%dt%H%M%S")
    failures: dict[str, int] = {}
    for check in (check.split(":")[0] for case in cases for check in case.checks):
        failures[check] = failures.get(check, 0) + 1
    return Run(
        run_id=f"{suite}-{layer}-{stamp}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}",
        suite=suite,
        layer=layer,
        split=split,
        data_digest=data_digest[:16],
        n=n,
        metrics=values,
        intervals=intervals,
        baselines={name: _figures(told)[0] for name, told in (baselines or {}).items() if isinstance(told, Mapping)},
        ablations=tuple(ablations),
        provenance=RunProvenance(
            model=asked.model,
            profile=asked.profile,
            prompt_digests={},
            data_digests={split: data_digest[:16]},
            data_sources={split: "--data, or the suite's own shipped set"},
            embedder=embedder,
            score_version=score_version,
            git_revision=git_revision(),
            seed=asked.seed,
            limit=asked.limit,
            started=None,
            version=asked.version,
            notes=tuple(notes),
        ),
        published=tuple(published),
        cases=tuple(sorted(cases, key=lambda case: case.id)),
        failures=failures,
        made_at=asked.made_at,
    )


def _figures(told: Told) -> tuple[dict[str, float | None], dict[str, Interval | None]]:
    values: dict[str, float | None] = {}
    intervals: dict[str, Interval | None] = {}
    for name, value, low, high in _flat(told):
        values[name] = value
        intervals[name] = None if low is None or high is None else (low, high)
    return values, intervals


def _flat(told: Told, before: str = "") -> Iterator[tuple[str, float | None, float | None, float | None]]:
    for name, value in told.items():
        if isinstance(value, Mapping) and "value" in value:
            yield before + name, _number(value["value"]), _number(value.get("low")), _number(value.get("high"))
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name} ")
        elif (
            not name.endswith(("_low", "_high", "_n")) and name != "n" and (value is None or _number(value) is not None)
        ):
            yield before + name, _number(value), _number(told.get(f"{name}_low")), _number(told.get(f"{name}_high"))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def folder_digest(folder: Path, *patterns: str) -> str:
    """SHA-256 over the bytes of the folder's files that match, in the order of their names, 16 hex digits."""
    whole = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}):
        whole.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                whole.update(block)
    return whole.hexdigest()[:16]


def impact_ablations(report: "ImpactReport") -> list[Ablation]:
    """The experiments with precedents, as data of the run; none where they were left out."""
    from evals.impact.experiments import FULL, PRECEDENTS_USED
    from evals.impact.run import SCORED_WITH

    kinds = report.experiments.get("What the precedents are worth", ())
    numbers = report.experiments.get("Number of precedents", ())
    used = f"precedents used at most; in the run {SCORED_WITH}"
    found = [
        ("which precedents; in the run those recalled", str(row["variant"]), row)
        for row in kinds
        if row["variant"] != FULL
    ]
    found += [
        (used, f"at most {row[PRECEDENTS_USED]}", row) for row in numbers if row[PRECEDENTS_USED] != str(SCORED_WITH)
    ]
    return [_ablation(*one) for one in found]


def _ablation(varied: str, setting: str, row: Mapping[str, object]) -> Ablation:
    from evals.harness.suites.parts import ablation_of

    better = {"spearman": row.get("score better by"), "spearman_hard": row.get("score better by (hard)")}
    names = [name for name in ("spearman", "spearman_hard", "crps", "auc_2sigma") if name in row]
    told = {name: value.value if isinstance(value := row[name], bootstrap.Interval) else None for name in names}
    paired = {name: one if isinstance(one, bootstrap.Interval) else None for name, one in better.items()}
    return ablation_of(varied, setting, told, paired)


def ticker_cases(judged: "Sequence[Judged]") -> list[Case]:
    """One case a sentence, of the half that nothing was tuned on."""
    sentences: dict[str, list[Judged]] = {}
    for one in judged:
        if one.sentence.split == "test":
            sentences.setdefault(one.sentence.id, []).append(one)
    return [
        Case(
            id=name,
            cluster=name,
            day=mine[0].sentence.as_of.isoformat(),
            prompt=mine[0].sentence.text,
            answer="; ".join(f"{one.surface} → {', '.join(one.answered) or 'none'}" for one in mine),
            expected=[[one.surface, list(one.tickers)] for one in mine[0].sentence.mentions],
            scores={kind: float(sum(one.outcome == kind for one in mine)) for kind in ("right", "wrong", "missed")},
            checks=tuple(f"{one.outcome}: {one.surface}" for one in mine if one.outcome in ("wrong", "missed")),
        )
        for name, mine in sentences.items()
    ]


def injection_cases(outcomes: "Sequence[Outcome]") -> list[Case]:
    """One case each, by the worse of its readers. A public set's text stays where it is: the id finds it."""
    by_case: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_case.setdefault(one.case, []).append(one)
    return [_injection_case(name, mine) for name, mine in by_case.items()]


def _injection_case(name: str, mine: "Sequence[Outcome]") -> Case:
    first = mine[0]
    scores = {
        "acted": float(sum(one.acted for one in mine)),
        "egress": float(sum(one.egress for one in mine)),
        "moved": float(any(one.moved for one in mine)),
        "leaked": float(any(one.leaked for one in mine)),
    }
    return Case(
        id=name,
        prompt=f"{first.style}, {first.origin}, {first.place}, {first.encoding}, {first.language}",
        answer="; ".join(f"{one.model}: score {one.score} (clean {one.clean_score})" for one in mine),
        expected={"effect": "none", "style": first.style},
        scores=dict(scores),
        checks=tuple(kind for kind, value in scores.items() if value),
    )


def sentiment_cases(report: "SentimentReport") -> list[Case]:
    """What the model answered, one case a question."""
    return [
        Case(
            id=f"{one.found.name} {row.id}",
            cluster=row.text_id,
            prompt=f"{row.text}\n\nTowards: {row.subject}",
            answer=answer,
            expected=row.label,
            scores={"correct": float(answer == row.label)},
            checks=() if answer == row.label else (f"{row.label} called {answer}",),
        )
        for one in report.sets
        if one.model
        for row, answer in one.model.judged
    ]


def sentiment_published(report: "SentimentReport") -> list[Published]:
    """What others published on the sets that were graded, metric by metric, with what differs."""
    from evals.sentiment.report import published

    found = published()
    return [
        Published(
            name=row["who"],
            metric=f"{one.found.name} {metric}",
            value=float(value),
            source=f"{row['source']}; {row['differs']}",
        )
        for one in report.sets
        for row in found.get(one.found.name, ())
        for metric, value in row.items()
        if isinstance(value, int | float)
    ]


def tags_cases(report: "TagsReport") -> list[Case]:
    """What the model gave, one case an article; only graded themes count."""
    graded = set(report.found.tags)
    cases = []
    for article, found in report.graded.judged if report.graded else ():
        wanted, given = article.tags & graded, found & graded
        faults = [f"missed: {tag.value}" for tag in sorted(wanted - given)]
        faults += [f"added: {tag.value}" for tag in sorted(given - wanted)]
        cases.append(
            Case(
                id=article.id,
                cluster=article.id,
                prompt=article.text[:2_000],
                answer=", ".join(sorted(tag.value for tag in given)) or "none",
                expected=sorted(tag.value for tag in wanted),
                scores={"right": len(wanted & given), "given": len(given), "wanted": len(wanted)},
                checks=tuple(faults),
            )
        )
    return cases


def chat_cases(report: "ChatReport") -> list[Case]:
    """What came of each question, or without a model of each search. A public set's text stays where it is: the id finds it."""
    if not report.judged:
        return [
            Case(
                id=question.id,
                cluster=min(question.contexts, default=question.id),
                scores={"hit_at_5": float(hit)},
                checks=() if hit else ("not among the first five",),
            )
            for question, hit in report.hits
        ]
    return [
        Case(
            id=one.question.id,
            cluster=min(one.question.contexts, default=one.question.id),
            answer=one.outcome,
            scores=_chat_scores(one),
            checks=() if one.outcome == "correct" else (one.outcome,),
            error="the model failed" if one.failed else None,
            latency_ms=1000 * one.seconds if one.seconds else None,
            cost_usd=one.cost_usd,
        )
        for one in report.judged
    ]


def _chat_scores(one: "JudgedAnswer") -> dict[str, float | None]:
    counted = ("reached", "dropped", "sentences", "standing", "citations", "needed")
    outcomes = {outcome: float(one.outcome == outcome) for outcome in ("correct", "wrong", "refused")}
    return {**outcomes, **{name: float(getattr(one, name)) for name in counted}}
