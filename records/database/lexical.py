"""Full-text search over event summaries, as of a time: FTS5 on SQLite, tsvector on PostgreSQL.

Ranks by BM25's term weight (Robertson and Zaragoza 2009, eq. 3.3) with every count taken over the events knowable at
`as_of` alone: the engines' own bm25() and ts_rank count all rows, so that an event added later would change yesterday's
ranking. Term frequency and length are left out: a summary is one sentence, where nearly every word occurs once.
"""

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

_STOP_WORDS = """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each few for from further had has have having he her here
    hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or other
    our out over own per said same say says she should since so some such than that the their theirs them then there
    these they this those through to too under until up upon very via was we were what when where which while who
    whom why will with would you your
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
    terms_by_event: Mapping[str, tuple[str, ...]]
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
    weights: dict[str, float] = {}
    terms_by_event: dict[str, list[str]] = defaultdict(list)
    published: dict[str, int] = {}
    found: set[tuple[str, frozenset[str]]] = set()
    for term in terms_of(query)[:MAX_TERMS]:
        quoted = f'"{term}"' if connection.dialect.name == "sqlite" else term
        rows = connection.execute(statement, {"term": quoted, "as_of": as_of, "most": common + 1}).all()
        stem = (term[:STEM_SIGN], frozenset(row.id for row in rows))
        if not rows or len(rows) > common or stem in found:
            continue
        found.add(stem)
        weights[term] = math.log(1 + (visible - len(rows) + 0.5) / (len(rows) + 0.5))
        for event_id, published_at in rows:
            terms_by_event[event_id].append(term)
            published[event_id] = published_at
    ordered = {event_id: _weightiest_first(terms, weights) for event_id, terms in terms_by_event.items()}
    hits = [LexicalHit(event_id, sum(weights[term] for term in terms), terms) for event_id, terms in ordered.items()]
    hits.sort(key=lambda hit: (-hit.score, -published[hit.event_id], hit.event_id))
    return LexicalResult(tuple(hits[:limit]), MappingProxyType(weights), MappingProxyType(ordered))


def _weightiest_first(terms: Sequence[str], weights: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(terms, key=lambda term: (-weights[term], term)))
