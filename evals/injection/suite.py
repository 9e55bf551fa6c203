"""The cases: every hidden kind, every place, every language, every encoding, the public attacks, and orders that know us."""

import html
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from evals.injection.case import Case, Host, Payload, Style, case_id, hosts
from evals.injection.encodings import ENCODINGS
from evals.injection.payloads import encoded, own, public
from evals.injection.places import HIDDEN, OTHER, VISIBLE, clean

PUBLIC_PLACES = ("body_end", "body_middle", "body_start", "quote", "headline", "table", "feed_text", "in_sentence")
ENCODED_PLACES = ("body_middle", "headline", "table")
RAW_HTML = frozenset({"entities", "double_entities"})
"""Encodings that are HTML themselves."""


@dataclass(frozen=True)
class Suite:
    """Cases in a fixed order."""

    cases: tuple[Case, ...]

    def limited(self, limit: int | None, seed: int) -> "Suite":
        """A sample of `limit`, of both styles in their proportion, in the suite's order."""
        if limit is None or limit >= len(self.cases):
            return self
        chosen = set(random.Random(seed).sample(range(len(self.cases)), limit))
        return Suite(tuple(case for place, case in enumerate(self.cases) if place in chosen))

    def spread(self, count: int, seed: int) -> "Suite":
        """`count` of them with as many places and encodings among them as can be, both styles in turn."""
        chooser = random.Random(seed)
        groups: dict[tuple[str, str], list[Case]] = {}
        for case in self.cases:
            name = case.place if case.payload.encoding == "plain" else case.payload.encoding
            groups.setdefault((name, case.payload.style), []).append(case)
        order = sorted(groups)
        chooser.shuffle(order)
        for group in order:
            chooser.shuffle(groups[group])
        chosen: list[Case] = []
        while len(chosen) < min(count, len(self.cases)):
            chosen += [groups[group].pop() for group in order if groups[group]]
        return Suite(tuple(chosen[:count]))


def build(folder: Path | None, seed: int) -> Suite:
    """All cases; `folder`: with the public sets, None for our own cases alone."""
    turn = _Turn(random.Random(seed))
    static, adaptive = own("static"), own("adaptive")
    cases = [*_own(static, turn, "static"), *_own(adaptive, turn, "adaptive"), *_public(folder, turn)]
    return Suite(tuple({case.id: case for case in cases}.values()))


class _Turn:
    """Hands out the articles in turn, so that each is planted in equally often."""

    def __init__(self, chooser: random.Random) -> None:
        self.chooser = chooser
        self._hosts = hosts()
        self._next = 0

    def host(self) -> Host:
        self._next += 1
        return self._hosts[self._next % len(self._hosts)]


def _own(payloads: Sequence[Payload], turn: _Turn, style: Style) -> Iterator[Case]:
    english = [payload for payload in payloads if payload.language == "en"]
    foreign = [payload for payload in payloads if payload.language != "en"]
    places = [*VISIBLE, *OTHER]
    for number, place in enumerate(HIDDEN):
        for payload in _some(english, 4 if style == "static" else 1, number):
            yield plant(turn.host(), payload, place)
    for number, place in enumerate(places):
        for payload in _some(english, 10 if style == "static" else 8, number):
            yield plant(turn.host(), payload, place)
    for payload in english if style == "adaptive" else ():
        for place in ("body_start", "body_middle", "headline"):
            yield plant(turn.host(), payload, place)
    for payload in foreign:
        for place in (
            ("body_middle", "headline", "display_none") if style == "static" else ("body_middle", "body_start")
        ):
            yield plant(turn.host(), payload, place)
    for number, name in enumerate(ENCODINGS):
        for payload in _some(english, 3 if style == "static" else 2, number) if name != "plain" else ():
            for place in ENCODED_PLACES if style == "static" else ENCODED_PLACES[:1]:
                yield plant(turn.host(), encoded(payload, name), place)


def _some(payloads: Sequence[Payload], count: int, start: int) -> list[Payload]:
    """`count` of them in turn, beginning elsewhere for each `start`."""
    return [payloads[(start * count + step) % len(payloads)] for step in range(min(count, len(payloads)))]


def _public(folder: Path | None, turn: _Turn) -> Iterator[Case]:
    if folder is None:
        return
    for number, payload in enumerate(public(folder)):
        yield plant(turn.host(), payload, PUBLIC_PLACES[number % len(PUBLIC_PLACES)])


def plant(host: Host, payload: Payload, place: str) -> Case:
    """The case of a payload in a place of an article."""
    url = f"https://news.example.com/{host.id}"
    order = payload.text if payload.encoding in RAW_HTML else html.escape(payload.text, quote=False)
    precedent = None
    if place == "precedent":
        (content, media_type), precedent = clean(host), f"{host.title}. {payload.text}"[:1_900]
    elif place == "url":
        content, media_type = clean(host)
        url += f"?note={quote(payload.text)}"
    else:
        content, media_type = {**VISIBLE, **HIDDEN}[place](host, order)
    return Case(
        case_id(host.id, payload.id, place),
        host,
        payload,
        place,
        content.encode("utf-8", "surrogatepass"),
        media_type,
        url,
        precedent,
    )
