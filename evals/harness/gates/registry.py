"""The gates, read from `gates.toml`."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from evals.harness.run import Layer, Run
from records.base import Record
from records.errors import SettingsError

REGISTRY = Path(__file__).parent / "gates.toml"


class Gate(Record):
    """One thing asked of one metric."""

    suite: str
    metric: str
    direction: Literal["at_least", "at_most"]
    threshold: float
    noise: Annotated[float, Field(ge=0, description="how far beyond the threshold, or below the base, is still chance")]
    kind: Annotated[Literal["hard", "soft"], Field(description="hard: a failure blocks; soft: it is shown")]
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, description="where it is asked")]
    split: Annotated[str | None, Field(description="only runs of this split; None: of any")] = None
    profile: Annotated[
        Literal["capable", "embedded"] | None, Field(description="only runs of such a model; None: of any, or of none")
    ] = None
    score: Annotated[
        str | None, Field(description="the score of a case that a comparison tests for it; None: named as the metric")
    ] = None
    least_n: Annotated[int, Field(ge=1, description="cases below which a figure says nothing")] = 1
    why: Annotated[
        str, Field(min_length=20, description="what breaks when it does not hold, and where the figure is from")
    ]

    @property
    def id(self) -> str:
        """Unique in a registry."""
        return ".".join(filter(None, (self.suite, self.metric, self.split, self.profile)))

    def asks(self, run: Run) -> bool:
        """Whether the run is one that the gate is about."""
        of_profile = self.profile in (None, run.provenance.profile)
        return self.suite == run.suite and run.layer in self.layers and self.split in (None, run.split) and of_profile

    @property
    def limit(self) -> float:
        """The worst value that is let in."""
        return self.threshold - self.noise if self.direction == "at_least" else self.threshold + self.noise

    def holds(self, value: float) -> bool:
        """Whether a finite value is let in; a rounding error past the limit is."""
        room = value - self.limit if self.direction == "at_least" else self.limit - value
        return room >= -1e-12


class DataSet(Record):
    """What a split is known to be: another number or digest is other data."""

    suite: str
    layer: Layer
    split: str
    n: Annotated[int, Field(ge=1)]
    digest: str


class Registry(Record):
    """All gates, in the order of the file."""

    gates: tuple[Gate, ...]
    data: tuple[DataSet, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for names in (
            [gate.id for gate in self.gates],
            [f"{each.suite}/{each.layer}/{each.split}" for each in self.data],
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"given twice: {', '.join(twice)}")
        return self

    def known(self, suite: str, layer: Layer, split: str) -> DataSet | None:
        """The data of a split, if they are pinned."""
        wanted = (suite, layer, split)
        return next((each for each in self.data if (each.suite, each.layer, each.split) == wanted), None)

    def family(self, suite: str) -> tuple[str, ...]:
        """The scores of a suite's cases that a comparison is declared to test."""
        return tuple(dict.fromkeys(gate.score or gate.metric for gate in self.gates if gate.suite == suite))


def load_registry(path: Path = REGISTRY) -> Registry:
    """Reads a registry. Raises SettingsError for a file that cannot be read or does not say what it should."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Registry.model_validate({"gates": raw.pop("gate", []), **raw})
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingsError(
            f"The gates in {path} cannot be used ({error}). Set the file right or restore it."
        ) from error
