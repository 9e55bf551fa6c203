"""What stands between a hostile article and everything that reads it: passages that address a model are withheld.

A withheld passage is not read by a model, not scored, not quoted, not remembered and not shown; where it stood and what it tried
is on record with the article. The archive keeps the article as it was received. No model takes part in the decision.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote_plus, urlsplit

from agent.guard_addressed import Passage, judge, passages
from agent.guard_news import shown_title
from records.article import Article, Withheld
from records.defences import Defence, holds
from records.event import Precedent

TEXTS_KEPT = 4_096
"""Summaries of past events that are kept as they are shown: one is recalled for many articles."""
UNTITLED = "(headline withheld: it addresses a model)"
_KINDS = {
    "override": "voids instructions", "role": "gives a model a role", "order": "orders an answer", "form": "fills in our form",
    "markup": "imitates our marks", "encoded": "hides its words", "noise": "is noise", "task": "sets a task",
}  # fmt: skip
_LONGEST_NAME = 8  # words: "The International Herald Tribune and Global Edition Online" has eight
_GAPS = re.compile(r"[ \t]{2,}")
_BREAKS = re.compile(r"\s*\n\s*\n\s*|\n{2,}")


def shield(article: Article) -> Article:
    """The article without passages that address a model, and without sentences in its headline that are no news of it."""
    return _plain_title(_shield(article))


def _plain_title(article: Article) -> Article:
    title = shown_title(article.title, article.text)
    if title == article.title:
        return article
    note = "the headline goes on with words that are no news of the article: left out"
    return article.model_copy(update={"title": title, "notes": (*article.notes, note)})


def _shield(article: Article) -> Article:
    """The article without passages that address a model, in title, text, publisher's name and address; the same object if there
    are none. Its id stays that of the article as received, its `withheld` says where they stood, a note says so in words."""
    if not holds(Defence.WITHHOLDING):
        return article
    in_title = passages(article.title)
    in_text = passages(article.text, article.title if not in_title else "")
    source, url = _safe_source(article.source), _safe_url(article.url)
    if not in_title and not in_text and (source, url) == (article.source, article.url):
        return article
    offset = len(article.title) + 2
    withheld = (*_records(in_title, 0), *_records(in_text, offset))
    notes = [_note(withheld)] if withheld else []
    notes += ["the publisher's name is no name: left out"] if source != article.source else []
    notes += ["a part of the address that addresses a model was cut off"] if url != article.url else []
    return article.model_copy(
        update={
            "title": _without(article.title, in_title) or UNTITLED,
            "text": _without(article.text, in_text),
            "source": source,
            "url": url,
            "withheld": withheld,
            "notes": (*article.notes, *notes),
        }
    )


def shield_precedents(precedents: Sequence[Precedent]) -> tuple[Precedent, ...]:
    """Precedents whose summaries address no model; a summary of which nothing is left is no precedent. P1, P2, … anew."""
    if not holds(Defence.WITHHOLDING):
        return tuple(precedents)
    kept: list[Precedent] = []
    for precedent in precedents:
        summary = without_passages(precedent.summary)
        if summary:
            changed = {} if summary == precedent.summary else {"summary": summary, "why": "", "differs": ""}
            name = f"P{len(kept) + 1}"
            same = not changed and precedent.id == name
            kept.append(precedent if same else precedent.model_copy(update={**changed, "id": name}))
    return tuple(kept)


@lru_cache(maxsize=TEXTS_KEPT)
def without_passages(text: str) -> str:
    """`text` without what addresses a model; may be empty."""
    return _without(text, passages(text))


def _records(found: Sequence[Passage], offset: int) -> tuple[Withheld, ...]:
    return tuple(Withheld(start=one.span.start + offset, end=one.span.end + offset, kind=one.kind) for one in found)


def _note(withheld: Sequence[Withheld]) -> str:
    kinds = Counter(_KINDS[one.kind] for one in withheld)
    told = ", ".join(
        f"{count} × {words}" for words, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    )
    length = sum(one.end - one.start for one in withheld)
    return (
        f"this article contains text addressed to a model: {length:,} characters were neither read nor quoted ({told})"
    )


def _without(text: str, found: Sequence[Passage]) -> str:
    """What is left, spaced as cleaned text is, so that the model is asked the very question it would be asked without them."""
    if not found:
        return text
    kept: list[str] = []
    at = 0
    for one in found:
        kept.append(text[at : one.span.start])
        at = one.span.end
    kept.append(text[at:])
    return _GAPS.sub(" ", _BREAKS.sub("\n\n", "".join(kept))).strip()


def _safe_source(source: str | None) -> str | None:
    """A name is short, and no sentence."""
    if source is None or (len(source.split()) <= _LONGEST_NAME and judge(source) is None):
        return source
    return None


def _safe_url(url: str | None) -> str | None:
    """The address without a query or a fragment that addresses a model; None if its path does."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if _addresses(parts.path):
        return None
    if _addresses(parts.query) or _addresses(parts.fragment):
        return parts._replace(query="", fragment="").geturl()
    return url


def _addresses(part: str) -> bool:
    """Whether a piece of an address says something to a model, its separators read as spaces."""
    return bool(part) and judge(re.sub(r"[-_/+=&.]+", " ", unquote_plus(part))) not in (None, "encoded", "noise")
