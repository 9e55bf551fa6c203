"""From the score that a scale lets expect to the scale, and back."""

import numpy as np
from numpy.typing import NDArray

from markets.reference import Reference


class Scales:
    """E[y] ↔ log s, both ways, by a fine table of the reference distribution."""

    def __init__(self, ref: Reference) -> None:
        self._log_s = np.linspace(-3.0, 3.0, 1_201)  # E[y] from .05 to .97 in steps below .001
        self._expected = np.array([ref.expected_y(float(np.exp(each))) for each in self._log_s])

    def expected(self, log_s: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """E[y] at each log s."""
        return np.asarray(np.interp(log_s, self._log_s, self._expected), dtype=np.float64)

    def log_scale(self, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """log s at which E[y] is what is given."""
        return np.asarray(np.interp(expected, self._expected, self._log_s), dtype=np.float64)
