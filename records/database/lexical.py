"""Full-text search over event summaries, as of a time: FTS5 on SQLite, tsvector on PostgreSQL.

Ranks by BM25's term weight (Robertson and Zaragoza 2009, eq. 3.3) with every count taken over the events knowable at
`as_of` alone: the engines' own bm25() and ts_rank count all rows, so that an event added later would change yesterday's
ranking. Term frequency and length are left out: a summary is one sentence, where nearly every word occurs once.
"""

import heapq
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection, text

MAX_TERMS = 40
"""Terms of a query that are looked up, in order of appearance: news says what matters first."""

COMMON_SHARE, COMMON_FLOOR = 20, 1_000
"""A term in over 1/20 of the events, and in over 1,000, weighs under 3 nats and costs the most: skipped."""

STEM_SIGN = 3
"""Words that begin alike and are found in the same events are one word to the stemmer ("sign", "signed"): counted once."""

# English function words, and the words of any business headline.
_STOP_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can co companies company corp could did do does doing down during each few first for from further
    group had has have having he her here hers him his how i if in inc into is it its itself just last ltd me more
    most my new no nor not now of off on once only or other our out over own per percent plc said same say says she
    should since so some such than that the their theirs them then there these they this those through to too under
    until up upon very via was we were what when where which while who whom why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_WORD = re.compile(r"[^\W_]+")

_SQLITE = text(
    "SELECT e.id, e.published_at FROM event_texts JOIN events e ON e.number = event_texts.rowid"
    " WHERE event_texts MATCH :term AND e.reaction_known_at <= :as_of LIMIT :most"
)
_POSTGRES = text(
    "SELECT e.id, e.published_at FROM event_texts t JOIN events e ON e.number = t.event_number"
    " WHERE t.document @@ plainto_tsquery('english', :term) AND e.reaction_known_at <= :as_of LIMIT :most"
)


@dataclass(frozen=True)
class LexicalHit:
    """One event that shares words with the query."""

    event_id: str
    score: float
    """Sum of the weights of the shared terms, nats."""
    terms: tuple[str, ...]
    """The shared terms as the query writes them, weightiest first."""


@dataclass(frozen=True)
class LexicalResult:
    """The best hits, and what is known of every event that shares a term."""

    hits: tuple[LexicalHit, ...]
    """Best first; equal scores: the newer event first, then by id."""
    weights: Mapping[str, float]
    """Inverse document frequency of each query term that was found, nats."""
    terms_by_event: Mapping[str, Sequence[str]]
    """For every matching event, not only the hits: its shared terms, weightiest first."""


NOTHING_SHARED = LexicalResult((), MappingProxyType({}), MappingProxyType({}))


def terms_of(query: str) -> tuple[str, ...]:
    """The distinct words of a text that can tell events apart, lower case, in order: no stop words, single letters or
    bare numbers. Every character that means something to a query language is gone."""
    words = _WORD.findall(unicodedata.normalize("NFKC", query).casefold())
    informative = (word for word in words if len(word) > 1 and word not in STOP_WORDS and not word.isnumeric())
    return tuple(dict.fromkeys(informative))


def search(connection: Connection, query: str, as_of: int, visible: int, limit: int) -> LexicalResult:
    """`visible`: how many events have a reaction known at `as_of` (epoch microseconds)."""
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    common = max(COMMON_FLOOR, visible // COMMON_SHARE)
    found: dict[tuple[str, frozenset[str]], str] = {}
    published: dict[str, int] = {}
    for term in terms_of(query)[:MAX_TERMS]:
        quoted = f'"{term}"' if connection.dialect.name == "sqlite" else term
        rows = connection.execute(statement, {"term": quoted, "as_of": as_of, "most": common + 1}).all()
        if rows and len(rows) <= common:
            published.update((event_id, published_at) for event_id, published_at in rows)
            found.setdefault((term[:STEM_SIGN], frozenset(event_id for event_id, _ in rows)), term)
    weights = {
        term: math.log(1 + (visible - len(event_ids) + 0.5) / (len(event_ids) + 0.5))
        for (_, event_ids), term in found.items()
    }
    terms: dict[str, list[str]] = defaultdict(list)
    scores: dict[str, float] = defaultdict(float)
    for (_, event_ids), term in sorted(found.items(), key=lambda each: (-weights[each[1]], each[1])):
        for event_id in event_ids:
            terms[event_id].append(term)
            scores[event_id] += weights[term]
    best = heapq.nsmallest(limit, scores, key=lambda each: (-scores[each], -published[each], each))
    hits = tuple(LexicalHit(event_id, scores[event_id], tuple(terms[event_id])) for event_id in best)
    return LexicalResult(hits, MappingProxyType(weights), MappingProxyType(dict(terms)))
