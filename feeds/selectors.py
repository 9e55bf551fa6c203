"""CSS selectors, as far as tags, classes, ids and attributes joined by descendants and children go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

Weight = tuple[int, int, int, int]
"""Specificity: (inline style, ids, classes and attributes, tags); the larger wins."""

_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
# Possessive throughout: a selector has one reading, and a hostile one must not be tried in all others.
_NAME = r"(?:\\[0-9a-fA-F]{1,6}+\s?+|\\.|[\w-]|[^\x00-\x7f])++"
_SIMPLE = re.compile(
    rf"(?P<tag>\*|{_NAME})|\.(?P<cls>{_NAME})|\#(?P<id>{_NAME})|(?P<root>:root)"
    rf"|\[\s*+(?P<attr>{_NAME})\s*+(?:(?P<op>[~^$*|]?=)\s*+(?P<value>\"[^\"]*+\"|'[^']*+'|[^\s\"'\]]++)\s*+i?\s*+)?\]",
    re.DOTALL,
)
_COMBINATOR = re.compile(r"\s*(?P<sign>[>+~])\s*|\s+")


def unescaped(text: str) -> str:
    """CSS escapes resolved: `d\\69splay` is `display` to a browser."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: _character(match[1]) if match[1] else match[2], text)


@dataclass(frozen=True, eq=False)
class Place:
    """An element as selectors see it."""

    tag: str
    attributes: Mapping[str, str]
    classes: frozenset[str]
    parent: "Place | None"
    depth: int
    """How many ancestors it has."""
    above: frozenset[str]
    """Keys ("#id", ".class", "tag") that some ancestor has: most selectors fail on this one set."""

    @property
    def keys(self) -> frozenset[str]:
        """Its own keys."""
        identity = self.attributes.get("id")
        return frozenset((self.tag, *(f".{name}" for name in self.classes), *((f"#{identity}",) if identity else ())))


def place(tag: str, attributes: Mapping[str, str], parent: Place | None) -> Place:
    """The place of an element below `parent`."""
    classes = frozenset(attributes.get("class", "").split())
    if parent is None:
        return Place(tag, attributes, classes, None, 0, frozenset())
    return Place(tag, attributes, classes, parent, parent.depth + 1, parent.above | parent.keys)


@dataclass(frozen=True)
class Compound:
    """`tag.class#id[attr]`: what one element must be."""

    tag: str | None
    ids: tuple[str, ...]
    classes: tuple[str, ...]
    attributes: tuple[tuple[str, str | None, str], ...]
    """(name, operator or None for mere presence, value)."""

    @property
    def keys(self) -> frozenset[str]:
        """What an element must have in its own keys."""
        tag = () if self.tag is None else (self.tag,)
        return frozenset((*tag, *(f"#{name}" for name in self.ids), *(f".{name}" for name in self.classes)))

    def matches(self, element: Place) -> bool:
        """Whether `element` is all of it."""
        if self.tag is not None and element.tag != self.tag:
            return False
        if self.ids and any(element.attributes.get("id") != name for name in self.ids):
            return False
        if self.classes and not element.classes.issuperset(self.classes):
            return False
        return all(
            _attribute_matches(element.attributes.get(name), operator, value)
            for name, operator, value in self.attributes
        )


@dataclass(frozen=True)
class Selector:
    """One selector of a list."""

    subject: Compound
    ancestors: tuple[tuple[str, Compound], ...]
    """Nearest first: (">" for the parent or " " for any ancestor, what it must be)."""
    needed_above: frozenset[str]
    """The keys of all `ancestors`."""

    @property
    def key(self) -> str:
        """What the element itself must have, for an index: "#id", ".class", "tag" or "*"."""
        if self.subject.ids:
            return f"#{self.subject.ids[0]}"
        if self.subject.classes:
            return f".{self.subject.classes[0]}"
        return self.subject.tag or "*"

    @property
    def weight(self) -> Weight:
        """Its specificity."""
        parts = [self.subject, *(compound for _, compound in self.ancestors)]
        ids = sum(len(part.ids) for part in parts)
        classes = sum(len(part.classes) + len(part.attributes) for part in parts)
        return 0, ids, classes, sum(part.tag is not None for part in parts)

    def could_match(self, element: Place) -> bool:
        """Whether it may select `element`, at little cost: only the order of the ancestors is still open."""
        return self.needed_above <= element.above and self.subject.matches(element)

    def matches(self, element: Place) -> bool:
        """Whether it selects `element`. Linear in its depth for each part, never a search tree."""
        if not self.could_match(element):
            return False
        line = _ancestors(element)
        reached = [-1]  # positions in `line` where the parts so far can end; -1 is the element
        for number, (sign, compound) in enumerate(self.ancestors):
            tried = [at + 1 for at in reached] if sign == ">" else range(min(reached) + 1, len(line))
            found = (at for at in tried if at < len(line) and compound.matches(line[at]))
            nearest_is_enough = number + 1 == len(self.ancestors) or self.ancestors[number + 1][0] != ">"
            reached = list(islice(found, 1)) if nearest_is_enough else list(found)
            if not reached:
                return False
        return True


def parse_selector(text: str) -> Selector | None:
    """The selector; None when a part is not understood (pseudo-classes other than :root, siblings)."""
    compounds: list[Compound] = []
    signs: list[str] = []
    position = 0
    while True:
        compound, position = _compound(text, position)
        if compound is None:
            return None
        compounds.append(compound)
        if position == len(text):
            break
        combinator = _COMBINATOR.match(text, position)
        if combinator is None or combinator["sign"] in ("+", "~"):
            return None
        signs.append(combinator["sign"] or " ")
        position = combinator.end()
    needed = frozenset[str]().union(*(ancestor.keys for ancestor in compounds[:-1]))
    return Selector(compounds[-1], tuple(zip(reversed(signs), reversed(compounds[:-1]), strict=True)), needed)


def _ancestors(element: Place) -> list[Place]:
    """Nearest first."""
    line = []
    while element.parent is not None:
        element = element.parent
        line.append(element)
    return line


def _compound(text: str, position: int) -> tuple[Compound | None, int]:
    """The compound that begins at `position` and where it ends; None when nothing there is understood."""
    tag: str | None = None
    ids: list[str] = []
    classes: list[str] = []
    attributes: list[tuple[str, str | None, str]] = []
    start = position
    while (match := _SIMPLE.match(text, position)) is not None:
        if match["tag"]:
            tag = None if match["tag"] == "*" else unescaped(match["tag"]).lower()
        elif match["root"]:
            tag = "html"
        elif match["cls"]:
            classes.append(unescaped(match["cls"]))
        elif match["id"]:
            ids.append(unescaped(match["id"]))
        else:
            attributes.append(
                (unescaped(match["attr"]).lower(), match["op"], unescaped((match["value"] or "").strip("\"'")))
            )
        position = match.end()
    if position == start:
        return None, position
    return Compound(tag, tuple(ids), tuple(classes), tuple(attributes)), position


def _attribute_matches(actual: str | None, operator: str | None, wanted: str) -> bool:
    if actual is None:
        return False
    match operator:
        case None:
            return True
        case "=":
            return actual == wanted
        case "~=":
            return wanted in actual.split()
        case "|=":
            return actual == wanted or actual.startswith(f"{wanted}-")
        case "^=":
            return bool(wanted) and actual.startswith(wanted)
        case "$=":
            return bool(wanted) and actual.endswith(wanted)
        case _:
            return bool(wanted) and wanted in actual


def _character(digits: str) -> str:
    code = int(digits, 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
