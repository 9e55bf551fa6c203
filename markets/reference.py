"""The reference distribution F_ref of |z| on ordinary stock-days, and the scale family |z| ~ s·|ε_ref| built on it.

F_ref is data, frozen under a version: `markets/data/reference_v1.json` holds quantiles of |z| (as markets/reaction.py measures it)
over every stock-day of a universe and period that the file states. Above its last quantile the tail follows a power law,
P(|z| > x) = p_last·(q_last/x)^α, with the Hill estimate α of the file. s = 1 is an ordinary day, s = 2 a day twice as wild.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from records.base import Record
from records.errors import SettingsError

DEFAULT_VERSION = "reference_v1"
HILL_SHARE = 0.002
"""The tail exponent is fitted on the largest 0.2 % of |z|."""


class ReferenceTable(Record):
    """F_ref as it is stored."""

    version: str
    universe: str = Field(description="whose stock-days")
    period: str = Field(description="first and last session")
    n: int = Field(gt=0, description="stock-days")
    probabilities: tuple[float, ...] = Field(description="ascending, from 0")
    quantiles: tuple[float, ...] = Field(description="|z| at each probability, ascending, from 0")
    tail_exponent: float = Field(gt=1, description="Hill estimate of the power-law tail above the last quantile")
    mean_abs_z: float = Field(gt=0, description="E|ε_ref|: turns a mean |z| into a scale")


class Reference:
    """F_ref with the forecast functions of the scale family. All are deterministic and take well under a millisecond."""

    def __init__(self, table: ReferenceTable) -> None:
        self.table = table
        self._p: NDArray[np.float64] = np.array(table.probabilities)
        self._q: NDArray[np.float64] = np.array(table.quantiles)
        if (
            len(self._p) != len(self._q)
            or (np.diff(self._p) <= 0).any()
            or (np.diff(self._q) <= 0).any()
            or self._q[0] != 0
        ):
            raise SettingsError(
                f"The reference distribution {table.version} is damaged: its probabilities and quantiles must have one length "
                "and rise strictly from 0. Restore the file from the project."
            )
        middles = (self._p[1:] + self._p[:-1]) / 2
        self._tail_mass = 1 - self._p[-1]
        self._weights: NDArray[np.float64] = np.append(np.diff(self._p), self._tail_mass)
        self._middles: NDArray[np.float64] = np.append(self.quantile(middles), self.quantile(1 - self._tail_mass / 2))

    @property
    def version(self) -> str:
        """Stored with every forecast: scores of two versions are not comparable."""
        return self.table.version

    @property
    def mean_abs_z(self) -> float:
        """E|ε_ref|."""
        return self.table.mean_abs_z

    def cdf(self, abs_z: ArrayLike) -> NDArray[np.float64]:
        """F_ref at |z| ≥ 0, elementwise, in [0, 1); NaN for NaN. The realised impact y of a reaction is cdf(|z|)."""
        x = np.asarray(abs_z, dtype=np.float64)
        if (x < 0).any():
            raise ValueError(f"cdf takes |z|, which is never negative; the smallest value is {x.min()}")
        inside = np.interp(x, self._q, self._p)
        tail = 1 - self._tail_mass * (self._q[-1] / np.maximum(x, self._q[-1])) ** self.table.tail_exponent
        return np.where(np.isnan(x), np.nan, np.where(x > self._q[-1], tail, inside))

    def quantile(self, probability: ArrayLike) -> NDArray[np.float64]:
        """|z| below which a share `probability` in [0, 1) of ordinary stock-days lies, elementwise."""
        p = np.asarray(probability, dtype=np.float64)
        if ((p < 0) | (p >= 1)).any():
            raise ValueError(f"a probability of the reference distribution lies in [0, 1), not {p}")
        inside = np.interp(p, self._p, self._q)
        tail = self._q[-1] * (self._tail_mass / np.minimum(1 - p, self._tail_mass)) ** (1 / self.table.tail_exponent)
        return np.where(p > self._p[-1], tail, inside)

    def expected_y(self, s: float) -> float:
        """The score: E[F_ref(s·|ε_ref|)], in (0, 1); .50 for s = 1."""
        return float(self._weights @ self.cdf(_scale(s) * self._middles))

    def p_beyond(self, s: float, threshold: float = 2.0) -> float:
        """P(s·|ε_ref| > threshold): for the default threshold, the chance of a material move."""
        return 1 - float(self.cdf(threshold / _scale(s)))

    def z_interval(self, s: float, level: float = 0.8) -> tuple[float, float]:
        """The central interval of |z| that holds with probability `level`."""
        low, high = _scale(s) * self.quantile(_edges(level))
        return float(low), float(high)

    def interval(self, s: float, level: float = 0.8) -> tuple[float, float]:
        """The same interval in units of y = F_ref(|z|)."""
        low, high = self.cdf(np.array(self.z_interval(s, level)))
        return float(low), float(high)


def table_of(abs_z: NDArray[np.float64], *, version: str, universe: str, period: str) -> ReferenceTable:
    """Quantiles of a sample of |z| (n,), without NaN: evenly spaced to .98, then finer and finer to .9999."""
    ordered = np.sort(abs_z)
    body = np.linspace(0.0, 0.98, 295)
    tail = 1 - np.geomspace(0.02, 0.0001, 106)[1:]
    probabilities = np.concatenate([body, tail])
    quantiles = np.quantile(ordered, probabilities)
    quantiles[0] = 0.0
    largest = ordered[-max(2, round(HILL_SHARE * len(ordered))) :]
    exponent = 1 / float(np.mean(np.log(largest[1:] / largest[0])))
    return ReferenceTable(
        version=version,
        universe=universe,
        period=period,
        n=len(abs_z),
        probabilities=tuple(round(float(value), 7) for value in probabilities),
        quantiles=tuple(round(float(value), 5) for value in quantiles),
        tail_exponent=round(exponent, 4),
        mean_abs_z=round(float(abs_z.mean()), 5),
    )


@lru_cache(maxsize=4)
def reference(version: str = DEFAULT_VERSION) -> Reference:
    """The shipped distribution of that version. Raises SettingsError for a version the project does not ship."""
    file = resources.files("markets") / "data" / f"{version}.json"
    if not file.is_file():
        raise SettingsError(f"There is no reference distribution {version!r}. Use {', '.join(versions())}.")
    return Reference(ReferenceTable.model_validate(json.loads(file.read_text(encoding="utf-8"))))


def versions() -> Iterable[str]:
    """Names of the shipped distributions, sorted."""
    folder = resources.files("markets") / "data"
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.startswith("reference_"))


def _scale(s: float) -> float:
    if not (np.isfinite(s) and s > 0):
        raise ValueError(f"a scale is a positive number, not {s}")
    return s


def _edges(level: float) -> NDArray[np.float64]:
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies strictly between 0 and 1, not {level}")
    return np.array([(1 - level) / 2, (1 + level) / 2])
