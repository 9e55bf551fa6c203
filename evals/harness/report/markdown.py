"""A report as Markdown."""

import re

from evals.harness.report.ablations import ablation_tables, profile_rows
from evals.harness.report.content import Part, Report, Section
from evals.harness.report.rows import (
    baseline_rows,
    comparison_told,
    difference_rows,
    figure_rows,
    overview_rows,
    provenance_rows,
    spent_rows,
)
from evals.harness.run import Case
from evals.impact.page import table


def markdown(report: Report) -> str:
    """The whole page; a part with nothing to tell is left out. Texts of cases stand in fences, as text."""
    lines = [f"# {report.title}", "Layers are never mixed: each has a section of its own. ↓: lower is better."]
    for section in report.sections:
        lines += [f"## {section.title}", section.meaning, table(*overview_rows(section.parts)), *_settings(section)]
        for part in section.parts:
            lines += _part(part)
    return "\n\n".join(lines) + "\n"


def _settings(section: Section) -> list[str]:
    """The same cases under other settings, and by the profile of the model."""
    ablations, profiles = ablation_tables(section.parts), profile_rows(section.layer, section.parts)
    lines = ["### Ablations"] if ablations else []
    for one in ablations:
        lines += [one.title, table(one.header, one.rows)]
    return [*lines, "### By the model's profile", table(*profiles)] if profiles[1] else lines


def _part(part: Part) -> list[str]:
    lines = [f"### {part.suite}: {part.run_id}"]
    if part.unvalidated:
        lines.append("**A judge graded that nobody has validated: do not lean on these figures.**")
    lines.append(table(*figure_rows(part)))
    stopped = [verdict for verdict in part.verdicts if verdict.status != "pass"]
    if stopped:
        told = [
            f"- {each.gate.metric} ({each.gate.kind}, {each.status}): {each.reason}. {each.gate.why}"
            for each in stopped
        ]
        lines += ["Gates not passed:", "\n".join(told)]
    header, rows = baseline_rows(part)
    if rows:
        lines += ["Beside baselines:", table(header, rows)]
    for found in part.comparisons:
        lines += [comparison_told(found), table(*difference_rows(found))]
    if part.spent.timed or part.spent.input_tokens is not None:
        lines += ["What it took:", table(("what", "value"), spent_rows(part.spent))]
    if part.failures:
        lines += ["Failures by kind:", table(("kind", "cases"), part.failures.items())]
    lines += [_case(case) for case in part.faulty]
    if part.faulty_more:
        lines.append(f"… and {part.faulty_more:,} more cases with a finding; `rhyme eval show {part.run_id}` has them.")
    return [*lines, table(("provenance", ""), provenance_rows(part))]


def _case(case: Case) -> str:
    found = [f"**{_inline(case.id)}**: {_inline('; '.join([*case.checks, *([case.error] if case.error else [])]))}"]
    for name, text in (("asked", case.prompt), ("answered", case.answer), ("expected", _expected(case))):
        if text is not None:
            found.append(f"{name}\n\n{_fenced(text)}")
    return "\n\n".join(found)


def _expected(case: Case) -> str | None:
    return None if case.expected is None else str(case.expected)


def _inline(text: str) -> str:
    """Plain words: nothing in them is markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{each}" if each in r"\`*_{}[]<>()#!|~" else each for each in flat)


def _fenced(text: str) -> str:
    """In a fence longer than any run of backticks inside."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
