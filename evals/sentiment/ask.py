"""Asks a model for the sentiment alone: the embedded reader's two short questions, or a capable model's reading of the text."""

import hashlib
import math
from collections.abc import Mapping, Sequence

from agent.progress import silent
from agent.read_capable import read_capable
from agent.read_embedded import Calibration
from evals.embedded.calibrate import features
from evals.kept_answers import KeptAnswers, digest
from evals.sentiment.sets import LABELS, WHOLE, Label, Labelled
from markets.instruments import InstrumentTable
from markets.names import find_candidates
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.article import Article
from records.reading import Reading, Sentiment
from records.times import utc_now

EMBEDDED_PROMPTS = ("embedded_sentiment_sign", "embedded_sentiment_class")
CAPABLE_PROMPTS = ("read",)


class SentimentReader:
    """One model over many texts."""

    def __init__(self, model: LanguageModel, kept: KeptAnswers) -> None:
        """Raises SettingsError if the calibration is damaged."""
        self._model = model
        self._kept = kept
        self._prompts = PromptLibrary()
        names = EMBEDDED_PROMPTS if model.profile == "embedded" else CAPABLE_PROMPTS
        self.prompt_digests = tuple(self._prompts.load(name).digest for name in names)
        self._calibration = Calibration.shipped() if model.profile == "embedded" else None
        self._table = InstrumentTable.load() if model.profile == "capable" else None

    def label(self, row: Labelled) -> Label | None:
        """The likeliest class; None when the model's reading has none. Raises ModelError, StoreError."""
        key = digest(self._model.provider, self._model.name, *self.prompt_digests, row.text, row.subject)
        answer = self._kept.get(key)
        if answer is None:
            answer = self._ask(row)
            self._kept.keep(key, answer)
        if not answer:
            return None
        found = self._calibrated(answer)
        return max(LABELS, key=lambda label: found[label])

    def _ask(self, row: Labelled) -> Mapping[str, float]:
        if self._table is None:
            sign = self._choose("embedded_sentiment_sign", ("Positive", "Negative"), row)
            return {
                "sign": sign["Positive"],
                **self._choose("embedded_sentiment_class", ("positive", "negative", "neutral"), row),
            }
        article = _article(row.text)
        candidates = find_candidates(article.title, article.text, self._table, article.first_seen_at)
        reading = read_capable(article, candidates, self._model, self._prompts, silent).reading
        found = sentiment_towards(reading, row.subject)
        return {label: float(getattr(found, label)) for label in LABELS} if found else {}

    def _choose(self, name: str, choices: Sequence[str], row: Labelled) -> Mapping[str, float]:
        prompt = self._prompts.load(name).render(article=row.text, subject=row.subject)
        return self._model.choose(prompt, choices, purpose="eval.sentiment").value

    def _calibrated(self, answer: Mapping[str, float]) -> Mapping[Label, float]:
        if self._calibration is None:
            return {label: answer[label] for label in LABELS}
        given = features(answer)
        return {
            label: math.fsum(
                weight * one for weight, one in zip(self._calibration.sentiment[label], given, strict=True)
            )
            for label in LABELS
        }


def sentiment_towards(reading: Reading, subject: str) -> Sentiment | None:
    """The sentiment of the mention that is called so, else of the whole; None if the reading has neither."""
    wanted = subject.casefold()
    if subject != WHOLE:
        for mention in reading.mentions:
            named = mention.name.casefold()
            if mention.sentiment and (wanted in named or named in wanted):
                return mention.sentiment
    return reading.sentiment


def _article(text: str) -> Article:
    return Article(id=hashlib.sha256(text.encode()).hexdigest()[:16], title=text, text="", first_seen_at=utc_now())
