"""Writes docs/tools.schema.json, the contract of the tools: `python -m tools.schemas`."""

import json
from pathlib import Path

from tools.toolbox import TOOLS

TARGET = Path(__file__).parents[1] / "docs" / "tools.schema.json"


def document() -> str:
    """Name → description and JSON Schema of the arguments."""
    made = {name: {"description": tool.description, "arguments": tool.schema} for name, tool in TOOLS.items()}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
