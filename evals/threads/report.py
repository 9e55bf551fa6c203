"""The report of story threads: `report.json` for programs, `report.md` for people, and the pictures beside them."""

import json
from pathlib import Path

import numpy as np

from evals.impact.bootstrap import Interval
from evals.impact.page import spread, table
from evals.impact.report import flat, plain
from evals.threads import plots
from evals.threads.bcubed import DRAWS, SEED
from evals.threads.run import BODIES, HEADLINES, ThreadsReport

SCHEMA_VERSION = 1
BCUBED_ASKED, REPRINTS_ASKED = 0.92, 0.99
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def write_report(folder: Path, report: ThreadsReport) -> None:
    """Writes report.md, report.json and PNG pictures into `folder`, made if missing; files of the same names are replaced."""
    told = json.dumps(to_json(report), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = plots.draw(folder, report)
    (folder / "report.md").write_text(_page(report, pictures), encoding="utf-8")
    (folder / "report.json").write_text(told, encoding="utf-8")


def to_json(report: ThreadsReport) -> dict[str, object]:
    """The report in words of JSON. Every value stands as `name`, `name_low`, `name_high`. The names never change."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": report.model,
        "threshold": report.threshold,
        **flat(report.pairs[HEADLINES]),
        **flat({"reprints_found": report.reprints_found, "reprints_named": report.reprints_named}),
        "n_pairs": report.n_pairs,
        "n_reprints": report.n_reprints,
        "pairs": {name: flat(found) for name, found in report.pairs.items()},
        "pair_kinds": plain(report.kinds),
        "baselines": baselines(report),
        "reprints": {kind: {"n": count, **flat({"found": found})} for kind, (count, found) in report.by_kind.items()},
        "relations": plain(report.relations),
        "novelty": {name: _quantiles(values) for name, values in report.novelty.items()},
        "story_sizes": plain(report.sizes),
        "timing": plain(report.timing),
        "data": plain(report.data),
        "targets": [
            {
                "name": name,
                "wanted": wanted,
                "value": plain(found.value),
                "low": plain(found.low),
                "met": found.value >= wanted,
            }
            for name, wanted, found in targets(report)
        ],
        "bootstrap": {"draws": DRAWS, "seed": SEED, "level": 0.95, "cluster": "company; for reprints the article"},
    }


def targets(report: ThreadsReport) -> list[tuple[str, float, Interval]]:
    """Name, least value asked, found."""
    asked = (
        ("bcubed_f1, headlines alone", BCUBED_ASKED, report.pairs[HEADLINES]["bcubed_f1"]),
        ("bcubed_f1, with bodies", BCUBED_ASKED, report.pairs[BODIES]["bcubed_f1"]),
        ("reprints_found", REPRINTS_ASKED, report.reprints_found),
    )
    return [(name, wanted, found) for name, wanted, found in asked if found is not None]


def baselines(report: ThreadsReport) -> dict[str, float]:
    """B-cubed F1 of joining nothing and of joining everything: what the measure gives for no work."""
    from evals.threads.bcubed import bcubed

    same = next(iter(report.graded.values())).same
    ones = np.ones(len(same))
    nothing, everything = np.zeros(len(same), dtype=bool), np.ones(len(same), dtype=bool)
    return {
        "bcubed_f1_every_article_alone": round(bcubed(same, nothing, ones)[0], 6),
        "bcubed_f1_every_pair_joined": round(bcubed(same, everything, ones)[0], 6),
    }


def _quantiles(values: list[float]) -> dict[str, object]:
    found = np.quantile(values, QUANTILES)
    return {"n": len(values), **{f"q{int(q * 100)}": round(float(x), 4) for q, x in zip(QUANTILES, found, strict=True)}}


def _page(report: ThreadsReport, pictures: list[tuple[str, str]]) -> str:
    kinds = ((name, row["pairs"], row["right"]) for name, row in report.kinds.items())
    called = list(dict.fromkeys(name for row in report.relations.values() for name in row))
    parts = [
        f"# Story threads: model {report.model}, threshold {report.threshold:g}",
        f"{report.n_pairs:,} labelled pairs the model was not fitted on; {report.n_reprints:,} reprints made of real articles. In "
        f"brackets: 95 % intervals, {DRAWS:,} bootstrap draws of whole companies (reprints: of whole articles).",
        "## Targets\n\n"
        + table(
            ("target", "wanted", "found", "verdict"),
            [
                (
                    name,
                    f"≥ {wanted:g}",
                    spread(found, 4),
                    "met" if found.value >= wanted else f"**missed** by {wanted - found.value:.4f}",
                )
                for name, wanted, found in targets(report)
            ],
        ),
        _measured_on(report),
        "## Same story or not\n\n" + _pairs_table(report),
        "### By kind of pair, headlines alone\n\n" + table(("kind", "pairs", "judged right"), kinds),
        "## Reprints\n\n"
        + table(
            ("way of printing it again", "made", "found"),
            [(kind, count, spread(found, 3)) for kind, (count, found) in report.by_kind.items()],
        )
        + f"\n\nFound: placed in the story of its original. Called a reprint as well: {spread(report.reprints_named, 3)}.",
        "## What each is to its story\n\nMade as (row) against called (column).\n\n"
        + table(
            ("made as", *called),
            [(name, *(row.get(one, 0) for one in called)) for name, row in report.relations.items()],
        ),
        "## Novelty\n\nQuantiles of the share of content that was new.\n\n"
        + table(
            ("made as", "n", *(f"{q:.0%}" for q in QUANTILES)),
            [
                (name, len(values), *(float(x) for x in np.quantile(values, QUANTILES)))
                for name, values in report.novelty.items()
            ],
        ),
        "\n\n".join(f"![{title}]({file})" for file, title in pictures),
        "## Sizes of stories in the stream\n\n" + table(("articles", "stories"), list(report.sizes.items())),
        "## Data\n\n" + table(("what", "value"), list(report.data.items())),
        "Again: `rhyme eval threads --data DIR --out DIR`. Times of placing, in report.json, are of the machine and its load.",
    ]
    return "\n\n".join(parts) + "\n"


def _measured_on(report: ThreadsReport) -> str:
    alone = baselines(report)
    return (
        "The target is measured on the headlines alone, as if both came within the same minute: the labels were made by comparing "
        "bodies, so that bodies give the answer away, and the time between two articles, which tells most strangers apart in use, "
        "is not in the data. Labels are weak: about 25 of 27 read by eye were right. Joining nothing would get B-cubed F1 "
        f"{alone['bcubed_f1_every_article_alone']:.3f}, joining every pair {alone['bcubed_f1_every_pair_joined']:.3f}."
    )


def _pairs_table(report: ThreadsReport) -> str:
    metrics = ("bcubed_f1", "bcubed_precision", "bcubed_recall", "pair_f1", "accuracy", "pair_auc")
    rows = [(name, *(spread(found[metric], 3) for metric in metrics)) for name, found in report.pairs.items()]
    return table(("asked", *metrics), rows)
