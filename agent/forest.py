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
    def _children(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(T, M) flat places of the nodes to the left and to the right."""
        first = np.arange(len(self.feature), dtype=np.int64)[:, None] * self.feature.shape[1]
        return first + self.left, first + self.right

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
        lines, columns = rows.shape
        node = np.tile(np.arange(len(self.feature)) * self.feature.shape[1], lines)
        """The flat place of each tree's root, row after row."""
        line = np.repeat(np.arange(lines), len(self.feature))
        result, values = np.zeros((lines, count + 1)), rows.ravel()
        left, right = self._children
        while True:
            column = self.feature.take(node)
            inner = np.flatnonzero(column >= 0)
            if not len(inner):
                return result[:, :count]
            line, node, column = line.take(inner), node.take(inner), column.take(inner)
            x = values.take(line * columns + column)
            with np.errstate(invalid="ignore"):
                to_left = np.where(np.isnan(x), self.missing_left.take(node), x <= self.threshold.take(node))
            following = np.where(to_left, left.take(node), right.take(node))
            change = self.value.take(following) - self.value.take(node)
            group = line * (count + 1) + groups.take(column)
            result += np.bincount(group, change, minlength=result.size).reshape(result.shape)
            node = following


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
