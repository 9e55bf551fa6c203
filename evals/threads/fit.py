"""Fits the story model: `python -m evals.threads.fit --data DIR [--embedder NAME …]`.

Counts how many headlines of `impact/*_dev.parquet` have each term, then fits P(same story) on half of the labelled pairs in dup/
(by a hash of the ticker, so that no company is in both halves), and P(same company) on these against strangers: headlines of two
companies that share rare terms within days, as "X files for non-timely 10-K" does. All from the headlines alone: the labels were
made by comparing bodies. Writes vectorstore/data/term_counts_v1.json and story_model_v1.json.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from evals.threads.pairs import DEFAULT_AT, Pair, article_of, load_pairs
from records.embedder import Embedder
from vectorstore.threads.decide import MODEL_FILE
from vectorstore.threads.features import named, shared
from vectorstore.threads.fingerprint import fingerprint
from vectorstore.threads.sketch import sketch
from vectorstore.threads.terms import COUNTS_FILE, terms_of

DATA = Path(__file__).parents[2] / "vectorstore" / "data"
LEAST_COUNT = 10
"""Rarer terms are all equally rare, and the file stays small."""
STRANGERS = 800
COMPANY = ("first", "second", "opening", "only_less", "only_more", "cosine", "surface", "letters", "length_ratio")
"""What tells whether two headlines name one company."""
KNOTS = 5
PENALTIES = (0.05, 0.1, 0.2, 0.5, 1.0)
NOT_FITTED = frozenset(
    {"first", "opening", "other_names", "dense", "body_jaccard", "body_contained", "tickers", "event_type", "hours"}
)
"""Pairs are of one ticker and undated, and their bodies made the labels: these enter by rule, or by the company, not here."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--embedder", action="append", default=[])
    parser.add_argument("--models", type=Path, help="folder of the embedders' files")
    options = parser.parse_args(arguments)
    count_terms(options.data)
    pairs = [pair for pair in load_pairs(options.data) if in_fit(pair)]
    others = strangers(options.data)
    embedders = [_load(name, options.models) for name in options.embedder]
    text = json.dumps(fit(pairs, others, embedders), ensure_ascii=False, separators=(",", ":"))
    (DATA / MODEL_FILE).write_text(text + "\n", encoding="utf-8")
    print(f"{len(pairs)} pairs, {len(others)} of strangers, {len(text):,} bytes")
    return 0


def in_fit(pair: Pair) -> bool:
    """Whether the pair's company is in the half that is fitted on."""
    return hashlib.sha256(pair.ticker.encode()).digest()[0] % 2 == 0


def strangers(data: Path) -> list[Pair]:
    """Pairs of two companies' headlines that would be compared in use: of the development files, each headline once."""

    columns = ["id", "date", "ticker", "company", "headline", "body"]
    rows = [
        row
        for path in sorted(data.glob("impact/*_dev.parquet"))
        for row in pq.read_table(path, columns=columns).to_pylist()
    ]
    rows = sorted(rows, key=lambda row: hashlib.sha256(str(row["id"]).encode()).hexdigest())
    waiting: dict[tuple[int, int], Any] = {}
    used: set[str] = set()
    pairs: list[Pair] = []
    for row in rows:
        week = row["date"].toordinal() // 5
        one = sketch(article_of(row["headline"], "", DEFAULT_AT))
        for key in one.keys()["pair"]:
            other = waiting.setdefault((key, week), row)
            if {row["id"], other["id"]} & used or not _are_strangers(row, other):
                continue
            used |= {row["id"], other["id"]}
            pairs.append(Pair(other["headline"], row["headline"], "", "", False, "stranger", row["ticker"], DEFAULT_AT))
        if len(pairs) >= STRANGERS:
            break
    return pairs


def _are_strangers(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Two companies, neither named by the other's headline, and two texts."""
    names = [str(row["company"]).split()[0].casefold() for row in (a, b)]
    heads = [str(row["headline"]).casefold() for row in (a, b)]
    foreign = names[0] not in heads[1] and names[1] not in heads[0] and names[0] in heads[0] and names[1] in heads[1]
    return a["ticker"] != b["ticker"] and foreign and a["body"] != b["body"]


def count_terms(data: Path) -> None:
    """Writes the shipped counts: figures about the texts, no text."""

    titles = {
        title
        for path in sorted(data.glob("impact/*_dev.parquet"))
        for title in pq.read_table(path)["headline"].to_pylist()
    }
    counts = Counter(term for title in titles for term in set(terms_of(fingerprint(title, "").title)))
    kept = {term: count for term, count in sorted(counts.items()) if count >= LEAST_COUNT}
    text = json.dumps({"texts": len(titles), "counts": kept}, ensure_ascii=False, separators=(",", ":"))
    (DATA / COUNTS_FILE).write_text(text + "\n", encoding="utf-8")


def fit(pairs: Sequence[Pair], others: Sequence[Pair], embedders: Sequence[Embedder]) -> dict[str, Any]:
    """The model as JSON."""
    rows = [_features(pair) for pair in pairs]
    labels, groups = np.array([pair.same for pair in pairs]), _groups(pairs)
    named_alike = [{name: row[name] for name in COMPANY} for row in [*rows, *(_features(pair) for pair in others)]]
    one_company = np.array([True] * len(pairs) + [False] * len(others))
    dense = {}
    for embedder in embedders:
        cosines = np.sum(embedder.embed([p.a for p in pairs]) * embedder.embed([p.b for p in pairs]), axis=1)
        with_it = [{**row, "dense": float(cosine)} for row, cosine in zip(rows, cosines, strict=True)]
        dense[embedder.name] = _curves(with_it, labels, groups, NOT_FITTED - {"dense"})
    return {
        "version": "1",
        "words": _curves(rows, labels, groups, NOT_FITTED),
        "dense": dense,
        "company": _curves(named_alike, one_company, _groups([*pairs, *others])),
        "fitted_on": sorted(pair.digest for pair in pairs),
    }


def _groups(pairs: Sequence[Pair]) -> NDArray[np.int64]:
    return np.array([int(hashlib.sha256(pair.ticker.encode()).hexdigest()[:8], 16) for pair in pairs])


def _features(pair: Pair) -> dict[str, float]:
    first, second = pair.articles(bodies=False)
    found = named(shared(sketch(first), sketch(second)))
    return {name: value for name, value in found.items() if value is not None}


def _curves(
    rows: Sequence[Mapping[str, float]],
    labels: NDArray[np.bool_],
    groups: NDArray[np.int64],
    left_out: Set[str] = frozenset(),
) -> dict[str, Any]:
    """Logistic regression on hat functions between knots, the penalty chosen by five folds of whole companies."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.model_selection import GridSearchCV, GroupKFold  # type: ignore[import-untyped]

    names = [name for name in rows[0] if name not in left_out]
    columns = {name: np.array([row[name] for row in rows]) for name in names}
    knots = {name: _knots(columns[name]) for name in names}
    hats = np.hstack([_hats(columns[name], knots[name]) for name in names])  # (pairs, knots of all features)
    search = GridSearchCV(
        LogisticRegression(max_iter=5000), {"C": list(PENALTIES)}, scoring="neg_log_loss", cv=GroupKFold(5)
    )
    search.fit(hats, labels, groups=groups)
    print(search.best_params_, round(float(search.best_score_), 4))
    weights = np.split(search.best_estimator_.coef_[0], np.cumsum([len(knots[name]) for name in names])[:-1])
    return {
        "bias": round(float(search.best_estimator_.intercept_[0]), 4),
        "curves": {
            name: [[round(float(x), 4), round(float(y), 4)] for x, y in zip(knots[name], ys, strict=True)]
            for name, ys in zip(names, weights, strict=True)
        },
    }


def _knots(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.unique(np.round(np.quantile(values, np.linspace(0.02, 0.98, KNOTS)), 4))


def _hats(values: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """(values, knots): the share of each knot in the value, as linear interpolation has it."""
    return np.stack([np.interp(values, knots, row) for row in np.eye(len(knots))], axis=1)


def _load(name: str, models: Path | None) -> Embedder:
    from models.embedding import load_embedder

    if models is None:
        raise SystemExit("--embedder needs --models, the folder with its files")
    return load_embedder(name, models)


if __name__ == "__main__":
    raise SystemExit(main())
