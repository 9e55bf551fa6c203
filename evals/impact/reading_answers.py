"""What a language model is asked about one story, and the answers kept by content, so that a run takes up where another ended."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from agent.read_embedded import Calibration
from evals.embedded.calibrate import ask_sentiment
from evals.embedded.calibrate import features as sentiment_inputs
from evals.impact.reading_sample import Story
from models.interface import LanguageModel
from prompts import PromptLibrary
from records.reading import Sentiment

Answers = Mapping[str, Any]

ASKED_WITH = ("embedded_sentiment_sign", "embedded_sentiment_class", "embedded_surprise", "embedded_impact")
SURPRISE = ("0", "1", "2", "3", "4")
IMPACT = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
FEATURES = {
    "sentiment": "strength of the sentiment, 1 − P(neutral)",
    "surprise": "expected surprise, 0–4",
    "impact": "the model's own guess of the move, 1–9",
}
DIRECTION = "direction"


def answered(
    stories: Sequence[Story], answers: Path, name: str, open_it: Callable[[], LanguageModel], say: Callable[[str], None]
) -> dict[str, Answers]:
    """Event id → answers of the model `name`; what the file lacks is asked and appended, story by story.

    The model is opened only if something is missing.
    """
    prompts = PromptLibrary()
    done = {row["key"]: row for row in _rows(answers)}
    keys = {story.event_id: key_of(story, name, prompts) for story in stories}
    missing = [story for story in stories if keys[story.event_id] not in done]
    if missing:
        say(f"{len(missing)} of {len(stories)} stories are still to be read")
        with closing(open_it()) as model, answers.open("a", encoding="utf-8") as file:
            if answers.stat().st_size and not answers.read_bytes().endswith(b"\n"):
                file.write("\n")  # a line was cut off: the next begins on its own
            for story in missing:
                row = {"key": keys[story.event_id], **ask(model, prompts, story)}
                file.write(json.dumps(row) + "\n")
                file.flush()
                done[row["key"]] = row
    return {story.event_id: done[keys[story.event_id]] for story in stories}


def _rows(path: Path) -> Iterator[Answers]:
    """Answers so far; a line that was cut off is asked again."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def key_of(story: Story, name: str, prompts: PromptLibrary) -> str:
    """Digest of all that an answer depends on: the model, the prompts, the text and its subject."""
    parts = [name, *(prompts.load(each).digest for each in ASKED_WITH), story.company, text_of(story)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def text_of(story: Story) -> str:
    """What the model reads."""
    return f"{story.headline}\n\n{story.lead}".strip()


def ask(model: LanguageModel, prompts: PromptLibrary, story: Story) -> dict[str, Any]:
    """Four calls of one token each over the same beginning, which the engine keeps."""

    def digits(name: str, choices: Sequence[str]) -> list[float]:
        prompt = prompts.load(name).render(article=text_of(story), subject=story.company)
        shares = model.choose(prompt, choices, purpose="evaluate").value
        return [round(shares[choice], 6) for choice in choices]

    return {
        "sentiment": ask_sentiment(model, prompts, text_of(story), story.company),
        "surprise": digits("embedded_surprise", SURPRISE),
        "impact": digits("embedded_impact", IMPACT),
    }


def sentiment_of(answers: Answers, calibration: Calibration) -> Sentiment:
    """The sentiment that the embedded reader makes of these answers."""
    inputs = sentiment_inputs(answers["sentiment"])
    weights = {
        label: math.exp(sum(c * x for c, x in zip(coefficients, inputs, strict=True)))
        for label, coefficients in calibration.sentiment.items()
    }
    return Sentiment.of(weights["negative"], weights["neutral"], weights["positive"])


def features_of(answers: Answers, calibration: Calibration) -> dict[str, float]:
    """The numbers of FEATURES, and DIRECTION, P(positive) − P(negative)."""
    sentiment = sentiment_of(answers, calibration)
    return {
        "sentiment": 1 - sentiment.neutral,
        "surprise": _expected(answers["surprise"], SURPRISE),
        "impact": _expected(answers["impact"], IMPACT),
        DIRECTION: sentiment.positive - sentiment.negative,
    }


def _expected(shares: Sequence[float], values: Sequence[str]) -> float:
    return float(np.dot(shares, [float(value) for value in values]) / np.sum(shares))
