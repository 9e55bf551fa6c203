"""One run: contexts taken in as articles, each question put to the chat, its answer graded, its citations held against texts."""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest
from pathlib import Path
from typing import Protocol

from agent.chat import ChatEvent, ToolEnded
from agent.chat.citations import faults_of
from agent.chat.reading import looked_for
from evals.chat.grading import VERSION, Outcome, grade
from evals.chat.sets import Context, Half, Loaded, Question, load
from evals.kept_answers import KeptAnswers, digest
from records.article import Article
from records.chat import ChatAnswer
from records.errors import ModelError, UsageError
from tools.sources import Sources
from tools.toolbox import call
from tools.when import MARKET_ZONE

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
"""Questions are asked as of it, so that a run resumes and repeats; later than every filing of the sets."""
HITS = 5
OUTCOMES: tuple[Outcome, ...] = ("correct", "wrong", "refused")

Say = Callable[[str], None]
SourcesAsOf = Callable[[datetime], Sources]


class Talk(Protocol):
    """The chat of `rhyme ask`, of either kind."""

    def ask(
        self, question: str, *, conversation: str, as_of: datetime, on_event: Callable[[ChatEvent], None]
    ) -> ChatAnswer: ...


@dataclass(frozen=True)
class Request:
    """What to grade."""

    data: Path
    half: Half | None = "report"
    """None: both."""
    limit: int | None = None
    """Most questions, drawn from the sets in turn; None: all."""
    seed: int = 0


@dataclass(frozen=True)
class Judged:
    """One question and what came of it. Counts are floats because they are kept as such."""

    question: Question
    outcome: Outcome
    hit: bool
    """A context it rests on is among the first five that a search with its words finds."""
    reached: bool = False
    """A context it rests on is among what its run retrieved."""
    sentences: int = 0
    """That state something."""
    standing: int = 0
    """Of these, such as cite, and stand on all that they cite together."""
    citations: int = 0
    needed: int = 0
    """Of these, such as the sentence stands on alone, or would not stand without."""
    dropped: int = 0
    """Sentences that the chat itself had taken out."""
    seconds: float = 0.0
    tokens: int = 0
    cost_usd: float | None = None
    failed: bool = False
    """The model failed: counted as refused, and told."""


@dataclass(frozen=True)
class ChatReport:
    """Everything measured."""

    model: str
    mode: str
    half: str
    loaded: Loaded
    judged: tuple[Judged, ...]
    hits: tuple[tuple[Question, bool], ...] = field(default=())
    """Retrieval alone, of every question of the half: no model is needed for it."""


def articles_of(contexts: Iterable[Context]) -> list[Article]:
    """As they are taken in: undated, since the sets give no days."""
    seen = AS_OF - timedelta(days=1)
    return [
        Article(id=one.article_id, title=one.title, text=one.text, first_seen_at=seen, language="en")
        for one in contexts
    ]


def drawn(loaded: Loaded, request: Request) -> list[Question]:
    """The questions of a run, from the sets in turn. Raises UsageError when there is none."""
    sets: dict[str, list[Question]] = {}
    for one in loaded.questions:
        if request.half in (None, one.half):
            sets.setdefault(one.set, []).append(one)
    for each in sets.values():
        random.Random(request.seed).shuffle(each)
    mixed = [one for one in chain.from_iterable(zip_longest(*sets.values())) if one is not None]
    if not mixed:
        raise UsageError("No question of the data is in this half. Ask for --half both.")
    return mixed[: request.limit]


def run(
    request: Request,
    loaded: Loaded,
    talk: Talk | None,
    sources: SourcesAsOf,
    kept: KeptAnswers,
    say: Say,
    *,
    model: str,
    mode: str,
    version: str = "",
) -> ChatReport:
    """Grades; a run that is stopped with Ctrl-C reports what it has. `talk` None measures retrieval alone. `version`: of what
    answers, so that answers of another are not used. Raises ModelError only where no answer at all could be had."""
    pool = drawn(loaded, Request(request.data, request.half, None, request.seed))
    asked = drawn(loaded, request)
    held = sources(AS_OF)
    say(f"Searching with {len(pool):,} questions …")
    hits = {one.id: is_hit(one, held) for one in pool}
    judged: list[Judged] = []
    try:
        for number, one in enumerate(asked if talk else (), 1):
            say(f"Question {number:,} of {len(asked):,}")
            judged.append(
                _judged(one, hits[one.id], talk, kept, digest(VERSION, model, mode, version, one.id, one.asked))
            )
    except KeyboardInterrupt:
        if not judged:
            raise
        say(f"Stopped: {len(judged):,} of {len(asked):,} questions are reported; --resume goes on.")
    failed = [one for one in judged if one.failed]
    if judged and len(failed) == len(judged):
        raise ModelError(
            f"{model} answered none of {len(judged)} questions. `rhyme doctor` says whether it can be reached."
        )
    pairs = tuple((one, hits[one.id]) for one in pool)
    return ChatReport(model, mode, request.half or "both", loaded, tuple(judged), pairs)


def is_hit(question: Question, sources: Sources) -> bool:
    """By the set's own words, without the table's name."""
    words = looked_for(question.text)[:2_000]
    found = call("search_news", {"words": words, "limit": HITS}, sources).items
    return bool(question.contexts & {one.id.partition(":")[2] for one in found})


def _judged(question: Question, hit: bool, talk: Talk | None, kept: KeptAnswers, key: str) -> Judged:
    known = kept.get(key)
    if known is None:
        assert talk is not None
        try:
            known = _asked(question, talk)
        except ModelError:
            return Judged(question, "refused", hit, failed=True)
        kept.keep(key, known)
    cost = known["cost_usd"]

    def count(name: str) -> int:
        return int(known[name])

    return Judged(
        question, OUTCOMES[count("outcome")], hit, bool(known["reached"]), count("sentences"), count("standing"),
        count("citations"), count("needed"), count("dropped"), known["seconds"], count("tokens"), None if cost < 0 else cost,
    )  # fmt: skip


def _asked(question: Question, talk: Talk) -> dict[str, float]:
    texts: dict[str, str] = {}

    def watch(event: ChatEvent) -> None:
        if isinstance(event, ToolEnded):
            texts.update({one.id: one.text for one in event.result.items})

    name = f"eval-{hashlib.sha256(question.id.encode()).hexdigest()[:16]}"
    answer = talk.ask(question.asked, conversation=name, as_of=AS_OF, on_event=watch)
    stated = [one.text for one in answer.sentences if one.support]
    found = {one.id.partition(":")[2] for one in answer.retrieved}
    spent = answer.provenance
    return {
        "outcome": float(OUTCOMES.index(grade(question.gold, question.asked, stated))),
        "reached": float(bool(question.contexts & found)),
        **citations(answer, texts),
        "dropped": float(len(answer.dropped)),
        "seconds": round(spent.seconds, 3),
        "tokens": float(spent.input_tokens + spent.output_tokens),
        "cost_usd": -1.0 if spent.cost_usd is None else spent.cost_usd,
    }


def citations(answer: ChatAnswer, texts: dict[str, str]) -> dict[str, float]:
    """Sentences that state something and those that stand; citations and those that are needed (Gao et al. 2023,
    https://aclanthology.org/2023.emnlp-main.398, with the check in code in place of a model)."""
    on = AS_OF.astimezone(MARKET_ZONE).date()

    def stands(text: str, support: Sequence[str]) -> bool:
        return bool(support) and not faults_of(text, tuple(support), texts, answer.question, on)

    counts = {"sentences": 0, "standing": 0, "citations": 0, "needed": 0}
    for one in answer.sentences:
        if answer.refused and not one.support:
            continue
        counts["sentences"] += 1
        whole = stands(one.text, one.support)
        counts["standing"] += whole
        for name in one.support:
            others = [other for other in one.support if other != name]
            counts["citations"] += 1
            counts["needed"] += whole and (stands(one.text, [name]) or not stands(one.text, others))
    return {name: float(count) for name, count in counts.items()}


__all__ = ["AS_OF", "ChatReport", "Judged", "Request", "articles_of", "drawn", "load", "run"]
