"""Kept answers by content: the exact request, who is asked and nothing that changes by itself, such as a date or a run."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from models.gate import Errand
from models.interface import ToolCall
from models.wire import Completion, Usage

_VOLATILE = ("stream_options",)
"""Parts of a request that change nothing in its answer."""
_FORM = 1
"""Of the digest and of what is kept under it: raised when either changes."""


def plain_request(errand: Errand) -> dict[str, Any]:
    """The request without what changes nothing in its answer."""
    return {name: value for name, value in errand.request.items() if name not in _VOLATILE}


def request_digest(errand: Errand) -> str:
    """64 hex digits of provider, who answers, model and the request as canonical JSON."""
    whole = [_FORM, errand.provider, errand.identity, errand.model, plain_request(errand)]
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def to_payload(done: Completion) -> str:
    """A completion as it is kept."""
    return json.dumps(asdict(done), ensure_ascii=False, separators=(",", ":"))


def from_payload(payload: str) -> Completion:
    """The inverse of `to_payload`. Raises ValueError, KeyError or TypeError for anything else."""
    data = json.loads(payload)
    usage = Usage(**data.pop("usage")) if data.get("usage") else data.pop("usage", None)
    first_token = tuple((str(token), float(logprob)) for token, logprob in data.pop("first_token"))
    tool_calls = tuple(ToolCall(**one) for one in data.pop("tool_calls", ()))
    return Completion(**data, usage=usage, first_token=first_token, tool_calls=tool_calls)
