"""The fitted numbers of the score, as they ship: `agent/data/score_v2.json.gz` and `agent/data/score_v2_wording.csv.gz`.

`python -m evals.impact.fit` makes them from development data; docs/score-datasheet.md describes them.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from agent.calibration import Band, Curve, Platt
from agent.features import NAMES
from agent.forest import Forest, from_json
from agent.wording import Vocabulary, read, unpacked
from records.errors import SettingsError
from records.taxonomy import EventType

VERSION = "score_v2"


@dataclass(frozen=True)
class Blending:
    """How precedents are weighed and joined with the prior."""

    k0: float
    """How many effective precedents the prior weighs."""
    similarity_power: float
    """A weight grows with this power of the words' cosine …"""
    dense_weight: float
    """… plus this much of the fourth power of the embeddings' cosine, where there is one."""
    other_type: float
    """Factor for a precedent of another event type."""
    half_life_years: float
    size_width: float
    """Width, in log σ, of the preference for shares as volatile as this one."""
    largest_abs_z: float
    """A precedent's |z| counts at most as this: one crash says no more than a large move."""


@dataclass(frozen=True)
class ModelTerms:
    """What the language model's reading adds to log s; 0 where no effect was found."""

    surprise: float
    """A step of surprise (0–4) above its mean."""
    sentiment: float
    """Strength of the sentiment, 1 − P(neutral), above its mean."""
    surprise_mean: float
    sentiment_mean: float


@dataclass(frozen=True)
class ScoreArtifact:
    """Everything a forecast depends on."""

    version: str
    digest: str
    """First 12 hex digits of the SHA-256 of the two files."""
    reference_version: str
    forest: Forest
    vocabulary: Vocabulary
    type_mean: Mapping[EventType, float]
    """Mean y by event type, shrunk."""
    type_count: Mapping[EventType, int]
    mean: float
    """Mean y of all development events."""
    count: int
    blending: Blending
    model_terms: ModelTerms
    curve: Curve
    platt: Platt
    band: Band
    baselines: Mapping[str, Curve]
    """Curves of the simple forecasters that evaluations compare with."""
    fitted: Mapping[str, Any]
    """On what: rows, dates, folds, versions of the libraries."""


@lru_cache(maxsize=2)
def load_artifact() -> ScoreArtifact:
    """The shipped artifact. Raises SettingsError when a file is missing or damaged."""
    folder = resources.files("agent") / "data"
    try:
        numbers = (folder / f"{VERSION}.json.gz").read_bytes()
        words = (folder / f"{VERSION}_wording.csv.gz").read_bytes()
        return artifact_of(numbers, words)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        message = (
            f"The score's fitted numbers in agent/data cannot be used ({error!r}). Restore {VERSION}* from the project."
        )
        raise SettingsError(message) from error


def artifact_of(numbers: bytes, words: bytes) -> ScoreArtifact:
    """From the bytes of the two files. Raises ValueError, KeyError, OSError for damaged ones."""
    import hashlib

    raw = json.loads(unpacked(numbers))
    if tuple(raw["features"]) != NAMES:
        raise ValueError(f"its features are not those of this version: {raw['features']}")
    calibration = raw["calibration"]
    return ScoreArtifact(
        version=raw["version"],
        digest=hashlib.sha256(numbers + words).hexdigest()[:12],
        reference_version=raw["reference"],
        forest=from_json(raw["trees"]),
        vocabulary=read(words),
        type_mean={EventType(name): float(value["mean"]) for name, value in raw["event_types"].items()},
        type_count={EventType(name): int(value["n"]) for name, value in raw["event_types"].items()},
        mean=float(raw["mean"]),
        count=int(raw["count"]),
        blending=Blending(**raw["blending"]),
        model_terms=ModelTerms(**raw["model_terms"]),
        curve=Curve(np.array(calibration["curve"]["x"]), np.array(calibration["curve"]["y"])),
        platt=Platt(**calibration["platt"]),
        band=Band(**{name: tuple(value) for name, value in calibration["band"].items()}),
        baselines={
            name: Curve(np.array(curve["x"]), np.array(curve["y"])) for name, curve in raw.get("baselines", {}).items()
        },
        fitted=raw["fitted"],
    )


def packed(raw: Mapping[str, Any]) -> bytes:
    """The artifact's numbers as the file keeps them: the same bytes for the same content."""
    return gzip.compress(json.dumps(raw, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0)
