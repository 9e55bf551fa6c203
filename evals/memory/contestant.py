"""One contestant in a process of its own: `python -m evals.memory.contestant WORK TASK`; lines on stdout are progress.

TASK is `add` or `rhyme` (the event memory) or the name of a peer. The figures go to WORK/results/TASK.json.
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.memory import ours
from evals.memory.corpus import Corpus, Say
from evals.memory.memory_use import disk_mb, growth_mb, memory_use
from evals.memory.peers import PEERS
from evals.memory.scoring import answers, levels

CORPUS, STORE, RESULTS, PEER_FOLDER = "corpus", "store", "results", "peer"
ADD, RHYME = "add", "rhyme"


def main(arguments: Sequence[str]) -> int:
    """Runs the task and writes its figures."""
    work, task = Path(arguments[0]), arguments[1]
    corpus = Corpus.read(work / CORPUS)
    figures = _figures(corpus, work, task)
    (work / RESULTS).mkdir(exist_ok=True)
    (work / RESULTS / f"{task}.json").write_text(json.dumps(figures), encoding="utf-8")
    return 0


def _figures(corpus: Corpus, work: Path, task: str) -> dict[str, Any]:
    if task == ADD:
        return ours.add(corpus, work / STORE, say)
    if task == RHYME:
        return ours.answer(corpus, work / STORE, say)
    folder = work / PEER_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        return _peer(corpus, folder, task, say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _peer(corpus: Corpus, folder: Path, name: str, say: Say) -> dict[str, Any]:
    peer, before = PEERS[name].make(), memory_use()
    say(f"{name}: building …")
    begun = time.perf_counter()
    peer.build(corpus, folder, say)
    built = time.perf_counter() - begun
    given = {}
    for way, search in peer.searches().items():
        say(f"{way}: asking …")
        given[way] = answers(search, corpus.questions)
    growth = growth_mb(before, memory_use())
    return {
        "searches": {
            way: levels(found, corpus.questions, corpus.truth, corpus.vectors) for way, found in given.items()
        },
        "cost": {
            "build_seconds": round(built, 1),
            **growth,
            "disk_mb": disk_mb(folder) or None,
            "settings": peer.settings(),
        },
    }


def say(text: str) -> None:
    """One line to whoever started this process."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
