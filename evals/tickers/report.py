"""The report of tickers: `report.json` for programs, `report.md` for people. The gold set is ours, so its sentences are shown."""

import json
from collections.abc import Mapping
from pathlib import Path

from evals.impact.page import table
from evals.tickers.grade import STRAY, Judged, Share, Tally
from evals.tickers.run import TickersReport, WireResult

SCHEMA_VERSION = 1
SUITE = "tickers"
PRECISION_ASKED, RECALL_ASKED = 0.98, 0.95


def write_report(folder: Path, report: TickersReport, provenance: Mapping[str, object]) -> None:
    """Writes report.md and report.json into `folder`, made if missing; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(to_json(report, provenance), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "report.json").write_text(told, encoding="utf-8")
    (folder / "report.md").write_text(page(report, provenance), encoding="utf-8")


def to_json(report: TickersReport, provenance: Mapping[str, object]) -> dict[str, object]:
    """The report in words of JSON. `metrics` are of the test half; the names never change."""
    test = half(report.by_code, "test")
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": SUITE,
        "split": "test",
        "data_digest": report.digest,
        "n": test.mentions,
        "metrics": {name: _of(test)[name]["value"] for name in ("precision", "recall")},
        "intervals": _of(test),
        "dev": {"n": half(report.by_code, "dev").mentions, **_of(half(report.by_code, "dev"))},
        "all": {"n": report.by_code.mentions, **_of(report.by_code)},
        "with_ambiguous": {"n": report.shown.mentions, **_of(report.shown)},
        "by_kind": {
            kind: {"n": len(tally.judged), "wrong": tally.count("wrong"), "missed": tally.count("missed"), **_of(tally)}
            for kind, tally in report.by_code.by_kind().items()
        },
        "errors": [_error(one) for one in errors(report.by_code)],
        "with_model": _with_model(report),
        "wire": _wire(report.wire),
        "wire_with_ambiguous": _wire(report.wire_shown),
        "targets": [
            {"name": name, "wanted": wanted, "value": share.to_json()["value"], "met": met(share, wanted)}
            for name, wanted, share in targets(report)
        ],
        "baselines": {},
        "provenance": dict(provenance),
    }


def targets(report: TickersReport) -> list[tuple[str, float, Share]]:
    """Name, least value asked, found; on the half that nothing was tuned on, and on the whole."""
    test = half(report.by_code, "test")
    return [
        ("precision, test half", PRECISION_ASKED, test.precision),
        ("recall, test half", RECALL_ASKED, test.recall),
        ("precision, all", PRECISION_ASKED, report.by_code.precision),
        ("recall, all", RECALL_ASKED, report.by_code.recall),
    ]


def met(share: Share, wanted: float) -> bool:
    """Whether the share reaches what was asked; False when it is unknown."""
    return share.n > 0 and share.hits / share.n >= wanted


def half(tally: Tally, split: str) -> Tally:
    """The mentions of one split."""
    return tally.of(lambda one: one.sentence.split == split)


def errors(tally: Tally) -> list[Judged]:
    """What was answered wrongly or missed."""
    return [one for one in tally.judged if one.outcome in ("wrong", "missed")]


def _of(tally: Tally) -> dict[str, dict[str, object]]:
    return {
        "precision": tally.precision.to_json(),
        "recall": tally.recall.to_json(),
        "left_alone": tally.left_alone.to_json(),
    }


def _error(one: Judged) -> dict[str, object]:
    return {
        "id": one.sentence.id,
        "split": one.sentence.split,
        "as_of": one.sentence.as_of.isoformat(),
        "surface": one.surface,
        "kind": one.kind,
        "wanted": list(one.wanted),
        "answered": list(one.answered),
        "outcome": one.outcome,
    }


def _with_model(report: TickersReport) -> dict[str, object] | None:
    found = report.with_model
    if found is None:
        return None
    return {
        "model": found.model,
        "sentences": found.sentences,
        "questions": found.questions,
        "by_code": _of(found.by_code),
        "by_model": _of(found.by_model),
    }


def _wire(wire: WireResult | None) -> dict[str, object] | None:
    if wire is None:
        return None
    return {
        "data_digest": wire.digest,
        "n": wire.articles,
        "precision": Share(wire.right, wire.right + wire.wrong).to_json(),
        "recall": Share(wire.right, wire.right + wire.missed).to_json(),
    }


def page(report: TickersReport, provenance: Mapping[str, object]) -> str:
    """The page in Markdown."""
    code = report.by_code
    parts = [
        "# Tickers: which company a name is, by code alone",
        f"{code.mentions} mentions in {len(report.sentences)} sentences of our own (`evals/tickers/data/DATASHEET.md`). "
        "The dev half was tuned on, the test half was not (the datasheet says what was seen of it, and when). In brackets: "
        "Wilson's 95 % intervals.",
        "## Targets\n\n"
        + table(
            ("target", "wanted", "found", "verdict"),
            [
                (name, f"≥ {wanted:g}", _spread(share), "met" if met(share, wanted) else "**missed**")
                for name, wanted, share in targets(report)
            ],
        ),
        "## Halves\n\n"
        + table(
            ("half", "mentions", "precision", "recall", "left alone"),
            [
                (name, tally.mentions, _spread(tally.precision), _spread(tally.recall), _spread(tally.left_alone))
                for name, tally in (
                    ("dev", half(code, "dev")),
                    ("test", half(code, "test")),
                    ("all", code),
                    ("all, with the ambiguous ones that a model would be asked about", report.shown),
                )
            ],
        ),
        "## By kind\n\n"
        + table(
            ("kind", "mentions", "right", "wrong", "missed", "left alone"),
            [
                (kind, len(tally.judged), *(tally.count(one) for one in ("right", "wrong", "missed", "left alone")))
                for kind, tally in code.by_kind().items()
            ],
        ),
        "## Errors\n\n" + _errors(report),
        _model_part(report),
        _wire_part(report),
        "## Provenance\n\n" + table(("what", "value"), list(provenance.items())),
        "Again: `rhyme eval tickers --out DIR`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _errors(report: TickersReport) -> str:
    rows = [
        (
            one.sentence.split,
            one.sentence.as_of.isoformat(),
            _marked(one),
            one.kind,
            " or ".join(one.wanted) or "none",
            ", ".join(one.answered) or "none",
        )
        for one in errors(report.by_code)
    ]
    return table(("half", "as of", "sentence", "kind", "wanted", "answered"), rows) if rows else "None."


def _marked(one: Judged) -> str:
    if one.kind == STRAY:
        return one.sentence.text
    return one.sentence.text.replace(one.surface, f"**{one.surface}**", 1)


def _model_part(report: TickersReport) -> str:
    found = report.with_model
    if found is None:
        return ""
    rows = [
        (name, _spread(tally.precision), _spread(tally.recall))
        for name, tally in (("code alone", found.by_code), (f"with {found.model}", found.by_model))
    ]
    return (
        f"## With a model\n\n{found.sentences} sentences in which code leaves a name open; {found.questions} questions.\n\n"
        + table(("way", "precision", "recall"), rows)
    )


def _wire_part(report: TickersReport) -> str:
    rows = [
        (
            name,
            wire.articles,
            _spread(Share(wire.right, wire.right + wire.wrong)),
            _spread(Share(wire.right, wire.right + wire.missed)),
        )
        for name, wire in (("sure ones", report.wire), ("ambiguous ones too", report.wire_shown))
        if wire is not None
    ]
    if not rows:
        return ""
    return (
        "## A wire's own tags\n\nCompanies per article against those that the wire filed it under. A wire tags what a story is "
        "about: a bystander found rightly counts as wrong here, so precision is a lower bound.\n\n"
        + table(("candidates", "articles", "precision", "recall"), rows)
    )


def _spread(share: Share) -> str:
    found = share.to_json()
    if share.n == 0:
        return "–"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f}), {share.hits} of {share.n}"
