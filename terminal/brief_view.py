"""A brief as Markdown, as one self-contained HTML page, and as an e-mail file."""

import base64
import hashlib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from records.brief import Brief, BriefScope, BriefStory
from terminal.change_wording import NOTHING, change_line
from terminal.plain import plain
from terminal.wording import moment

MOST_OTHERS = 100
"""Stories below the limit that a page names; the JSON names all."""
NO_NEWS = "No news: nothing that was not told before, and every source that is watched could be read."
UNKNOWN = "Nothing to tell, but that is not the same as no news: something failed or waits, as said below."


def subject(brief: Brief) -> str:
    """What an e-mail or a page is called."""
    count = len(brief.stories) + len(brief.others)
    told = {
        "news": f"{count} {'story' if count == 1 else 'stories'}",
        "no_news": "no news",
        "unknown": "nothing to tell",
    }
    return f"Rhyme brief, {scope_words(brief.scope)}, {moment(brief.as_of)}: {told[brief.status]}"


def scope_words(scope: BriefScope) -> str:
    """The scope in words."""
    named = plain(", ".join((*scope.tickers, *scope.tags)))
    words = {"everything": "everything", "watchlist": f"watchlist {named}", "theme": named, "portfolio": "portfolio"}
    return words[scope.kind]


def lead(brief: Brief) -> str:
    """The paragraph, or what stands in its place."""
    if brief.status == "no_news":
        return NO_NEWS
    return UNKNOWN if brief.status == "unknown" else " ".join(plain(one.text) for one in brief.overall)


def score_line(story: BriefStory) -> str:
    """Score, interval, companies and what its rank was made of."""
    one = story.analysis
    if one.score is None or one.low is None or one.high is None or one.p_material is None:
        return "not scoreable"
    parts = [f"{one.score:.2f} ({one.low:.2f}–{one.high:.2f}) for {one.ticker}", f"P(>2σ) {one.p_material:.0%}"]
    if one.novelty is not None:
        parts.append(f"novelty {one.novelty:.2f}")
    if story.exposure is not None and story.exposure != 1.0:
        parts.append(f"exposure {story.exposure:.1%}")
    return ", ".join(parts)


def about_line(story: BriefStory) -> str:
    """When, by whom, how many articles, and whether it goes on."""
    one = story.analysis
    told = ", ".join(plain(source) for source in story.sources) or "unknown source"
    number = f"{story.articles} articles" if story.articles > 1 else "1 article"
    return f"{moment(one.published_at or one.as_of)} · {told} · {number}" + (
        " · goes on from an earlier brief" if story.update else ""
    )


def change_words(story: BriefStory) -> tuple[str, ...]:
    """What an update changed; empty when there is no former analysis."""
    if story.former_id is None:
        return ()
    return tuple(plain(change_line(one)) for one in story.changes) or (NOTHING,)


def other_lines(brief: Brief) -> list[str]:
    """The stories below the limit, in a line each."""
    lines = [
        f"{'–' if one.score is None else f'{one.score:.2f}'} {one.ticker or ''} {plain(one.title)} [{one.analysis_id}]"
        for one in brief.others[:MOST_OTHERS]
    ]
    left = len(brief.others) - len(lines)
    return lines + ([f"and {left} more, named in the JSON"] if left else [])


def missing_lines(brief: Brief) -> list[str]:
    """What failed, what waits, what was assumed."""
    lines = [f"{plain(one.what)}: {plain(one.message)}" for one in brief.failures]
    if brief.waiting:
        lines.append(
            f"{brief.waiting} articles wait to be analysed; `rhyme worker` does them, and the next brief tells them."
        )
    return lines + [plain(one) for one in brief.notes]


def text(brief: Brief) -> str:
    """For a terminal: the Markdown without the marks that keep outside text from being markup."""
    return _lines(brief, plain)


def markdown(brief: Brief) -> str:
    """For a file or a chat: outside text can be no markup, link or HTML in it."""
    return _lines(brief, _escaped)


def _lines(brief: Brief, shown: Callable[[str], str]) -> str:
    lines = [
        f"# {shown(subject(brief))}",
        "",
        f"From {moment(brief.since)} to {moment(brief.as_of)}.",
        "",
        shown(lead(brief)),
    ]
    for number, story in enumerate(brief.stories, 1):
        one = story.analysis
        lines += ["", f"## {number}. {shown(plain(one.title))}", "", f"**{shown(score_line(story))}**", "",
                  shown(f"{plain(story.sentence.text)} [{one.id}]"), ""]  # fmt: skip
        if story.precedent is not None:
            lines += [f"- Precedent: {shown(plain(story.precedent.text))}"]
        lines += [f"- Changed: {shown(change)}" for change in change_words(story)]
        lines += [f"- {shown(about_line(story))}"]
    for title, rest in (("Also", other_lines(brief)), ("Missing or assumed", missing_lines(brief))):
        if rest:
            lines += ["", f"## {title}", "", *(f"- {shown(line)}" for line in rest)]
    return "\n".join(lines) + "\n"


def story_rows(brief: Brief) -> list[dict[str, Any]]:
    """Each story's parts in words, as pages show them: title, score, sentence, id, precedent, changes, about, tags."""
    return [
        {
            "title": plain(story.analysis.title),
            "score": score_line(story),
            "sentence": plain(story.sentence.text),
            "id": story.analysis.id,
            "precedent": plain(story.precedent.text) if story.precedent else None,
            "changes": change_words(story),
            "about": about_line(story),
            "tags": [plain(tag) for tag in story.analysis.tags],
        }
        for story in brief.stories
    ]


def html(brief: Brief) -> str:
    """No script, nothing remote, all outside text escaped."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _templates().get_template("brief.html.j2")
    return template.render(
        title=subject(brief), lead=lead(brief), since=moment(brief.since), as_of=moment(brief.as_of), stories=story_rows(brief),
        others=other_lines(brief), missing=missing_lines(brief), style=style, style_digest=digest, id=brief.id,
    )  # fmt: skip


def email_file(brief: Brief, sender: str, to: str) -> bytes:
    """An RFC 5322 message with the text and the page, to be sent by whoever sends mail; Rhyme sends none."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject(brief)
    message["From"] = sender
    message["To"] = to
    message["Date"] = format_datetime(brief.created_at)
    message["Message-ID"] = f"<{brief.id}@rhyme.invalid>"
    message.set_content(markdown(brief))
    message.add_alternative(html(brief), subtype="html")
    return message.as_bytes()


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("terminal"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                       lstrip_blocks=True)  # fmt: skip


@cache
def _style() -> str:
    return files("terminal").joinpath("templates", "analysis.css").read_text(encoding="utf-8")


def _escaped(text: str) -> str:
    """Outside text as text: no markup of Markdown, no link, no HTML."""
    marked = text.replace("\\", "\\\\")
    for mark in "`*_[]<>#|!":
        marked = marked.replace(mark, f"\\{mark}")
    return marked.replace("://", ":\\//")  # a bare address would become a link
