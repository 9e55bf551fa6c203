"""Rules as a person writes them: every word checked against what there is, and refused with the nearest that would do."""

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from records.alert import RULE_NAME, AlertRule, Conditions
from records.errors import NotFound, UsageError
from records.taxonomy import EventType, Tag

SENTIMENTS = ("negative", "neutral", "positive")


class Desk(Protocol):
    """What is asked of the markets (`markets.desk.MarketDesk`)."""

    def cited(self, ticker: str, as_of: datetime) -> str:
        """The ticker of its company's news. Raises NotFound."""

    def nearest(self, words: str, as_of: datetime) -> list[str]:
        """Tickers that someone may have meant."""


@dataclass(frozen=True)
class Wish:
    """The conditions in a person's words; empty or None where nothing was said."""

    portfolio: bool = False
    tickers: Sequence[str] = ()
    tags: Sequence[str] = ()
    event_types: Sequence[str] = ()
    min_score: float | None = None
    min_p_material: float | None = None
    sentiment: str | None = None
    words: Sequence[str] = ()


def conditions_of(wish: Wish, desk: Callable[[], Desk], now: datetime) -> Conditions:
    """`desk`: asked only where companies are named. Raises UsageError for what there is not, or when nothing was said."""
    values: dict[str, Any] = {
        "portfolio": wish.portfolio,
        "tickers": _tickers(wish.tickers, desk, now),
        "tags": tuple(_one_of(word, [tag.value for tag in Tag], "theme") for word in _said(wish.tags)),
        "event_types": tuple(
            _one_of(word.replace(" ", "_"), [kind.value for kind in EventType], "event type")
            for word in _said(wish.event_types)
        ),
        "min_score": wish.min_score,
        "min_p_material": wish.min_p_material,
        "sentiment": _one_of(wish.sentiment, SENTIMENTS, "sentiment") if wish.sentiment else None,
        "words": tuple(_phrase(word) for word in _said(wish.words)),
    }
    try:
        return Conditions.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise UsageError(
                "The rule names no condition, so that every analysis would raise an alert. Give companies, themes, event types, "
                "a least score or chance, a sentiment or words of the headline."
            ) from None
        name = str(first["loc"][0])
        seen = "" if name in ("tickers", "words") else f" {values[name]!r}"
        raise UsageError(f"The rule's {name}{seen} cannot be: {first['msg'][:1].lower()}{first['msg'][1:]}.") from None


def rule_of(conditions: Conditions, name: str | None, taken: Iterable[str], now: datetime) -> AlertRule:
    """`name`: None makes one from the conditions that is not among those `taken`. Raises UsageError for a name that is none."""
    chosen = name if name is not None else _free(_name_of(conditions), set(taken))
    if not re.fullmatch(RULE_NAME, chosen):
        raise UsageError(
            f"{chosen!r} cannot be a rule's name: use small letters, digits, dots and hyphens, at most 64, with a letter or digit "
            "first."
        )
    return AlertRule(name=chosen, conditions=conditions, added_at=now)


def _said(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))


def _tickers(words: Sequence[str], desk: Callable[[], Desk], now: datetime) -> tuple[str, ...]:
    """Each with the class that news of the company is kept under: GOOG is GOOG and GOOGL."""
    found: list[str] = []
    for word in _said(words):
        try:
            found += [word.upper(), desk().cited(word.upper(), now)]
        except NotFound:
            near = desk().nearest(word, now)
            meant = f"Did you mean {' or '.join(near)}?" if near else "Write it as it trades: MSFT, BRK.B, ^GSPC."
            raise UsageError(f"No US-listed share or index has the ticker {word!r}. {meant}") from None
    return tuple(sorted(set(found)))


def _one_of(word: str, known: Sequence[str], what: str) -> str:
    by_fold = {one.lower(): one for one in known}
    if word.lower() in by_fold:
        return by_fold[word.lower()]
    within = [fold for fold in by_fold if word.lower() in fold]
    near = within[:3] or difflib.get_close_matches(word.lower(), by_fold, n=3, cutoff=0.4)
    meant = (
        f"Did you mean {' or '.join(repr(by_fold[one]) for one in near)}?"
        if near
        else f"There are: {', '.join(known)}."
    )
    raise UsageError(f"There is no {what} {word!r}. {meant}")


def _phrase(words: str) -> str:
    if not re.search(r"\w", words) or len(words) > 100:
        raise UsageError(
            f"{words[:100]!r} cannot be looked for in headlines: give a word or a few, at most 100 characters."
        )
    return words


def _name_of(conditions: Conditions) -> str:
    parts = ["portfolio" if conditions.portfolio else "", *conditions.tickers[:3]]
    parts += [*conditions.tags[:1], *conditions.event_types[:1], *conditions.words[:1], conditions.sentiment or ""]
    parts += [f"score-{conditions.min_score:.2f}" if conditions.min_score is not None else ""]
    parts += [f"chance-{conditions.min_p_material:.2f}" if conditions.min_p_material is not None else ""]
    name = re.sub(r"[^a-z0-9.]+", "-", " ".join(parts).lower()).strip("-.")
    return name[:48].rstrip("-.") or "rule"


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in numbered if one not in taken)
