"""Chat: questions with gold answers, put to the chat that `rhyme ask` uses; and whether a search finds what they rest on."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agent.chat import ChatEvent, ToolEnded
from evals.chat.grading import grade
from evals.chat.run import AS_OF, OUTCOMES, articles_of, citations, is_hit
from evals.chat.sets import FILES, Loaded, Question
from evals.chat.sets import load as load_questions
from evals.harness.datasets import SHIPPED, given, shipped
from evals.harness.run import Case
from evals.harness.suites.parts import NO_ANSWER, Parts, of_shares, prompt_digests, sources
from evals.harness.task import Figures, Mark, Reply, Sample, Task
from evals.tickers.grade import Share
from records.chat import ChatAnswer

SUITE = "chat"
PROMPTS = ("chat", "chat_answers", "chat_relevant")
EMBEDDED_QUESTIONS = 8
"""The embedded model takes a quarter of a minute for one."""
COUNTED = ("sentences", "standing", "citations", "needed")
SCORED = (*OUTCOMES, "reached", "dropped", *COUNTED)


def load(parts: Parts) -> Task:
    """Retrieval alone: is a text that the question rests on among the first five found? Raises SourceError, StoreError."""
    loaded, questions = _questions(parts)
    _, open_sources = parts.open_talk(articles_of(loaded.contexts), None)
    held = open_sources(AS_OF)

    def solve(sample: Sample) -> Reply:
        found = is_hit(questions[sample.id], held)
        return Reply("found" if found else "not found", found)

    def mark(_: Sample, reply: Reply) -> Mark:
        return Mark({"hit_at_5": float(reply.value)}, () if reply.value else ("not among the first five",))

    return _task(parts, questions, Task(
        suite=SUITE, kind="code", split="", data_digest="", samples=(), scored=("hit_at_5",), solve=solve, mark=mark,
        figures=_retrieval,
    ))  # fmt: skip


def load_model(parts: Parts) -> Task:
    """The answers. Raises SourceError, ModelError, StoreError."""
    loaded, every = _questions(parts)
    questions = {one.id: one for one in parts.few(list(every.values()), EMBEDDED_QUESTIONS)}
    talk, _ = parts.open_talk(articles_of(loaded.contexts), parts.asked())
    if talk is None:
        raise RuntimeError("a chat with a model was asked for")

    def solve(sample: Sample) -> Reply:
        question, texts = questions[sample.id], dict[str, str]()

        def watch(event: ChatEvent) -> None:
            if isinstance(event, ToolEnded):
                texts.update({one.id: one.text for one in event.result.items})

        name = f"eval-{hashlib.sha256(question.id.encode()).hexdigest()[:16]}"
        answer = talk.ask(question.asked, conversation=name, as_of=AS_OF, on_event=watch)
        return Reply(" ".join(one.text for one in answer.sentences), (answer, texts))

    return _task(parts, questions, Task(
        suite=SUITE, kind="model", split="", data_digest="", samples=(), scored=SCORED, solve=solve,
        mark=lambda sample, reply: _mark(questions[sample.id], *reply.value), figures=figures,
        prompt_digests=prompt_digests(PROMPTS),
    ))  # fmt: skip


def _questions(parts: Parts) -> tuple[Loaded, dict[str, Question]]:
    """All shipped ones; of a folder the half that the steps were not tuned on."""
    loaded = load_questions(parts.data or SHIPPED)
    return loaded, {one.id: one for one in loaded.questions if parts.data is None or one.half == "report"}


def _task(parts: Parts, questions: dict[str, Question], task: Task) -> Task:
    from dataclasses import replace

    folder = parts.data or SHIPPED
    inside = folder / "qa" if (folder / "qa").is_dir() else folder
    files: list[Path] = [inside / name for name in FILES.values() if (inside / name).is_file()]
    origin = (
        shipped("all", "self-written questions", *files) if parts.data is None else given("qa", "report half", *files)
    )
    digests, told = sources(origin)
    return replace(
        task,
        split="shipped" if parts.data is None else "report half",
        data_digest=origin.digest,
        samples=tuple(
            Sample(one.id, one.asked, str(one.gold), cluster=min(one.contexts, default=one.id))
            for one in questions.values()
        ),
        data_digests=digests,
        data_sources=told,
    )


def _mark(question: Question, answer: ChatAnswer, texts: dict[str, str]) -> Mark:
    outcome = grade(question.gold, question.asked, [one.text for one in answer.sentences if one.support])
    found = {one.id.partition(":")[2] for one in answer.retrieved}
    scores: dict[str, float | None] = {name: float(name == outcome) for name in OUTCOMES}
    scores |= {"reached": float(bool(question.contexts & found)), "dropped": float(len(answer.dropped))}
    scores |= citations(answer, texts)
    return Mark(scores, () if outcome == "correct" else (outcome,))


def figures(cases: Sequence[Case]) -> Figures:
    """Correct, wrong and refused of all questions; a failure of the model counts as refused, and is told."""

    def total(name: str) -> int:
        return sum(int(case.scores.get(name) or 0) for case in cases)

    failed = sum(case.error is not None for case in cases)
    metrics, intervals = of_shares(
        {
            "correct": Share(total("correct"), len(cases)),
            "wrong": Share(total("wrong"), len(cases)),
            "refused": Share(total("refused") + failed, len(cases)),
            "citation_precision": Share(total("needed"), total("citations")),
            "citation_recall": Share(total("standing"), total("sentences")),
            "reached": Share(total("reached"), len(cases)),
        }
    )
    failures = Counter(check for case in cases for check in case.checks)
    failures[NO_ANSWER] = failed
    return Figures(metrics, intervals, failures=+failures)


def _retrieval(cases: Sequence[Case]) -> Figures:
    hits = sum(int(case.scores["hit_at_5"] or 0) for case in cases if case.error is None)
    metrics, intervals = of_shares({"hit_at_5": Share(hits, len(cases))})
    return Figures(metrics, intervals, failures={"not found": len(cases) - hits} if hits < len(cases) else {})
