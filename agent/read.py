"""Reading one article: which path a model takes, and what both paths share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.progress import OnProgress
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import ModelCall
from records.article import Article
from records.market import Candidate
from records.reading import Reading

ANALYSIS_LANGUAGE = "en"


@dataclass(frozen=True)
class ReadResult:
    """A reading with the calls behind it and what it could not measure."""

    reading: Reading
    calls: tuple[ModelCall, ...]
    missing: tuple[str, ...] = ()


def read(
    article: Article,
    candidates: Sequence[Candidate],
    model: LanguageModel,
    prompts: PromptLibrary,
    progress: OnProgress,
) -> ReadResult:
    """The reading of `article` by the path of the model's profile. Raises ModelError."""
    if model.profile == "embedded":
        from agent.read_embedded import EmbeddedReader

        return EmbeddedReader(model, prompts, progress).read(article, candidates)
    from agent.read_capable import read_capable

    return read_capable(article, candidates, model, prompts, progress)


def fit_to_context(body: str, model: LanguageModel, budget_tokens: int) -> str:
    """`body`, cut at a paragraph or sentence so that it holds at most `budget_tokens`; news puts what matters first."""
    if model.count_tokens(body) <= budget_tokens:
        return body
    low, high = 0, len(body)
    while high - low > 64:
        middle = (low + high) // 2
        low, high = (middle, high) if model.count_tokens(body[:middle]) <= budget_tokens else (low, middle)
    cut = max(body.rfind("\n", 0, low), body.rfind(". ", 0, low) + 1)
    return body[: cut if cut > low // 2 else low].rstrip()


def by_ticker(candidates: Sequence[Candidate]) -> Mapping[str, Candidate]:
    """Candidates under their ticker; the first (most prominent) match of a ticker wins."""
    table: dict[str, Candidate] = {}
    for candidate in candidates:
        table.setdefault(candidate.instrument.ticker, candidate)
    return table
