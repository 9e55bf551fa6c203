"""What a call cost, from a dated price table. An unknown price gives None, never 0."""

import re
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from models.wire import Usage
from records.base import Record
from records.errors import SettingsError

_PER_MILLION = 1_000_000
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")
"""The suffix of a snapshot: gpt-4o-2024-11-20 has the price of gpt-4o unless it is listed itself."""

Price = Annotated[float, Field(ge=0)]


class ModelPrice(Record):
    """Prices of one model in US dollars per million tokens."""

    model: Annotated[str, Field(min_length=1, description="name without the date of its snapshots")]
    input: Price
    cached_input: Annotated[Price | None, Field(description="input read from the provider's cache; None if not known")]
    cache_write: Annotated[Price | None, Field(description="input written to the cache; None if not known")]
    output: Annotated[Price, Field(description="reasoning tokens included")]
    up_to_input_tokens: Annotated[
        int, Field(gt=0, description="longer prompts cost more; never above the model's window")
    ]

    def times(self, factor: float) -> "ModelPrice":
        """Every price that is known, multiplied."""
        names = ("input", "cached_input", "cache_write", "output")
        known = {name: value for name in names if (value := getattr(self, name)) is not None}
        return self.model_copy(update={name: value * factor for name, value in known.items()})

    def cost_usd(self, usage: Usage) -> float | None:
        """US dollars for `usage`; None where it needs a price that is not known."""
        if usage.input_tokens > self.up_to_input_tokens:
            return None
        fresh = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
        parts = (
            (max(0, fresh), self.input),
            (usage.cached_tokens, self.cached_input),
            (usage.cache_write_tokens, self.cache_write),
            (usage.output_tokens, self.output),
        )
        total = 0.0
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or 0.0)
        return total / _PER_MILLION


class BatchPrice(Record):
    """What a request costs that goes in a batch."""

    factor: Annotated[float, Field(gt=0, le=1, description="of each standard price")]
    checked_on: date
    source: str
    note: str = ""


class PriceTable(Record):
    """Prices as they stood on one day."""

    checked_on: date
    source: str
    note: str = ""
    batch: BatchPrice | None = None
    """None: what a request in a batch costs is not known."""
    models: tuple[ModelPrice, ...]

    def for_batches(self) -> "PriceTable | None":
        """The same table at the prices of a batch; None if they are not known."""
        if self.batch is None:
            return None
        factor = self.batch.factor
        return self.model_copy(update={"models": tuple(one.times(factor) for one in self.models)})

    def find(self, model: str) -> ModelPrice | None:
        """The entry for `model` or, for a dated snapshot, for the model it is one of; None if there is none."""
        by_name = {price.model: price for price in self.models}
        return by_name.get(model) or by_name.get(_DATED.sub("", model))


def load_prices(path: Path | None = None) -> PriceTable:
    """The table at `path`, or the shipped one. Raises SettingsError for a file that cannot be read or is no price
    table."""
    try:
        text = path.read_text("utf-8") if path else (resources.files("models") / "data/prices.json").read_text("utf-8")
        return PriceTable.model_validate_json(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The price table {path} cannot be read ({error}). Correct its path or remove the setting."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SettingsError(
            f"{path} is no price table: {where}: {first['msg']}. It needs checked_on, source and models with model, "
            "input, cached_input, cache_write, output and up_to_input_tokens, as models/data/prices.json has."
        ) from error
