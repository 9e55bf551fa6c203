"""Asks a model for the themes alone: the embedded reader's Yes or No for each tag that is graded, or a capable model's reading."""

import hashlib
from collections.abc import Mapping, Sequence

from agent.progress import silent
from agent.read_capable import read_capable
from agent.read_embedded import BIAS_SHARE, Calibration, logit
from evals.kept_answers import KeptAnswers, digest
from evals.tags.topics import Tagged
from markets.instruments import InstrumentTable
from markets.names import find_candidates
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.article import Article
from records.market import Candidate
from records.taxonomy import Tag
from records.times import utc_now

SHOWN_CHARACTERS = 3_000
"""Of an article that the embedded model is shown: about 700 tokens, so that a question fits its context with room to spare."""
YES_FROM = 0.5


class TagReader:
    """One model over many articles."""

    def __init__(self, model: LanguageModel, kept: KeptAnswers, tags: Sequence[Tag]) -> None:
        """`tags`: those that are graded; no others are asked for. Raises SettingsError if the calibration is damaged."""
        self._model = model
        self._kept = kept
        self._tags = tuple(tags)
        self._prompts = PromptLibrary()
        self._embedded = model.profile == "embedded"
        self.prompt_digests = (self._prompts.load("embedded_theme" if self._embedded else "read").digest,)
        self._calibration = Calibration.shipped() if self._embedded else None
        self._table = None if self._embedded else InstrumentTable.load()

    def tags(self, article: Tagged) -> frozenset[Tag]:
        """Those of the graded tags that the model gives. Raises ModelError, StoreError."""
        asked = {tag.value: self._answer(article, tag) for tag in self._tags} if self._embedded else self._read(article)
        return frozenset(tag for tag in self._tags if self._given(tag, asked[tag.value]))

    def _answer(self, article: Tagged, tag: Tag) -> float:
        """P(Yes) of one tag."""
        key = digest(self._model.provider, self._model.name, *self.prompt_digests, article.text, tag.value)
        kept = self._kept.get(key)
        if kept is None:
            prompt = self._prompts.load("embedded_theme").render(
                article=article.text[:SHOWN_CHARACTERS], theme=tag.value
            )
            kept = {"yes": self._model.choose(prompt, ("Yes", "No"), purpose="eval.tags").value["Yes"]}
            self._kept.keep(key, kept)
        return kept["yes"]

    def _read(self, article: Tagged) -> Mapping[str, float]:
        """1 for each graded tag of a capable model's reading, else 0."""
        key = digest(self._model.provider, self._model.name, *self.prompt_digests, article.text)
        kept = self._kept.get(key)
        if kept is None:
            reading = read_capable(*self._question(article), self._model, self._prompts, silent).reading
            kept = {tag.value: float(tag in reading.tags) for tag in Tag}
            self._kept.keep(key, kept)
        return kept

    def _question(self, article: Tagged) -> tuple[Article, Sequence[Candidate]]:
        if self._table is None:
            raise RuntimeError("the embedded profile reads no whole article here")
        title, _, text = article.text.partition("\n\n")
        identity = hashlib.sha256(article.text.encode()).hexdigest()[:16]
        whole = Article(id=identity, title=title, text=text, first_seen_at=utc_now())
        return whole, find_candidates(whole.title, whole.text, self._table, whole.first_seen_at)

    def _given(self, tag: Tag, yes: float) -> bool:
        """As `agent.read_embedded.choose_tags`, without its rule that the best of all forty is always given."""
        if self._calibration is None:
            return yes >= YES_FROM
        bias = BIAS_SHARE * self._calibration.tag_mean_logit[tag.value]
        return yes >= YES_FROM and logit(yes) - bias >= self._calibration.tag_threshold
