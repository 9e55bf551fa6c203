"""Takes out of a page what its readers cannot see, before anything else reads it.

Text that a browser does not show is where instructions to a model are planted. Removed: scripts, styles, comments,
templates, fallbacks (`noscript`, `iframe`, …), and elements hidden by attribute or by CSS (inline and in style
blocks): not displayed, transparent, off screen, clipped or shrunk to nothing. Blanked, because children can undo it:
text in the colour of its background, in tiny letters, or with `visibility: hidden`. Not seen through: style sheets in
other files, CSS variables, text covered by another element, scripts that would hide or show things later.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from feeds.colours import BLACK, WHITE, Colour, indistinct, parse_colour
from feeds.css import SCREEN_HEIGHT, SCREEN_WIDTH, Declarations, StyleSheet

_NEVER_TEXT = frozenset(
    {"script", "style", "svg", "rp"}
)  # code, drawings, ruby brackets: removed without being counted
_NEVER_SHOWN = frozenset({
    "template", "noscript", "iframe", "object", "embed", "noembed", "noframes", "datalist", "canvas", "video",
    "audio",
})  # fmt: skip
_FAINTEST = 0.05  # opacity below which text is invisible in practice
_SMALLEST_TEXT = 5.0  # CSS pixels; legal notices go down to 8, nothing readable is below 6
_OFF_SCREEN = 500.0  # pixels to the left or above: no layout shifts readable text that far
_FAR_AWAY = 5_000.0  # pixels to the right or below: beyond any page's width
_SMALLEST_SCALE = 0.1
_DEFAULT_FONT = 16.0
_FONT_KEYWORDS = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}

_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|pt|r?em|ex|ch|vw|vh|vmin|vmax|%|in|cm|mm)?$")
_CALC = re.compile(r"calc\(\s*([^()\s]+?)(?:\s*(\*|\s[+-]\s)\s*([^()\s]+))?\s*\)$")
_PIXELS = {"px": 1.0, "pt": 4 / 3, "in": 96.0, "cm": 37.8, "mm": 3.78, "rem": _DEFAULT_FONT, "vw": SCREEN_WIDTH / 100}
_PIXELS |= {"vh": SCREEN_HEIGHT / 100, "vmin": SCREEN_HEIGHT / 100, "vmax": SCREEN_WIDTH / 100}
_EMPTY_CLIP = re.compile(r"rect\(\s*(\d*\.?\d+)\w*(?:[\s,]+\1\w*){3}\s*\)")
_EMPTY_CLIP_PATH = re.compile(
    r"inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|ellipse\(\s*0|polygon\(\s*0\w*\s+0\w*(?:\s*,\s*0\w*\s+0\w*)*\s*\)"
)
_SCALED = re.compile(r"scale(?:3d|x|y)?\(\s*(-?\d*\.?\d+)(%?)(?:\s*,\s*(-?\d*\.?\d+)%?)?")
_MOVED = re.compile(r"translate(?:3d|x|y)?\(\s*([^,)]+)(?:,\s*([^,)]+))?")


@dataclass(frozen=True)
class _Look:
    """What an element hands on to its children."""

    font: float = _DEFAULT_FONT
    """Pixels."""
    colour: Colour | None = BLACK
    """None: not understood, so never taken for hidden."""
    background: Colour | None = WHITE
    """None: an image, a gradient or not understood."""
    visible: bool = True


def remove_hidden(root: Any, sheet: StyleSheet) -> Counter[str]:
    """Removes what cannot be seen from the lxml HTML tree `root`, in place.

    Returns how many pieces with text in them were removed, by reason. Raises StylesTooHeavy. The root, its head and its
    body are never removed: pages that fade in would vanish whole.
    """
    counts: Counter[str] = Counter()
    looks: dict[Any, _Look] = {}
    doomed: list[Any] = []
    blank: list[Any] = []
    inside = frozenset({"html", "head", "body"})
    skipped: set[Any] = set()
    for element in root.iter():
        parent = element.getparent()
        if parent in skipped:
            skipped.add(element)
            continue
        if not isinstance(element.tag, str):  # a comment, a processing instruction or an entity
            doomed.append(element)
            skipped.add(element)
            counts["comment"] += bool((element.text or "").strip())
            continue
        style = sheet.declarations(element)
        reason = None if element.tag in inside else _removal_reason(element, style, looks.get(parent, _Look()))
        if reason is not None:
            doomed.append(element)
            skipped.add(element)
            if element.tag not in _NEVER_TEXT:
                counts[reason] += _has_text(element)
            continue
        look = _look(element, style, looks.get(parent, _Look()))
        looks[element] = look
        unreadable = _unreadable(look) if element.tag not in ("html", "head", "title") else None
        if unreadable is not None and _own_text(element):
            counts[unreadable] += 1
            blank.append(element)
    for element in blank:
        _blank(element)
    for element in doomed:
        if element.getparent() is not None:
            _drop(element)
    return +counts


def hidden_note(counts: Mapping[str, int]) -> str | None:
    """The line of `Article.notes` for `remove_hidden`'s counts; None when nothing was removed."""
    total = sum(counts.values())
    if not total:
        return None
    reasons = ", ".join(
        f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"removed {total} hidden part{'s' if total > 1 else ''} of the page ({reasons})"


def _removal_reason(element: Any, style: Declarations, parent: _Look) -> str | None:
    if element.tag in _NEVER_TEXT or element.tag in _NEVER_SHOWN:
        return str(element.tag)
    by_attribute = _hidden_by_attribute(element)
    if by_attribute:
        return by_attribute
    if not style:
        return None
    return next((reason for reason, hides in _HIDING.items() if hides(style, parent.font)), None)


def _hidden_by_attribute(element: Any) -> str | None:
    if element.get("hidden") is not None:
        return "hidden attribute"
    if (element.get("aria-hidden") or "").strip().lower() == "true":
        return "aria-hidden"
    if element.get("popover") is not None or (element.tag == "dialog" and element.get("open") is None):
        return "closed dialog"
    if element.tag == "input" and (element.get("type") or "").lower() == "hidden":
        return "hidden attribute"
    return None


def _not_displayed(style: Declarations, _font: float) -> bool:
    return style.get("display") == "none" or style.get("content-visibility") == "hidden"


def _transparent(style: Declarations, _font: float) -> bool:
    opacity = style.get("opacity", "")
    filtered = re.search(r"opacity\(\s*(\d*\.?\d+%?)", style.get("filter", ""))
    return any(_share(value) < _FAINTEST for value in (opacity, filtered[1] if filtered else "") if value)


def _off_screen(style: Declarations, font: float) -> bool:
    if style.get("position") in ("absolute", "fixed", "relative", "sticky"):
        sides = [style.get(side, "") for side in ("left", "top", "right", "bottom")] + style.get("inset", "").split()
        if any(_far(side, font) for side in sides):
            return True
    shifts = [style.get(name, "") for name in ("text-indent", "margin-left", "margin-top")] + style.get(
        "margin", ""
    ).split()
    moved = [part or "" for pair in _MOVED.findall(style.get("transform", "")) for part in pair]
    return any(_far(shift, font) for shift in (*shifts, *moved, *style.get("translate", "").split()))


def _clipped(style: Declarations, _font: float) -> bool:
    positioned = style.get("position") in ("absolute", "fixed")
    return bool(
        (positioned and _EMPTY_CLIP.search(style.get("clip", "")))
        or _EMPTY_CLIP_PATH.search(style.get("clip-path", ""))
    )


def _shrunk(style: Declarations, font: float) -> bool:
    if any(
        "hidden" in style.get(name, "") or "clip" in style.get(name, "")
        for name in ("overflow", "overflow-x", "overflow-y")
    ):
        sizes = [_pixels(style.get(name, ""), font) for name in ("width", "height", "max-width", "max-height")]
        if any(size is not None and size <= 1 for size in sizes):
            return True
    scales = [(one, unit) for one, unit, _ in _SCALED.findall(style.get("transform", ""))]
    scales += [(two, "") for _, _, two in _SCALED.findall(style.get("transform", "")) if two]
    if any(abs(float(number)) / (100 if unit else 1) < _SMALLEST_SCALE for number, unit in scales):
        return True
    return any(_share(part) < _SMALLEST_SCALE for name in ("scale", "zoom") for part in style.get(name, "").split())


_HIDING: Mapping[str, Callable[[Declarations, float], bool]] = {
    "display:none": _not_displayed,
    "transparent": _transparent,
    "off screen": _off_screen,
    "clipped": _clipped,
    "shrunk": _shrunk,
}


def _look(element: Any, style: Declarations, parent: _Look) -> _Look:
    """The inherited state of `element`."""
    look = parent
    attribute_colour = element.get("color") if element.tag == "font" else None
    attribute_background = element.get("bgcolor")
    if attribute_colour:
        look = replace(look, colour=parse_colour(attribute_colour.lower()))
    if attribute_background:
        look = replace(look, background=parse_colour(attribute_background.lower()))
    if "font-size" in style:
        look = replace(look, font=_font_size(style["font-size"], parent.font))
    if "visibility" in style:
        look = replace(look, visible=_visibility(style["visibility"], parent.visible))
    colour = style.get("-webkit-text-fill-color") or style.get("color")
    if colour and colour not in ("inherit", "currentcolor"):
        look = replace(look, colour=parse_colour(colour))
    return replace(look, background=_background(style, look.background))


def _visibility(value: str, parent: bool) -> bool:
    return parent if value in ("inherit", "unset") else value not in ("hidden", "collapse")


def _background(style: Declarations, behind: Colour | None) -> Colour | None:
    image = style.get("background-image", "")
    clipped_to_text = "text" in (style.get("background-clip", ""), style.get("-webkit-background-clip", ""))
    if clipped_to_text or "url(" in image or "gradient(" in image or "image-set(" in image:
        return None
    value = style.get("background-color", "")
    if not value or value in ("none", "inherit", "initial", "unset"):
        return behind
    colour = parse_colour(value)
    if colour is None:
        return behind if value in ("0", "0 0", "none") else None
    return behind if colour.opacity < 0.5 else colour  # half a layer leaves what lies behind in charge


def _unreadable(look: _Look) -> str | None:
    if not look.visible:
        return "visibility:hidden"
    if look.font < _SMALLEST_TEXT:
        return "tiny text"
    if look.colour is not None and look.background is not None:
        if look.colour.opacity < _FAINTEST:
            return "transparent"
        if indistinct(look.colour, look.background):
            return "text in background colour"
    return None


def _font_size(value: str, parent: float) -> float:
    if value in _FONT_KEYWORDS:
        return _FONT_KEYWORDS[value]
    match = _LENGTH.match(value)
    if match is None:
        return parent
    if match[2] == "%":
        return float(match[1]) / 100 * parent
    size = _pixels(value, parent)
    return parent if size is None else size


def _pixels(value: str, font: float) -> float | None:
    """A CSS length in pixels, percentages of the screen's width; None when it is none ("auto")."""
    match = _LENGTH.match(value.strip())
    if match is None:
        return _calculated(value.strip(), font)
    unit = match[2] or "px"
    scale = _PIXELS.get(unit, SCREEN_WIDTH / 100 if unit == "%" else font)
    return float(match[1]) * scale


def _calculated(value: str, font: float) -> float | None:
    """A `calc()` of one length or of two with one sign between them, in pixels; None for any other."""
    match = _CALC.match(value)
    if match is None or "calc" in match[1]:
        return None
    one = _pixels(match[1], font)
    other = _pixels(match[3], font) if match[3] else None
    if one is None or match[2] is None or other is None:
        return one if match[2] is None else None
    return {"*": one * other, "+": one + other, "-": one - other}[match[2].strip()]


def _far(value: str, font: float) -> bool:
    pixels = _pixels(value, font)
    return pixels is not None and (pixels <= -_OFF_SCREEN or pixels >= _FAR_AWAY)


def _share(value: str) -> float:
    """ "50%" or "0.5" as 0.5; 1 for what is no number."""
    match = re.fullmatch(r"(-?\d*\.?\d+)(%?)", value.strip())
    return 1.0 if match is None else float(match[1]) / (100 if match[2] else 1)


def _own_text(element: Any) -> bool:
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _has_text(element: Any) -> bool:
    return any(text.strip() for text in element.itertext())


def _blank(element: Any) -> None:
    element.text = None
    for child in element:
        child.tail = None


def _drop(element: Any) -> None:
    """Removes `element` and keeps the text that follows it."""
    parent = element.getparent()
    tail = element.tail or ""
    before = element.getprevious()
    if tail:
        if before is None:
            parent.text = f"{parent.text or ''}{tail}"
        else:
            before.tail = f"{before.tail or ''}{tail}"
    element.tail = None
    parent.remove(element)
