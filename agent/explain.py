"""Explaining a score: written by a capable model and repaired once at most, or composed in code for a small one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.check import check
from agent.evidence import Evidence, describe_precedent, describe_score, describe_sentiment
from agent.explain_composed import compose
from agent.guard_output import clean_claims
from agent.progress import OnProgress, Progress, writing
from agent.read import fit_to_context
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Claim, Explanation, ModelCall, Sentence

MAX_OUTPUT_TOKENS = 1_200
PROMPT_TOKENS = 2_500
"""Room for the rules, the facts, the precedents and the score block."""


class SentenceAnswer(BaseModel):
    """One sentence and what it rests on."""

    model_config = ConfigDict(extra="forbid")
    text: Annotated[str, Field(min_length=10, max_length=600)]
    support: Annotated[list[str], Field(min_length=1, max_length=8)]


class ExplainAnswer(BaseModel):
    """The form of prompts/explain.md."""

    model_config = ConfigDict(extra="forbid")
    sentences: Annotated[list[SentenceAnswer], Field(min_length=1, max_length=9)]


@dataclass(frozen=True)
class Explained:
    """The checked sentences and the calls behind them."""

    claims: tuple[Claim, ...]
    calls: tuple[ModelCall, ...] = ()
    composed: bool = False
    """By code, not by a model."""


def explain(evidence: Evidence, model: LanguageModel, prompts: PromptLibrary, progress: OnProgress) -> Explained:
    """The analysis paragraph, checked; nothing for an article that is not scoreable. Raises ModelError."""
    if evidence.impact.score is None:
        return Explained(())
    if model.profile == "embedded":
        progress(Progress("explain", "composing from the evidence"))
        return Explained(check(compose(evidence), evidence), composed=True)
    first = _ask(evidence, model, prompts, progress, (), "explain")
    # what a model wrote of a hostile article stands outside the marks here: only what may be shown is said again
    faults = [
        f"“{claim.text}”: {'; '.join(claim.faults)}"
        for claim in clean_claims(first.claims, evidence)
        if claim.verdict == "dropped"
    ]
    if not faults:
        return first
    progress(Progress("check", f"{len(faults)} sentences have faults: asking once for a better version"))
    second = _ask(evidence, model, prompts, progress, faults, "explain.repair")
    better = second if _worth(second) >= _worth(first) else first
    return Explained(better.claims, first.calls + second.calls)


def _worth(explained: Explained) -> tuple[int, int]:
    """What a reader keeps counts first: a version that says less is not better for having nothing dropped."""
    dropped = sum(claim.verdict == "dropped" for claim in explained.claims)
    return len(explained.claims) - dropped, -dropped


def _ask(
    evidence: Evidence,
    model: LanguageModel,
    prompts: PromptLibrary,
    progress: OnProgress,
    faults: Sequence[str],
    purpose: str,
) -> Explained:
    progress(Progress("explain", "the model writes the analysis"))
    prompt = prompts.load("explain").render(
        article=fit_to_context(evidence.body, model, model.context_tokens - MAX_OUTPUT_TOKENS - PROMPT_TOKENS),
        facts=[f"{fact.id}: “{fact.quote}”" for fact in evidence.reading.facts],
        precedents=[f"{precedent.id}: {describe_precedent(precedent)}" for precedent in evidence.precedents],
        score=[*describe_score(evidence), f"sentiment: {describe_sentiment(evidence.reading)}"],
        faults=list(faults),
    )
    answer = model.structured(
        prompt,
        ExplainAnswer,
        purpose=purpose,
        max_output_tokens=MAX_OUTPUT_TOKENS,
        on_token=writing(progress, "explain"),
    )
    sentences = tuple(
        Sentence(text=one.text.strip(), support=tuple(dict.fromkeys(one.support))) for one in answer.value.sentences
    )
    progress(Progress("check", f"holding {len(sentences)} sentences against their evidence"))
    return Explained(check(Explanation(sentences=sentences), evidence), answer.calls)
