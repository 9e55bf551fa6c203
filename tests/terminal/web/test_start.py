"""What is loaded before the first page: a person waits for it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LATER = ("authlib", "chromadb", "dbos", "exchange_calendars", "inspect_ai", "langchain", "pandas", "plotly", "scipy")
CODE = f"""
import sys, terminal.web.server
from terminal.web import api, pages
api.routers(), pages.routers()
print([name for name in {LATER!r} if name in sys.modules])
"""


def test_pages_and_api_load_nothing_heavy_before_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
