"""From a question to the first word of its answer, beyond what the model itself took: a warm process, and a new one."""

import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from agent.chat import ChatEvent, TextWritten
from evals.chat_bench.model_server import ModelServer, TurnTimes
from records.chat import ChatAnswer
from records.errors import UsageError

LIMIT_SECONDS = 1.0
QUESTIONS = (
    "What happened to MSFT this month and why does it matter?",
    "What is new about Apple?",
    "Which news of the last weeks moved shares most?",
    "And what did the stock do then?",
)


class BenchFailed(UsageError):
    """What was to be measured did not happen."""


class Talk(Protocol):
    """What answers (`terminal.chat_parts`)."""

    def ask(
        self, question: str, *, conversation: str, as_of: datetime, on_event: Callable[[ChatEvent], None]
    ) -> ChatAnswer: ...


OpenTalk = Callable[[str], AbstractContextManager[Talk]]
"""From the model server's address to what answers."""


@dataclass(frozen=True)
class Asked:
    """One question's times, seconds."""

    added: float
    """From the question to the first text, without the time the model server took."""
    waited: float
    """All of it."""


def measure_warm(latency_seconds: float, open_talk: OpenTalk, as_of: datetime, n: int) -> dict[str, object]:
    """`n` questions, each of a conversation of its own, and as many in one conversation that grows; one lookup each. The first
    question of the process is told apart."""
    run = secrets.token_hex(4)  # conversations of an earlier run in the same home stay theirs
    with ModelServer(latency_seconds) as server, open_talk(server.base_url) as talk:
        first = _ask(talk, server, as_of, 0, f"{run} first")
        apart = [_ask(talk, server, as_of, number, f"{run} new {number}") for number in range(1, n + 1)]
        growing = [_ask(talk, server, as_of, number, f"{run} one") for number in range(1, n + 1)]
    return {
        "model_latency_seconds": latency_seconds,
        "lookups_a_question": 1,
        "questions": n,
        "added_seconds": spread([one.added for one in apart]),
        "added_seconds_growing_conversation": spread([one.added for one in growing]),
        "waited_seconds": spread([one.waited for one in apart]),
        "added_seconds_first_of_process": round(first.added, 3),
        "limit_seconds": LIMIT_SECONDS,
    }


def _ask(talk: Talk, server: ModelServer, as_of: datetime, number: int, conversation: str) -> Asked:
    begun: list[float] = []

    def watch(event: ChatEvent) -> None:
        if isinstance(event, TextWritten) and not begun:
            begun.append(time.monotonic())

    asked_at = time.monotonic()
    question = f"{QUESTIONS[number % len(QUESTIONS)]} ({number})"
    answer = talk.ask(question, conversation=conversation, as_of=as_of, on_event=watch)
    turns = server.turns()
    if not begun or not answer.provenance.tools or not any(one.text for one in turns):
        raise BenchFailed(f"The question {question!r} was not looked up and answered: {answer.reason}.")
    waited = begun[0] - asked_at
    return Asked(waited - _of_the_model(turns), waited)


def _of_the_model(turns: list[TurnTimes]) -> float:
    """Until the first piece of the text: earlier turns whole, of that one the silence before."""
    seconds = 0.0
    for one in turns:
        seconds += (one.began_at if one.text else one.ended_at) - one.asked_at
        if one.text:
            break
    return seconds


def measure_fresh(
    latency_seconds: float, command: list[str], environment: Mapping[str, str], n: int
) -> dict[str, object]:
    """`command`: `rhyme ask` with what it needs but the address of the model, which `environment` gets. Seconds from the start of
    the process to the first lookup, without the time the model took to wish for it. Raises BenchFailed."""
    looked: list[float] = []
    ended: list[float] = []
    with ModelServer(latency_seconds) as server:
        variables = {**environment, "RHYME_BASE_URL": server.base_url}
        for number in range(n):
            begun = time.monotonic()
            with subprocess.Popen([*command, f"({number})"], env=variables, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) as running:  # fmt: skip
                assert running.stderr is not None
                said: list[str] = []
                for line in running.stderr:
                    said.append(line)
                    if line.startswith("… "):
                        looked.append(time.monotonic() - begun)
            ended.append(time.monotonic() - begun)
            if running.returncode or len(looked) != number + 1:
                raise BenchFailed(f"`rhyme ask` ended with code {running.returncode}: {' '.join(said)[-500:]}")
            looked[-1] -= sum(one.ended_at - one.asked_at for one in server.turns() if not one.text)
    return {
        "processes": n,
        "first_lookup_seconds": spread(looked),
        "whole_seconds": spread(ended),
        "model_latency_seconds": latency_seconds,
    }


def ask_command(home: Path, as_of: datetime) -> list[str]:
    """One question in a new process."""
    words = ["ask", "--home", str(home), "--as-of", as_of.isoformat(), "What happened to MSFT?"]
    return [sys.executable, "-m", "terminal.main", *words]


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95 % and most."""
    return {
        "p50": round(float(np.percentile(values, 50)), 4),
        "p95": round(float(np.percentile(values, 95)), 4),
        "most": round(max(values), 4),
    }
