"""FinanceBench and TAT-QA as questions with their contexts, from a folder with `financebench_150.jsonl` or `tatqa_dev.jsonl`.

FinanceBench (Islam et al. 2023, https://arxiv.org/abs/2311.11944), CC BY-NC 4.0: questions on filings, each with the pages it
rests on. TAT-QA (Zhu et al. 2021, https://aclanthology.org/2021.acl-long.254), CC BY 4.0: questions on a table with its paragraphs.
Nothing of their texts is kept or shipped.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evals.chat.grading import Gold, is_number
from records.errors import SourceUnreadable

Half = Literal["dev", "report"]
FINANCEBENCH, TATQA = "financebench", "tatqa"
FILES = {FINANCEBENCH: "financebench_150.jsonl", TATQA: "tatqa_dev.jsonl"}
FINANCEBENCH_SLACK = 0.005
"""Its gold figures are rounded: 8,738 million is given as 8.70 billion."""
_IN_SCALE = re.compile(r"\bin (?:USD |US dollars? |\$ ?)?(million|billion|thousand)s?\b", re.IGNORECASE)
_NUMBER_TYPES = ("arithmetic", "count")


@dataclass(frozen=True)
class Context:
    """What becomes one article: a page of a filing, or a table with its paragraphs."""

    title: str
    text: str

    @property
    def article_id(self) -> str:
        """As Rhyme names articles: by their content."""
        return hashlib.sha256(f"{self.title}\n\n{self.text}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Question:
    """One question with what is held for right."""

    id: str
    set: str
    text: str
    """As the set has it."""
    asked: str
    """As it is put to the chat: a TAT-QA question names its table, since its words alone fit a hundred of them."""
    gold: Gold
    kind: str
    """The set's own name of its type."""
    contexts: frozenset[str]
    """Ids of the articles it rests on."""
    half: Half


@dataclass(frozen=True)
class Loaded:
    """A folder's questions and every context, drawn or not."""

    questions: tuple[Question, ...]
    contexts: tuple[Context, ...]
    digest: str
    """SHA-256 of the files, by name."""


def half_of(group: str) -> Half:
    """By a hash of the company or table, so that what shares a page falls in one half."""
    return "dev" if int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % 2 == 0 else "report"


def load(folder: Path) -> Loaded:
    """The sets found in `folder` or its `qa/`. Raises SourceUnreadable when there is none, or a line is broken."""
    places = {name: path for name, file in FILES.items() if (path := _place(folder, file)) is not None}
    if not places:
        wanted = " and ".join(FILES.values())
        raise SourceUnreadable(
            f"There is neither {wanted} in {folder} nor in {folder}/qa. Give a folder with at least one of them."
        )
    readers = {FINANCEBENCH: _financebench, TATQA: _tatqa}
    questions: list[Question] = []
    contexts: dict[str, Context] = {}
    digest = hashlib.sha256()
    for name, path in sorted(places.items()):
        digest.update(path.read_bytes())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                for question, own in readers[name](json.loads(line), number):
                    questions.append(question)
                    contexts.update({one.article_id: one for one in own})
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                raise SourceUnreadable(
                    f"{path.name}, line {number}, cannot be read as a question of {name} ({error!r})."
                ) from error
    return Loaded(tuple(questions), tuple(contexts.values()), digest.hexdigest())


def _place(folder: Path, file: str) -> Path | None:
    return next((path for path in (folder / file, folder / "qa" / file) if path.is_file()), None)


def _financebench(row: dict[str, Any], number: int) -> Iterator[tuple[Question, list[Context]]]:
    pages = [_page(one) for one in row["evidence"]]
    answer = str(row["answer"]).strip()
    said = _IN_SCALE.search(row["question"])
    gold = Gold(
        "number" if is_number(answer) else "text", (answer,), said[1].lower() if said else "", FINANCEBENCH_SLACK
    )
    yield Question(
        id=str(row.get("financebench_id") or f"financebench:{number}"), set=FINANCEBENCH, text=row["question"],
        asked=row["question"], gold=gold, kind=str(row.get("question_type") or "unknown"),
        contexts=frozenset(one.article_id for one in pages), half=half_of(str(row.get("company") or number)),
    ), pages  # fmt: skip


def _page(evidence: dict[str, Any]) -> Context:
    text = evidence.get("evidence_text_full_page") or evidence["evidence_text"]
    name = str(evidence["doc_name"]).replace("_", " ")
    return Context(f"{name}, page {evidence.get('evidence_page_num', 'unknown')}", _plain(str(text)))


def _tatqa(row: dict[str, Any], _: int) -> Iterator[tuple[Question, list[Context]]]:
    table = row["table"]
    name = f"Filing table {str(table['uid'])[:8]}"
    lines = [" | ".join(str(cell).strip() for cell in cells) for cells in table["table"]]
    paragraphs = [one["text"] for one in sorted(row["paragraphs"], key=lambda one: one["order"])]
    context = Context(name, "\n\n".join(["\n".join(lines), *map(_plain, paragraphs)]))
    for one in row["questions"]:
        yield Question(
            id=str(one["uid"]), set=TATQA, text=one["question"], asked=f"In {name[0].lower()}{name[1:]}: {one['question']}",
            gold=_tatqa_gold(one), kind=one["answer_type"], contexts=frozenset({context.article_id}), half=half_of(table["uid"]),
        ), [context]  # fmt: skip


def _tatqa_gold(one: dict[str, Any]) -> Gold:
    answer, scale = one["answer"], str(one.get("scale") or "")
    if one["answer_type"] in _NUMBER_TYPES:
        return Gold("number", (str(answer),), scale)
    parts = tuple(str(part) for part in (answer if isinstance(answer, list) else [answer]))
    if len(parts) > 1:
        return Gold("spans", parts, scale)
    single = is_number(parts[0]) and not re.fullmatch(r"(?:19|20)\d\d", parts[0].strip())
    return Gold("number" if single else "text", parts, scale)


def _plain(text: str) -> str:
    """Without empty lines and spaces at the ends of lines."""
    return "\n".join(line for line in (one.strip() for one in text.replace("\u00a0", " ").splitlines()) if line)
