"""Grades story threads on a folder of data: nothing is fitted, the shipped model and rules are run as they are.

Pairs the model was fitted on are left out. Three questions: do two headlines of one story meet (with nothing but the headlines;
with bodies; through the whole machinery, all in one database)? Are reprints found? Is what an article is to its story named right?
"""

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evals.impact.bootstrap import Interval
from evals.threads.bcubed import Graded, grade, share
from evals.threads.made import Made, correction, reprints, roundup, update
from evals.threads.pairs import Pair, load_pairs
from evals.threads.stream import Item, bases, load_stream
from records.article import Article
from records.database import Database
from records.embedder import Embedder
from records.errors import SourceUnreadable
from records.story import Placement
from vectorstore.threads import StoryThreads, load_model
from vectorstore.threads.decide import SAME_STORY, StoryModel
from vectorstore.threads.features import shared
from vectorstore.threads.sketch import sketch

BASES = 300
"""Articles that reprints, updates, corrections and round-ups are made of."""
STREAM = 4_000
"""Articles threaded for the sizes of stories, and among which the made ones must be found."""
QUICK = 10
"""Division of both by `--quick`."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be graded."""

    data: Path
    quick: bool = False


@dataclass
class ThreadsReport:
    """Everything that a report tells."""

    model: str
    threshold: float
    data: dict[str, object]
    pairs: dict[str, Mapping[str, Interval | None]]
    """Way of asking → metric → value. The first is the one the target is measured on."""
    graded: dict[str, Graded]
    kinds: dict[str, Mapping[str, object]]
    """Kind of pair → pairs and share judged right, from headlines alone."""
    reprints_found: Interval | None = None
    reprints_named: Interval | None = None
    by_kind: dict[str, tuple[int, Interval | None]] = field(default_factory=dict)
    """Way of reprinting → how many, share found."""
    relations: dict[str, dict[str, int]] = field(default_factory=dict)
    """What it was made as → what it was called → how many."""
    novelty: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    """Articles in a story → how many stories of the stream."""
    timing: dict[str, float] = field(default_factory=dict)

    @property
    def n_pairs(self) -> int:
        """Pairs graded."""
        return len(next(iter(self.graded.values())).same)

    @property
    def n_reprints(self) -> int:
        """Reprints made."""
        return sum(count for count, _ in self.by_kind.values())


HEADLINES, BODIES, DATABASE = "headlines", "with bodies", "headlines, one database"


def run(request: Request, say: Say, embedder: Embedder | None = None) -> ThreadsReport:
    """Raises SourceError."""
    model = load_model()
    every = load_pairs(request.data)
    pairs = [pair for pair in every if pair.digest not in model.fitted_on]
    if not pairs:
        raise SourceUnreadable(f"All {len(every)} pairs in {request.data} are those the model was fitted on.")
    say(f"{len(pairs):,} pairs; comparing …")
    graded = {HEADLINES: _asked(pairs, model), BODIES: _asked(pairs, model, bodies=True)}
    if embedder is not None:
        graded[f"headlines and {embedder.name}"] = _asked(pairs, model, embedder=embedder)
    with tempfile.TemporaryDirectory() as folder:
        with Database.open(Path(folder) / "pairs.db") as database:
            graded[DATABASE] = _placed(pairs, StoryThreads(database))
        items, source = load_stream(request.data, every)
        report = ThreadsReport(
            model=model.version,
            threshold=SAME_STORY,
            data={
                "pairs in the folder": len(every),
                "left out: the model was fitted on them": len(every) - len(pairs),
                "pairs of one story": sum(pair.same for pair in pairs),
                "articles from": source,
            },
            pairs={name: grade(one) for name, one in graded.items()},
            graded=graded,
            kinds=_by_kind(pairs, graded[HEADLINES]),
        )
        with Database.open(Path(folder) / "stream.db") as database:
            _stream(report, StoryThreads(database), items, request, say)
    return report


def _asked(
    pairs: Sequence[Pair], model: StoryModel, *, bodies: bool = False, embedder: Embedder | None = None
) -> Graded:
    """Each pair by itself: one story if P reaches the threshold, as it is for a story of one member."""
    vectors = None if embedder is None else (embedder.embed([p.a for p in pairs]), embedder.embed([p.b for p in pairs]))
    found = []
    for place, pair in enumerate(pairs):
        first, second = pair.articles(bodies=bodies)
        if embedder is None or vectors is None:
            a, b = sketch(first), sketch(second)
        else:
            made_by = f"{embedder.name}:{embedder.digest}"
            a = sketch(first, vector=vectors[0][place], embedder=made_by)
            b = sketch(second, vector=vectors[1][place], embedder=made_by)
        found.append(model.probability(a, b, shared(a, b)))
    probability = np.array(found)
    return Graded(_same(pairs), probability, probability >= SAME_STORY, tuple(pair.ticker for pair in pairs))


def _placed(pairs: Sequence[Pair], threads: StoryThreads) -> Graded:
    """All headlines in one database, in the order of time: the rest of them are each pair's distractors."""
    waiting = [(article, pair.ticker) for pair in pairs for article in pair.articles(bodies=False)]
    stories = {}
    for article, ticker in sorted(waiting, key=lambda one: (one[0].first_seen_at, one[0].id)):
        stories[article.id] = threads.place(article, tickers=[ticker] if ticker else []).story_id
    joined = np.array([len({stories[one.id] for one in pair.articles(bodies=False)}) == 1 for pair in pairs])
    return Graded(_same(pairs), joined.astype(np.float64), joined, tuple(pair.ticker for pair in pairs))


def _same(pairs: Sequence[Pair]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([pair.same for pair in pairs], dtype=np.bool_)


def _by_kind(pairs: Sequence[Pair], graded: Graded) -> dict[str, Mapping[str, object]]:
    right: dict[str, list[bool]] = defaultdict(list)
    for pair, ok in zip(pairs, graded.same == graded.joined, strict=True):
        right[pair.kind].append(bool(ok))
    return {kind: {"pairs": len(found), "right": sum(found) / len(found)} for kind, found in sorted(right.items())}


def _stream(report: ThreadsReport, threads: StoryThreads, items: Sequence[Item], request: Request, say: Say) -> None:
    """Real articles and what was made of some of them, placed in the order of time."""
    size = STREAM // QUICK if request.quick else STREAM
    chosen = bases(items, BASES // QUICK if request.quick else BASES)
    kept = {article.id for article in chosen}
    real = [*chosen, *(one.article for one in items if one.article.id not in kept)][:size]
    made = _made(chosen)
    say(f"{len(real):,} articles and {len(made):,} made of {len(chosen):,} of them; placing …")
    placements: dict[str, Placement] = {}
    taken = []
    for article in sorted([*real, *(one.article for one in made)], key=lambda one: (one.first_seen_at, one.id)):
        begun = time.perf_counter()
        placements[article.id] = threads.place(article)
        taken.append(time.perf_counter() - begun)
    ids = {article.id for article in real}
    counts = Counter(placements[name].story_id for name in ids)
    report.sizes = dict(sorted(Counter(counts.values()).items()))
    report.timing = {
        "place_p50_ms": float(np.quantile(taken, 0.5) * 1000),
        "place_p95_ms": float(np.quantile(taken, 0.95) * 1000),
        "placed": float(len(taken)),
    }
    report.data["articles placed"] = len(real)
    report.data["articles made"] = len(made)
    _grade_made(report, made, placements, ids)


def _made(chosen: Sequence[Article]) -> list[Made]:
    made: list[Made] = []
    for number, base in enumerate(chosen):
        made += reprints(base, number)
        made.append(update(base, number))
        fixed = correction(base, number)
        made += [fixed] if fixed else []
    for number, start in enumerate(range(0, len(chosen) - 2, 3)):
        made.append(roundup(chosen[start : start + 3], number))
    known = {base.id for base in chosen}
    return [one for one in {each.article.id: each for each in made}.values() if one.article.id not in known]


def _grade_made(
    report: ThreadsReport, made: Sequence[Made], placements: Mapping[str, Placement], real: set[str]
) -> None:
    found: dict[str, list[bool]] = defaultdict(list)
    named: list[bool] = []
    groups: list[str] = []
    for one in made:
        placement = placements[one.article.id]
        inside = placement.story_id in {placements[base.id].story_id for base in one.of}
        report.relations.setdefault(one.expected, {})
        called = placement.relation if inside or one.expected == "recombination" else "not found"
        report.relations[one.expected][called] = report.relations[one.expected].get(called, 0) + 1
        report.novelty.setdefault(one.expected, []).append(placement.novelty)
        if one.expected == "reprint":
            found[one.kind].append(inside)
            named.append(inside and placement.relation == "reprint")
            groups.append(one.of[0].id)
    for name in sorted(real):
        if placements[name].relation == "first":
            report.novelty.setdefault("first", []).append(placements[name].novelty)
    in_order = [placements[one.article.id] for one in made if one.expected == "reprint"]
    hits = [placement.story_id == placements[group].story_id for placement, group in zip(in_order, groups, strict=True)]
    report.reprints_found = share(hits, groups)
    report.reprints_named = share(named, groups)
    report.by_kind = {kind: (len(hit), share(hit, range(len(hit)))) for kind, hit in found.items()}
