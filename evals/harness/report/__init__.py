"""One report of kept runs, as a page, as Markdown or as JSON, all from one model.

Takes runs with verdicts and comparisons, gives text; runs nothing, asks nobody, reads no clock: the same input gives the same
bytes.
"""

from evals.harness.report.content import Report, report_of
from evals.harness.report.write import FORMATS, rendered, write_report

__all__ = ["FORMATS", "Report", "rendered", "report_of", "write_report"]
