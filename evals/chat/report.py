"""The report of the chat: `report.json` for programs, `report.md` for people. No text of a set is in it, only ids."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.chat.run import OUTCOMES, ChatReport, Judged
from evals.impact.page import table
from evals.tickers.grade import Share

SCHEMA_VERSION = 1
SUITE = "chat"
MOST_WRONG, LEAST_PRECISION, LEAST_RECALL = 0.03, 0.97, 0.95
"""Asked of a capable model (wrong) and of every model (citations)."""


def write_report(folder: Path, report: ChatReport, provenance: Mapping[str, object]) -> None:
    """Writes report.md and report.json into `folder`, made if missing; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(to_json(report, provenance), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "report.json").write_text(told, encoding="utf-8")
    (folder / "report.md").write_text(page(report, provenance), encoding="utf-8")


def to_json(report: ChatReport, provenance: Mapping[str, object]) -> dict[str, object]:
    """The report in words of JSON; the names never change. A metric is null where nothing was counted."""
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": SUITE,
        "split": report.half,
        "data_digest": report.loaded.digest,
        "n": len(report.judged),
        "metrics": _flat(shares(report.judged, [hit for _, hit in report.hits])),
        "by_set": {name: {"n": len(part), **_flat(shares(part, hits))} for name, part, hits in _sets(report)},
        "by_kind": {
            name: {outcome: counts[outcome] for outcome in OUTCOMES} for name, counts in sorted(_kinds(report).items())
        },
        "capable_run": None if report.mode != "agent" else report.model,
        "baselines": {"refuse_all": {"correct": 0.0, "wrong": 0.0, "refused": 1.0}},
        "failed": sum(one.failed for one in report.judged),
        "dropped_sentences": sum(one.dropped for one in report.judged),
        "seconds": _median([one.seconds for one in report.judged]),
        "tokens": sum(one.tokens for one in report.judged),
        "cost_usd": _cost(report.judged),
        "wrong_ids": [one.question.id for one in report.judged if one.outcome == "wrong"],
        "targets": [
            {"name": name, "value": value, "wanted": wanted, "met": met} for name, value, wanted, met in targets(report)
        ],
        "provenance": {**provenance, "model": report.model, "mode": report.mode},
    }


def shares(judged: Sequence[Judged], hits: Sequence[bool]) -> dict[str, Share]:
    """By the names of the metrics."""
    n = len(judged)
    return {
        **{outcome: Share(sum(one.outcome == outcome for one in judged), n) for outcome in OUTCOMES},
        "citation_precision": Share(sum(one.needed for one in judged), sum(one.citations for one in judged)),
        "citation_recall": Share(sum(one.standing for one in judged), sum(one.sentences for one in judged)),
        "hit_at_5": Share(sum(hits), len(hits)),
        "reached": Share(sum(one.reached for one in judged), n),
    }


def targets(report: ChatReport) -> list[tuple[str, float | None, str, bool | None]]:
    """Name, value, what is asked, whether it is met; None where nothing was counted, or it is not asked of this mode."""
    found = {name: share.to_json()["value"] for name, share in shares(report.judged, []).items()}
    wrong, precision, recall = (_number(found[name]) for name in ("wrong", "citation_precision", "citation_recall"))
    return [
        (
            "wrong",
            wrong,
            f"≤ {MOST_WRONG:g}, of a capable model",
            None if wrong is None or report.mode != "agent" else wrong <= MOST_WRONG,
        ),
        (
            "citation_precision",
            precision,
            f"≥ {LEAST_PRECISION:g}",
            None if precision is None else precision >= LEAST_PRECISION,
        ),
        ("citation_recall", recall, f"≥ {LEAST_RECALL:g}", None if recall is None else recall >= LEAST_RECALL),
    ]


def page(report: ChatReport, provenance: Mapping[str, object]) -> str:
    """The page in Markdown."""
    rows = [(name, len(part), *_row(shares(part, hits))) for name, part, hits in _sets(report)]
    rows.append(("all", len(report.judged), *_row(shares(report.judged, [hit for _, hit in report.hits]))))
    header = (
        "set",
        "questions",
        "correct",
        "wrong",
        "refused",
        "citation precision",
        "citation recall",
        "hit@5 (all questions)",
    )
    verdict = {True: "met", False: "**missed**", None: "not asked of this mode, or nothing counted"}
    parts = [
        "# Chat: questions on filings and tables",
        f"{len(report.judged)} questions of the {report.half} half put to {report.model} ({report.mode}), and the first search "
        f"alone of {len(report.hits):,}. All {len(report.loaded.contexts)} contexts are articles of one home; they are reached by "
        "the tools alone. In brackets: Wilson's 95 % intervals. Graded in code: `evals/chat/grading.py` says how, and where it "
        "leaves TAT-QA's metric. The bounds of the steps (`agent/chat/reading.py`) were chosen on the dev half; of the report half "
        "some questions were read before the halves were made, none of its results was looked at before the bounds stood.",
        table(header, rows),
        "## Targets\n\n"
        + table(
            ("target", "wanted", "found", "verdict"),
            [
                (name, wanted, "–" if value is None else f"{value:.3f}", verdict[met])
                for name, value, wanted, met in targets(report)
            ],
        ),
        ""
        if report.mode == "agent"
        else "Of a model that calls tools, which is asked as an agent, there is **no recorded run** here: --model NAME makes one.",
        "## By kind of question\n\n"
        + table(
            ("kind", *OUTCOMES),
            [(name, *(counts[outcome] for outcome in OUTCOMES)) for name, counts in sorted(_kinds(report).items())],
        ),
        f"Sentences that the chat itself took out before anybody read them: {sum(one.dropped for one in report.judged)}. "
        f"Questions at which the model failed, counted as refused: {sum(one.failed for one in report.judged)}.",
        "## Provenance\n\n" + table(("what", "value"), [*provenance.items(), ("data SHA-256", report.loaded.digest)]),
        "Again: `rhyme eval chat --data DIR --out DIR`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sets(report: ChatReport) -> list[tuple[str, list[Judged], list[bool]]]:
    names = sorted({one.set for one, _ in report.hits})
    return [
        (
            name,
            [one for one in report.judged if one.question.set == name],
            [hit for one, hit in report.hits if one.set == name],
        )
        for name in names
    ]


def _kinds(report: ChatReport) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for one in report.judged:
        found.setdefault(f"{one.question.set}: {one.question.kind}", Counter())[one.outcome] += 1
    return found


def _flat(found: Mapping[str, Share]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, share in found.items():
        told = share.to_json()
        flat |= {name: told["value"], f"{name}_low": told["low"], f"{name}_high": told["high"], f"{name}_n": told["n"]}
    return flat


def _row(found: Mapping[str, Share]) -> list[str]:
    names = (*OUTCOMES, "citation_precision", "citation_recall", "hit_at_5")
    return [spread(found[name]) for name in names]


def spread(share: Share) -> str:
    """Value, interval and count."""
    told = share.to_json()
    if share.n == 0:
        return "–"
    return f"{told['value']:.3f} ({told['low']:.3f} to {told['high']:.3f}), {share.hits} of {share.n}"


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _median(values: Sequence[float]) -> float | None:
    return sorted(values)[len(values) // 2] if values else None


def _cost(judged: Sequence[Judged]) -> float | None:
    known = [one.cost_usd for one in judged if one.cost_usd is not None]
    return sum(known) if judged and len(known) == len(judged) else None
