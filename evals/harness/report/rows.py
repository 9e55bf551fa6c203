"""Tables of a report as rows of text, the same for every form."""

from collections.abc import Sequence

from evals.harness.report.content import Figure, Part, Spent
from evals.harness.run import Case, Interval
from evals.harness.statistics import Comparison, Difference
from evals.impact.page import UNKNOWN, cell

Row = tuple[str, ...]
ROUNDING = 1e-12


def number(value: float | None) -> str:
    """Four digits, unknown as a dash; a whole number, or one that misses it by rounding alone, as such."""
    if value is not None and abs(value) < 1e15 and abs(value - round(value)) < ROUNDING:
        return cell(round(value))
    return cell(None if value is None else float(value))


def spread(value: float | None, interval: Interval | None) -> str:
    """ "0.36 (0.34 to 0.38)"; without an interval the value alone."""
    if value is None or interval is None:
        return number(value)
    return f"{number(value)} ({number(interval[0])} to {number(interval[1])})"


def figure_rows(part: Part) -> tuple[Row, list[Row]]:
    """Header and rows: figure, gate, published figures."""
    header = ("metric", "found (95 %)", "gate", "published")
    return header, [
        (figure_name(each), spread(each.value, each.interval), _gate(each), _published(each)) for each in part.figures
    ]


def baseline_rows(part: Part) -> tuple[Row, list[Row]]:
    """Header and rows: this run and every baseline or ablation, a column a metric that one of them has."""
    shown = [each for each in part.figures if any(value is not None for value in each.baselines.values())]
    rows = [("this run", *(number(each.value) for each in shown))]
    rows += [(name, *(number(each.baselines.get(name)) for each in shown)) for name in part.baselines]
    return ("", *(figure_name(each) for each in shown)), rows if shown else []


def difference_rows(found: Comparison) -> tuple[Row, list[Row]]:
    """Header and rows of a comparison."""
    header = (
        "metric",
        "verdict",
        "this run",
        "base",
        "difference (95 %)",
        "p",
        "p (Holm)",
        "cases",
        "changed",
        "could see",
        "why no verdict",
    )
    return header, [_difference(each) for each in found.differences]


def _difference(each: Difference) -> Row:
    return (
        each.metric + (" ↓" if each.lower_is_better else ""),
        each.verdict,
        number(each.run_value),
        number(each.base_value),
        spread(each.difference, each.interval),
        number(each.p),
        number(each.p_holm),
        number(each.n_paired),
        number(each.n_changed),
        UNKNOWN if each.visible is None else f"± {number(each.visible)}",
        each.why or "",
    )


def spent_rows(spent: Spent) -> list[Row]:
    """What was spent, a line a kind."""
    return [
        ("cost", UNKNOWN if spent.cost_usd is None else f"{spent.cost_usd:.4f} USD"),
        ("input tokens", number(spent.input_tokens)),
        ("output tokens", number(spent.output_tokens)),
        ("latency p50", _milliseconds(spent.p50_ms)),
        ("latency p95", _milliseconds(spent.p95_ms)),
        ("cases timed", f"{spent.timed:,} of {spent.cases:,}"),
    ]


def provenance_rows(part: Part) -> list[Row]:
    """Enough to repeat the run, a line a fact."""
    told = part.provenance
    rows: list[Row] = [
        ("run", part.run_id),
        ("made", part.made_at),
        ("Rhyme", told.version),
        ("git revision", told.git_revision or UNKNOWN),
        ("model", told.model or "none has a part in it"),
        ("profile", told.profile or UNKNOWN),
        ("embedder", told.embedder or UNKNOWN),
        ("score", told.score_version or UNKNOWN),
        ("event memory", told.store_snapshot or UNKNOWN),
        ("data digest", part.data_digest),
        ("seed", str(told.seed)),
        ("limit", "none" if told.limit is None else str(told.limit)),
        ("judge", told.judge),
    ]
    rows += [(f"prompt {name}", digest) for name, digest in sorted(told.prompt_digests.items())]
    rows += [(f"data {name}", digest) for name, digest in sorted(told.data_digests.items())]
    rows += [(f"source of {name}", source) for name, source in sorted(told.data_sources.items())]
    rows += [("note", note) for note in told.notes]
    return rows


def overview_rows(parts: Sequence[Part]) -> tuple[Row, list[Row]]:
    """Header and rows: one line a run of a layer."""
    header = ("suite", "cases", "first figure", "model", "hard gates", "faulty cases", "cost")
    rows: list[Row] = []
    for part in parts:
        first = next((each for each in part.figures if each.verdict is not None), next(iter(part.figures), None))
        told = UNKNOWN if first is None else f"{first.name} {spread(first.value, first.interval)}"
        cost = part.spent.cost_usd
        rows.append(
            (
                part.suite,
                f"{part.n:,} ({part.split})",
                told,
                part.provenance.model or "none",
                gates_told(part),
                f"{len(part.faulty) + part.faulty_more:,}",
                UNKNOWN if cost is None else f"{cost:.4f} USD",
            )
        )
    return header, rows


def gates_told(part: Part) -> str:
    """ "4 of 4 pass", "none asked"."""
    hard = [verdict for verdict in part.verdicts if verdict.gate.kind == "hard"]
    if not hard:
        return "none asked"
    return f"{sum(not verdict.blocks for verdict in hard)} of {len(hard)} pass"


def comparison_told(found: Comparison) -> str:
    """How the two runs were compared, in one paragraph."""
    left = [
        (found.only_run, "only this run has"),
        (found.only_base, f"only {found.base_id} has"),
        (found.other_expectation, "expect something else in the other"),
    ]
    unpaired = "; ".join(f"{count:,} cases {why}" for count, why in left if count)
    data = "the same data" if found.same_data else "not the same data by digest"
    family = ", ".join(found.family) or "nothing"
    return (
        f"Against {found.base_id}, {data}, paired case by case; clusters: {found.clustered_by}; {found.draws:,} bootstrap draws, "
        f"seed {found.seed}. Holm over: {family}. Could see: the difference found with a chance of 80 %."
        + (f" Not paired: {unpaired}." if unpaired else "")
    )


def figure_name(figure: Figure) -> str:
    """The metric, with an arrow where less is better."""
    return figure.name + (" ↓" if figure.lower_is_better else "")


def _gate(figure: Figure) -> str:
    if figure.verdict is None:
        return UNKNOWN
    gate = figure.verdict.gate
    sign = "≥" if gate.direction == "at_least" else "≤"
    return f"{figure.verdict.status}, {gate.kind}: {sign} {gate.threshold:g}" + (
        f" ± {gate.noise:g}" if gate.noise else ""
    )


def _published(figure: Figure) -> str:
    return "; ".join(f"{each.name} {number(each.value)} ({each.source})" for each in figure.published) or UNKNOWN


def _milliseconds(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def scores_told(case: Case) -> str:
    """The scores of a case, one after the other."""
    return ", ".join(f"{name} {number(value)}" for name, value in case.scores.items()) or UNKNOWN
