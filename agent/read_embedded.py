"""Reading with the embedded model: the same reading from many short constrained answers over one cached article.

The small model fails the long form (it repeats tags, invents tickers), so it never writes one: themes and event types are
the probabilities of "Yes", calibrated per question; companies come from the candidates found in code; facts are the
article's own sentences. Only the summary is the model's prose, and its figures are checked.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Literal

from agent.progress import OnProgress, Progress
from agent.read import ReadResult, by_ticker, fit_to_context
from agent.sentences import joined, split_sentences, without_bullet
from agent.summary import hold_summary
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.analysis import ModelCall
from records.article import Article
from records.errors import ModelAnswerInvalid, SettingsError
from records.market import Candidate
from records.reading import Fact, Mention, Reading, Sentiment
from records.taxonomy import EVENT_DESCRIPTIONS, MACRO_EVENT_TYPES, EventType, Scope, Tag

SUMMARY_TOKENS = 160
PROMPT_TOKENS = 400
"""Room for the question, the chat template and the summary."""
MAX_FACTS = 14
MAX_TAGS = 6
SUMMARY_SENTENCES = 3
RELEVANT_FROM = 0.5
"""Share of "business" against sport and culture from which a story is market news. "General news" is left out of the
share: the model says it of strikes and rate decisions as readily as of anything."""
SCHEDULED_TYPES = frozenset({EventType.EARNINGS_RESULTS, EventType.MONETARY_POLICY, EventType.MACRO_DATA})


@dataclass(frozen=True)
class Calibration:
    """What a bare P(Yes) is worth, question by question: measured once, shipped as data."""

    tag_mean_logit: Mapping[str, float]
    """Mean logit of P(Yes) per tag over unrelated stories: the model's bias towards that tag."""
    event_mean_logit: Mapping[str, float]
    tag_threshold: float
    """Corrected logit from which the tag is given."""
    sentiment: Mapping[str, Sequence[float]]
    """Class scores: label → weights of [1, logit of the sign, ln P(positive), ln P(negative), ln P(neutral)]."""

    @classmethod
    def shipped(cls) -> "Calibration":
        """The calibration of the default embedded model. Raises SettingsError if the file is damaged."""
        file = resources.files("agent") / "data" / "embedded_calibration_v1.json"
        try:
            raw = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{name: raw[name] for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(
                f"The calibration {file.name} cannot be read ({error}). Restore it from the project."
            ) from error


class EmbeddedReader:
    """Asks one model about one article; collects the calls."""

    def __init__(self, model: LanguageModel, prompts: PromptLibrary, progress: OnProgress) -> None:
        self._model = model
        self._prompts = prompts
        self._progress = progress
        self._calls: list[ModelCall] = []
        self._shown = ""

    @cached_property
    def _calibration(self) -> Calibration:
        return Calibration.shipped()

    def read(self, article: Article, candidates: Sequence[Candidate]) -> ReadResult:
        """The reading; surprise is not measured by this path and stays None."""
        self._shown = fit_to_context(article.body, self._model, self._model.context_tokens - PROMPT_TOKENS)
        missing = ["surprise is not measured by this model"]
        if self._shown != article.body:
            missing.append(f"the model read the first {len(self._shown):,} of {len(article.body):,} characters")
        facts = _facts(article, len(self._shown))
        summary, dropped = self._summary(article, facts, candidates)
        companies = self._companies(by_ticker(candidates))
        relevant = self._relevant(companies)
        event_type = self._event_type(bool(companies)) if relevant else EventType.NOT_MARKET_RELEVANT
        tags = self._tags() if event_type is not EventType.NOT_MARKET_RELEVANT else ()
        mentions = tuple(self._mention(candidate, article) for candidate in companies)
        reading = Reading(
            summary=summary,
            event_type=event_type,
            tags=tags,
            mentions=mentions,
            sentiment=self._whole_sentiment(mentions, companies)
            if event_type is not EventType.NOT_MARKET_RELEVANT
            else None,
            surprise=None,
            scheduled=event_type in SCHEDULED_TYPES if event_type is not EventType.NOT_MARKET_RELEVANT else None,
            scope=_scope(event_type, mentions),
            facts=facts,
            dropped_sentences=dropped,
        )
        return ReadResult(reading, tuple(self._calls), tuple(missing))

    def _choose(self, name: str, choices: Sequence[str], purpose: str, **variables: object) -> Mapping[str, float]:
        prompt = self._prompts.load(name).render(article=self._shown, **variables)
        answer = self._model.choose(prompt, choices, purpose=purpose)
        self._calls.extend(answer.calls)
        return answer.value

    def _yes(self, name: str, purpose: str, **variables: object) -> float:
        return self._choose(name, ("Yes", "No"), purpose, **variables)["Yes"]

    def _summary(self, article: Article, facts: Sequence[Fact], candidates: Sequence[Candidate]) -> tuple[str, int]:
        self._progress(Progress("read", "summary"))
        prompt = self._prompts.load("embedded_summary").render(article=self._shown)
        try:
            answer = self._model.write(
                prompt,
                purpose="read.summary",
                max_output_tokens=SUMMARY_TOKENS,
                stop=("\n\n",),
                on_token=lambda token: self._progress(Progress("read", token=token)),
            )
            self._calls.extend(answer.calls)
            written = answer.value
        except ModelAnswerInvalid:
            written = ""  # cut off in a loop: the article's own first sentences say it better
        return checked_summary(written, article, facts, candidates)

    def _companies(self, table: Mapping[str, Candidate]) -> list[Candidate]:
        """Candidates the article is about; a word with an everyday meaning is put to the model."""
        kept = []
        for candidate in table.values():
            if not candidate.ambiguous:
                kept.append(candidate)
                continue
            self._progress(Progress("read", f"is “{candidate.name}” the company?"))
            company = candidate.instrument.name
            if self._yes("embedded_company", "read.company", word=candidate.name, company=company) >= 0.5:
                kept.append(candidate)
        return kept

    def _relevant(self, companies: Sequence[Candidate]) -> bool:
        if any(company.in_title or company.match == "given" for company in companies):
            return True
        self._progress(Progress("read", "is it market news?"))
        section = self._choose("embedded_section", ("A", "B", "C", "D"), "read.relevance")
        return section["A"] >= RELEVANT_FROM * (section["A"] + section["B"] + section["C"])

    def _event_type(self, has_company: bool) -> EventType:
        """The type with the highest P(Yes) beyond the model's usual P(Yes) for it."""
        scores = {}
        for event_type, description in EVENT_DESCRIPTIONS.items():
            if event_type is EventType.NOT_MARKET_RELEVANT or (
                event_type is EventType.MARKET_COMMENTARY and has_company
            ):
                continue  # relevance was asked on its own; a small model says Yes to "commentary" of any company news
            self._progress(Progress("read", f"event type: {event_type.value.replace('_', ' ')}"))
            yes = self._yes("embedded_event", "read.event_type", description=description)
            scores[event_type] = logit(yes) - BIAS_SHARE * self._calibration.event_mean_logit[event_type.value]
        return max(scores, key=lambda event_type: scores[event_type])

    def _tags(self) -> tuple[Tag, ...]:
        scores = {}
        for tag in Tag:
            self._progress(Progress("read", f"theme: {tag.value}"))
            yes = self._yes("embedded_theme", "read.tags", theme=tag.value)
            scores[tag] = (logit(yes) - BIAS_SHARE * self._calibration.tag_mean_logit[tag.value], yes)
        return choose_tags(scores, self._calibration.tag_threshold)

    def _mention(self, candidate: Candidate, article: Article) -> Mention:
        role = role_of(candidate, article)
        measured = role in ("subject", "backer", "counterparty")
        quote = article.body[candidate.spans[0].start : candidate.spans[0].end] if candidate.spans else None
        return Mention(
            name=candidate.instrument.name,
            ticker=candidate.instrument.ticker,
            role=role,
            sentiment=self._sentiment(candidate.name) if measured else None,
            quote=quote,
        )

    def _whole_sentiment(self, mentions: Sequence[Mention], companies: Sequence[Candidate]) -> Sentiment:
        for mention in mentions:
            if mention.role in ("subject", "backer") and mention.sentiment:
                return mention.sentiment
        return self._sentiment("investors" if not companies else companies[0].name)

    def _sentiment(self, subject: str) -> Sentiment:
        self._progress(Progress("read", f"sentiment: {subject}"))
        sign = self._choose("embedded_sentiment_sign", ("Positive", "Negative"), "read.sentiment", subject=subject)
        three = self._choose(
            "embedded_sentiment_class", ("positive", "negative", "neutral"), "read.sentiment", subject=subject
        )
        features = [
            1.0,
            logit(sign["Positive"]),
            *(math.log(max(three[label], 1e-4)) for label in ("positive", "negative", "neutral")),
        ]
        weights = {
            label: math.exp(sum(c * x for c, x in zip(coefficients, features, strict=True)))
            for label, coefficients in self._calibration.sentiment.items()
        }
        return Sentiment.of(weights["negative"], weights["neutral"], weights["positive"])


BIAS_SHARE = 0.5
"""Half of the usual logit of a question is taken off: it is partly the model's bias and partly how common the theme is."""


def logit(probability: float) -> float:
    """ln(p / (1 − p)), with p kept within 1e-4 of the ends (the resolution of first-token log-probabilities)."""
    p = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def choose_tags(scores: Mapping[Tag, tuple[float, float]], threshold: float) -> tuple[Tag, ...]:
    """Tags whose logit stands out by `threshold` and whose P(Yes) is at least a half, best first; the best one always."""
    ranked = sorted(scores, key=lambda tag: scores[tag], reverse=True)
    chosen = [tag for tag in ranked if scores[tag][0] >= threshold and scores[tag][1] >= 0.5]
    return tuple(chosen[:MAX_TAGS] or ranked[:1])


def role_of(candidate: Candidate, article: Article) -> Literal["subject", "backer", "counterparty", "mentioned"]:
    """Prominence decides: the headline's companies are the subject, repeated or leading ones counterparties."""
    if candidate.match == "backer":
        return "backer"
    if candidate.in_title or candidate.match == "given":
        return "subject"
    lead = len(article.title) + 2 + len(article.text.partition("\n\n")[0])
    leading = any(span.start < lead for span in candidate.spans)
    return "counterparty" if leading or len(candidate.spans) >= 2 else "mentioned"


def checked_summary(
    written: str, article: Article, facts: Sequence[Fact], candidates: Sequence[Candidate]
) -> tuple[str, int]:
    """The model's sentences that the article carries, and how many it does not; the article's own lead when none is left."""
    held = hold_summary(written, article, candidates, own_words=False)
    lead = [fact.text for fact in facts[1 : SUMMARY_SENTENCES + 1]] or [fact.text for fact in facts[:1]]
    return joined(held.kept[:SUMMARY_SENTENCES] or lead), held.dropped


def _facts(article: Article, shown: int) -> tuple[Fact, ...]:
    sentences = [without_bullet(*one) for one in split_sentences(article.body) if one[0].end <= shown]
    return tuple(
        Fact(id=f"A{number}", text=text, quote=text, span=span)
        for number, (span, text) in enumerate(sentences[:MAX_FACTS], 1)
    )


def _scope(event_type: EventType, mentions: Sequence[Mention]) -> Scope:
    if event_type is EventType.NOT_MARKET_RELEVANT:
        return Scope.NONE
    if any(mention.role != "mentioned" for mention in mentions):
        return Scope.COMPANY
    return Scope.MARKET if event_type in MACRO_EVENT_TYPES else Scope.SECTOR
