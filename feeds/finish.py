"""`Draft` → `Article`: cleaned, titled, addressed and dated. The same for every source."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx

from feeds.clean import clean_line, clean_text, lookalike_note, removal_note
from feeds.dates import Published, parse_published
from feeds.draft import Draft
from feeds.language import detect_language
from feeds.limits import Limits
from records.article import Article
from records.errors import SourceUnreadable

_LONGEST_TITLE = 300  # characters; a longer first sentence is cut at a word
_FIRST_SENTENCE = re.compile(r".{20,}?[.!?][\"'”’)\]]*(?=\s+[\"'“‘(]?[A-Z0-9]|\s*$)|[^。！？]*[。！？]", re.DOTALL)
_SOON = timedelta(days=1)  # clocks and zones differ; a publication time later than this after now is no slip


def finish(
    draft: Draft,
    now: datetime,
    limits: Limits,
    *,
    name: str,
    fetched: str | None = None,
    notes: tuple[str, ...] = (),
) -> Article:
    """The article, first seen `now`. `name` is for messages, `fetched` the address of its page, if it came from there.

    Raises SourceUnreadable when no text is left.
    """
    body, heading = clean_text(draft.text), clean_line(draft.title or "")
    title, text, title_notes = _titled(heading.text, body.text)
    if not title:
        raise SourceUnreadable(f"{name} has no text left after cleaning. Give an article with words in it.")
    text, cut_note = _cut(text, limits.max_characters)
    url, url_note = _address(draft.url, fetched)
    published, time_notes = _published(draft.published, now)
    removed: Counter[str] = body.removed + heading.removed
    found = (
        *notes,
        *draft.notes,
        removal_note(removed),
        lookalike_note(f"{title}\n{text}"),
        *title_notes,
        cut_note,
        url_note,
    )
    return Article(
        id=hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:16],
        title=title,
        text=text,
        url=url,
        source=clean_line(draft.source or "").text[:100] or _host(url),
        published_at=published.at if published else None,
        date_only=published.date_only if published else False,
        first_seen_at=now,
        language=detect_language(f"{title}\n{text}"),
        notes=tuple(clean_line(note).text for note in (*found, *time_notes) if note),
    )


def _titled(title: str, text: str) -> tuple[str, str, tuple[str, ...]]:
    """Title, text without the title, and a note when the title is only the first sentence."""
    if title:
        first, _, rest = text.partition("\n")
        if first.strip().casefold() == title.casefold():
            text = rest.strip()
        shown = _shortened(title)
        return shown, text, (f"title cut from {len(title):,} to {len(shown)} characters",) if shown != title else ()
    match = _FIRST_SENTENCE.match(text)
    sentence = match.group().strip() if match else text
    title = _shortened(" ".join(sentence.split()))
    whole = title == " ".join(sentence.split())
    note = ("the source has no title: its first sentence was taken",) if title else ()
    return title, text[len(sentence) :].strip() if whole else text, note


def _shortened(title: str) -> str:
    if len(title) <= _LONGEST_TITLE:
        return title
    return title[: _LONGEST_TITLE - 1].rsplit(" ", 1)[0].rstrip() + "…"


def _cut(text: str, most: int) -> tuple[str, str | None]:
    if len(text) <= most:
        return text, None
    paragraph = text.rfind("\n\n", 0, most)
    kept = text[: paragraph if paragraph > most // 2 else most].rstrip()
    return kept, f"text cut from {len(text):,} to {len(kept):,} characters"


def _address(claimed: str | None, fetched: str | None) -> tuple[str | None, str | None]:
    """The article's address. A page may name a better one of its own host; a claim to be elsewhere is noted, not believed."""
    try:
        url = httpx.URL((claimed or "").strip()).copy_with(fragment=None) if claimed else None
        if fetched and url is not None and not url.is_absolute_url:
            url = httpx.URL(fetched).join(url)
    except (httpx.InvalidURL, ValueError):
        url = None
    valid = url is not None and url.scheme in ("http", "https") and bool(url.host) and not url.userinfo
    if fetched is None:
        return (
            (str(url), None) if valid else (None, f"its address {claimed[:100]!r} is not usable" if claimed else None)
        )
    if not valid or url is None:
        return fetched, None
    if _bare_host(url.host) == _bare_host(httpx.URL(fetched).host):
        return str(url), None
    return fetched, f"the page names another site as its address: {url.host}"


def _host(url: str | None) -> str | None:
    return _bare_host(httpx.URL(url).host) if url else None


def _bare_host(host: str) -> str:
    return host.lower().removeprefix("www.").removeprefix("m.").removeprefix("amp.")


def _published(claims: tuple[str | int | float, ...], now: datetime) -> tuple[Published | None, tuple[str, ...]]:
    """The best of the claims: the first with a time of day and a zone, else the first date."""
    understood = [(claim, parsed) for claim in claims if (parsed := parse_published(claim)) is not None]
    if not understood:
        return None, ((f"publication time {str(claims[0])[:60]!r} is not understood",) if claims else ())
    best = next((parsed for _, parsed in understood if not parsed.date_only), understood[0][1])
    return best, tuple(_time_notes(best, [parsed for _, parsed in understood], now))


def _time_notes(best: Published, all_claims: list[Published], now: datetime) -> Iterator[str]:
    if best.note:
        yield best.note
    apart = max(abs(claim.at - best.at) for claim in all_claims)
    if apart > timedelta(days=2):  # a date alone can lie a day and a zone away from the exact time
        yield f"the source gives publication times {apart.days} days apart: the most exact was taken"
    if best.at > now + _SOON:
        yield f"publication time {best.at:%Y-%m-%d %H:%M} UTC lies in the future"


def clipped(article: Article) -> Article:
    """The article, its publication no later than its first sight: what is here was published.

    A bare date stands for the end of its day, so today's and, for zones east of New York, tomorrow's are left alone.
    """
    at, seen = article.published_at, article.first_seen_at
    if at is None or at <= seen or (article.date_only and at <= seen + _SOON + _SOON):
        return article
    note = f"published {at:%Y-%m-%d %H:%M} UTC by its own account, after it was seen: the time of first sight was taken"
    return article.model_copy(update={"published_at": seen, "date_only": False, "notes": (*article.notes, note)})
