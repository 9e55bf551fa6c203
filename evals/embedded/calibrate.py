"""Calibrate the embedded reader: `python -m evals.embedded.calibrate --data DIR --model FILE.gguf --rows DIR --out FILE`.

Two measurements, kept as JSON lines in --rows and resumed there: P(Yes) of every tag and event type on unrelated development
stories, whose mean logits are the model's bias; and the sign and class probabilities on headlines with labelled entities
(SEntFiN), on which a multinomial logistic regression is fitted. With --fit-only the rows are taken as they are.
"""

import argparse
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from agent.read_embedded import logit
from models.interface import LanguageModel
from models.open_model import ModelSpec, open_model
from prompts import PromptLibrary
from records.taxonomy import EVENT_DESCRIPTIONS, EventType, Tag

LABELS = ("negative", "neutral", "positive")
TAG_THRESHOLD = 0.6
"""Corrected logit of a tag; chosen by eye on the articles of tests/articles, not fitted."""
STORIES = {"impact": 24, "recent": 16}
STORY_CHARACTERS = 900
HEADLINES_PER_LABEL = 50
RIDGE = 1.0
STEPS, RATE = 4_000, 0.05
"""Plain gradient descent on 15 weights: converges to five digits."""


def stories(data: Path, seed: int = 5) -> Iterator[tuple[str, str]]:
    """(id, text) of development stories, in a fixed random order."""
    found = []
    for folder, pattern, least in (("impact", "*_dev.parquet", 250), ("recent", "*.parquet", 500)):
        rows = [
            (row["id"], f"{row['headline']}\n\n{row['body']}"[:STORY_CHARACTERS])
            for file in sorted((data / folder).glob(pattern))
            for row in pq.read_table(file, columns=["id", "headline", "body"]).to_pylist()
            if len(row["body"] or "") > least
        ]
        found += random.Random(seed).sample(rows, STORIES[folder])
    random.Random(seed).shuffle(found)
    yield from found


def headlines(data: Path, seed: int = 3) -> Iterator[tuple[str, str, str]]:
    """(headline, entity, label), as many of each label."""
    lines = (data / "labels" / "sentfin.jsonl").read_text(encoding="utf-8").splitlines()
    random.Random(seed).shuffle(lines)
    left = dict.fromkeys(LABELS, HEADLINES_PER_LABEL)
    for line in lines:
        row = json.loads(line)
        for entity, label in row["entities"].items():
            if left.get(label, 0) > 0:
                left[label] -= 1
                yield row["headline"], entity, label


def ask_themes(model: LanguageModel, prompts: PromptLibrary, text: str) -> dict[str, dict[str, float]]:
    """P(Yes) of every tag and event type for one story."""

    def yes(name: str, **variables: str) -> float:
        return model.choose(
            prompts.load(name).render(article=text, **variables), ("Yes", "No"), purpose="calibrate"
        ).value["Yes"]

    return {
        "tags": {tag.value: yes("embedded_theme", theme=tag.value) for tag in Tag},
        "events": {one.value: yes("embedded_event", description=words) for one, words in EVENT_DESCRIPTIONS.items()},
    }


def ask_sentiment(model: LanguageModel, prompts: PromptLibrary, text: str, subject: str) -> dict[str, float]:
    """Sign and class probabilities of one headline."""
    sign = prompts.load("embedded_sentiment_sign").render(article=text, subject=subject)
    three = prompts.load("embedded_sentiment_class").render(article=text, subject=subject)
    classes = model.choose(three, ("positive", "negative", "neutral"), purpose="calibrate").value
    return {"sign": model.choose(sign, ("Positive", "Negative"), purpose="calibrate").value["Positive"], **classes}


def measure(model: LanguageModel, data: Path, rows: Path) -> None:
    """Asks what is not in the rows yet, one line at a time."""
    prompts = PromptLibrary()
    done = {row["id"] for row in read_rows(rows / "themes.jsonl")}
    for story_id, text in stories(data):
        if story_id not in done:
            _append(rows / "themes.jsonl", {"id": story_id, **ask_themes(model, prompts, text)})
    measured = len(read_rows(rows / "sentiment.jsonl"))
    for number, (text, entity, label) in enumerate(headlines(data)):
        if number >= measured:
            _append(rows / "sentiment.jsonl", {"label": label, **ask_sentiment(model, prompts, text, entity)})


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows measured so far."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _append(path: Path, row: Mapping[str, object]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def mean_logits(rows: Sequence[Mapping[str, Any]], field: str, names: Sequence[str]) -> dict[str, float]:
    """name → mean logit of P(Yes) over the stories, 4 digits."""
    return {name: round(float(np.mean([logit(row[field][name]) for row in rows])), 4) for name in names}


def features(row: Mapping[str, float]) -> list[float]:
    """The five inputs of the class scores, as `agent.read_embedded` computes them."""
    return [1.0, logit(row["sign"]), *(math.log(max(row[name], 1e-4)) for name in ("positive", "negative", "neutral"))]


def fit_sentiment(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[float]], float]:
    """Multinomial logistic regression with a ridge: weights by label, and the accuracy of five-fold cross-validation."""
    x = np.array([features(row) for row in rows])
    y = np.array([LABELS.index(row["label"]) for row in rows])
    folds = np.random.default_rng(0).integers(0, 5, len(rows))
    right = sum(
        int(((x[folds == fold] @ _fit(x[folds != fold], y[folds != fold]).T).argmax(1) == y[folds == fold]).sum())
        for fold in range(5)
    )
    weights = _fit(x, y)
    return {label: [round(float(value), 4) for value in weights[at]] for at, label in enumerate(LABELS)}, right / len(
        rows
    )


def _fit(x: NDArray[np.float64], y: NDArray[np.int64]) -> NDArray[np.float64]:
    weights = np.zeros((len(LABELS), x.shape[1]))
    target = np.eye(len(LABELS))[y]
    penalised = np.array([0.0, *[1.0] * (x.shape[1] - 1)])
    for _ in range(STEPS):
        z = x @ weights.T
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        weights -= RATE * ((p - target).T @ x + 2 * RIDGE * weights * penalised) / len(y)
    return weights


def artifact(
    themes: Sequence[Mapping[str, Any]], sentiment: Sequence[Mapping[str, Any]], model: str
) -> dict[str, object]:
    """The content of agent/data/embedded_calibration_v1.json."""
    weights, accuracy = fit_sentiment(sentiment)
    return {
        "version": "embedded_calibration_v1",
        "model": model,
        "stories": len(themes),
        "headlines": len(sentiment),
        "sentiment_accuracy_cross_validated": round(accuracy, 3),
        "tag_threshold": TAG_THRESHOLD,
        "tag_mean_logit": mean_logits(themes, "tags", [tag.value for tag in Tag]),
        "event_mean_logit": mean_logits(themes, "events", [one.value for one in EventType]),
        "sentiment": weights,
    }


def main() -> None:
    """Measures what is missing, fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with impact/, recent/ and labels/")
    parser.add_argument("--model", type=Path, help="the model's GGUF file")
    parser.add_argument("--name", default="qwen2.5-coder-1.5b-instruct-q4_k_m")
    parser.add_argument("--rows", type=Path, required=True, help="folder of the measured rows")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fit-only", action="store_true")
    options = parser.parse_args()
    if not options.fit_only:
        with_model = open_model(ModelSpec("local", options.name, path=options.model))
        try:
            measure(with_model, options.data, options.rows)
        finally:
            with_model.close()
    fitted = artifact(
        read_rows(options.rows / "themes.jsonl"), read_rows(options.rows / "sentiment.jsonl"), options.name
    )
    options.out.write_text(json.dumps(fitted, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
