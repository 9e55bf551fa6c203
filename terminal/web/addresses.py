"""Where the pages show a thing that an answer or a brief cites."""

from urllib.parse import quote

PAGES = {"analysis": "/articles/", "story": "/stories/", "event": "/precedents/"}


def address_of_item(name: str) -> str | None:
    """`name`: kind:id, as the tools name things. A sentence and an alert are shown with their analysis; None: no page shows the
    kind."""
    kind, _, of = name.partition(":")
    if kind == "claim":
        kind, of = "analysis", of.partition(".")[0]
    if kind == "alert":
        kind, of = "analysis", of.rpartition(".")[2]
    return f"{PAGES[kind]}{quote(of, safe='')}" if of and kind in PAGES else None
