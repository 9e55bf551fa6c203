"""Puts the names that context does not settle to a language model, with the question that the embedded reader asks."""

from collections.abc import Callable, Sequence

from evals.tickers.gold import GoldSentence
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.market import Candidate

YES_FROM = 0.5
"""As `agent.read_embedded` decides."""


class ModelChoice:
    """Decides like the embedded reader: sure candidates stay, for the others the model says whether the word is the company."""

    def __init__(self, model: LanguageModel, say: Callable[[str], None]) -> None:
        """`model` must give log-probabilities, else its first question raises ModelCannot."""
        self._model = model
        self._prompts = PromptLibrary()
        self._say = say
        self.questions = 0
        """Asked so far."""

    def __call__(self, sentence: GoldSentence, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates that stay. Raises ModelError."""
        return [one for one in candidates if not one.ambiguous or self._is_company(sentence, one)]

    def _is_company(self, sentence: GoldSentence, candidate: Candidate) -> bool:
        prompt = self._prompts.load("embedded_company").render(
            article=sentence.text, word=candidate.name, company=candidate.instrument.name
        )
        answer = self._model.choose(prompt, ("Yes", "No"), purpose="eval.tickers")
        self.questions += 1
        self._say(f"{self.questions} names put to the model")
        return answer.value["Yes"] >= YES_FROM
