"""A kept answer as the Ask page shows it: sentences with numbers, and beside them what each number stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from records.chat import KeptTurn
from terminal.chat_words import numbered, spent_line
from terminal.plain import plain
from terminal.web.addresses import address_of_item

DROPPED = "they did not stand the check"
"""How the reason ends that only says that sentences were taken out: the page lists them."""


@dataclass(frozen=True)
class Source:
    """What a number of an answer stands for."""

    number: int
    id: str
    kind: str
    lines: tuple[str, ...]
    """What a tool gave for it, plain; empty if it is not known any more."""
    address: str | None
    """Where it is shown whole; None: nowhere."""


@dataclass(frozen=True)
class Sentence:
    """One sentence and the numbers of what it rests on."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Dropped:
    """A sentence that was taken out, and why."""

    text: str
    faults: str


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    number: int
    """Its place in the conversation, from 1: part of the names that links within the page use."""
    question: str
    sentences: tuple[Sentence, ...]
    sources: tuple[Source, ...]
    reason: str | None
    dropped: tuple[Dropped, ...]
    spent: str
    kept: KeptTurn


def turn_of(kept: KeptTurn, number: int, known: Mapping[str, str]) -> Turn:
    """`known`: what earlier turns of the conversation were given, by id."""
    answer = kept.answer
    numbers = numbered(answer)
    texts = {**known, **kept.texts}
    sentences = tuple(
        Sentence(plain(one.text), tuple(numbers[name] for name in one.support)) for one in answer.sentences
    )
    said = " ".join(one.text for one in sentences)
    told = answer.reason is None or answer.reason in said or (answer.dropped and answer.reason.endswith(DROPPED))
    return Turn(
        number=number,
        question=plain(answer.question),
        sentences=sentences,
        sources=tuple(_source(name, place, texts.get(name, "")) for name, place in numbers.items()),
        reason=None if told or answer.reason is None else plain(answer.reason),
        dropped=tuple(Dropped(plain(one.text), plain("; ".join(one.faults))) for one in answer.dropped),
        spent=spent_line(answer.provenance),
        kept=kept,
    )


def turns_of(kept: Sequence[KeptTurn]) -> list[Turn]:
    """A conversation, oldest first."""
    known: dict[str, str] = {}
    turns = []
    for number, one in enumerate(kept, 1):
        turns.append(turn_of(one, number, known))
        known |= one.texts
    return turns


def _source(name: str, number: int, text: str) -> Source:
    lines = tuple(line for line in map(plain, text.splitlines()) if line)
    return Source(number, plain(name), name.partition(":")[0], lines, address_of_item(name))
