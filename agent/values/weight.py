"""Figures that say how much: not the numbers in names ("S&P SmallCap 600", "GT1-6")."""

import re

from agent.values.figures import Figure

_LARGE = 100
_IN_A_NAME = re.compile(r"(?:(?<=\S )[A-Z][\w&.-]*\s|\w-)$")


def weighs(figure: Figure, text: str) -> bool:
    """Whether `figure` of `text` is an amount, a share, a multiple, a rate or a large count of something."""
    if figure.kind != "number":
        return True
    if _IN_A_NAME.search(text[: figure.start]):
        return False
    return figure.number >= _LARGE and (figure.unit is not None or figure.followed)
