"""The base of every record that crosses a border."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Immutable, and closed: an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
