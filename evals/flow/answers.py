"""Answers that a capable model could have given: valid under the schema that was asked for, made of the prompt's own words.

The article, the candidates and the evidence are read out of the messages, as a model reads them; quotes are copied from the
article, tickers from the schema's list. What has no sense to the server (a tag, a probability) is drawn by the text's digest,
so that one question always has one answer.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_ARTICLE = re.compile(r"<article>\n(.*?)\n</article>", re.DOTALL)
_BLOCK = re.compile(r"<(candidates|facts|precedents|score)>\n(.*?)\n</\1>", re.DOTALL)
_CANDIDATE = re.compile(r"^- (?P<ticker>\S+): .*?named in the text as “(?P<name>.*?)”", re.MULTILINE)
_FACT = re.compile(r"^(?P<id>A\d+): (?P<text>.*) \(“.*”\)$", re.MULTILINE)
_PRECEDENT = re.compile(r"^(?P<id>P\d+): (?P<day>\d{4}-\d\d-\d\d): (?P<text>.*?) \[", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
QUOTE_CHARACTERS = 200
FACTS = 4
SHOWN_PRECEDENTS = 2
PLAIN_CHARACTERS = 400


@dataclass(frozen=True)
class Asked:
    """What a chat request asks about."""

    article: str
    blocks: Mapping[str, str]
    digest: bytes = field(repr=False)

    @property
    def sentences(self) -> list[str]:
        """The article's, whole, in order."""
        return [sentence.strip() for sentence in _SENTENCE_END.split(self.article) if len(sentence.strip()) >= 12]

    def drawn(self, what: str) -> float:
        """Uniform in [0, 1), by the article and the purpose."""
        digest = hashlib.blake2b(what.encode(), key=self.digest, digest_size=7).digest()
        return float(int.from_bytes(digest, "big") / (1 << 56))


def asked_of(messages: Sequence[Mapping[str, Any]]) -> Asked:
    """Reads the messages; without an article's marks the last message is the article."""
    texts = [str(message.get("content") or "") for message in messages if message.get("role") == "user"]
    whole = "\n".join(texts)
    found = _ARTICLE.search(whole)
    article = found[1] if found else (texts[-1] if texts else "")
    blocks = {match[1]: match[2] for match in _BLOCK.finditer(whole)}
    return Asked(article, blocks, hashlib.blake2b(article.encode(), digest_size=32).digest())


def answer_text(body: Mapping[str, Any]) -> str:
    """The whole answer to a chat request: JSON of the schema in `response_format`, or a plain text without one."""
    asked = asked_of(body.get("messages", ()))
    schema = (body.get("response_format") or {}).get("json_schema")
    if schema is None:
        return (asked.article or "Nothing was said.")[:PLAIN_CHARACTERS]
    makers: dict[str, Callable[[Asked, _Schema], object]] = {"ReadAnswer": _reading, "ExplainAnswer": _explanation}
    shape = _Schema(schema["schema"])
    made = makers.get(schema.get("name", ""), _anything)(asked, shape)
    return json.dumps(made, ensure_ascii=False)


def off_schema(text: str) -> str:
    """A JSON answer that lacks its first field and has one that nobody asked for."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps({**dict(list(value.items())[1:]), "confidence": "high"}, ensure_ascii=False)


class _Schema:
    """Looks into a JSON schema whose references are resolved on the way."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions = schema.get("$defs", {})
        self.root = self._plain(schema)

    def at(self, *path: str) -> Mapping[str, Any]:
        """The schema of a field; "[]" steps into a list."""
        node = self.root
        for step in path:
            node = self._plain(node["items"] if step == "[]" else node["properties"][step])
        return node

    def choices(self, node: Mapping[str, Any]) -> list[Any]:
        """The values that an enum allows, also inside an `anyOf`; [] where the schema is open."""
        node = self._plain(node)
        inner = [value for variant in node.get("anyOf", ()) for value in self.choices(variant)]
        return [*node.get("enum", ()), *inner]

    def _plain(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = node.get("$ref")
        return self._definitions[reference.removeprefix("#/$defs/")] if reference else node

    def fill(self, asked: Asked, node: Mapping[str, Any], path: str = "") -> object:
        """Some value of `node`: what any schema can be answered with."""
        node = self._plain(node)
        if choices := self.choices(node):
            return choices[int(asked.drawn(path) * len(choices))]
        if variants := node.get("anyOf"):
            return self.fill(asked, variants[0], path)
        kind = node.get("type")
        if kind == "object":
            return {name: self.fill(asked, one, f"{path}.{name}") for name, one in node["properties"].items()}
        if kind == "array":
            return [self.fill(asked, node["items"], f"{path}[]")]
        if kind == "string":
            return (asked.sentences or ["Nothing was said."])[0][:QUOTE_CHARACTERS]
        return {"integer": 1, "number": 0.5, "boolean": False}.get(str(kind))


def _anything(asked: Asked, schema: _Schema) -> object:
    return schema.fill(asked, schema.root)


def _reading(asked: Asked, schema: _Schema) -> object:
    """The form of prompts/read.md."""
    mentions = _mentions(asked, schema)
    touches = bool(mentions) or asked.drawn("touches") < 0.5
    events = [one for one in schema.choices(schema.at("event_type")) if one != "not_market_relevant"]
    sentences = asked.sentences or [asked.article.strip() or "Nothing was said."]
    tags = schema.choices(schema.at("tags", "[]"))
    first = int(asked.drawn("tag") * len(tags))
    return {
        "summary": f"The article reports: {' '.join(sentences[:2])}"[:800],
        "event_type": events[int(asked.drawn("event") * len(events))] if touches else "not_market_relevant",
        "tags": [tags[first], tags[(first + 7) % len(tags)]],
        "mentions": mentions,
        "sentiment": _sentiment(asked, "whole"),
        "surprise": int(asked.drawn("surprise") * 5),
        "scheduled": asked.drawn("scheduled") < 0.4,
        "scope": ("company" if mentions else "market") if touches else "none",
        "facts": [{"text": one[:400], "quote": one[:QUOTE_CHARACTERS].strip()} for one in _worth_citing(sentences)],
    }


def _mentions(asked: Asked, schema: _Schema) -> list[object]:
    allowed = set(schema.choices(schema.at("mentions", "[]", "ticker")))
    named = [found for found in _CANDIDATE.finditer(asked.blocks.get("candidates", "")) if found["ticker"] in allowed]
    return [
        {
            "name": found["name"][:120],
            "ticker": found["ticker"],
            "role": "subject" if place == 0 else "mentioned",
            "sentiment": _sentiment(asked, found["ticker"]),
            "quote": next((one[:QUOTE_CHARACTERS].strip() for one in asked.sentences if found["name"] in one), ""),
        }
        for place, found in enumerate(named[:3])
    ]


def _worth_citing(sentences: Sequence[str]) -> list[str]:
    """Sentences with figures first."""
    return sorted(sentences, key=lambda one: not any(mark.isdigit() for mark in one))[:FACTS]


def _sentiment(asked: Asked, of: str) -> dict[str, float]:
    positive = round(0.05 + 0.8 * asked.drawn(f"sentiment {of}"), 2)
    return {"negative": round(0.9 - positive, 2), "neutral": 0.1, "positive": positive}


def _explanation(asked: Asked, schema: _Schema) -> object:
    """The form of prompts/explain.md: what the evidence says, each piece under its own id."""
    facts = [(one["text"], one["id"]) for one in _FACT.finditer(asked.blocks.get("facts", ""))]
    past = [
        (f"On {one['day']} there was this: {one['text']}", one["id"])
        for one in _PRECEDENT.finditer(asked.blocks.get("precedents", ""))
    ]
    score = [(f"In code it came to {line}.", "score") for line in asked.blocks.get("score", "").splitlines()[:1]]
    said = facts[:3] + past[:SHOWN_PRECEDENTS] + score
    if not said:
        return schema.fill(asked, schema.root)
    return {"sentences": [{"text": text[:600], "support": [name]} for text, name in said if len(text) >= 10]}
