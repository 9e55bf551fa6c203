"""The score's fitted numbers as they ship, and what is said when their files are not what they should be."""

import gzip
import json
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent import score_artifact
from agent.features import NAMES
from agent.score import SCORE_RANGE, ScoreModel
from agent.score_artifact import VERSION, artifact_of, load_artifact, packed
from records.errors import SettingsError
from records.taxonomy import EventType

DATA = Path(str(resources.files("agent"))) / "data"


@pytest.fixture(scope="module")
def files() -> tuple[bytes, bytes]:
    return (DATA / f"{VERSION}.json.gz").read_bytes(), (DATA / f"{VERSION}_wording.csv.gz").read_bytes()


@pytest.fixture
def own_data(tmp_path: Path, files: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for agent/data; a change there is seen by the next load."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / f"{VERSION}.json.gz").write_bytes(files[0])
    (folder / f"{VERSION}_wording.csv.gz").write_bytes(files[1])
    monkeypatch.setattr(score_artifact.resources, "files", lambda _: tmp_path)
    load_artifact.cache_clear()
    yield folder  # type: ignore[misc]
    load_artifact.cache_clear()


def test_the_shipped_artifact_loads_and_says_what_it_was_fitted_on() -> None:
    shipped = load_artifact()
    assert shipped.version == VERSION
    assert len(shipped.digest) == 12
    assert len(shipped.vocabulary) > 1_000
    assert shipped.count == shipped.fitted["events"] == sum(shipped.type_count.values())
    assert shipped.fitted["last_day"] <= "2015-12-31"
    assert shipped.type_mean.keys() <= set(EventType)
    assert SCORE_RANGE[0] < shipped.forest.base < SCORE_RANGE[1]


def test_the_shipped_calibration_rises_and_its_bands_are_in_order() -> None:
    shipped = load_artifact()
    assert (np.diff(shipped.curve.x) > 0).all()
    assert (np.diff(shipped.curve.y) > 0).all()
    assert shipped.platt.slope > 0
    assert shipped.band.sigma_edges[0] < shipped.band.sigma_edges[1]
    for low, high in (*zip(shipped.band.low, shipped.band.high, strict=True), shipped.band.unknown):
        assert 0 < low < 1 < high


def test_the_shipped_weights_of_precedents_are_sane() -> None:
    blending = load_artifact().blending
    assert all(getattr(blending, each.name) > 0 for each in fields(blending))
    assert blending.other_type <= 1


def test_the_shipped_forest_looks_at_features_there_are(files: tuple[bytes, bytes]) -> None:
    shipped = load_artifact()
    assert shipped.forest.feature.max() < len(NAMES)
    inner = shipped.forest.feature >= 0
    assert np.isfinite(shipped.forest.threshold[inner]).all()
    assert np.isfinite(shipped.forest.value).all()
    raw = json.loads(gzip.decompress(files[0]))
    assert tuple(raw["features"]) == NAMES
    assert packed(raw) == packed(json.loads(json.dumps(raw)))


def test_the_digest_changes_with_either_file(files: tuple[bytes, bytes]) -> None:
    numbers, words = files
    shipped = artifact_of(numbers, words)
    other_numbers = artifact_of(packed(json.loads(gzip.decompress(numbers)) | {"mean": 0.5}), words)
    other_words = artifact_of(numbers, gzip.compress(gzip.decompress(words) + b"zebra crossing,9.0,0.1\n", mtime=0))
    assert len({shipped.digest, other_numbers.digest, other_words.digest}) == 3
    versions = {ScoreModel(each).version for each in (shipped, other_numbers, other_words)}
    assert len(versions) == 3


def test_an_intact_copy_loads_from_its_folder(own_data: Path, files: tuple[bytes, bytes]) -> None:
    assert own_data.is_dir()
    assert load_artifact().digest == artifact_of(*files).digest


@pytest.mark.parametrize("name", [f"{VERSION}.json.gz", f"{VERSION}_wording.csv.gz"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "flipped", "text", "nothing inside"])
def test_damage_is_a_settings_error_that_names_the_files_to_restore(own_data: Path, name: str, damage: str) -> None:
    path = own_data / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(content) // 2
        path.write_bytes(
            {
                "empty": b"",
                "cut": content[:middle],
                "flipped": content[:middle]
                + bytes(255 - each for each in content[middle : middle + 99])
                + content[middle + 99 :],
                "text": b"version https://git-lfs.github.com/spec/v1\n",
                "nothing inside": gzip.compress(b""),
            }[damage]
        )
    with pytest.raises(SettingsError, match=rf"agent/data cannot be used .*Restore {VERSION}\* from the project"):
        load_artifact()


def _changed(change: str) -> Any:
    def edit(raw: dict[str, Any]) -> dict[str, Any]:
        if change == "features":
            raw["features"] = [*raw["features"][:-1], "moon_phase"]
        elif change == "event type":
            raw["event_types"]["eclipse"] = {"mean": 0.5, "n": 3}
        elif change == "blending":
            del raw["blending"]["k0"]
        elif change == "trees":
            raw["trees"] = []
        elif change == "calibration":
            raw["calibration"]["platt"] = {"slope": 1.0}
        return raw

    return edit


@pytest.mark.parametrize("change", ["features", "event type", "blending", "trees", "calibration"])
def test_an_artifact_of_another_version_is_refused(own_data: Path, change: str) -> None:
    path = own_data / f"{VERSION}.json.gz"
    path.write_bytes(packed(_changed(change)(json.loads(gzip.decompress(path.read_bytes())))))
    with pytest.raises(SettingsError, match="moon_phase" if change == "features" else "cannot be used"):
        load_artifact()
