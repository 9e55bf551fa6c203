"""Passwords, tokens and the values of cookies: made, hashed and compared. What is kept can let no one in."""

import hashlib
import hmac
import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from records.errors import UsageError

SHORTEST, LONGEST = 12, 1_024
TOKEN_BEGINS = "rhyme_"
"""So that a token is recognised where it should not be."""

_AT_ONCE = threading.Semaphore(2)
"""A hash takes 64 MiB while it is made: more at once would let strangers fill the memory."""


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the parameters of RFC 9106 for little memory


def hash_password(password: str) -> str:
    """argon2id. Raises UsageError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"A password has {SHORTEST} to {LONGEST:,} characters; this one has {len(password):,}.")
    with _AT_ONCE:
        return _hasher().hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Whether it is the one; takes as long where there is none, so that no one learns which names there are."""
    if len(password) > LONGEST:
        return False
    with _AT_ONCE:
        try:
            _hasher().verify(kept or _nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


@cache
def _nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe(24))


def new_secret() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """As `new_secret`, and seen to be one of Rhyme's tokens."""
    return TOKEN_BEGINS + new_secret()


def digest(secret: str) -> str:
    """What is kept of a secret that nobody guesses: SHA-256 is enough for it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def form_token(session: str) -> str:
    """What a form of ours carries, made of the secret of the session: who has one cannot tell the other."""
    return hmac.new(session.encode(), b"form", hashlib.sha256).hexdigest()


def same(given: str, wanted: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())
