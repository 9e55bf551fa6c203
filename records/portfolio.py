"""What a person holds."""

from typing import Annotated

from pydantic import Field

from records.base import Record


class Position(Record):
    """One line of a portfolio."""

    ticker: Annotated[str, Field(min_length=1, description="US symbol")]
    weight: Annotated[
        float | None, Field(description="share of the portfolio, negative when short; None: the file does not say")
    ] = None
    quantity: Annotated[float | None, Field(description="shares, negative when short; None likewise")] = None
    name: str | None = None
