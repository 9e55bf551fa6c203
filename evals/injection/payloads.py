"""Payloads: our own, and those of the public sets in a folder."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Literal

from evals.injection.case import Payload, Style
from evals.injection.encodings import ENCODINGS

BIPIA, TENSOR_TRUST = "bipia_text_attacks.jsonl", "tensortrust_hijacking.jsonl"
LONGEST = 2_500
"""Characters of a public attack: longer ones repeat a token to fill a context."""
TASKS = frozenset({
    "Information Retrieval", "Content Creation", "Learning and Tutoring", "Programming Help", "Task Automation",
    "Business Intelligence", "Conversational Agent", "Research Assistance", "Sentiment Analysis",
})  # fmt: skip
"""Kinds of BIPIA's attacks that ask something beside the matter; the others change or add to the answer."""


def own(style: Style) -> tuple[Payload, ...]:
    """The shipped ones, in their file's order."""
    raw = tomllib.loads((resources.files("evals.injection") / "payloads.toml").read_text(encoding="utf-8"))
    made = []
    for entry in raw[style]:
        url = f"http://{entry['id'].replace('_', '-')}.attacker.test/{hashlib.sha256(entry['id'].encode()).hexdigest()[:6]}"
        parts = tuple(part.replace("{url}", url) for part in entry["parts"])
        made.append(
            Payload(
                f"{style}:{entry['id']}",
                " ".join(parts),
                style,
                "own",
                entry.get("language", "en"),
                held_out=entry.get("held_out", False),
                demands=parts,
            )
        )
    return tuple(made)


def encoded(payload: Payload, encoding: str) -> Payload:
    """The payload as it is planted in that encoding; what counts as reaching a model stays the plain words, and the code itself."""
    text = ENCODINGS[encoding](payload.text)
    return replace(
        payload, id=f"{payload.id}+{encoding}", text=text, encoding=encoding, demands=(*payload.plain_demands, text)
    )


def public(folder: Path) -> tuple[Payload, ...]:
    """BIPIA's text attacks and Tensor Trust's hijackings, as far as the folder has them, without repetition. Ids are digests: the
    texts stay where they are."""
    found = [*_bipia(folder / BIPIA), *_tensor_trust(folder / TENSOR_TRUST)]
    return tuple({payload.id: payload for payload in found}.values())


def _bipia(path: Path) -> Iterator[Payload]:
    for row in _rows(path):
        goal: Literal["task", "extremes"] = "task" if row["type"] in TASKS else "extremes"
        yield Payload(
            _id("bipia", row["attack"]),
            row["attack"],
            "static",
            "bipia",
            goal=goal,
            held_out=_is_held_out(row["attack"]),
        )


def _tensor_trust(path: Path) -> Iterator[Payload]:
    for row in _rows(path):
        if row["attack"].strip() and len(row["attack"]) <= LONGEST:
            yield Payload(
                _id("tensortrust", row["attack"]),
                row["attack"],
                "static",
                "tensortrust",
                held_out=_is_held_out(row["attack"]),
            )


def _is_held_out(text: str) -> bool:
    """Half of the public attacks, by digest of the text: the patterns were tuned on the other half."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 == 1


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _id(name: str, text: str) -> str:
    return f"{name}:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
