"""Events, questions and truth of one benchmark in a folder, so that each contestant's process can read them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evals.memory.questions import Question, Questions, ask
from evals.memory.synthetic import DIMENSIONS, World
from evals.memory.truth import MIN_SIMILARITY, Truth, scan
from records.taxonomy import EventType
from records.times import from_epoch, to_epoch

Say = Callable[[str], None]

FORMAT = 1
"""Moves when the same seed no longer gives the same files."""
MARK, VECTORS, TIMES, QUESTIONS, ANSWERS = "corpus.json", "vectors.npy", "known_at.npy", "questions.json", "truth.npz"

REPRINT_DAYS = 4
"""Younger events may be left out of a recall as reprints (it looks at three days)."""


@dataclass(frozen=True)
class Corpus:
    """The folder read."""

    folder: Path
    events: int
    seed: int
    known_at: NDArray[np.int64]
    """Epoch microseconds by row, ascending: what is knowable is always the first rows."""
    questions: Questions
    truth: Truth

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(events, dimensions) unit rows, mapped from the file."""
        return np.asarray(np.load(self.folder / VECTORS, mmap_mode="r"))

    @classmethod
    def read(cls, folder: Path) -> "Corpus":
        """What `make` has written. Raises OSError, ValueError."""
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        asked = json.loads((folder / QUESTIONS).read_text(encoding="utf-8"))
        with np.load(folder / ANSWERS) as file:
            truth = Truth(file["rows"], file["tenth"], file["eligible"])
            vectors = file["questions"]
        questions = [
            Question(**{**row, "event_type": EventType(row["event_type"]), "as_of": from_epoch(row["as_of"])})
            for row in asked
        ]
        known_at = np.load(folder / TIMES)
        return cls(folder, mark["events"], mark["seed"], known_at, Questions(questions, vectors), truth)


def make(folder: Path, world: World, per_share: int, say: Say) -> Corpus:
    """Writes the corpus unless the folder holds this very one."""
    wanted = {"format": FORMAT, "events": world.events, "seed": world.seed, "per_share": per_share}
    mark = folder / MARK
    if mark.exists() and json.loads(mark.read_text(encoding="utf-8")) == wanted:
        say("The events are there from an earlier run.")
        return Corpus.read(folder)
    mark.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    say(f"Making {world.events:,} events …")
    file = np.lib.format.open_memmap(folder / VECTORS, mode="w+", dtype=np.float32, shape=(world.events, DIMENSIONS))
    for start, vectors in world.chunks():
        file[start : start + len(vectors)] = vectors
    file.flush()
    np.save(folder / TIMES, world.plan.known_at)
    questions = ask(world, per_share)
    say(f"Searching them exactly for {len(questions.asked):,} questions …")
    _write(folder, questions, _truth(world, questions, file))
    mark.write_text(json.dumps(wanted), encoding="utf-8")
    return Corpus.read(folder)


def _truth(world: World, questions: Questions, file: NDArray[np.float32]) -> Truth:
    plan = world.plan
    old_until = np.array([to_epoch(each.as_of) for each in questions.asked]) - REPRINT_DAYS * 86_400_000_000
    # an event is known after it is published: the first rows known by then were published before
    old = np.searchsorted(plan.known_at, old_until, side="right")
    step = 20_000  # rows: with 1,000 questions 80 MB of cosines
    chunks = ((start, np.asarray(file[start : start + step])) for start in range(0, world.events, step))
    return scan(chunks, questions, old, plan.size_of[plan.story] == 1, MIN_SIMILARITY)


def _write(folder: Path, questions: Questions, truth: Truth) -> None:
    rows = [
        {**vars(each), "event_type": each.event_type.value, "as_of": to_epoch(each.as_of)} for each in questions.asked
    ]
    (folder / QUESTIONS).write_text(json.dumps(rows), encoding="utf-8")
    np.savez(
        folder / ANSWERS,
        rows=truth.rows,
        tenth=truth.tenth,
        eligible=truth.eligible,
        questions=questions.vectors,
    )
