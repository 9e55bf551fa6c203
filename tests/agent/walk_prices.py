"""Prices of a random walk that every process draws alike: a ticker's return on a day depends on those two alone."""

import hashlib
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray


class WalkPrices:
    """Normal daily log returns of 1 %; nothing for tickers that begin with NONE."""

    def returns(self, ticker: str, sessions: Sequence[date]) -> NDArray[np.float64]:
        if ticker.startswith("NONE"):
            return np.full(len(sessions), np.nan)
        return np.array([0.01 * _normal(f"{ticker} {session}") for session in sessions])


def _normal(text: str) -> float:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return float(np.random.default_rng(seed).normal())
