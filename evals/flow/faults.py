"""Which requests fail, and how: by chance, but the same chance at every run of one seed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong with one request."""

    RATE_LIMIT = "rate_limit"
    """429 with Retry-After though the limit is not reached. Not billed."""
    SERVER_ERROR = "server_error"
    """500, 502 or 503. Not billed."""
    HANG = "hang"
    """The answer begins and then nothing comes. Billed so far as it went."""
    CUT_STREAM = "cut_stream"
    """The connection ends in the middle of the answer. Billed so far as it went."""
    INVALID_JSON = "invalid_json"
    """The text breaks off and is no JSON. Billed."""
    WRONG_SCHEMA = "wrong_schema"
    """JSON, but not of the schema. Billed."""
    REFUSAL = "refusal"
    """The model declines. Billed."""
    SLOW_DRIP = "slow_drip"
    """A right answer in small pieces with pauses. Billed."""


UNBILLED = frozenset({Fault.RATE_LIMIT, Fault.SERVER_ERROR})


@dataclass(frozen=True)
class FaultPlan:
    """Faults by number of request."""

    share: float = 0.0
    """Of all requests, 0 to 1."""
    kinds: tuple[Fault, ...] = tuple(Fault)
    """All equally likely."""
    seed: int = 0

    def of(self, n: int) -> Fault | None:
        """The fault of request `n`; None: it is answered as it should be."""
        if not self.kinds or self.draw(n, "whether") >= self.share:
            return None
        return self.kinds[int(self.draw(n, "kind") * len(self.kinds))]

    def draw(self, n: int, what: str) -> float:
        """Uniform in [0, 1), by seed, number and purpose."""
        digest = hashlib.blake2b(f"{self.seed} {n} {what}".encode(), digest_size=7).digest()
        return float(int.from_bytes(digest, "big") / (1 << 56))


def parse_kinds(text: str | None) -> tuple[Fault, ...]:
    """Kinds named with commas between them; None or nothing: all. Raises ValueError."""
    return tuple(Fault(name.strip()) for name in text.split(",")) if text else tuple(Fault)


def shown_kinds(kinds: Sequence[Fault]) -> str:
    """The inverse of `parse_kinds`."""
    return ",".join(kind.value for kind in kinds)
