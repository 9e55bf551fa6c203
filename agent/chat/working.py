"""Arithmetic that a sentence shows: "44.1 - 56.7 = -12.6". What comes out is not looked up, but worked out again."""

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_TERM = r"\(*[-−]?\(?\s?[$€£]?\d[\d,]*(?:\.\d+)?\s?%?\)*"
_WORKING = re.compile(
    rf"(?P<left>{_TERM}(?:\s?[-+−–×÷*/]\s?{_TERM})+)\s?=\s?(?P<right>[-−(]?\s?[$€£]?\s?\d[\d,]*(?:\.\d+)?\)?\s?%?)"
)
_DIVISOR = re.compile(r"[/÷]\s?(\d{1,2})(?![\d.,])")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


@dataclass(frozen=True)
class Working:
    """One calculation with what is said to come out of it."""

    text: str
    start: int
    end: int
    """Of the result, in the sentence."""
    divisors: tuple[tuple[int, int], ...]
    """Where a whole number divides: how many were averaged, which no source says."""
    holds: bool
    """Whether it comes out so, to the last digit that is said."""

    def covers(self, place: int) -> bool:
        """Whether a figure at `place` is the result or a divisor: it needs no source."""
        return any(start <= place < end for start, end in ((self.start, self.end), *self.divisors))


def workings_in(text: str) -> list[Working]:
    """In order."""
    found = []
    for match in _WORKING.finditer(text):
        offset = match.start("left")
        divisors = tuple((offset + one.start(1), offset + one.end(1)) for one in _DIVISOR.finditer(match["left"]))
        found.append(
            Working(match[0], match.start("right"), match.end("right"), divisors, _holds(match["left"], match["right"]))
        )
    return found


def _holds(left: str, right: str) -> bool:
    said = _plain(right)
    try:
        value = _value(ast.parse(_plain(left), mode="eval").body)
        wanted = float(said.replace("(", "-").replace(")", "")) if "(" in right else float(said)
    except (SyntaxError, ValueError, ZeroDivisionError):
        return False
    if "%" in right and "%" not in left:
        value *= 100
    decimals = len(said.partition(".")[2].rstrip(")"))
    return abs(value - wanted) <= 0.5 * 10.0**-decimals + 1e-9


def _plain(text: str) -> str:
    signs = text.replace("−", "-").replace("–", "-").replace("×", "*").replace("÷", "/")
    return re.sub(r"[$€£%,\s]", "", signs)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError(f"{type(node).__name__} is no arithmetic")
