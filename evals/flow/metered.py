"""`rhyme` with a meter on its embedding model: how many texts it embedded, and the processor time that took in the run itself.

`python -m evals.flow.metered FILE worker …` is `rhyme worker …`, and leaves the figures in FILE as JSON. Measured after the run,
with nothing else at work, a text takes less than beside other articles, and the difference would be laid to the rest of the run.
"""

import atexit
import json
import runpy
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.embedding_onnx import OnnxEmbedder

MODULE = "evals.flow.metered"


@dataclass
class EmbeddingCost:
    """Processor time of embedding, as the threads that asked for it took it: all of it where one thread works on a text."""

    texts: int = 0
    cpu_seconds: float = 0.0

    @property
    def cpu_ms_per_text(self) -> float | None:
        """None if there were no texts."""
        return 1_000 * self.cpu_seconds / self.texts if self.texts else None


def read_cost(files: Sequence[Path]) -> EmbeddingCost:
    """What several processes left, together. Raises OSError, ValueError."""
    told = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return EmbeddingCost(sum(one["texts"] for one in told), sum(one["cpu_seconds"] for one in told))


def metered(embed: Callable[..., Any], cost: EmbeddingCost) -> Callable[..., Any]:
    """`embed`, the method, with what it takes added to `cost`."""
    guard = threading.Lock()

    def measured(self: OnnxEmbedder, texts: Sequence[str]) -> Any:
        before = time.thread_time()
        vectors = embed(self, texts)
        taken = time.thread_time() - before
        with guard:
            cost.texts += len(texts)
            cost.cpu_seconds += taken
        return vectors

    return measured


def main() -> None:
    """Runs Rhyme with the arguments after the first, in this process."""
    file = Path(sys.argv.pop(1))
    cost = EmbeddingCost()
    OnnxEmbedder.embed = metered(OnnxEmbedder.embed, cost)  # type: ignore[method-assign]
    atexit.register(
        lambda: file.write_text(json.dumps({"texts": cost.texts, "cpu_seconds": cost.cpu_seconds}), encoding="utf-8")
    )
    runpy.run_module("terminal.main", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
