"""POST /v1/embeddings: vectors of the words themselves, so that like texts have like vectors."""

import asyncio
import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evals.flow.desk import Desk, Usage
from evals.flow.http_server import Reply, Request, Route
from evals.flow.tokens import count_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072}


def embedding_routes(desk: Desk) -> Iterable[Route]:
    """The one route."""

    async def handler(request: Request, reply: Reply) -> None:
        try:
            body = request.json()
            given = body["input"]
        except (ValueError, KeyError, TypeError):
            await reply.error(400, "We could not parse the JSON body of your request.", kind="invalid_request_error")
            return
        texts = [given] if isinstance(given, str) else [str(one) for one in given]
        tokens = sum(map(count_tokens, texts))
        # a limit is one model's, and the one that is set is the language model's
        ticket = await desk.admit(request, reply, body, endpoint="embeddings", tokens=None)
        if ticket is None:
            return
        async with desk.turn():
            await asyncio.sleep(ticket.latency_seconds)
            desk.count(ticket.n, request, body, endpoint="embeddings", usage=Usage(tokens), fault=None)
            size = int(body.get("dimensions") or DIMENSIONS.get(str(body.get("model")), 1_536))
            coded = body.get("encoding_format") == "base64"
            data = [
                {"object": "embedding", "index": place, "embedding": _written(vector, coded=coded)}
                for place, vector in enumerate(vectors_of(texts, size))
            ]
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            told = {"object": "list", "model": body.get("model"), "data": data, "usage": usage}
            await reply.json(told, headers=desk.headers())

    yield Route("POST", "/v1/embeddings", handler)


def vectors_of(texts: Sequence[str], dimensions: int) -> "NDArray[np.float32]":
    """(texts, dimensions) unit rows: each word adds one to a place, or takes it off, by its hash."""
    import numpy as np  # here: the server starts faster without it

    rows = np.zeros((len(texts), dimensions), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().split() or [""]:
            hashed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
            row[hashed % dimensions] += 1.0 if hashed >> 63 else -1.0
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows[norms[:, 0] == 0, 0] = 1.0  # words that cancel one another out
    return (rows / np.where(norms == 0, 1.0, norms)).astype(np.float32)


def _written(vector: "NDArray[np.float32]", *, coded: bool) -> object:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode() if coded else vector.tolist()
