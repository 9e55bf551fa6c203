"""The report of recall: `report.json` for programs, `report.md` for people, and pictures beside them. Unknown is null, never 0."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.impact.bootstrap import Interval
from evals.impact.page import Picture, spread, table
from evals.impact.report import plain
from evals.recall.judge import DEPTHS, DRAWS
from evals.recall.plots import plot_arms, plot_roc
from evals.recall.run import CUT, DENSE, HYBRID, LEXICAL, MAIN, UNTYPED, RecallReport
from vectorstore.fitted import fitted

SCHEMA_VERSION = 1
SHOWN = ("topical_top5", "topical_any_of_5", "type_top5", "sector_top5")

NOTES = (
    "Event types are named by keyword rules, sectors by today's lists of tickers: both are crude, alike for every arm. The "
    "re-weighted arms see these very labels, so their topicality partly measures itself; what does not is the fused arm, and "
    f"`{UNTYPED}` for the event type. The outcome is a judgement from outside for all.",
    "Every query sees only events whose outcome was known before the day it happened, and none of its company within a week.",
    "A precedent's say in the mean |z| is its own score; |z| above 10 counts as 10.",
    "The random arm draws from the year before the query: alike in time, in nothing else.",
)


def verdict(difference: Interval | None) -> str:
    """Of first − second: at least as good, cannot be told apart, or worse."""
    if difference is None:
        return "cannot be graded"
    if difference.low >= 0:
        return "better"
    return "worse" if difference.high < 0 else "no difference shown (null)"


def targets(report: RecallReport) -> list[dict[str, object]]:
    """Hybrid against each arm alone, fused and re-weighted, on both judgements."""
    found = []
    for ours in (HYBRID, MAIN):
        for other in (DENSE, LEXICAL):
            for name in ("topical_top5", "outcome_spearman_k50"):
                difference = report.differences[f"{ours} − {other}"].get(name)
                found.append(
                    {
                        "name": f"{ours} against {other}: {name}",
                        "value": None if difference is None else plain(difference.value),
                        "low": None if difference is None else plain(difference.low),
                        "high": None if difference is None else plain(difference.high),
                        "verdict": verdict(difference),
                    }
                )
    return found


def to_json(report: RecallReport) -> dict[str, object]:
    """The report in words of JSON; names are stable. The top level repeats the product's own arm and embedder."""
    main, absent = _flat(report.arms[MAIN]), report.absences[report.embedder]
    told = {
        "schema_version": SCHEMA_VERSION,
        "embedder": report.embedder,
        "n_events": report.n_events,
        "n_queries": report.n_queries,
        "n_topical_queries": report.n_judged,
        "main": MAIN,
        **{name: main[name] for one in ("topical_top5", "outcome_spearman_k50") for name in _with_ends(one)},
        "no_precedent_auc": absent.auc.value,
        "no_precedent_auc_low": absent.auc.low,
        "no_precedent_auc_high": absent.auc.high,
        "threshold": absent.threshold,
        "arms": {
            name: _flat(found) | {f"outcome_r2_k{k}": r2 for k, r2 in report.explained[name].items()}
            for name, found in report.arms.items()
        },
        "differences": {name: _flat(found) for name, found in report.differences.items()},
        "targets": targets(report),
        "no_precedent": {
            name: {
                "threshold": one.threshold,
                **_flat({"auc": one.auc, "on_topic_kept": one.on_topic_kept, "off_topic_found": one.off_topic_found}),
                "tagged_stories_kept": report.tagged_kept.get(name),
            }
            for name, one in report.absences.items()
        },
        "diversity": report.repeats,
        "fitted": fitted().model_dump(),
        "bootstrap": {"draws": DRAWS, "level": 0.95, "cluster": "session-day"},
        "left_out": report.left_out,
        "data": report.data,
        "notes": list(NOTES),
    }
    found = plain(told)
    if not isinstance(found, dict):
        raise TypeError("a report is an object")
    return found


def write_report(folder: Path, report: RecallReport) -> None:
    """Writes report.md, report.json and the pictures into `folder`, made if missing."""
    told = json.dumps(to_json(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for name, title, label in (
        ("topical_top5", "On topic: same event type and sector among the first five", "share of the five places"),
        ("outcome_spearman_k50", "By outcome: what 50 neighbours say about |z|", "Spearman rank correlation"),
    ):
        plot_arms(folder / f"{name}.png", {arm: found.get(name) for arm, found in report.arms.items()}, title, label)
        pictures.append(Picture(f"{name}.png", title))
    plot_roc(folder / "no_precedent.png", report.absences, "Is there a precedent: nearest similarity")
    pictures.append(Picture("no_precedent.png", "Is there a precedent: nearest similarity"))
    (folder / "report.md").write_text(_page(report, pictures), encoding="utf-8")
    (folder / "report.json").write_text(told, encoding="utf-8")


def _page(report: RecallReport, pictures: Sequence[Picture]) -> str:
    days = f"{report.data['first_query']} to {report.data['last_query']}"
    parts = [
        "# Recall: are the precedents right?",
        f"{report.n_queries:,} queries ({days}) against up to {report.n_events:,} events; {report.n_judged:,} queries have an "
        f"event type and a known sector. Main embedder: {report.embedder}. In brackets: 95 % intervals, {DRAWS:,} bootstrap "
        "draws of whole session-days, shared by all arms.",
        "## Target: hybrid at least as good as each arm alone\n\n"
        + table(
            ("hybrid − arm alone", "difference", "verdict"),
            ((one["name"], _cell(one), one["verdict"]) for one in targets(report)),
        ),
        "\n\n".join(f"![{picture.title}]({picture.file})" for picture in pictures),
        "## On topic\n\nShare of the first five with the query's event type and its company's sector; whether any of the five "
        "has; and each label alone.\n\n" + _arms(report, SHOWN),
        "## By outcome\n\nRank correlation of the first k neighbours' weighted mean |z| with the query's own.\n\n"
        + _arms(report, [f"outcome_spearman_k{k}" for k in DEPTHS]),
        "R² of the same on logarithms, per cent:\n\n"
        + table(
            ("arm", *(f"k = {k}" for k in DEPTHS)),
            ([name, *(f"{100 * found[k]:.1f}" for k in DEPTHS)] for name, found in report.explained.items()),
        ),
        "## Paired differences\n\n"
        + table(
            ("first − second", "topical_top5", *(f"outcome k = {k}" for k in DEPTHS)),
            (
                [name, *(spread(found.get(one), 3) for one in ("topical_top5", *_outcomes()))]
                for name, found in report.differences.items()
            ),
        ),
        _absent(report),
        _fitted(report),
        "## Notes\n\n" + "\n".join(f"- {note}" for note in NOTES),
    ]
    return "\n\n".join(parts) + "\n"


def _absent(report: RecallReport) -> str:
    rows = (
        [
            name,
            f"{one.threshold:.2f}",
            spread(one.auc, 4),
            spread(one.on_topic_kept, 3),
            spread(one.off_topic_found, 3),
            report.tagged_kept.get(name),
        ]
        for name, one in report.absences.items()
    )
    header = (
        "embedder",
        "threshold",
        "AUC",
        "queries that keep one",
        "off-topic that find one",
        "later stories that do",
    )
    return (
        "## No precedent\n\nThe nearest event's cosine, of the queries and of thirty sentences about sport, kitchens and gardens "
        "that no threshold was fitted on; later stories are those of tagging/.\n\n" + table(header, rows)
    )


def _fitted(report: RecallReport) -> str:
    kept = fitted().weights.model_dump() | {"bm25 k1": fitted().bm25.k1, "bm25 b": fitted().bm25.b}
    mixed = (
        [name, f"{found['stories_of_5']:.2f}", f"{found['companies_of_5']:.2f}"]
        for name, found in report.repeats.items()
    )
    cut = report.differences[f"{CUT} − {MAIN}"]["outcome_spearman_k200"]
    return (
        "## Constants\n\nFitted on the earlier split; what was tried stands in fit.json.\n\n"
        + table(("constant", "value"), kept.items())
        + "\n\n### One a story, and a third a company at most\n\n"
        + table(("arm", "different stories of five", "different companies of five"), mixed)
        + f"\n\nCutting every neighbour below the threshold changes the outcome's correlation at k = 200 by {spread(cut, 3)}."
    )


def _arms(report: RecallReport, names: Sequence[str]) -> str:
    rows = ([arm, *(spread(found.get(name), 3) for name in names)] for arm, found in report.arms.items())
    return table(("arm", *names), rows)


def _outcomes() -> list[str]:
    return [f"outcome_spearman_k{k}" for k in DEPTHS]


def _cell(target: Mapping[str, object]) -> str:
    value, low, high = (target[name] for name in ("value", "low", "high"))
    if not (isinstance(value, float) and isinstance(low, float) and isinstance(high, float)):
        return "–"
    return spread(Interval(value, low, high), 3)


def _with_ends(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _flat(found: Mapping[str, Interval | None]) -> dict[str, float | None]:
    flat: dict[str, float | None] = {}
    for name, one in found.items():
        ends = (None, None, None) if one is None else (one.value, one.low, one.high)
        flat |= dict(zip(_with_ends(name), ends, strict=True))
    return flat
