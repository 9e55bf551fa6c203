"""A translation, or in words why there is none, or not of everything."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from agent.evidence import Evidence
from agent.progress import OnProgress, Stage
from agent.translation.languages import language
from agent.translation.work import translate
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Claim, ModelCall
from records.errors import ModelAnswerInvalid
from records.translation import Translation


@dataclass(frozen=True)
class TranslationOutcome:
    """What became of it."""

    translation: Translation | None = None
    """None: the words stay English."""
    calls: tuple[ModelCall, ...] = ()
    missing: tuple[str, ...] = ()
    """What the reader is told of it."""


def translated_or_why(
    summary: str,
    claims: Sequence[Claim],
    evidence: Evidence,
    model: LanguageModel,
    prompts: PromptLibrary,
    to: str,
    stage: Callable[[Stage, str], AbstractContextManager[None]],
    progress: OnProgress,
) -> TranslationOutcome:
    """As `translate`, in a `stage` of its own; an answer in no form of ours leaves the English, and so does a model that writes
    English only. Raises ModelError, UsageError."""
    name = language(to).name
    if model.profile == "embedded":
        why = f"the translation into {name} was not asked for: the embedded model writes English only"
        return TranslationOutcome(missing=(why,))
    try:
        with stage("translate", f"translating into {name}"):
            done = translate(summary, claims, evidence, model, prompts, to, progress)
    except ModelAnswerInvalid as error:
        return TranslationOutcome(missing=(f"the translation into {name} failed, so the words are English: {error}",))
    english = done.translation.kept_english
    left = (
        f"{english} {'sentence stays' if english == 1 else 'sentences stay'} in English: "
        f"the {name} could not be held against what was checked"
    )
    return TranslationOutcome(done.translation, done.calls, (left,) if english else ())
