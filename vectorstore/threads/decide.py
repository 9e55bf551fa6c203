"""Whether two articles tell one story, and what the newer is to the older: a fitted model and rules over what they share."""

import json
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import itemgetter
from types import MappingProxyType

from records.story import Relation
from vectorstore.threads.features import Shared, named
from vectorstore.threads.sketch import Sketch

MODEL_FILE = "story_model_v1.json"

SAME_STORY = 0.5
"""Least P(same story), and least mean of it over a thread's members, to belong."""
NEAR_DUPLICATE = 0.5
"""Share of the shorter body's shingles found in the other from which the two are one text: in the labelled pairs no two stories
have more than .3, and nine reprints in ten have more than .5."""
REPRINT = 0.85
"""A body contained to this share, with no new figure, is a reprint though a word here and there was edited."""
REPRINT_NOVELTY = 0.1
"""Most that a reprint may add."""
CORRECTED_FIGURES = 2
"""Most figures changed in the same words within a day by which a correction is known that does not say so."""
CORRECTED_HOURS = 24.0
STRANGER = 0.35
"""P(one company) when both have tickers and none in common, or open with different names: a story may have two companies."""
SAME_HEADLINE = 0.8
"""Weighted Jaccard of two headlines from which they are one, if no figure or period differs, within HEADLINE_HOURS."""
HEADLINE_HOURS = 48.0
LEAST_TITLE = 4
"""Terms of a headline that can identify a story: "Business news in brief" returns every morning."""
LEAST_CORRECTED = 3
"""And of one that says that it corrects, figures left out."""
NAMED = 0.5
"""Rarity, in tens of nats, from which a shared term may be a name: in fewer than one headline in 150. Short bodies that are equal
need one, or two figures in common: a footnote of a wire is everybody's."""
LONG_BODY = 40
"""Shingles of a body that is nobody else's. A shorter one that differs at all needs headlines that name one company."""
OTHER_TYPE = 0.6
"""Factor on the odds when both event types are known and differ: the reading errs, and an update may change the type."""
DAILY = 0.8
"""Factor on the odds for each day between the two after the first: the longer ago, the likelier something else."""


@dataclass(frozen=True)
class Curves:
    """An additive logistic model: bias + a piecewise-linear curve of each feature."""

    bias: float
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    """Feature → (value, log-odds) at its knots, ascending; flat beyond the ends."""

    def log_odds(self, features: Mapping[str, float | None]) -> float:
        """Raises KeyError for a feature that is missing, TypeError for one that is None."""
        return self.bias + sum(_at(curve, features[name]) for name, curve in self.curves.items())


@dataclass(frozen=True)
class StoryModel:
    """P(same story) of two articles."""

    version: str
    words: Curves
    company: Curves
    """Log-odds that two headlines name one company; asked where a ticker is not known."""
    dense: Mapping[str, Curves]
    """By the name of the embedder; with another one, the words decide alone."""
    fitted_on: frozenset[str]
    """Digests of the labelled pairs it was fitted on: an evaluation leaves them out."""

    def title_probability(self, features: Shared) -> float:
        """Of the headlines' words alone."""
        return _chance(self.words.log_odds(named(features))) * self._company(features)

    def _company(self, features: Shared) -> float:
        """P(one company): by the tickers where both are known, else by the headlines."""
        if features.tickers is not None:
            return 1.0 if features.tickers else STRANGER
        likely = _chance(self.company.log_odds(named(features)))
        return min(likely, STRANGER) if features.other_names else likely

    def probability(self, a: Sketch, b: Sketch, features: Shared) -> float:
        """Of the headlines' words, the embeddings if there are any, bodies nearly the same, tickers, types and the time between."""
        if a.print.digest == b.print.digest:
            return 1.0
        values = named(features)
        curves = self.dense.get((a.embedder or "").split(":")[0]) if features.dense is not None else None
        odds = math.exp((curves or self.words).log_odds(values))
        if features.event_type == 0:
            odds *= OTHER_TYPE
        odds *= math.pow(DAILY, max(0.0, features.hours / 24 - 1))
        told = odds / (1 + odds) * self._company(features)
        return max(
            told, self._near_duplicate(a, b, features), _one_headline(a, b, features), _said_correction(a, b, features)
        )

    def _near_duplicate(self, a: Sketch, b: Sketch, features: Shared) -> float:
        """From SAME_STORY at NEAR_DUPLICATE to nearly 1 for one body inside the other."""
        if features.body_contained is None or features.body_contained < NEAR_DUPLICATE:
            return 0.0
        if min(len(a.print.shingles), len(b.print.shingles)) < LONG_BODY:
            equal = a.print.body_digest == b.print.body_digest
            named_alike = features.first >= NAMED or len(a.all_figures & b.all_figures) > 1
            if not (named_alike if equal else self._company(features) >= SAME_STORY):
                return 0.0
        inside = (features.body_contained - NEAR_DUPLICATE) / (1 - NEAR_DUPLICATE)
        return min(0.99, SAME_STORY + (1 - SAME_STORY) * inside)


def load_model() -> StoryModel:
    """The shipped model."""
    return _shipped()


@cache
def _shipped() -> StoryModel:
    return parse_model((files("vectorstore") / "data" / MODEL_FILE).read_text(encoding="utf-8"))


def parse_model(text: str) -> StoryModel:
    """From the JSON that `evals.threads.fit` writes."""
    data = json.loads(text)
    return StoryModel(
        data["version"],
        _curves(data["words"]),
        _curves(data["company"]),
        MappingProxyType({name: _curves(one) for name, one in data["dense"].items()}),
        frozenset(data["fitted_on"]),
    )


def _curves(data: Mapping[str, object]) -> Curves:
    curves = data["curves"]
    if not isinstance(curves, dict):
        raise TypeError("a story model's curves are an object of feature → knots")
    return Curves(
        float(str(data["bias"])),
        MappingProxyType({name: tuple((float(x), float(y)) for x, y in knots) for name, knots in curves.items()}),
    )


def _chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _at(knots: Sequence[tuple[float, float]], value: float | None) -> float:
    if value is None:
        raise TypeError("a curve was asked about a feature that is not known")
    place = bisect_left(knots, value, key=itemgetter(0))
    if place == 0 or place == len(knots):
        return knots[min(place, len(knots) - 1)][1]
    (x0, y0), (x1, y1) = knots[place - 1], knots[place]
    return y0 + (y1 - y0) * (value - x0) / (x1 - x0)


def _one_headline(a: Sketch, b: Sketch, features: Shared) -> float:
    """From SAME_STORY at SAME_HEADLINE to nearly 1 for equal headlines."""
    conflict = features.other_figures or features.other_period or features.tickers == 0
    if conflict or features.hours > HEADLINE_HOURS:
        return 0.0
    if min(len(a.title_set), len(b.title_set)) < LEAST_TITLE:
        return 0.0
    return _as_alike(features.jaccard)


def _as_alike(jaccard: float) -> float:
    """From SAME_STORY at SAME_HEADLINE to nearly 1; 0 below."""
    if jaccard < SAME_HEADLINE:
        return 0.0
    return min(0.99, SAME_STORY + (1 - SAME_STORY) * (jaccard - SAME_HEADLINE) / (1 - SAME_HEADLINE))


def _said_correction(a: Sketch, b: Sketch, features: Shared) -> float:
    """The same for a headline that says it corrects: another figure is then what it is about."""
    if "correction" not in (a.print.label, b.print.label) or features.other_period or features.tickers == 0:
        return 0.0
    first, second = a.title_set - a.figures, b.title_set - b.figures
    if features.hours > HEADLINE_HOURS or min(len(first), len(second)) < LEAST_CORRECTED:
        return 0.0
    weights = {**a.weights, **b.weights}
    return _as_alike(
        sum(sorted(weights[term] for term in first & second)) / sum(sorted(weights[term] for term in first | second))
    )


def relation(new: Sketch, members: Sequence[Sketch], added: float, others: int) -> tuple[Relation, str]:
    """What `new` is to its story, and why in words. `members`: the story's, nearest first; `added`: its novelty over them;
    `others`: how many other stories it tells a substantial part of, when it has no headline of this one."""
    if new.print.label == "correction":
        return "correction", "its headline or first lines say that it corrects"
    if any(new.print.digest == one.print.digest for one in members):
        return "reprint", "the same words"
    if others:
        return "recombination", f"parts of {others + 1} stories in one text"
    changed = next((found for one in members if (found := _corrected(new, one))), None)
    if changed:
        return "correction", f"the same words with another figure: {changed}"
    if added <= REPRINT_NOVELTY:
        return "reprint", f"{1 - added:.0%} of its content is in the story already"
    figures = frozenset(figure for one in members for figure in one.all_figures)
    whole = max((_inside(new, one) for one in members), default=0.0)
    if whole >= REPRINT and new.all_figures <= figures:
        return "reprint", f"{whole:.0%} of its body stands in an earlier one"
    return "update", f"{added:.0%} of its content is new to the story"


def _inside(new: Sketch, old: Sketch) -> float:
    """Share of the new body that the old one has; 0 without bodies."""
    if new.print.body_digest is None or old.print.body_digest is None:
        return 0.0
    return len(new.print.shingles & old.print.shingles) / len(new.print.shingles)


def _corrected(new: Sketch, old: Sketch) -> str | None:
    """ "20 was 25" if the words are the same and only figures changed, at most CORRECTED_FIGURES; None otherwise."""
    if abs((new.at - old.at).total_seconds()) > CORRECTED_HOURS * 3600 or new.wording != old.wording:
        return None
    changed = [(now, before) for now, before in zip(new.terms, old.terms, strict=True) if now != before]
    if not 1 <= len(set(changed)) <= CORRECTED_FIGURES:
        return None
    return ", ".join(f"{now} was {before}" for now, before in dict.fromkeys(changed))
