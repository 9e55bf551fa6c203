"""Keeps keys and passwords out of messages, logs and reprs."""

import re
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr

_KEY_SHAPE = re.compile(r"\b(sk-|Bearer\s+)[A-Za-z0-9_\-*.]{6,}")


def masked_url(url: str) -> str:
    """The address without user, password, query and fragment: fit for a message."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def masked_text(text: str, key: SecretStr | None) -> str:
    """`text` with the key itself and anything shaped like one replaced by `***`."""
    secret = key.get_secret_value() if key else ""
    if secret:
        text = text.replace(secret, "***")
    return _KEY_SHAPE.sub(lambda match: match.group(1) + "***", text)
