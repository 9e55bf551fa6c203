"""Reprints, updates, corrections and round-ups made of real articles, in memory: what each should be called is known by making."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from evals.threads.pairs import article_of
from records.article import Article
from records.story import Relation

ADDED = (
    "Trading in the shares was halted twice during the session because of the size of the swing, an exchange notice shows.",
    "Two analysts who follow the sector lowered their ratings and wrote that 37 stores in the north would have to close.",
    "A hearing before the regional commissioner is set for the 19th, and the minister of transport has asked to be heard there.",
    "The board meets again on Thursday to vote on a dividend of 41 cents, two directors told a local newspaper.",
    "Rivals have lost 12 percent of their orders since spring, according to a survey of 640 buyers by a trade association.",
    "Insurers put the damage at 88 million euros, and repairs to the eastern pier are expected to last until winter.",
)
"""Paragraphs of our own: what an update adds."""
APPENDED = (
    "(Reporting by A. Correspondent in Springfield; Editing by B. Sub-Editor)",
    "Our Standards: The Thomson Reuters Trust Principles.",
    "Click here to subscribe to our newsletter.",
    "© Example Media Ltd. All rights reserved.",
)
HEADLINES = ("Business news in brief", "What to know today", "Company news", "Markets: the story so far")
_FIGURE = re.compile(
    r"(?<![\w.,$])(?<!Jan )(?<!Feb )(?<!March )(?<!April )(?<!May )(?<!June )(?<!July )(?<!Aug )(?<!Sept )(?<!Oct )(?<!Nov )"
    r"(?<!Dec )(\d{1,3})(?![\w.,]|\s\d)"
)
"""A small whole number that is no day of a month."""


@dataclass(frozen=True)
class Made:
    """An article made of others, and what it should be."""

    kind: str
    article: Article
    expected: Relation
    of: tuple[Article, ...]
    """The articles it was made of; it belongs to the story of one of them."""


def reprints(base: Article, number: int) -> list[Made]:
    """The same text as other publishers print it. `number` chooses among the ways."""
    ways = REPRINTS
    return [
        Made(name, _later(base, minutes, *way(base, number)), "reprint", (base,))
        for minutes, (name, way) in enumerate(ways.items(), 5)
    ]


def update(base: Article, number: int) -> Made:
    """An "UPDATE" with one to three paragraphs more."""
    more = [ADDED[(number + step) % len(ADDED)] for step in range(1 + number % 3)]
    title = f"UPDATE {1 + number % 3}-{base.title}" if number % 2 else base.title
    return Made("update", _later(base, 40, title, "\n\n".join([base.text, *more])), "update", (base,))


def correction(base: Article, number: int) -> Made | None:
    """A corrected version: one figure is another, said in the headline, in the text, or not at all. None without a figure."""
    found = _FIGURE.search(base.text)
    if found is None:
        return None
    changed = base.text[: found.start()] + str(int(found[1]) + 7) + base.text[found.end() :]
    title = (f"CORRECTED-{base.title}", base.title, base.title)[number % 3]
    text = (changed, f"(Corrects figure in first paragraph)\n\n{changed}", changed)[number % 3]
    return Made("correction", _later(base, 50, title, text), "correction", (base,))


def roundup(bases: Sequence[Article], number: int) -> Made:
    """Several stories told in one text, a paragraph each."""
    parts = [f"{base.title}. {_sentence(base.text)}" if number % 2 else _sentence(base.text) for base in bases]
    title = f"Morning briefs: {HEADLINES[number % 4]}" if number % 3 else HEADLINES[number % 4]
    return Made("recombination", _later(bases[-1], 60, title, "\n\n".join(parts)), "recombination", tuple(bases))


def _later(base: Article, minutes: int, title: str, text: str) -> Article:
    return article_of(title, text, base.first_seen_at + timedelta(minutes=minutes), source=f"site {minutes}")


def _sentence(text: str) -> str:
    return text.split("\n")[0]


def _undated(text: str) -> str:
    """Without the place and date that it begins with."""
    return re.sub(r"^(?:[A-Z.'-]{3,}[ /,]+)*(?:[A-Z][a-z]{2,8} \d{1,2} )?(?:\(\w+\) )?(?:- )?(?=[A-Z])", "", text)


def _shortened(text: str) -> str:
    words = text.split()
    return " ".join(words[: max(18, len(words) * 6 // 10)])


def _retitled(title: str) -> str:
    words = title.split()
    return "In short: " + " ".join(words[len(words) // 2 :]) if len(words) > 3 else "News in short"


def _entities(text: str) -> str:
    return html.escape(text).replace("'", "&#39;").replace("-", "&ndash;").replace("$", "&#36;")


def _spaced(text: str) -> str:
    return "  ".join(text.upper().split(" ")).replace(". ", ".\n\n ")


REPRINTS: Mapping[str, Callable[[Article, int], tuple[str, str]]] = MappingProxyType(
    {
        "byline and dateline": lambda a, n: (
            a.title,
            f"By Jan Correspondent\n\nSPRINGFIELD, Oct {1 + n % 28} (AP) - {_undated(a.text)}\n\n{APPENDED[0]}",
        ),
        "shortened": lambda a, _: (a.title, _shortened(a.text)),
        "other headline": lambda a, _: (_retitled(a.title), a.text),
        "case and spaces": lambda a, _: (a.title.upper(), _spaced(a.text)),
        "entities": lambda a, _: (_entities(a.title), _entities(a.text)),
        "appended furniture": lambda a, n: (a.title, "\n\n".join([a.text, APPENDED[n % 4], APPENDED[(n + 1) % 4]])),
        "repeat label": lambda a, _: (f"RPT-{a.title}", a.text),
        "headline alone": lambda a, _: (f"BRIEF-{a.title}", ""),
    }
)
"""How the same text comes again: (article, number) → headline and text."""
