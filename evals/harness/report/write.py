"""The forms of a report. A form is chosen by the file's suffix."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evals.harness.report.content import Report
from evals.harness.report.markdown import markdown
from evals.harness.report.page import page
from evals.harness.run import Run
from records.errors import StoreUnwritable, UsageError


def _json(report: Report, _: Sequence[Run]) -> str:
    return json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


FORMATS: Mapping[str, Callable[[Report, Sequence[Run]], str]] = {
    ".html": page,
    ".md": lambda report, _: markdown(report),
    ".json": _json,
}


def rendered(suffix: str, report: Report, runs: Sequence[Run]) -> str:
    """The report's text in the form of a suffix; `runs`: those it was made of, for the pictures. Raises UsageError for another."""
    form = FORMATS.get(suffix.lower())
    if form is None:
        raise UsageError(
            f"A report is written as {', '.join(FORMATS)}, not {suffix or 'a file without a suffix'!r}: name the file so."
        )
    return form(report, runs)


def write_report(path: Path, report: Report, runs: Sequence[Run]) -> None:
    """Writes the report, whole or not at all. Raises UsageError for an unknown suffix, StoreUnwritable."""
    text = rendered(path.suffix, report, runs)
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StoreUnwritable(
            f"The report cannot be written to {path} ({error.strerror}). Name another file."
        ) from error
