"""The report of tags: `report.json` for programs, `report.md` for people. Texts are never shown."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from evals.impact.bootstrap import Interval
from evals.impact.page import spread, table
from evals.tags.metrics import DRAWS
from evals.tags.run import Graded, TagsReport
from evals.tags.topics import MEASURED
from records.taxonomy import Tag

SCHEMA_VERSION = 1
SUITE = "tags"
BELIEVED_FROM = 30
TOO_FEW = (
    f"**Fewer than {BELIEVED_FROM} texts were put to the model: this shows that the way works, not how well. Drawn from so few, "
    "the intervals are too narrow, and collapse where all are right.**"
)
SHOWN = ("micro_precision", "micro_recall", "micro_f1", "macro_precision", "macro_recall", "macro_f1")


def write_report(folder: Path, report: TagsReport, provenance: Mapping[str, object]) -> None:
    """Writes report.md and report.json into `folder`, made if missing; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    told = json.dumps(to_json(report, provenance), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / "report.json").write_text(told, encoding="utf-8")
    (folder / "report.md").write_text(page(report, provenance), encoding="utf-8")


def to_json(report: TagsReport, provenance: Mapping[str, object]) -> dict[str, object]:
    """The report in words of JSON; the names never change. `metrics` are the model's, or {} without one."""
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": SUITE,
        "split": "sample" if report.model else "all",
        "data_digest": report.found.digest,
        "n": report.graded.n if report.graded else len(report.found.articles),
        "metrics": _graded(report.graded) if report.graded else {},
        "baselines": {
            "all": {name: _graded(graded) for name, graded in report.baselines.items()},
            "sample": {name: _graded(graded) for name, graded in report.sample_baselines.items()},
        },
        "tags": {tag.value: count for tag, count in _counts(report).items()},
        "left_out": {"articles_without_a_tag": report.found.dropped, "topics": dict(report.found.left_out)},
        "bootstrap": {"draws": DRAWS, "level": 0.95, "cluster": "article"},
        "provenance": {
            **provenance,
            "model": report.model,
            "prompt_digests": list(report.prompt_digests),
            "answers_reused": report.answers_reused,
        },
    }


def _counts(report: TagsReport) -> Mapping[Tag, int]:
    counts = Counter(tag for article in report.found.articles for tag in article.tags)
    return {tag: counts[tag] for tag in report.found.tags}


def _graded(graded: Graded) -> dict[str, object]:
    return {"n": graded.n, **{name: _rounded(found) for name, found in graded.metrics.items()}}


def _rounded(found: Interval) -> dict[str, float]:
    return {"value": round(found.value, 4), "low": round(found.low, 4), "high": round(found.high, 4)}


def page(report: TagsReport, provenance: Mapping[str, object]) -> str:
    """The page in Markdown."""
    parts = [
        "# Tags: themes of an article",
        f"{len(report.found.articles):,} articles whose topics have a counterpart among Rhyme's tags (`evals/tags/mapping.csv`). "
        f"Only the {len(report.found.tags)} tags that stand in at least {MEASURED} articles are graded: of the others the set says "
        f"nothing. In brackets: 95 % intervals, {DRAWS:,} bootstrap draws of whole articles.",
    ]
    if report.graded:
        if report.graded.n < BELIEVED_FROM:
            parts.append(TOO_FEW)
        parts.append(
            f"## {report.model}, on a sample\n\n" + _ways({str(report.model): report.graded, **report.sample_baselines})
        )
        parts.append("### By tag\n\n" + _by_tag(report, report.graded))
    parts += [
        "## Baselines on the whole set\n\n" + _ways(report.baselines),
        "## Left out\n\n"
        f"{report.found.dropped:,} articles have no topic with a tag. Topics without a tag, with their articles: "
        + (", ".join(f"{topic} {count}" for topic, count in sorted(report.found.left_out.items())) or "none")
        + ".",
        "## Provenance\n\n"
        + table(("what", "value"), [*provenance.items(), ("data digest", report.found.digest[:16])]),
        "Again: `rhyme eval tags --data DIR --model M --limit N --out DIR`.",
    ]
    return "\n\n".join(parts) + "\n"


def _ways(ways: Mapping[str, Graded]) -> str:
    rows = [(name, graded.n, *(spread(graded.metrics[metric], 3) for metric in SHOWN)) for name, graded in ways.items()]
    return table(("who", "articles", *(name.replace("_", " ") for name in SHOWN)), rows)


def _by_tag(report: TagsReport, graded: Graded) -> str:
    counts = _counts(report)
    rows = [(tag.value, counts[tag], spread(graded.metrics[f"f1 {tag.value}"], 3)) for tag in graded.tags]
    return table(("tag", "articles in the whole set", "F1 on the sample"), rows)
