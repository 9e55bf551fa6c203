"""The part of CSS that decides whether text can be seen: style blocks and inline styles → declarations per element.

Understood: comments, escapes, the selectors of `selectors`, nesting, `@media` for a 1280 × 720 screen, `@supports` and
`@layer`, specificity, order, `!important`. Style sheets in other files are not fetched, and variables (`var()`) are
not resolved.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from feeds.selectors import Place, Selector, Weight, parse_selector, place, unescaped

SCREEN_WIDTH, SCREEN_HEIGHT = 1280.0, 720.0  # CSS pixels of the imagined screen: the smallest common desktop

# The properties that can hide text; all others are dropped while parsing.
_RELEVANT = frozenset({
    "display", "visibility", "opacity", "content-visibility", "filter", "color", "-webkit-text-fill-color",
    "background", "background-color", "background-image", "background-clip", "-webkit-background-clip", "font",
    "font-size", "position", "left", "right", "top", "bottom", "inset", "text-indent", "margin", "margin-left",
    "margin-top", "transform", "translate", "scale", "zoom", "clip", "clip-path", "width", "height", "max-width",
    "max-height", "overflow", "overflow-x", "overflow-y",
})  # fmt: skip

Declarations = Mapping[str, str]
"""Property → value, lower case, for one element after the cascade (not inherited)."""

_Block = Mapping[str, tuple[str, bool]]
"""Property → (value, important) of one rule."""

_MOST_RULES = 20_000  # relevant ones on one page; the largest inlined frameworks have about 8,000
_MOST_WORK = 3_000_000  # comparisons of an element with a part of a rule: some seconds. News pages need under 200,000
_MOST_SELECTORS = 100  # in one list
_DEEPEST = 8  # nesting of rules and at-rules
_INLINE: Weight = (1, 0, 0, 0)

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_STRING = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
_STRUCTURE = re.compile(_STRING + r"""|\\.|url\(\s*[^"'()\s]+\s*\)|[{};]""", re.DOTALL | re.IGNORECASE)
_SEPARATORS = {sign: re.compile(_STRING + rf"|\\.|[()\[\]{sign}]", re.DOTALL) for sign in ",;"}
_IMPORTANT = re.compile(r"\s*!\s*important$")
_FONT_SIZE = re.compile(r"(?:^|\s)(\d*\.?\d+(?:px|pt|em|rem|%)?|xx-small)\s*(?:/|\s)")
_MEDIA_BOUND = re.compile(r"\(\s*(min|max)-(width|height)\s*:\s*(\d*\.?\d+)(px|r?em)?\s*\)")
_TRANSPARENT_AT_RULES = frozenset({"supports", "layer", "container"})


class StylesTooHeavy(Exception):
    """The page's rules would take too long to apply."""


@dataclass(frozen=True)
class _Rule:
    selector: Selector
    declarations: _Block
    order: int


class StyleSheet:
    """All relevant rules of a page, indexed by what the last part of their selectors asks for."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._index: dict[str, list[_Rule]] = defaultdict(list)
        self._places: dict[Any, Place] = {}
        self._work = 0
        order = 0
        for source in sources:
            for text, declarations in _rules(_COMMENT.sub(" ", source), parents=("",), depth=0):
                selector = parse_selector(text)
                if selector is None:
                    continue
                if order >= _MOST_RULES:
                    raise StylesTooHeavy(f"more than {_MOST_RULES} style rules")
                self._index[selector.key].append(_Rule(selector, declarations, order))
                order += 1

    def declarations(self, element: Any) -> Declarations:
        """What the cascade gives the lxml element, its style attribute included. Raises StylesTooHeavy.

        Ask for a parent before its children: places in the tree are remembered on the way down.
        """
        here = place(element.tag, dict(element.attrib), self._places.get(element.getparent()))
        self._places[element] = here
        layers = [
            (rule.selector.weight, rule.order, rule.declarations)
            for rule in self._candidates(here)
            if self._applies(rule.selector, here)
        ]
        inline = here.attributes.get("style")
        if inline:
            layers.append((_INLINE, 0, parse_declarations(_COMMENT.sub(" ", inline))))
        layers.sort(key=lambda layer: layer[:2])
        normal: dict[str, str] = {}
        important: dict[str, str] = {}
        for _, _, block in layers:
            for name, (value, wins) in block.items():
                (important if wins else normal)[name] = value
        return normal | important

    def _candidates(self, here: Place) -> list[_Rule]:
        if not self._index:
            return []
        return [rule for key in ("*", *here.keys) for rule in self._index.get(key, ())]

    def _applies(self, selector: Selector, here: Place) -> bool:
        self._work += 1
        if selector.ancestors and selector.could_match(here):
            self._work += here.depth
        if self._work > _MOST_WORK:
            raise StylesTooHeavy(f"more than {_MOST_WORK} comparisons of elements with style rules")
        return selector.matches(here)


def parse_declarations(block: str) -> dict[str, tuple[str, bool]]:
    """Property → (value, important) of a style attribute or a rule's body; only properties that can hide text."""
    found: dict[str, tuple[str, bool]] = {}
    for part in _split(block, ";"):
        name, colon, value = part.partition(":")
        name = unescaped(name).strip().lower()
        if not colon or name not in _RELEVANT:
            continue
        value = " ".join(unescaped(value).lower().split())
        important = _IMPORTANT.search(value) is not None
        value = _IMPORTANT.sub("", value)
        if name == "background":  # the shorthand resets the parts it does not name
            found["background-color"] = found["background-image"] = (value, important)
        elif name == "font":
            size = _FONT_SIZE.search(value + " ")
            found["font-size"] = (size[1] if size else "medium", important)
        else:
            found[name] = (value, important)
    return found


def _rules(css: str, parents: tuple[str, ...], depth: int) -> Iterator[tuple[str, _Block]]:
    """(selector, declarations) in order of appearance, without at-rules that do not apply on the imagined screen."""
    if depth > _DEEPEST:
        return
    for prelude, body in _parsed(css)[1]:
        if prelude.startswith("@"):
            name = prelude[1:].partition(" ")[0]
            if name.lower() in _TRANSPARENT_AT_RULES or (name.lower().startswith("media") and _on_screen(prelude[6:])):
                if parents != ("",):  # nested in a style rule, an at-rule also holds declarations of that rule
                    yield from _declared(parents, body)
                yield from _rules(body, parents, depth + 1)
            continue
        selectors = tuple(
            (part.replace("&", parent) if "&" in part else f"{parent} {part}").strip()
            for parent in parents
            for part in _split(prelude, ",")
        )[:_MOST_SELECTORS]
        yield from _declared(selectors, body)
        yield from _rules(body, selectors, depth + 1)


def _declared(selectors: tuple[str, ...], body: str) -> Iterator[tuple[str, _Block]]:
    declarations = parse_declarations(_parsed(body)[0])
    if declarations:
        yield from ((selector, declarations) for selector in selectors)


def _parsed(css: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands outside of blocks, and (prelude, body) of the outermost `prelude { body }` blocks."""
    blocks: list[tuple[str, str]] = []
    loose: list[str] = []
    depth, start, opened = 0, 0, 0
    for token in _STRUCTURE.finditer(css):
        sign = token.group()
        if sign == "{":
            depth += 1
            if depth == 1:
                opened = token.start()
        elif sign == "}" and depth:
            depth -= 1
            if depth == 0:
                blocks.append((css[start:opened].strip(), css[opened + 1 : token.start()]))
                start = token.end()
        elif sign in ("}", ";") and depth == 0:
            loose.append(css[start : token.end()])
            start = token.end()
    if depth:  # an unclosed block ends with the sheet, as in a browser
        blocks.append((css[start:opened].strip(), css[opened + 1 :]))
    else:
        loose.append(css[start:])
    return "".join(loose), blocks


def _split(text: str, separator: str) -> list[str]:
    """Parts between separators that are not in strings, brackets or parentheses."""
    parts: list[str] = []
    depth, start = 0, 0
    for token in _SEPARATORS[separator].finditer(text):
        sign = token.group()
        if sign in ("(", "["):
            depth += 1
        elif sign in (")", "]"):
            depth = max(0, depth - 1)
        elif sign == separator and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [part.strip() for part in (*parts, text[start:])]


def _on_screen(condition: str) -> bool:
    """Whether a media query list holds on the imagined screen. What is not understood does not hold."""
    return any(_query_holds(query.strip()) for query in condition.lower().split(","))


def _query_holds(query: str) -> bool:
    bounds = _MEDIA_BOUND.findall(query)
    words = set(_MEDIA_BOUND.sub(" ", query).split())
    if not words <= {"only", "screen", "all", "and"}:
        return False
    for limit, side, number, unit in bounds:
        pixels = float(number) * (16.0 if unit in ("em", "rem") else 1.0)  # 16 px is every browser's default size
        size = SCREEN_WIDTH if side == "width" else SCREEN_HEIGHT
        if (limit == "min" and size < pixels) or (limit == "max" and size > pixels):
            return False
    return True
