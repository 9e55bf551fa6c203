"""`rhyme users …`: who may sign in to the web terminal, and their tokens."""

import argparse
import getpass
import sys
from collections.abc import Callable

from records.access import ApiToken, User
from records.errors import UsageError
from records.times import utc_now
from terminal.assembly import Assembly
from terminal.output import as_json
from terminal.plain import plain
from terminal.settings import load_settings


def run(options: argparse.Namespace) -> int:
    """Dispatches. Raises UsageError, NotFound, SettingsError, StoreError."""
    settings = load_settings({"home": options.home}).settings
    with Assembly(settings) as parts:
        return _ACTIONS[options.action](parts, options)


def _add(parts: Assembly, options: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from terminal.web.access.proofs import hash_password

    try:
        user = User(name=options.name.lower(), role=options.role, created_at=utc_now(), has_password=True)
    except ValidationError:
        raise UsageError(
            f"{options.name!r} cannot be a user's name: use letters, digits and . _ @ + -, at most 128."
        ) from None
    parts.database.access.add_user(user, hash_password(_password(user.name)))
    print(plain(f"Added {user.name}, who may {_may(user.role)}."))
    return 0


def _password(name: str) -> str:
    """Typed twice on a terminal, else the first line of standard input. Raises UsageError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(f"Password for {name}: ")
    if first != getpass.getpass("Again: "):
        raise UsageError("The two passwords are not the same, so nothing was changed. Try again.")
    return first


def _list(parts: Assembly, options: argparse.Namespace) -> int:
    users = parts.database.access.users()
    if options.json:
        print(as_json([user.model_dump(mode="json") for user in users]))
        return 0
    for user in users:
        how = "password" if user.has_password else "OpenID Connect" if user.subject else "tokens only"
        print(_line(user.name, user.role, how, f"since {user.created_at:%Y-%m-%d}"))
    if not users:
        print("There are no users: `rhyme serve` is open to whoever uses this machine, and to no other.")
    return 0


def _role(parts: Assembly, options: argparse.Namespace) -> int:
    user = parts.database.access.change_user(options.name.lower(), role=options.role)
    print(plain(f"{user.name} may {_may(user.role)} now."))
    return 0


def _set_password(parts: Assembly, options: argparse.Namespace) -> int:
    from terminal.web.access.proofs import hash_password

    name = parts.database.access.user(options.name.lower()).name
    parts.database.access.change_user(name, password=hash_password(_password(name)))
    print(plain(f"{name} has a new password and is signed out everywhere; tokens stay."))
    return 0


def _remove(parts: Assembly, options: argparse.Namespace) -> int:
    user = parts.database.access.remove_user(options.name.lower())
    print(plain(f"Removed {user.name}, with sessions and tokens; the log keeps what was done."))
    return 0


def _token_add(parts: Assembly, options: argparse.Namespace) -> int:
    from terminal.web.access.sign_in import new_token
    from terminal.web.site import Site

    with Site(parts) as site:
        token, secret = new_token(site, options.user.lower(), options.name, options.role, options.days)
    print(f"Token {token.id}, shown this once:", file=sys.stderr)
    print(secret)
    return 0


def _token_list(parts: Assembly, options: argparse.Namespace) -> int:
    tokens = parts.database.access.tokens()
    if options.json:
        print(as_json([token.model_dump(mode="json") for token in tokens]))
        return 0
    for token in tokens:
        print(_line(token.id, token.user, token.role, token.name, _state(token)))
    if not tokens:
        print("There are no tokens. Make one with `rhyme users token add NAME`.")
    return 0


def _token_revoke(parts: Assembly, options: argparse.Namespace) -> int:
    token = parts.database.access.revoke_token(options.id, utc_now())
    print(plain(f"Revoked {token.id} ({token.name} of {token.user})."))
    return 0


def _log(parts: Assembly, options: argparse.Namespace) -> int:
    entries = parts.database.access.audit(options.limit)
    if options.json:
        print(as_json([entry.model_dump(mode="json") for entry in entries]))
        return 0
    for entry in entries:
        at, where = f"{entry.at:%Y-%m-%d %H:%M:%S}", entry.address or "–"
        print(
            plain(f"{at}  {entry.outcome:7}  {entry.visitor}  {where}  {entry.action}  {entry.object or ''}".rstrip())
        )
    return 0


def _line(*columns: str) -> str:
    return "  ".join(plain(one) for one in columns).rstrip()


def _may(role: str) -> str:
    return "read and change" if role == "write" else "read"


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return f"revoked {token.revoked_at:%Y-%m-%d}"
    if token.expires_at is not None and token.expires_at <= utc_now():
        return f"expired {token.expires_at:%Y-%m-%d}"
    used = f"used {token.used_at:%Y-%m-%d}" if token.used_at else "not used yet"
    return f"{used}, until {token.expires_at:%Y-%m-%d}" if token.expires_at else f"{used}, until revoked"


_ACTIONS: dict[str, Callable[[Assembly, argparse.Namespace], int]] = {
    "add": _add,
    "list": _list,
    "role": _role,
    "password": _set_password,
    "remove": _remove,
    "token-add": _token_add,
    "token-list": _token_list,
    "token-revoke": _token_revoke,
    "log": _log,
}
