"""How far two labellers agree beyond chance, and whether a judge may be believed."""

from collections.abc import Hashable, Sequence

import numpy as np
from scipy.stats import norm  # type: ignore[import-untyped]

from records.base import Record

LEAST_LABELS = 50
"""Below this the interval of kappa is too wide to tell a good judge from a middling one."""
LEAST_KAPPA = 0.6
"""The lower end a judge has to reach: above it lies what Landis & Koch (1977) call substantial agreement."""


class Kappa(Record):
    """Cohen's kappa with its 95 % interval. None: not defined, because both labellers gave one and the same label only."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    agreed: float
    """Share of equal labels."""

    @property
    def validated(self) -> bool:
        """Enough labels, and agreement that is substantial even at the lower end."""
        return self.low is not None and self.n >= LEAST_LABELS and self.low >= LEAST_KAPPA


def kappa(one: Sequence[Hashable], other: Sequence[Hashable]) -> Kappa:
    """Cohen's kappa of two labellings of the same n items (1960, https://doi.org/10.1177/001316446002000104).

    The interval uses the large-sample error of Fleiss, Cohen & Everitt (1969, https://doi.org/10.1037/h0028106). Raises
    ValueError for unequal lengths or no items.
    """
    if len(one) != len(other) or not one:
        raise ValueError(f"{len(one)} and {len(other)} labels: one of each per item, at least one")
    labels = {label: place for place, label in enumerate(dict.fromkeys([*one, *other]))}
    table = np.zeros((len(labels), len(labels)))
    for left, right in zip(one, other, strict=True):
        table[labels[left], labels[right]] += 1
    table /= len(one)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    agreed, chance = float(np.trace(table)), float(rows @ columns)
    if chance >= 1:
        return Kappa(value=None, low=None, high=None, n=len(one), agreed=agreed)
    value = (agreed - chance) / (1 - chance)
    own = np.diag(table) * (1 - (rows + columns) * (1 - value)) ** 2
    crossed = table * (columns[:, None] + rows[None, :]) ** 2
    np.fill_diagonal(crossed, 0)
    variance = own.sum() + (1 - value) ** 2 * crossed.sum() - (value - chance * (1 - value)) ** 2
    half = float(norm.ppf(0.975)) * float(np.sqrt(max(0.0, variance) / len(one))) / (1 - chance)
    return Kappa(value=value, low=max(-1.0, value - half), high=min(1.0, value + half), n=len(one), agreed=agreed)


def judge_provenance(name: str, found: Kappa | None) -> str:
    """What a run says of its judge: the agreement it was validated with, or "unvalidated". `found`: against people's labels."""
    if found is None or found.value is None:
        return f"{name}, unvalidated"
    measured = f"kappa {found.value:.2f} ({found.low:.2f} to {found.high:.2f}) on {found.n}"
    return f"{name}, {measured}" if found.validated else f"{name}, unvalidated: {measured}"
