"""Translating what was checked: in one call of a capable model, faulty sentences once again, and English where that fails too."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.evidence import Evidence
from agent.progress import OnProgress, Progress, writing
from agent.sentences import split_sentences
from agent.translation.languages import Language, language
from agent.translation.marks import Marked, marked
from agent.translation.rules import faults_of
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import Claim, ModelCall
from records.errors import ModelAnswerInvalid
from records.translation import TranslatedSentence, Translation

_TOKENS = 200
"""Of an answer for one sentence; other languages take up to twice the tokens of English."""
_MOST_TOKENS = 4_000


class TranslatedAnswer(BaseModel):
    """One sentence."""

    model_config = ConfigDict(extra="forbid")
    number: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(min_length=1, max_length=1_200)]


class TranslateAnswer(BaseModel):
    """The form of prompts/translate.md."""

    model_config = ConfigDict(extra="forbid")
    sentences: Annotated[list[TranslatedAnswer], Field(min_length=1, max_length=40)]


@dataclass(frozen=True)
class Translated:
    """The translation and the calls behind it."""

    translation: Translation
    calls: tuple[ModelCall, ...]


def translate(
    summary: str,
    claims: Sequence[Claim],
    evidence: Evidence,
    model: LanguageModel,
    prompts: PromptLibrary,
    to: str,
    progress: OnProgress,
) -> Translated:
    """`summary` and the supported `claims` in the language `to` (ISO 639-1). Raises ModelError, UsageError."""
    told = language(to)
    first = [text for _, text in split_sentences(summary)]
    texts = [*first, *(claim.text for claim in claims if claim.verdict == "supported")]
    work = _Work(texts, names_of(evidence), told, model, prompts, progress)
    if texts:
        work.ask("translate")
    if work.faults:
        progress(Progress("translate", f"{len(work.faults)} sentences have faults: asking once for a better version"))
        try:
            work.ask("translate.repair")
        except (
            ModelAnswerInvalid
        ) as error:  # what the first version had right is kept; the rest stays English and says why
            work.give_up(f"no second version: {error}")
    shown = [work.sentence(place) for place in range(len(texts))]
    translation = Translation(language=to, summary=tuple(shown[: len(first)]), analysis=tuple(shown[len(first) :]))
    return Translated(translation, tuple(work.calls))


def names_of(evidence: Evidence) -> tuple[str, ...]:
    """The companies and tickers that the article and the score are about, as they may be written."""
    found = [name for one in evidence.reading.mentions for name in (one.name, one.ticker)]
    for one in evidence.candidates:
        found += [one.name, one.instrument.name, one.instrument.ticker]
    found.append(evidence.impact.ticker)
    return tuple(dict.fromkeys(name for name in found if name))


class _Work:
    """The sentences, what was written for each, and what is wrong with it."""

    def __init__(
        self,
        texts: Sequence[str],
        names: Collection[str],
        to: Language,
        model: LanguageModel,
        prompts: PromptLibrary,
        progress: OnProgress,
    ) -> None:
        self.calls: list[ModelCall] = []
        self.faults: dict[int, tuple[str, ...]] = dict.fromkeys(range(len(texts)), ())
        """By place of a sentence whose translation cannot be shown yet; empty: it was not asked for yet."""
        self._marked = [marked(text, names, to.code) for text in texts]
        self._names = names
        self._to = to
        self._model = model
        self._prompts = prompts
        self._progress = progress
        self._written: dict[int, str] = {}

    def ask(self, purpose: str) -> None:
        """For a better version of every sentence that has faults, all at once."""
        for place, text in self._answers(list(self.faults), purpose).items():
            self._take(place, text)

    def give_up(self, why: str) -> None:
        """Adds to what is wrong with every sentence that cannot be shown."""
        self.faults = {place: (*faults, why) for place, faults in self.faults.items()}

    def sentence(self, place: int) -> TranslatedSentence:
        """What is shown of it."""
        one, faults = self._marked[place], self.faults.get(place)
        text = one.source if faults is not None else one.filled(self._written[place])
        return TranslatedSentence(source=one.source, text=text, faults=faults or ())

    def _answers(self, places: Sequence[int], purpose: str) -> Mapping[int, str]:
        self._progress(Progress("translate", f"the model translates {len(places)} sentences into {self._to.name}"))
        prompt = self._prompts.load("translate").render(
            language=self._to.name,
            sentences=[_line(number, self._marked[place]) for number, place in enumerate(places, 1)],
            faults=[
                f"{number}: {'; '.join(self.faults[place])}"
                for number, place in enumerate(places, 1)
                if self.faults[place]
            ],
        )
        answer = self._model.structured(
            prompt,
            TranslateAnswer,
            purpose=purpose,
            max_output_tokens=min(_MOST_TOKENS, _TOKENS * (len(places) + 1)),
            on_token=writing(self._progress, "translate"),
        )
        self.calls += answer.calls
        given = {one.number: one.text.strip() for one in answer.value.sentences}
        return {place: given.get(number, "") for number, place in enumerate(places, 1)}

    def _take(self, place: int, text: str) -> None:
        source = self._marked[place]
        others = [name for name in self._names if name not in source.source]
        faults = faults_of(source, text, self._to, others) if text else ["it was left out"]
        if faults:
            self.faults[place] = tuple(faults)
        else:
            self._written[place] = text
            self.faults.pop(place, None)


def _line(number: int, one: Marked) -> str:
    said = "; ".join(f"[[{place}]] = {form.shown}" for place, form in enumerate(one.forms, 1))
    return f"{number}. {one.text}" + (f" ({said})" if said else "")
