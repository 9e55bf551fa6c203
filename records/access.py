"""Who may do what at the web terminal."""

from typing import Annotated, Literal

from pydantic import Field

from records.base import Record

Role = Literal["read", "write"]
"""`read`: see everything, ask questions, keep views of one's own. `write`: also change what all share."""


class Visitor(Record):
    """Who a request is from."""

    name: Annotated[str, Field(min_length=1, max_length=128, description="`local` where no one has to sign in")]
    role: Role
    token_id: Annotated[str | None, Field(description="of the API token that was given; None: none was")] = None


LOCAL = Visitor(name="local", role="write")
"""Whoever uses this machine, where there are no users."""
