"""The prior of an index: how far it moved after past events of a type, in units of its own volatility."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from records.errors import SettingsError
from records.taxonomy import EventType

NAME = "prior_v1"


@dataclass(frozen=True)
class IndexPrior:
    """Log scales by event type (`python -m evals.starter.prior`)."""

    version: str
    global_log_s: float
    log_s: Mapping[EventType, float]
    counts: Mapping[EventType, int]

    def log_scale(self, event_type: EventType) -> float:
        """log s0 of the type; the overall one for a type without history."""
        return self.log_s.get(event_type, self.global_log_s)

    def count(self, event_type: EventType) -> int:
        """Past events of the type behind it."""
        return self.counts.get(event_type, 0)


@lru_cache(maxsize=2)
def load_index_prior(name: str = NAME) -> IndexPrior:
    """The shipped prior. Raises SettingsError if its file is missing or damaged."""
    try:
        raw = json.loads((resources.files("agent") / "data" / f"{name}.json").read_text(encoding="utf-8"))
        types = {EventType(key): value for key, value in raw["event_types"].items()}
        return IndexPrior(
            version=raw["version"],
            global_log_s=float(raw["global_log_s"]),
            log_s={key: float(value["log_s"]) for key, value in types.items()},
            counts={key: int(value["n"]) for key, value in types.items()},
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        message = f"The score's prior {name!r} is damaged ({error!r}). Restore agent/data from the project."
        raise SettingsError(message) from error
