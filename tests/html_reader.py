"""A page as a test reads it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "line", "rect", "circle", "polyline"}
"""Elements that our pages write without an end."""

Attributes = dict[str, str | None]


class HtmlReader(HTMLParser):
    """Elements with their attributes and the visible words. Raises AssertionError for an element that is closed out of order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        """All words, one space apart."""
        return " ".join(" ".join(self.words).split())

    @property
    def names(self) -> set[str]:
        """The kinds of elements."""
        return {name for name, _ in self.elements}

    def all(self, tag: str) -> list[Attributes]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, *names: str) -> list[str]:
        """What the attributes of these names say, in the order of the page."""
        return [value for _, attributes in self.elements for name in names if (value := attributes.get(name))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)
