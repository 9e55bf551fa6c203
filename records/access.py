"""Who may do what at the web terminal, and what was done."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from records.base import Record
from records.times import UtcDatetime

Role = Literal["read", "write"]
"""`read`: see everything, ask questions, keep views of one's own. `write`: also change what all share."""

Name = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,127}$", description="in small letters; may be an e-mail")
]


class Visitor(Record):
    """Who a request is from."""

    name: Annotated[str, Field(min_length=1, max_length=128, description="`local` where no one has to sign in")]
    role: Role
    token_id: Annotated[str | None, Field(description="of the API token that was given; None: none was")] = None


LOCAL = Visitor(name="local", role="write")
"""Whoever uses this machine, where there are no users."""


class User(Record):
    """Someone who may sign in."""

    name: Name
    role: Role
    created_at: UtcDatetime
    has_password: Annotated[bool, Field(description="false: signs in elsewhere (OIDC) or with tokens only")]
    subject: Annotated[str | None, Field(description="issuer and subject of OIDC; None: never signed in that way")] = (
        None
    )


class ApiToken(Record):
    """What a program signs its requests with, without the secret itself."""

    id: str
    user: str
    name: Annotated[str, Field(min_length=1, max_length=64, description="what it is for")]
    role: Annotated[Role, Field(description="never more than its user's")]
    created_at: UtcDatetime
    expires_at: Annotated[UtcDatetime | None, Field(description="None: never")] = None
    used_at: Annotated[UtcDatetime | None, Field(description="last use, to the minute; None: not yet")] = None
    revoked_at: UtcDatetime | None = None


Outcome = Literal["done", "refused", "failed"]


class AuditEntry(Record):
    """One thing that someone did or tried."""

    number: Annotated[int, Field(ge=0, description="in the order they were noted; 0: not noted yet")] = 0
    at: UtcDatetime
    visitor: Annotated[str, Field(max_length=128)]
    action: Annotated[str, Field(max_length=64, description="`sign_in`, or method and path of a request")]
    outcome: Outcome
    object: Annotated[str | None, Field(description="what it was done to")] = None
    address: Annotated[str | None, Field(description="of the machine it came from")] = None


class SavedView(Record):
    """A list of news with its filters under a name, of one visitor."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    query: Annotated[Mapping[str, str], Field(description="filters as they stand in the address of the list")]
    created_at: UtcDatetime
