"""The forest answers as LightGBM itself does, missing values included, and its contributions add up."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent import forest
from agent.forest import Forest, from_json, from_lightgbm

lightgbm = pytest.importorskip("lightgbm", reason="lightgbm is not installed")
FEATURES = 6


def _rows(generator: np.random.Generator, count: int, *, missing: float) -> NDArray[np.float64]:
    rows = generator.normal(size=(count, FEATURES))
    rows[:, 1] = generator.integers(0, 3, count)  # ties at a threshold
    rows[:, 5] += 4.0  # 0, and so a missing value, lies left of its thresholds
    rows[generator.random(rows.shape) < missing] = np.nan
    return rows


@pytest.fixture(scope="module")
def booster() -> Any:
    """Taught with missing values in columns 0 to 3; 4 and 5 were never missing."""
    generator = np.random.default_rng(4)
    rows = _rows(generator, 1_500, missing=0.0)
    rows[:, :4][generator.random((1_500, 4)) < 0.2] = np.nan
    known = np.nan_to_num(rows)
    y = known[:, 0] - 2 * np.abs(known[:, 4]) + known[:, 1] * known[:, 5] + np.isnan(rows[:, 2]) * 3.0
    model = lightgbm.LGBMRegressor(n_estimators=60, num_leaves=12, n_jobs=1, verbose=-1, random_state=0)
    return model.fit(rows, y).booster_


def _answers(made: Forest, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return made.base + made.contributions(rows, range(FEATURES), FEATURES).sum(axis=1)


@pytest.mark.parametrize("missing", [0.0, 0.3, 1.0])
def test_the_forest_answers_as_lightgbm_does(booster: Any, missing: float) -> None:
    rows = _rows(np.random.default_rng(5), 800, missing=missing)
    made = from_json(from_lightgbm(booster.dump_model()))
    assert np.abs(_answers(made, rows) - booster.predict(rows)).max() < 1e-9


def test_a_value_missing_only_where_none_was_missing_in_fitting_is_read_as_lightgbm_reads_it(booster: Any) -> None:
    kinds = {node["split_feature"]: node["missing_type"] for node in _inner(booster.dump_model())}
    assert kinds[4] == kinds[5] == "None"
    rows = _rows(np.random.default_rng(6), 400, missing=0.0)
    rows[:, 4:] = np.nan
    made = from_json(from_lightgbm(booster.dump_model()))
    assert np.abs(_answers(made, rows) - booster.predict(rows)).max() < 1e-9
    rows[:, 4:] = 0.0
    assert np.abs(_answers(made, rows) - booster.predict(rows)).max() < 1e-9


def _inner(dump: Any) -> list[Any]:
    found, waiting = [], [tree["tree_structure"] for tree in dump["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "left_child" in node:
            found.append(node)
            waiting += [node["left_child"], node["right_child"]]
    return found


def test_a_value_at_the_threshold_goes_left_as_in_lightgbm(booster: Any) -> None:
    nodes = _inner(booster.dump_model())
    rows = np.zeros((len(nodes), FEATURES))
    for line, node in zip(rows, nodes, strict=True):
        line[node["split_feature"]] = node["threshold"]
    made = from_json(from_lightgbm(booster.dump_model()))
    assert np.abs(_answers(made, rows) - booster.predict(rows)).max() < 1e-9


def test_the_forest_survives_its_artifact_form(booster: Any) -> None:
    rows = _rows(np.random.default_rng(7), 50, missing=0.2)
    trees = from_lightgbm(booster.dump_model())
    again = from_json(json.loads(json.dumps(trees)))
    assert _answers(again, rows).tobytes() == _answers(from_json(trees), rows).tobytes()


def test_a_weight_scales_answers_and_base(booster: Any) -> None:
    rows = _rows(np.random.default_rng(8), 50, missing=0.2)
    half = from_json(from_lightgbm(booster.dump_model(), weight=0.5))
    assert _answers(half, rows) == pytest.approx(booster.predict(rows) / 2, abs=1e-9)


def test_two_splits_by_hand_give_each_driver_its_step() -> None:
    """Root 1.0; feature 0 ≤ 0.5 leads to a leaf of 0.4, else to 1.5, where feature 1 ≤ 2 parts 1.2 from 2.5."""
    tree = {
        "f": [0, -1, 1, -1, -1],
        "t": [0.5, 0.0, 2.0, 0.0, 0.0],
        "l": [1, 0, 3, 0, 0],
        "r": [2, 0, 4, 0, 0],
        "m": [1, 0, 0, 0, 0],
        "v": [1.0, 0.4, 1.5, 1.2, 2.5],
    }
    made = from_json([tree])
    rows = np.array([[0.5, 9.0], [0.6, 2.0], [0.6, 2.1], [np.nan, 0.0], [9.0, np.nan]])
    expected = [[-0.6, 0.0], [0.5, -0.3], [0.5, 1.0], [-0.6, 0.0], [0.5, 1.0]]
    assert made.base == 1.0
    assert made.contributions(rows, [0, 1], 2) == pytest.approx(np.array(expected))
    both = made.contributions(rows, [0, 0], 1)
    assert both[:, 0] == pytest.approx(np.sum(expected, axis=1))


def test_trees_of_unequal_size_stand_side_by_side() -> None:
    leaf = {"f": [-1], "t": [0.0], "l": [0], "r": [0], "m": [0], "v": [0.25]}
    split = {"f": [0, -1, -1], "t": [0.0] * 3, "l": [1, 0, 0], "r": [2, 0, 0], "m": [0] * 3, "v": [1.0, 0.0, 2.0]}
    made = from_json([leaf, split])
    assert made.base == 1.25
    assert made.contributions(np.array([[-1.0], [1.0]]), [0], 1) == pytest.approx(np.array([[-1.0], [1.0]]))


def test_events_walked_in_chunks_answer_as_alone(booster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows(np.random.default_rng(9), 25, missing=0.2)
    made = from_json(from_lightgbm(booster.dump_model()))
    whole = made.contributions(rows, range(FEATURES), FEATURES)
    monkeypatch.setattr(forest, "CHUNK", 7)
    assert made.contributions(rows, range(FEATURES), FEATURES).tobytes() == whole.tobytes()
    assert made.contributions(rows[:0], range(FEATURES), FEATURES).shape == (0, FEATURES)
