"""Whether there is a precedent at all: the similarity of the nearest event, for articles about companies and for sentences about
nothing that a market memory holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm  # type: ignore[import-untyped]

from evals.impact.bootstrap import Interval
from evals.impact.metrics import midranks
from evals.recall.pool import Pool

FALSE_ALARMS = 0.01
"""Share of off-topic sentences that may still find something, by a normal curve through their similarities: thirty sentences have
no 99th percentile of their own."""
DRAWS = 1000


@dataclass(frozen=True)
class Absence:
    """How well the nearest similarity tells that there is a precedent."""

    threshold: float
    auc: Interval
    on_topic_kept: Interval
    """Share of the on-topic queries whose nearest event reaches the threshold."""
    off_topic_found: Interval
    """Share of the off-topic sentences that still find something."""
    roc: Sequence[tuple[float, float]]
    """(share of the off-topic found, share of the on-topic kept), by falling threshold."""


def off_topic(part: str) -> list[str]:
    """The sentences of one part: "fit" or "report"."""
    text = (resources.files("evals.recall") / "data" / "off_topic.json").read_text(encoding="utf-8")
    return list(json.loads(text)["texts"])[0 if part == "fit" else 1 :: 2]


def nearest_on_topic(pool: Pool, queries: NDArray[np.int64], matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) cosine of each query's nearest event known before it and not of its own story; 0 without any."""
    found = np.zeros(len(queries))
    for line, query in enumerate(queries):
        theirs = pool.order[: pool.visible(query)]
        own = pool.own_story(query)
        cosine = matrix[theirs] @ matrix[query]
        for place in np.argsort(-cosine)[: len(own) + 1]:
            if pool.events[theirs[place]].id not in own:
                found[line] = max(0.0, float(cosine[place]))
                break
    return found


def nearest_of(rows: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """(m,) cosine of each row's nearest event of the whole pool: the hardest case, every event being known."""
    return np.asarray(np.maximum((rows @ matrix.T).max(axis=1), 0.0), dtype=np.float64)


def threshold_of(off: NDArray[np.float64]) -> float:
    """Fitted on off-topic sentences alone (m,): what only FALSE_ALARMS of such sentences reach, to two digits."""
    return round(float(off.mean() + norm.isf(FALSE_ALARMS) * off.std(ddof=1)), 2)


def judge(on: NDArray[np.float64], off: NDArray[np.float64], threshold: float) -> Absence:
    """Grades a threshold on queries it was not fitted on; intervals from drawing queries and sentences with replacement."""
    generator = np.random.default_rng(0)
    aucs, kept, found = [], [], []
    for _ in range(DRAWS):
        one, other = generator.choice(on, len(on)), generator.choice(off, len(off))
        aucs.append(auc(one, other))
        kept.append(float((one >= threshold).mean()))
        found.append(float((other >= threshold).mean()))
    cuts = np.unique(np.concatenate([on, off]))[::-1]
    return Absence(
        threshold,
        _interval(auc(on, off), aucs),
        _interval(float((on >= threshold).mean()), kept),
        _interval(float((off >= threshold).mean()), found),
        [(0.0, 0.0), *((float((off >= cut).mean()), float((on >= cut).mean())) for cut in cuts)],
    )


def auc(on: NDArray[np.float64], off: NDArray[np.float64]) -> float:
    """Chance that an on-topic query's nearest is nearer than an off-topic one's (ties half)."""
    ranks = midranks(np.concatenate([on, off]))[: len(on)]
    return float((ranks.sum() - len(on) * (len(on) + 1) / 2) / (len(on) * len(off)))


def _interval(observed: float, drawn: Sequence[float]) -> Interval:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(observed, float(low), float(high))
