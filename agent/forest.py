"""A forest of small regression trees, as numbers: prediction, and how much of it each driver made.

The trees are fitted with LightGBM (evals/impact/fit.py) and read from the score's artifact; prediction needs numpy alone and
takes a few milliseconds for one event. A driver's contribution is the sum, along the path of every tree, of the changes of the
node's mean at splits on the driver's features (Saabas 2014, "Interpreting random forests"): base + contributions = prediction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 2_000
"""Events walked at a time: 2,000 × 1,800 trees keeps each array under 30 MB."""


@dataclass(frozen=True)
class Forest:
    """T trees of at most M nodes. The prediction is the sum over the trees; a node without children is a leaf."""

    feature: NDArray[np.int16]
    """(T, M) column of the split; −1 for a leaf."""
    threshold: NDArray[np.float64]
    """(T, M) a value at most this goes left."""
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    missing_left: NDArray[np.bool_]
    """(T, M) NaN goes left."""
    value: NDArray[np.float64]
    """(T, M) mean of the node, the leaf's answer."""

    @property
    def base(self) -> float:
        """Sum of the roots: the answer before anything is known."""
        return float(self.value[:, 0].sum())

    @cached_property
    def _steps(self) -> "_Steps":
        return _steps_of(self)

    def contributions(self, rows: NDArray[np.float64], groups: Sequence[int], count: int) -> NDArray[np.float64]:
        """(n, count) contributions to the prediction by group, from (n, F) features; `groups` gives each column's group.

        The prediction is `base` + the sum of a row.
        """
        return np.concatenate(
            [self._walk(rows[start : start + CHUNK], np.asarray(groups), count) for start in range(0, len(rows), CHUNK)]
            or [np.zeros((0, count))]
        )

    def predict(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) predictions from (n, F) features."""
        return self.base + self.contributions(rows, [0] * rows.shape[1], 1)[:, 0]

    def _walk(self, rows: NDArray[np.float64], groups: NDArray[np.int_], count: int) -> NDArray[np.float64]:
        steps, (lines, columns) = self._steps, rows.shape
        # a first column for the leaves, whose changes of 0 go to a group of their own
        known = np.concatenate([np.zeros((lines, 1)), rows], axis=1).ravel()
        missing = np.isnan(known)
        known[missing] = np.inf  # right of every threshold
        column_group = np.concatenate([[count], groups]) + (count + 1) * np.arange(lines)[:, None]
        line = np.repeat(np.arange(lines) * (columns + 1), len(self.feature))
        root = np.tile(np.arange(len(self.feature)) * self.feature.shape[1], lines)
        node, value, result = root, self.value.take(root), np.zeros((lines, count + 1))
        for _ in range(steps.depth):
            column = steps.column.take(node) + line
            to_left = known.take(column) <= self.threshold.take(node)
            to_left |= missing.take(column) & self.missing_left.take(node)
            node = root + steps.following.take(2 * node + to_left)
            before, value = value, self.value.take(node)
            group = column_group.take(column)
            result += np.bincount(group, value - before, minlength=result.size).reshape(result.shape)
        return result[:, :count]


@dataclass(frozen=True)
class _Steps:
    """What leads from node to node, in few bytes: a walk finds most of it out of the processor's cache."""

    column: NDArray[np.int16]
    """(T, M) of the split, counted from 1; 0 of a leaf."""
    following: NDArray[np.int16]
    """(T, M, 2) places in the tree of the nodes to the right and to the left; a leaf leads to itself."""
    depth: int
    """Steps from a root to the farthest leaf."""


def _steps_of(forest: Forest) -> _Steps:
    inner, places = forest.feature >= 0, np.arange(forest.feature.shape[1], dtype=np.int16)
    following = np.stack([np.where(inner, side, places) for side in (forest.right, forest.left)], axis=-1)
    depth, (tree, place) = 0, np.nonzero(inner & (places == 0))  # the inner nodes that a step more reaches
    while len(tree):
        tree, place = np.repeat(tree, 2), following[tree, place].ravel()
        still = inner[tree, place]
        tree, place, depth = tree[still], place[still], depth + 1
    return _Steps(column=forest.feature + np.int16(1), following=following, depth=depth)


def from_json(trees: Sequence[Mapping[str, Any]]) -> Forest:
    """From a list of trees, each with equally long lists `f` (feature, −1 leaf), `t`, `l`, `r`, `m` (0/1), `v`."""
    size = max(len(tree["f"]) for tree in trees)

    def padded(name: str, fill: float, kind: type[np.generic]) -> NDArray[Any]:
        filled = np.full((len(trees), size), fill, dtype=kind)
        for place, tree in enumerate(trees):
            filled[place, : len(tree[name])] = tree[name]
        return filled

    return Forest(
        feature=padded("f", -1, np.int16),
        threshold=padded("t", 0.0, np.float64),
        left=padded("l", 0, np.int16),
        right=padded("r", 0, np.int16),
        missing_left=padded("m", 0, np.bool_),
        value=padded("v", 0.0, np.float64),
    )


def from_lightgbm(dump: Mapping[str, Any], *, weight: float = 1.0) -> list[dict[str, list[float]]]:
    """The trees of a LightGBM `Booster.dump_model()` (numeric features, NaN as missing), answers times `weight`."""
    return [_flat(tree["tree_structure"], weight) for tree in dump["tree_info"]]


def _flat(root: Mapping[str, Any], weight: float) -> dict[str, list[float]]:
    nodes: dict[str, list[float]] = {name: [] for name in "ftlrmv"}

    def add(node: Mapping[str, Any]) -> int:
        place = len(nodes["f"])
        leaf = "leaf_value" in node
        # LightGBM sends NaN the default way only where it met NaN in fitting; elsewhere it reads NaN as 0
        missing_left = (
            False
            if leaf
            else (node["default_left"] if node["missing_type"] == "NaN" else float(node["threshold"]) >= 0.0)
        )
        nodes["f"].append(-1 if leaf else int(node["split_feature"]))
        nodes["t"].append(0.0 if leaf else float(node["threshold"]))
        nodes["m"].append(int(missing_left))
        nodes["v"].append(float(node["leaf_value" if leaf else "internal_value"]) * weight)
        nodes["l"].append(0)
        nodes["r"].append(0)
        if not leaf:
            nodes["l"][place] = add(node["left_child"])
            nodes["r"][place] = add(node["right_child"])
        return place

    add(root)
    return nodes
