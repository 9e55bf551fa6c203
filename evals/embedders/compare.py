"""Compares embedders: `python -m evals.embedders.compare --data DIR --models DIR [--embedders NAME …]`.

Prints one Markdown row an embedder. The numbers behind `docs/decisions/0002-embedder.md` are its output.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.embedders import tasks
from evals.embedders.lexical import BagOfWords
from models.catalog import CATALOG
from models.embedding import load_embedder

_PAST = ("2014Q2", "2014Q3", "2014Q4", "2015Q1")
_LATER = "2015Q2"
_EVENTS = "2014Q3"


class _Timed:
    """Counts texts and seconds of an embed function."""

    def __init__(self, embed: tasks.Embed) -> None:
        self._embed = embed
        self.texts = 0
        self.cpu_seconds = 0.0

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        started = time.process_time()
        vectors = self._embed(texts)
        self.cpu_seconds += time.process_time() - started
        self.texts += len(texts)
        return vectors


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.embedders.compare", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with impact/, dup/ and labels/")
    parser.add_argument("--models", type=Path, required=True, help="models folder, with the embedders pulled")
    parser.add_argument(
        "--embedders", nargs="*", default=[row.name for row in CATALOG.values() if row.kind == "embedding"]
    )
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--distractors", type=int, default=2_000)
    parser.add_argument("--stories", type=int, default=400, help="whole stories for the topic task")
    parser.add_argument("--past", type=int, default=4_000)
    parser.add_argument("--later", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)

    same_event = tasks.load_same_event(options.data, _EVENTS, options.queries, options.distractors)
    same_story = tasks.load_same_story(options.data)
    topics = tasks.load_topics(options.data, options.stories)
    past = tasks.load_past_impact(options.data, _PAST, _LATER, options.past, options.later)
    print(
        f"{len(same_event.queries)} leads among {len(same_event.headlines)} headlines; {len(same_story.same)} pairs; "
        f"{len(topics.texts)} stories; {len(past.later)} later among {len(past.past)} past"
    )
    print("| embedder | same event recall@5 | same story AUC | topic kNN | past impact Spearman | CPU ms a text | MB |")
    print("|---|---|---|---|---|---|---|")
    for name in ("bag-of-words", *options.embedders):
        embed, megabytes = _open(name, options.models, options.threads, same_event, past)
        timed = _Timed(embed)
        scores = (
            tasks.recall_at(same_event, timed),
            tasks.same_story_auc(same_story, timed),
            tasks.topic_accuracy(topics, timed),
            tasks.past_impact_correlation(past, timed),
        )
        cells = " | ".join(f"{score:.3f}" for score in scores)
        print(f"| {name} | {cells} | {timed.cpu_seconds / timed.texts * 1e3:.1f} | {megabytes:.0f} |", flush=True)
    return 0


def _open(
    name: str, models: Path, threads: int, same_event: tasks.SameEvent, past: tasks.PastImpact
) -> tuple[tasks.Embed, float]:
    if name == "bag-of-words":
        return BagOfWords((*same_event.headlines, *past.past)).embed, 0.0
    embedder = load_embedder(name, models, threads=threads)
    size = sum((models / final).stat().st_size for final in CATALOG[name].final_names)
    return embedder.embed, size / 1e6


if __name__ == "__main__":
    sys.exit(main())
