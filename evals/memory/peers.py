"""Other ways to search the same vectors as of a time, each set up as its own documentation advises (read in November 2026).

A peer builds once and may offer several ways to search. Its library is imported only when it is asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from math import ceil, sqrt
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evals.memory.corpus import Corpus, Say
from evals.memory.questions import Question
from evals.memory.scoring import Search
from evals.memory.truth import TOP
from records.times import to_epoch

Vector = NDArray[np.float32]
STEP = 20_000
"""Rows handed over at once."""


class Peer(Protocol):
    """One library."""

    def build(self, corpus: Corpus, folder: Path, say: Say) -> None:
        """Takes the vectors in; `folder` is its own."""

    def searches(self) -> Mapping[str, Search]:
        """Its ways to search, by the name they are reported under."""

    def settings(self) -> str:
        """How it was set up, in a line."""


@dataclass(frozen=True)
class Offer:
    """A peer that can be asked for."""

    make: Callable[[], Peer]
    module: str
    """What must be importable."""
    install: str
    """How it comes to be."""

    @property
    def missing(self) -> str | None:
        """What to say when it is not installed."""
        return None if find_spec(self.module) else f"not installed: {self.install}"


class Exact:
    """All vectors in memory and a scan at every question: of all rows, or of the knowable ones where rows lie in order of time."""

    def build(self, corpus: Corpus, _folder: Path, _say: Say) -> None:
        """Reads the vectors."""
        self._matrix = np.array(corpus.vectors)
        self._known_at = corpus.known_at

    def searches(self) -> Mapping[str, Search]:
        """`exact` scans everything and masks; `exact_prefix` is what a scan can do at best."""
        return {"exact": self._everything, "exact_prefix": self._prefix}

    def settings(self) -> str:
        """In words."""
        return "numpy, float32; exact: all rows, then the mask; exact_prefix: rows in order of time, the knowable ones alone"

    def _everything(self, question: Question, vector: Vector) -> list[int]:
        similarity = self._matrix @ vector
        similarity[self._known_at > to_epoch(question.as_of)] = -np.inf
        return [row for row in best(similarity) if np.isfinite(similarity[row])]

    def _prefix(self, question: Question, vector: Vector) -> list[int]:
        visible = int(np.searchsorted(self._known_at, to_epoch(question.as_of), side="right"))
        return best(self._matrix[:visible] @ vector)


class Hnswlib:
    """hnswlib, README and ALGO_PARAMS.md: M 16 and ef_construction 200; `filter` is a Python function that the search calls."""

    connections, construction, breadth = 16, 200, 200

    def build(self, corpus: Corpus, _folder: Path, say: Say) -> None:
        """Cosine on unit vectors is the inner product."""
        import hnswlib

        vectors = corpus.vectors
        self._index = hnswlib.Index(space="ip", dim=vectors.shape[1])
        self._index.init_index(
            len(vectors), ef_construction=self.construction, M=self.connections, random_seed=corpus.seed
        )
        self._index.set_num_threads(2)
        for start in range(0, len(vectors), STEP):
            self._index.add_items(vectors[start : start + STEP], np.arange(start, min(start + STEP, len(vectors))))
            say(f"hnswlib: {start:,} of {len(vectors):,}")
        self._index.set_ef(self.breadth)

    def searches(self) -> Mapping[str, Search]:
        """With its filter, and by asking for more and dropping what was unknowable."""
        return {"hnswlib": self._filtered, "hnswlib_overfetch": self._overfetch}

    def settings(self) -> str:
        """In words."""
        return (
            f"hnswlib: M {self.connections}, ef_construction {self.construction}, ef {self.breadth}, filter function; "
            f"overfetch: {TOP} / share × 1.5 asked for, at most 1,000, then filtered"
        )

    def _filtered(self, question: Question, vector: Vector) -> list[int]:
        for wanted in range(min(TOP, question.visible), 0, -1):
            try:
                found, _ = self._index.knn_query(
                    vector[None, :], k=wanted, num_threads=1, filter=lambda row: row < question.visible
                )
            except RuntimeError:  # its answer to "fewer than k found": it says no more (nmslib/hnswlib, issue 444)
                continue
            return [int(row) for row in found[0]]
        return []

    def _overfetch(self, question: Question, vector: Vector) -> list[int]:
        count = self._index.get_current_count()
        wanted = min(1_000, count, ceil(1.5 * TOP * count / question.visible))
        self._index.set_ef(max(self.breadth, wanted))
        found, _ = self._index.knn_query(vector[None, :], k=wanted, num_threads=1)
        self._index.set_ef(self.breadth)
        return [int(row) for row in found[0] if row < question.visible][:TOP]


class Faiss:
    """faiss, "Guidelines to choose an index" and "Setting search parameters for one query": IVF with 4·√N lists for up to a
    million vectors, unquantized where memory allows; rows lie in order of time, so that the filter is a range of ids, the
    cheapest selector it has."""

    probed = 0.05
    """Share of lists looked into, the same at every share of knowable events: recall@10 is .99 without a filter at 100,000."""

    def build(self, corpus: Corpus, _folder: Path, say: Say) -> None:
        """Trains on 40 vectors a list (its least is 39), adds all."""
        import faiss

        self._faiss: Any = faiss
        faiss.omp_set_num_threads(2)
        vectors = corpus.vectors
        self._lists = max(1, round(4 * sqrt(len(vectors))))
        self._index = faiss.index_factory(vectors.shape[1], f"IVF{self._lists},Flat", faiss.METRIC_INNER_PRODUCT)
        say(f"faiss: training {self._lists:,} lists")
        sample = np.random.default_rng(corpus.seed).choice(
            len(vectors), min(len(vectors), 40 * self._lists), replace=False
        )
        self._index.train(np.ascontiguousarray(vectors[np.sort(sample)]))
        for start in range(0, len(vectors), STEP):
            self._index.add(np.ascontiguousarray(vectors[start : start + STEP]))

    def searches(self) -> Mapping[str, Search]:
        """One way."""
        return {"faiss": self._search}

    def settings(self) -> str:
        """In words."""
        return f"IVF{self._lists},Flat, inner product, nprobe {self._probes()}, IDSelectorRange (rows in order of time)"

    def _probes(self) -> int:
        return max(1, ceil(self.probed * self._lists))

    def _search(self, question: Question, vector: Vector) -> list[int]:
        parameters = self._faiss.SearchParametersIVF(
            nprobe=self._probes(), sel=self._faiss.IDSelectorRange(0, question.visible)
        )
        _, found = self._index.search(vector[None, :], TOP, params=parameters)
        return [int(row) for row in found[0] if row >= 0]


class LanceDb:
    """LanceDB, "Vector indexes" and "Metadata filtering": IVF_PQ, which it advises where searches are filtered, on cosine; a
    B-tree on the time; the filter before the search (its default); refined from the stored vectors."""

    refine = 20
    """Candidates by quantized distance for each result, whose true distance is then taken."""

    def build(self, corpus: Corpus, folder: Path, say: Say) -> None:
        """One table, both indexes."""
        import lancedb
        import pyarrow as pa  # type: ignore[import-untyped]
        from lancedb.index import BTree, IvfPq

        schema = pa.schema(
            [
                pa.field("id", pa.int64()),
                pa.field("known_at", pa.int64()),
                pa.field("vector", pa.list_(pa.float32(), corpus.vectors.shape[1])),
            ]
        )
        table = lancedb.connect(str(folder)).create_table("events", data=_batches(corpus, schema), schema=schema)
        table.optimize()
        say("lancedb: building its indexes")
        table.create_index("vector", config=IvfPq(distance_type="cosine"))
        table.create_index("known_at", config=BTree())
        self._table: Any = table

    def searches(self) -> Mapping[str, Search]:
        """One way."""
        return {"lancedb": self._search}

    def settings(self) -> str:
        """In words."""
        return f"IVF_PQ on cosine and a B-tree on the time, both by default, prefilter, refine factor {self.refine}"

    def _search(self, question: Question, vector: Vector) -> list[int]:
        found = (
            self._table.search(vector)
            .distance_type("cosine")
            .where(f"known_at <= {to_epoch(question.as_of)}", prefilter=True)
            .refine_factor(self.refine)
            .select(["id", "_distance"])
            .limit(TOP)
            .to_arrow()
        )
        return [int(row) for row in found["id"].to_pylist()]


def _batches(corpus: Corpus, schema: Any) -> Iterator[Any]:
    import pyarrow as pa

    vectors = corpus.vectors
    for start in range(0, len(vectors), STEP):
        rows = np.asarray(vectors[start : start + STEP])
        columns = [
            pa.array(np.arange(start, start + len(rows))),
            pa.array(corpus.known_at[start : start + len(rows)]),
            pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1]),
        ]
        yield pa.record_batch(columns, schema=schema)


def best(similarity: Vector) -> list[int]:
    """Places of the TOP greatest, greatest first."""
    depth = min(TOP, len(similarity))
    place = np.argpartition(-similarity, depth - 1)[:depth]
    return [int(row) for row in place[np.argsort(-similarity[place], kind="stable")]]


PEERS: Mapping[str, Offer] = {
    "exact": Offer(Exact, "numpy", "it came with Rhyme"),
    "hnswlib": Offer(Hnswlib, "hnswlib", "pip install hnswlib (it is compiled: needs a C++ compiler)"),
    "faiss": Offer(Faiss, "faiss", "pip install faiss-cpu"),
    "lancedb": Offer(LanceDb, "lancedb", "pip install lancedb"),
}
