"""The check graded on true sentences (does it let them pass?) and on the same sentences made false (does it stop them?)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Literal

from evals.tickers.grade import Share
from evals.words.alter import alterations
from evals.words.holding import Article
from evals.words.judge import is_right, readings
from evals.words.sources import Half, Told, load
from markets.desk import MarketDesk
from records.reading import Span

Citing = Literal["whole", "closest"]
WHOLE: Citing = "whole"
CLOSEST_FACTS: Citing = "closest"
CITINGS: Mapping[Citing, str] = {
    "whole": "every sentence of the article",
    "closest": "the three sentences of the article that share most words",
}
OPEN_ALARMS = ("false", "unread")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What is to be graded."""

    data: Path
    half: Half | None = "report"
    """None: both halves."""
    limit: int | None = None
    seed: int = 4


@dataclass(frozen=True)
class Alarm:
    """A true sentence that the check would drop. No text is kept: the id finds it, the spans show what it was held against."""

    told: str
    group: str
    citing: Citing
    kinds: tuple[str, ...]
    """What the check found, without the words: "figure", "name", …"""
    verdict: Literal["right", "false", "unread"]
    """right: the article does not say it; unread: neither the ruler nor a reader has said."""
    by: Literal["ruler", "reader", "nobody"]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Miss:
    """A false sentence that passed."""

    told: str
    citing: Citing
    kind: str


@dataclass(frozen=True)
class CheckReport:
    """What came of it."""

    sentences: Mapping[str, int]
    """By group."""
    articles: int
    alarms: tuple[Alarm, ...]
    tried: Mapping[tuple[Citing, str, str], int]
    """(citing, group, kind of mistake) → altered sentences."""
    caught: Mapping[tuple[Citing, str, str], int]
    misses: tuple[Miss, ...] = field(default=())

    def false_alarms(self, citing: Citing, group: str | None = None) -> Share:
        """Of all true sentences; one that nobody has read counts as false."""
        chosen = [one for one in self.alarms if one.citing == citing and group in (None, one.group)]
        n = sum(count for name, count in self.sentences.items() if group in (None, name))
        return Share(sum(one.verdict in OPEN_ALARMS for one in chosen), n)

    def raised(self, citing: Citing, group: str | None = None) -> Share:
        """All alarms, the right ones too."""
        n = sum(count for name, count in self.sentences.items() if group in (None, name))
        return Share(sum(one.citing == citing and group in (None, one.group) for one in self.alarms), n)

    def recall(self, citing: Citing, kind: str) -> Share:
        """Caught of the altered sentences of one kind, both groups together."""
        keys = [key for key in self.tried if key[0] == citing and key[2] == kind]
        return Share(sum(self.caught.get(key, 0) for key in keys), sum(self.tried[key] for key in keys))

    @property
    def kinds(self) -> list[str]:
        """Kinds of mistake, in the order they are made."""
        return list(dict.fromkeys(kind for _, _, kind in self.tried))


def nothing_graded() -> CheckReport:
    """The report of a run that leaves the check alone."""
    return CheckReport({}, 0, (), {}, {})


def grade(request: Request, say: Say) -> CheckReport:
    """Loads, holds and counts. Raises SourceError."""
    told = chosen(request)
    desk, read = MarketDesk(), readings()
    article = _articles(desk)
    alarms: list[Alarm] = []
    misses: list[Miss] = []
    tried: Counter[tuple[Citing, str, str]] = Counter()
    caught: Counter[tuple[Citing, str, str]] = Counter()
    for place, one in enumerate(told):
        if place % 100 == 0:
            say(f"Holding sentence {place:,} of {len(told):,} against its article …")
        held = article(one)
        altered = alterations(one.text, held.companies, Random(f"{request.seed} {one.id}"))
        for citing in CITINGS:
            support = held.whole() if citing == WHOLE else held.closest(one.text)
            faults = held.faults(one.text, support)
            if faults:
                alarms.append(_alarm(one, citing, faults, held.spans(support), read))
                continue
            for kind, text in altered.items():
                key = (citing, one.group, kind)
                tried[key] += 1
                stopped = bool(held.faults(text, support))
                caught[key] += stopped
                misses += [] if stopped else [Miss(one.id, citing, kind)]
    groups = Counter(one.group for one in told)
    return CheckReport(groups, len({one.body for one in told}), tuple(alarms), tried, caught, tuple(misses))


def chosen(request: Request) -> list[Told]:
    """The sentences of the asked half, in order; with a limit, those of articles drawn by the seed until it is reached."""
    told = [one for one in load(request.data) if request.half in (None, one.half)]
    if request.limit is None or len(told) <= request.limit:
        return told
    ids = sorted({one.id.split(":")[0] for one in told})
    Random(request.seed).shuffle(ids)
    by_article: dict[str, list[Told]] = {}
    for one in told:
        by_article.setdefault(one.id.split(":")[0], []).append(one)
    drawn: list[Told] = []
    for name in ids:
        if len(drawn) >= request.limit:
            break
        drawn += by_article[name]
    return drawn[: request.limit]


def _articles(desk: MarketDesk) -> Callable[[Told], Article]:
    """Sentences of one article come one after the other: each article is read once."""

    made = lru_cache(maxsize=4)(lambda first: Article(first, desk))
    firsts: dict[str, Told] = {}
    return lambda told: made(firsts.setdefault(told.body, told))


def _alarm(
    told: Told,
    citing: Citing,
    faults: Sequence[str],
    spans: tuple[Span, ...],
    read: Mapping[str, Mapping[str, str]],
) -> Alarm:
    verdict: Literal["right", "false", "unread"]
    by: Literal["ruler", "reader", "nobody"]
    note = read.get(f"{told.id} {citing}") or read.get(told.id)
    if note is not None:
        verdict, by = ("right" if note["verdict"] == "right" else "false"), "reader"
    elif is_right(faults, told.body):
        verdict, by = "right", "ruler"
    else:
        verdict, by = "unread", "nobody"
    return Alarm(told.id, told.group, citing, tuple(dict.fromkeys(kind_of(one) for one in faults)), verdict, by, spans)


_KINDS = (
    ("has another part", "figure with another part"),
    ("each other's part", "exchanged figures"),
    ("the figure", "figure"),
    ("the date", "date"),
    ("the period", "period"),
    ("the name", "name"),
    ("the ticker", "ticker"),
    ("the quotation", "quotation"),
    ("expectations", "expectation"),
    ("den", "denial"),
    (" buys ", "deal"),
    ("contrary", "direction"),
    ("speaks of", "exchanged measure"),
    ("it says of", "exchanged company"),
    ("it says", "direction"),
)


def kind_of(fault: str) -> str:
    """The kind of a fault, from its sentence."""
    return next((kind for words, kind in _KINDS if words in fault), "other")
