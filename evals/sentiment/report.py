"""The report of sentiment: `report.json` for programs, `report.md` for people. Texts are never shown."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from evals.impact.bootstrap import Interval
from evals.impact.page import spread, table
from evals.sentiment.metrics import DRAWS
from evals.sentiment.run import Graded, SentimentReport, SetReport
from evals.sentiment.sets import LABELS

SCHEMA_VERSION = 1
SUITE = "sentiment"
BELIEVED_FROM = 30
TOO_FEW = (
    f"**Of some sets fewer than {BELIEVED_FROM} texts were put to the model: this shows that the way works, not how well. Drawn "
    "from so few, the intervals are too narrow, and collapse where all are right.**"
)


def write_report(folder: Path, report: SentimentReport, provenance: Mapping[str, object]) -> None:
    """Writes report.md and report.json into `folder`, made if missing; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(to_json(report, provenance), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "report.json").write_text(told, encoding="utf-8")
    (folder / "report.md").write_text(page(report, provenance), encoding="utf-8")


def published() -> Mapping[str, list[dict[str, Any]]]:
    """Set → figures that others published, with what differs."""
    file = resources.files("evals.sentiment") / "published.json"
    found: Mapping[str, list[dict[str, Any]]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def to_json(report: SentimentReport, provenance: Mapping[str, object]) -> dict[str, object]:
    """The report in words of JSON; the names never change. `metrics` are the model's, or {} without one."""
    asked = [one for one in report.sets if one.model]
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": SUITE,
        "split": "sample" if report.model else "all",
        "data_digest": report.digest,
        "n": sum(one.model.n for one in asked if one.model)
        if report.model
        else sum(_whole(one) for one in report.sets),
        "metrics": {one.found.name: _graded(one.model) for one in asked if one.model},
        "baselines": {
            one.found.name: {
                "all": {name: _graded(graded) for name, graded in one.baselines.items()},
                "sample": {name: _graded(graded) for name, graded in one.sample_baselines.items()},
            }
            for one in report.sets
        },
        "sets": {
            one.found.name: {
                "digest": one.found.digest,
                "rows": len(one.found.rows),
                "left_out": dict(one.found.left_out),
            }
            for one in report.sets
        },
        "in_phrasebank_too": report.overlap,
        "published": published(),
        "bootstrap": {"draws": DRAWS, "level": 0.95, "cluster": "text"},
        "provenance": {
            **provenance,
            "model": report.model,
            "prompt_digests": list(report.prompt_digests),
            "answers_reused": report.answers_reused,
        },
    }


def _whole(one: SetReport) -> int:
    return next(iter(one.baselines.values())).n


def _graded(graded: Graded) -> dict[str, object]:
    return {
        "n": graded.n,
        "n_texts": graded.n_texts,
        "unanswered": graded.unanswered,
        "labels": dict(graded.counts),
        **{name: _rounded(found) for name, found in graded.metrics.items()},
    }


def _rounded(found: Interval) -> dict[str, float]:
    return {"value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4)}


def page(report: SentimentReport, provenance: Mapping[str, object]) -> str:
    """The page in Markdown."""
    parts = [
        "# Sentiment: towards a company, or of a whole headline",
        f"Three classes. In brackets: 95 % intervals, {DRAWS:,} bootstrap draws of whole texts. "
        + (f"Asked: {report.model}." if report.model else "No model was asked: baselines alone."),
    ]
    if report.model:
        if any(one.model.n < BELIEVED_FROM for one in report.sets if one.model):
            parts.append(TOO_FEW)
        parts.append("## The model\n\n" + _model_table(report))
        parts.append("### By class (F1)\n\n" + _class_table(report))
    parts += [
        "## Baselines on the whole sets\n\n" + _baseline_table(report),
        "## Published figures\n\nOf models that were trained on a part of the set, unless said otherwise: a bound from above for "
        "one that was not.\n\n" + _published_table(report),
        "## Data\n\n" + _data_table(report),
        "## Provenance\n\n" + table(("what", "value"), list(provenance.items())),
        "Again: `rhyme eval sentiment --data DIR --model M --limit N --out DIR`.",
    ]
    return "\n\n".join(parts) + "\n"


def _model_table(report: SentimentReport) -> str:
    rows = [
        (one.found.name, who, graded.n, spread(graded.metrics["accuracy"], 3), spread(graded.metrics["macro_f1"], 3))
        for one in report.sets
        if one.model
        for who, graded in ((report.model, one.model), *one.sample_baselines.items())
    ]
    return table(("set", "who, on the same sample", "n", "accuracy", "macro-F1"), rows)


def _class_table(report: SentimentReport) -> str:
    rows = [
        (
            one.found.name,
            *(f"{spread(one.model.metrics[f'f1_{label}'], 3)}, n {one.model.counts[label]}" for label in LABELS),
        )
        for one in report.sets
        if one.model
    ]
    return table(("set", *LABELS), rows)


def _baseline_table(report: SentimentReport) -> str:
    rows = [
        (one.found.name, who, graded.n, spread(graded.metrics["accuracy"], 3), spread(graded.metrics["macro_f1"], 3))
        for one in report.sets
        for who, graded in one.baselines.items()
    ]
    return table(("set", "who", "n", "accuracy", "macro-F1"), rows)


def _published_table(report: SentimentReport) -> str:
    known = {one.found.name for one in report.sets}
    rows = [
        (
            name,
            figure["who"],
            ", ".join(f"{key} {value:g}" for key, value in figure.items() if isinstance(value, int | float)),
            figure["differs"],
            figure["source"],
        )
        for name, figures in published().items()
        if name in known or " " in name
        for figure in figures
    ]
    return table(("set", "who", "figures", "what differs from ours", "source"), rows)


def _data_table(report: SentimentReport) -> str:
    rows = [
        (
            one.found.name,
            len(one.found.rows),
            ", ".join(f"{reason}: {count}" for reason, count in one.found.left_out.items()) or "nothing",
            one.found.digest[:16],
        )
        for one in report.sets
    ]
    told = table(("set", "rows", "left out", "digest"), rows)
    return told + (
        f"\n\n{report.overlap:,} texts of fiqa_phrasebank stand in phrasebank too." if report.overlap else ""
    )
