"""When a figure of one text stands in another: the same quantity, exactly or as a fair rounding."""

import math

from agent.values.figures import Figure

ROUNDING_LIMIT = 0.02
"""A rounded figure may be at most 2 % off what it rounds: "$35 billion" for 35.3, but not "$1" for 1.09."""
PERCENT_LIMIT = 0.1
"""A whole percentage may be so far off: "4 percent" for 3.7, but not for 3.5."""
DECIMAL_PERCENT_LIMIT = 0.25
"""A percentage with decimals."""
HEDGED_LIMIT = 0.055
"""With "about" or "more than" before it."""
_EXACT = 1e-9
_NEIGHBOURS = ({"¥", "JPY"}, {"¥", "CNY"})
_SISTERS = ({"bpd", "barrel"},)
_OBJECTS = frozenset({"person", "customer", "site", "vehicle", "aircraft", "patient", "country"})
"""What texts call by many names: "1.39 million cars" may stand in "1.39 million Accord and Civic sedans"."""


def supports_figure(known: Figure, said: Figure) -> bool:
    """Whether `known` of the evidence carries `said`: kind, currency, unit, rate, sign and number agree."""
    if (
        known.spelled
        or said.spelled
        or (known.kind != said.kind and {known.kind, said.kind} == {"multiple", "percent"})
    ):
        return _same_proportion(known, said)
    return _same_number(known, said) and _same_quantity(known, said)


def _same_quantity(known: Figure, said: Figure) -> bool:
    if known.sign and said.sign and known.sign != said.sign:
        return False
    if known.per and said.per and known.per != said.per:
        return False
    if known.kind != said.kind:
        return _kinds_agree(known, said)
    if known.currency and said.currency and known.currency != said.currency:
        return {known.currency, said.currency} in _NEIGHBOURS
    if known.unit and said.unit and known.unit != said.unit:
        return {known.unit, said.unit} in _SISTERS
    return not (said.unit and said.unit not in _OBJECTS and known.unit is None and known.followed)


def _kinds_agree(known: Figure, said: Figure) -> bool:
    kinds = {known.kind, said.kind}
    if kinds == {"percent", "points"}:
        return known.basis_points or said.basis_points
    bare, other = (known, said) if known.kind == "number" else (said, known)
    if bare.kind != "number" or bare.unit:
        return False
    if other.kind == "money":
        return not bare.followed
    return other.kind in ("sigma", "multiple") or (other.kind == "percent" and bare is said and not bare.followed)


def _same_number(known: Figure, said: Figure) -> bool:
    difference = abs(known.number - said.number)
    if difference <= _EXACT * max(1.0, abs(known.number)):
        return True
    if known.step > said.step * (1 + _EXACT):
        return False
    if said.hedge is None:
        return (
            known.step < said.step * (1 - _EXACT)
            and difference <= said.step / 2 * (1 + _EXACT)
            and difference <= _rounding_limit(said) * abs(known.number)
        )
    step = max(said.step, _round_step(said.number))
    limit = min(step, HEDGED_LIMIT * abs(known.number)) * (1 + _EXACT)
    if said.hedge == "above":
        return 0 <= known.number - said.number <= limit
    if said.hedge == "below":
        return 0 <= said.number - known.number <= limit
    return difference <= min(step / 2, HEDGED_LIMIT * abs(known.number)) * (1 + _EXACT)


def _rounding_limit(said: Figure) -> float:
    """Percentages are told in round numbers: "4 percent" for 3.7, "0.2 percent" for 24 basis points."""
    if said.kind not in ("percent", "points"):
        return ROUNDING_LIMIT
    return PERCENT_LIMIT if said.step >= 0.01 * (1 - _EXACT) else DECIMAL_PERCENT_LIMIT


def _round_step(number: float) -> float:
    """The value of the last digit that is not 0: 100 for 1,200."""
    if number == 0:
        return 0.0
    step = 10.0 ** math.floor(math.log10(abs(number)))
    while step > 1e-9 and abs(number / step - round(number / step)) > 1e-6:
        step /= 10
    return step


def _same_proportion(known: Figure, said: Figure) -> bool:
    """ "A third" for 33 %, "doubled" for 100 % more, "halved" for 50 % less, "1.5x" for 50 % more."""
    if known.kind == said.kind:
        return _close(known.number, said.number, said if said.spelled else known, known.number)
    if known.kind == "number" or said.kind == "number":
        word, bare = (known, said) if known.spelled else (said, known)
        return (
            word.kind == "multiple"
            and bare.unit is None
            and not bare.followed
            and math.isclose(word.number, bare.number)
        )
    if {known.kind, said.kind} != {"multiple", "percent"}:
        return False
    times, percent = (known, said) if known.kind == "multiple" else (said, known)
    if times.number < 1:
        return _close(1 - times.number, percent.number, times, percent.number)
    return _close(times.number - 1, percent.number, times, percent.number)


def _close(one: float, other: float, vague: Figure, exact: float) -> bool:
    if not vague.spelled:
        return math.isclose(one, other, rel_tol=0.005)
    off = exact - (one if exact == other else other)
    if vague.hedge == "above":
        return 0 <= off <= 0.25
    if vague.hedge == "below":
        return -0.15 <= off <= 0
    return abs(off) <= (0.05 if vague.hedge else 0.02) * max(1.0, vague.number)
