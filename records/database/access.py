"""Users, their sessions and tokens, and the log of what was done. Secrets come here as digests only."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from records.access import ApiToken, AuditEntry, Role, User, Visitor
from records.database.web_tables import api_tokens, audit_log, sessions, users
from records.errors import NotFound, UsageError
from records.times import from_epoch, to_epoch

Transaction = Callable[[], AbstractContextManager[Connection]]
USED_EVERY = timedelta(minutes=1)
"""How exactly the last use of a token is kept: not a write a request."""


class Access:
    """A part of the database (`Database.access`); raises StoreError subclasses besides what is said."""

    def __init__(self, reading: Transaction, writing: Transaction) -> None:
        self._reading = reading
        self._writing = writing

    # users

    def has_users(self) -> bool:
        """Whether anyone has to sign in."""
        with self._reading() as connection:
            return connection.execute(select(users.c.name).limit(1)).first() is not None

    def users(self) -> list[User]:
        """By name."""
        with self._reading() as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def user(self, name: str) -> User:
        """Raises NotFound."""
        with self._reading() as connection:
            row = connection.execute(select(users).where(users.c.name == name)).first()
        if row is None:
            raise NotFound(f"There is no user {name!r}. `rhyme users list` shows them.")
        return _user(row)

    def add_user(self, user: User, password: str | None) -> None:
        """`password`: its hash. Raises UsageError when the name or subject is taken."""
        taken = users.c.name == user.name
        if user.subject is not None:
            taken |= users.c.subject == user.subject
        with self._writing() as connection:
            if connection.execute(select(users.c.name).where(taken)).first():
                raise UsageError(
                    f"There is a user {user.name!r} already. Choose another name, or remove that one first."
                )
            values = {"name": user.name, "role": user.role, "subject": user.subject, "password": password}
            connection.execute(insert(users).values(created_at=to_epoch(user.created_at), **values))

    def change_user(self, name: str, *, role: Role | None = None, password: str | None = None) -> User:
        """A new role or a new hash of a password, which ends the sessions. Raises NotFound."""
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role
        if password is not None:
            values["password"] = password
        with self._writing() as connection:
            if values:
                connection.execute(update(users).where(users.c.name == name).values(**values))
            if password is not None:
                connection.execute(delete(sessions).where(sessions.c.user_name == name))
        return self.user(name)

    def remove_user(self, name: str) -> User:
        """With the sessions and tokens; what the user did stays in the log. Raises NotFound."""
        user = self.user(name)
        with self._writing() as connection:
            connection.execute(delete(users).where(users.c.name == name))
        return user

    def password_of(self, name: str) -> str | None:
        """The hash; None: no such user, or one without a password."""
        with self._reading() as connection:
            return connection.execute(select(users.c.password).where(users.c.name == name)).scalar()

    def user_of(self, subject: str) -> User | None:
        """Who signs in elsewhere as this subject; None: no one yet."""
        with self._reading() as connection:
            row = connection.execute(select(users).where(users.c.subject == subject)).first()
        return None if row is None else _user(row)

    # sessions

    def begin_session(self, digest: str, user: str, at: datetime, expires_at: datetime) -> None:
        """Forgets those that have expired too."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= to_epoch(at)))
            times = {"created_at": to_epoch(at), "expires_at": to_epoch(expires_at)}
            connection.execute(insert(sessions).values(digest=digest, user_name=user, **times))

    def of_session(self, digest: str, at: datetime) -> Visitor | None:
        """Whose session it is; None: there is none, or it has expired."""
        query = (
            select(users.c.name, users.c.role)
            .join(sessions, sessions.c.user_name == users.c.name)
            .where(sessions.c.digest == digest, sessions.c.expires_at > to_epoch(at))
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else Visitor(name=row.name, role=row.role)

    def end_session(self, digest: str) -> None:
        """Safe to call twice."""
        with self._writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest))

    # tokens

    def add_token(self, token: ApiToken, digest: str) -> None:
        """Raises NotFound for a user there is not, UsageError for a role above the user's."""
        user = self.user(token.user)
        if token.role == "write" and user.role != "write":
            raise UsageError(f"{user.name} may only read, so a token of that user may only read too.")
        with self._writing() as connection:
            values = token.model_dump(include={"id", "name", "role"})
            expires_at = None if token.expires_at is None else to_epoch(token.expires_at)
            times = {"created_at": to_epoch(token.created_at), "expires_at": expires_at}
            connection.execute(insert(api_tokens).values(digest=digest, user_name=token.user, **values, **times))

    def of_token(self, digest: str, at: datetime) -> Visitor | None:
        """Whose token it is, with the lesser of the two roles; None: none, expired or revoked."""
        moment, token = to_epoch(at), api_tokens.c
        query = (
            select(token.id, token.role, token.used_at, users.c.name, users.c.role.label("most"))
            .join(users, users.c.name == token.user_name)
            .where(token.digest == digest, token.revoked_at.is_(None))
            .where(token.expires_at.is_(None) | (token.expires_at > moment))
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.used_at is None or row.used_at <= to_epoch(at - USED_EVERY):
            with self._writing() as connection:
                connection.execute(update(api_tokens).where(token.id == row.id).values(used_at=moment))
        role: Role = "write" if row.role == row.most == "write" else "read"
        return Visitor(name=row.name, role=role, token_id=row.id)

    def tokens(self, user: str | None = None) -> list[ApiToken]:
        """Newest first; of one user or of all."""
        query = select(api_tokens).order_by(api_tokens.c.created_at.desc(), api_tokens.c.id)
        if user is not None:
            query = query.where(api_tokens.c.user_name == user)
        with self._reading() as connection:
            return [_token(row) for row in connection.execute(query)]

    def revoke_token(self, token_id: str, at: datetime, *, user: str | None = None) -> ApiToken:
        """For good; `user`: only if it is theirs. Raises NotFound."""
        theirs = api_tokens.c.id == token_id
        if user is not None:
            theirs &= api_tokens.c.user_name == user
        with self._writing() as connection:
            revoked = func.coalesce(api_tokens.c.revoked_at, to_epoch(at))
            connection.execute(update(api_tokens).where(theirs).values(revoked_at=revoked))
            row = connection.execute(select(api_tokens).where(theirs)).first()
        if row is None:
            raise NotFound(f"There is no token {token_id!r}. `rhyme users token list` shows them.")
        return _token(row)

    # what was done

    def note(self, entry: AuditEntry) -> None:
        """Appends it."""
        values = entry.model_dump(exclude={"number", "at"})
        with self._writing() as connection:
            connection.execute(insert(audit_log).values(at=to_epoch(entry.at), **values))

    def audit(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        """Newest first; `before`: only those with a smaller number."""
        query = select(audit_log).order_by(audit_log.c.number.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.number < before)
        with self._reading() as connection:
            return [AuditEntry(**{**row._mapping, "at": from_epoch(row.at)}) for row in connection.execute(query)]


def _user(row: Any) -> User:
    return User(
        name=row.name,
        role=row.role,
        created_at=from_epoch(row.created_at),
        has_password=row.password is not None,
        subject=row.subject,
    )


def _token(row: Any) -> ApiToken:
    def moment(value: int | None) -> datetime | None:
        return None if value is None else from_epoch(value)

    return ApiToken(
        id=row.id,
        user=row.user_name,
        name=row.name,
        role=row.role,
        created_at=from_epoch(row.created_at),
        expires_at=moment(row.expires_at),
        used_at=moment(row.used_at),
        revoked_at=moment(row.revoked_at),
    )
