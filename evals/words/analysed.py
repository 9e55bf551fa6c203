"""Whole analyses by a model, checked, then read by the other ruler. What was counted is kept, so that a run can go on later."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, time
from pathlib import Path
from random import Random

from agent.primary import market_type
from agent.sentences import split_sentences
from evals.words.sources import REPRINTS, Told
from evals.words.written import Counted, Written, count
from markets.desk import MarketDesk
from records.analysis import Analysis, Claim
from records.article import Article
from records.errors import ModelAnswerInvalid, SourceUnreadable

Analyse = Callable[[Article], Analysis]
SUMMARY = "summary"
"""What a sentence of the summary cites: all of the article."""


def drawn(told: Iterable[Told], articles: int, seed: int) -> list[Told]:
    """One sentence each of so many different stories, by the seed: another number keeps the stories before it."""
    firsts = {one.body: one for one in told if one.group == REPRINTS}
    chosen = sorted(firsts.values(), key=lambda one: one.id)
    Random(seed).shuffle(chosen)
    return chosen[:articles]


def counted(
    told: Sequence[Told], analyse: Analyse, model: str, kept: Path | None, desk: MarketDesk | None = None
) -> Iterator[Counted]:
    """Of each story, in order. `kept`: a file of lines; stories in it by the same model are not analysed again. `desk`: knows the
    names and the backers that a sentence may give. A typed refusal of the article or of the model's answer is counted as one.
    Raises the other ModelErrors, StoreError."""
    known = _known(kept, model)
    for one in told:
        name = name_of(one)
        if name in known:
            yield known[name]
            continue
        found = _counted(name, one, analyse, desk or MarketDesk())
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"model": model, **asdict(found)}) + "\n")
        yield found


def name_of(told: Told) -> str:
    """The version of the story that is analysed: `pair17:a` is held against version b."""
    return told.id.rsplit(":", 1)[0]


def _counted(name: str, one: Told, analyse: Analyse, desk: MarketDesk) -> Counted:
    try:
        return count(written(name, analyse(article_of(one)), desk))
    except (ModelAnswerInvalid, SourceUnreadable) as error:
        return Counted(name, None, 0, 0, (), (), error.kind)


def _known(kept: Path | None, model: str) -> dict[str, Counted]:
    if kept is None or not kept.is_file():
        return {}
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines() if line.strip()]
    found = {}
    for row in rows:
        if row.pop("model") == model:
            found[row["article"]] = Counted(**row | {"numbers": tuple(row["numbers"]), "names": tuple(row["names"])})
    return found


def written(name: str, analysis: Analysis, desk: MarketDesk) -> Written:
    """The claims of an analysis, then the sentences of its summary."""
    summary = [
        Claim(text=text, support=(SUMMARY,), verdict="supported")
        for _, text in split_sentences(analysis.reading.summary)
    ]
    return Written(
        name,
        (*analysis.claims, *summary),
        _cited_by(analysis, desk),
        analysis.id,
        analysis.reading.dropped_sentences,
    )


def article_of(one: Told) -> Article:
    """The story as an article, known at eight in the evening of its day."""
    moment = datetime.combine(one.published_on, time(20), UTC) if one.published_on else datetime.now(UTC)
    return Article(
        id=hashlib.sha256(one.body.encode()).hexdigest()[:16],
        title=one.headline,
        text=one.body[len(one.headline) :].strip(),
        published_at=moment,
        first_seen_at=moment,
        language="en",
    )


def _cited_by(analysis: Analysis, desk: MarketDesk) -> Callable[[Claim], str]:
    """What a claim cites, and what every sentence may name: the headline, the companies read and the instrument scored."""
    article, ticker = analysis.article, analysis.impact.ticker
    moment = analysis.provenance.as_of
    texts = {fact.id: fact.quote for fact in analysis.reading.facts}
    texts |= {one.id: f"{one.model_dump_json()} {one.reaction.simple_return}" for one in analysis.precedents}
    texts |= {SUMMARY: article.body}
    named = desk.candidates(article.title, article.text, moment)
    for found in named:
        texts[f"link:{found.instrument.ticker}"] = f"{found.name} {found.instrument.name} {found.note or ''}"
    stand_in = desk.stand_in(market_type(analysis.reading, article.title), analysis.reading.tags, moment)
    known = [
        one.instrument.name for one in (*named, *((stand_in,) if stand_in else ())) if one.instrument.ticker == ticker
    ]
    rest = f"{article.title} {analysis.reading.mentions} {analysis.reading.sentiment} {analysis.impact.model_dump_json()} {known}"
    return lambda claim: "\n".join((rest, *(texts.get(name, "") for name in claim.support)))
