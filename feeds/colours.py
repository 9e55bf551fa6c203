"""CSS colours as red, green, blue and opacity, and how well one is read on another."""

import colorsys
import re
from dataclasses import dataclass

# The basic sixteen, then the near-whites and near-blacks. A name that is missing counts as unknown, never as hidden.
_NAMED = {
    "black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff",
    "maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "magenta": "#ff00ff",
    "green": "#008000", "lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "navy": "#000080",
    "blue": "#0000ff", "teal": "#008080", "aqua": "#00ffff", "cyan": "#00ffff", "orange": "#ffa500",
    "snow": "#fffafa", "ivory": "#fffff0", "ghostwhite": "#f8f8ff", "whitesmoke": "#f5f5f5", "floralwhite": "#fffaf0",
    "mintcream": "#f5fffa", "azure": "#f0ffff", "aliceblue": "#f0f8ff", "honeydew": "#f0fff0", "seashell": "#fff5ee",
    "lightyellow": "#ffffe0", "lightcyan": "#e0ffff", "oldlace": "#fdf5e6", "linen": "#faf0e6", "beige": "#f5f5dc",
    "cornsilk": "#fff8dc", "lavenderblush": "#fff0f5", "lavender": "#e6e6fa", "gainsboro": "#dcdcdc",
    "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkslategray": "#2f4f4f", "dimgray": "#696969",
    "midnightblue": "#191970",
}  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})(?![0-9a-f])")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_NUMBER = re.compile(r"(-?\d*\.?\d+)(%|deg)?")
_LEAST_CONTRAST = 1.25  # of luminances by WCAG 2; black on white is 21, the faintest legible grey about 1.5


@dataclass(frozen=True)
class Colour:
    """Channels and opacity, each 0 to 1."""

    red: float
    green: float
    blue: float
    opacity: float = 1.0

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 black to 1 white (WCAG 2)."""
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (self.red, self.green, self.blue)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


WHITE = Colour(1, 1, 1)
BLACK = Colour(0, 0, 0)


def parse_colour(value: str) -> Colour | None:
    """The first colour named in a lower-case CSS value ("#fff", "rgb(0 0 0 / 50%)", "white url(x)"); None if none is
    understood.
    """
    if re.search(r"\btransparent\b", value):
        return Colour(0, 0, 0, 0)
    if match := _HEX.search(value):
        return _from_hex(match[1])
    if match := _FUNCTION.search(value):
        return _from_function(match[1], match[2])
    named = next((word for word in re.findall(r"[a-z]+", value) if word in _NAMED), None)
    return _from_hex(_NAMED[named][1:]) if named else None


def indistinct(text: Colour, background: Colour) -> bool:
    """Whether `text` on `background` cannot be read by eye."""
    lighter, darker = sorted((text.luminance, background.luminance), reverse=True)
    return (lighter + 0.05) / (darker + 0.05) < _LEAST_CONTRAST and _distance(text, background) < 0.25


def _distance(one: Colour, other: Colour) -> float:
    """Largest difference of a channel: two hues of one luminance are still told apart."""
    return max(abs(one.red - other.red), abs(one.green - other.green), abs(one.blue - other.blue))


def _from_hex(digits: str) -> Colour:
    if len(digits) <= 4:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2)]
    return Colour(*channels)


def _from_function(name: str, inner: str) -> Colour | None:
    parts = [(float(number), unit) for number, unit in _NUMBER.findall(inner)]
    if len(parts) < 3:
        return None
    opacity = 1.0 if len(parts) < 4 else parts[3][0] / (100 if parts[3][1] == "%" else 1)
    if name == "hsl":
        red, green, blue = colorsys.hls_to_rgb(
            parts[0][0] / 360 % 1, min(parts[2][0] / 100, 1), min(parts[1][0] / 100, 1)
        )
        return Colour(red, green, blue, opacity)
    red, green, blue = (min(max(number / (100 if unit == "%" else 255), 0), 1) for number, unit in parts[:3])
    return Colour(red, green, blue, opacity)
