"""Which addresses are for whom."""

import re

from records.access import Role

BACK = "/sign-in/oidc/back"
"""Where the OpenID Connect provider sends people back to."""
OIDC_SECONDS = 600
"""How long they may be there."""
OPEN = re.compile(r"/(healthz|readyz|sign-in|sign-in/oidc|sign-in/oidc/back|static/.*)")
"""For everyone: what must work before anyone has signed in."""

OF_ONES_OWN = re.compile(r"/(sign-in|sign-out|ask(/.*)?|views(/.*)?|tokens(/.*)?|theme|api/v1/(ask(/.*)?|views(/.*)?))")
"""Changes that concern no one else, and questions: readers may too."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
ASKING = re.compile(r"/(ask(/stream)?|api/v1/ask(/.*)?)")
"""What asks the chat's model, and so has a limit of its own."""


def is_open(path: str) -> bool:
    """Whether no one has to sign in for it."""
    return OPEN.fullmatch(path) is not None


def needed_role(method: str, path: str) -> Role:
    """The least role that may."""
    return "read" if method in SAFE or OF_ONES_OWN.fullmatch(path) else "write"


def asks_the_model(method: str, path: str) -> bool:
    """Whether it is a question."""
    return method == "POST" and ASKING.fullmatch(path) is not None
