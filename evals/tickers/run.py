"""One run of the suite: the gold set by code, with a model if there is one, and a wire's article tags if the folder has them."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.instruments.grade import Tally as WireTally
from evals.instruments.grade import grade as grade_wire
from evals.instruments.grade import read_tagging
from evals.tickers.by_model import ModelChoice
from evals.tickers.gold import GoldSentence, digest_of, load_gold
from evals.tickers.grade import Tally, every_one, grade, shares_in, sure_only
from markets.instruments import InstrumentTable
from models.interface import LanguageModel
from records.errors import SourceUnreadable

Say = Callable[[str], None]

TAGGING = Path("tagging") / "reuters_ticker_tags.jsonl"


@dataclass(frozen=True)
class Request:
    """What to grade."""

    data: Path | None = None
    """Folder with tagging/reuters_ticker_tags.jsonl; None: the gold set alone."""
    gold: Path | None = None
    """Another gold file; None: the shipped one."""
    limit: int = 30
    """Most sentences with an unsettled name that are put to a model."""
    seed: int = 0
    """Draws them."""


@dataclass(frozen=True)
class WithModel:
    """The same sentences by code alone and with the model's choice."""

    model: str
    sentences: int
    questions: int
    by_code: Tally
    by_model: Tally


@dataclass(frozen=True)
class WireResult:
    """Articles against the tickers that their wire gave them; companies, not share classes."""

    digest: str
    articles: int
    right: int
    wrong: int
    missed: int


@dataclass(frozen=True)
class TickersReport:
    """Everything measured."""

    sentences: tuple[GoldSentence, ...]
    by_code: Tally
    shown: Tally
    """With every candidate that a model would be shown."""
    with_model: WithModel | None
    wire: WireResult | None
    wire_shown: WireResult | None

    @property
    def digest(self) -> str:
        """Of the gold set."""
        return digest_of(self.sentences)


def run(request: Request, say: Say, model: LanguageModel | None = None) -> TickersReport:
    """Grades. Raises SourceError for data that is missing or broken, ModelError."""
    sentences = load_gold(request.gold)
    table = InstrumentTable.load()
    say(f"Reading {len(sentences)} sentences …")
    wire = _wire(request.data, table, say) if request.data else (None, None)
    return TickersReport(
        sentences,
        grade(sentences, table, sure_only),
        grade(sentences, table, every_one),
        _with_model(sentences, table, request, model, say) if model else None,
        *wire,
    )


def _with_model(
    sentences: Sequence[GoldSentence], table: InstrumentTable, request: Request, model: LanguageModel, say: Say
) -> WithModel:
    """A drawn sample of the sentences in which something is left to choose: the others cost nothing and change nothing."""
    unsettled = [one for one in sentences if any(found.ambiguous for found in shares_in(one, table))]
    drawn = random.Random(request.seed).sample(unsettled, min(request.limit, len(unsettled)))
    choice = ModelChoice(model, say)
    by_model = grade(drawn, table, choice)
    return WithModel(model.name, len(drawn), choice.questions, grade(drawn, table, sure_only), by_model)


def _wire(folder: Path, table: InstrumentTable, say: Say) -> tuple[WireResult, WireResult]:
    path = folder / TAGGING
    if not path.is_file():
        raise SourceUnreadable(
            f"There is no {TAGGING} in {folder}. Leave --data out to grade the shipped gold set alone, or give a folder with that "
            "file: a line an article with date, headline, body and tickers."
        )
    say("Reading the wire's articles …")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        stories = read_tagging(folder)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceUnreadable(
            f"{path} cannot be read ({error!r}): each line needs date, headline, body and tickers."
        ) from error
    sure, shown = grade_wire(stories, table, [])
    return _wire_result(digest, sure), _wire_result(digest, shown)


def _wire_result(digest: str, tally: WireTally) -> WireResult:
    return WireResult(digest, tally.stories, tally.right, tally.wrong, tally.missed)
