"""What the tools look at is opened when it is asked for, and what is missing is said by the tool that lacks it."""

import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from terminal.assembly import Assembly
from terminal.settings import Settings
from terminal.tool_sources import tool_sources
from tools.toolbox import call

ROOT = Path(__file__).parents[2]
NOW = datetime(2024, 5, 10, tzinfo=UTC)
TOOLS_READY = """
import sys
import terminal.tool_sources, tools.toolbox
print(sorted({"chromadb", "onnxruntime", "exchange_calendars", "pandas"} & set(sys.modules)))
"""


def test_without_the_embedding_model_precedents_are_unavailable_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    with Assembly(Settings(home=tmp_path / "home")) as parts, ExitStack() as closing:
        told = call("find_precedents", {"text": "a takeover"}, tool_sources(parts, closing)(NOW))
    assert told.status == "unavailable"
    assert "rhyme models pull" in told.note


def test_the_tools_are_ready_before_what_only_some_of_them_need_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", TOOLS_READY], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
