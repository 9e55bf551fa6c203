"""A home filled as in use, and a server over it. About thirty stories go through the whole path (real instruments, real starter
events in a real Chroma, the real score, check and threads) with a model that answers from a table instead of a language model.

`python tests/terminal/web_kit.py HOME` fills a home to look at with `rhyme serve --home HOME`.
"""

import csv
import hashlib
import json
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from agent.analyze import Analyst
from agent.explain import ExplainAnswer, SentenceAnswer
from agent.read_capable import FactAnswer, SentimentAnswer
from agent.score import ScoreModel
from feeds import load_article
from markets.desk import MarketDesk
from markets.sessions import sessions
from models.chat_model import Ask, ChatModel, Reply
from models.wire import Completion, Usage
from prompts import PromptLibrary
from records.analysis import Analysis
from records.article import Article
from records.database import Database
from records.taxonomy import EventType, Scope, Tag
from records.times import Clock, utc_now
from terminal.assembly import Assembly
from terminal.commands.demo import demo_article
from terminal.home import Home
from terminal.listening import listening
from terminal.settings import load_settings
from terminal.web.server import Server
from terminal.web.site import Site
from vectorstore import EventMemory
from vectorstore.starter import load_starter
from vectorstore.threads import StoryThreads

ROOT = Path(__file__).parents[2]
HOSTS = ROOT / "evals" / "injection" / "articles.jsonl"
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
BETWEEN = timedelta(hours=2, minutes=20)


@dataclass(frozen=True)
class Read:
    """What the model reads in an article whose headline has `words`. `tone`: positive less negative."""

    words: str
    event: EventType
    tags: tuple[Tag, ...]
    tone: float
    surprise: int = 2


TABLE = (
    Read("sues Apple", EventType.REGULATORY_ACTION, (Tag.ANTITRUST, Tag.TECHNOLOGY_INNOVATION), -0.7, 3),
    Read("T-Mobile", EventType.CYBER_INCIDENT, (Tag.CYBERSECURITY, Tag.TELECOM_MEDIA), -0.7, 3),
    Read("MGM Resorts", EventType.CYBER_INCIDENT, (Tag.CYBERSECURITY, Tag.TRAVEL_LEISURE), -0.6),
    Read("Nvidia", EventType.GUIDANCE, (Tag.SEMICONDUCTORS, Tag.ARTIFICIAL_INTELLIGENCE, Tag.GUIDANCE), 0.9, 4),
    Read("Microsoft profit", EventType.EARNINGS_RESULTS, (Tag.EARNINGS, Tag.SOFTWARE_CLOUD), 0.7),
    Read("Intel posts", EventType.EARNINGS_RESULTS, (Tag.EARNINGS, Tag.SEMICONDUCTORS), -0.8, 3),
    Read("Intel shares", EventType.GUIDANCE, (Tag.GUIDANCE, Tag.SEMICONDUCTORS), -0.8, 3),
    Read("FDA declines", EventType.REGULATORY_APPROVAL, (Tag.PHARMA_BIOTECH, Tag.REGULATION), -0.6, 3),
    Read("Zepbound", EventType.REGULATORY_APPROVAL, (Tag.PHARMA_BIOTECH, Tag.REGULATION), 0.8, 1),
    Read("FedEx", EventType.GUIDANCE, (Tag.GUIDANCE, Tag.TRANSPORT_LOGISTICS), -0.8, 4),
    Read("Nike", EventType.GUIDANCE, (Tag.GUIDANCE, Tag.CONSUMER_GOODS), -0.7, 3),
    Read("join the S&P 500", EventType.INDEX_CHANGE, (Tag.ASSET_MANAGEMENT,), 0.6),
    Read("Discover", EventType.MERGER_ACQUISITION, (Tag.MERGERS, Tag.BANKING, Tag.PAYMENTS), 0.5, 3),
    Read("Hess", EventType.MERGER_ACQUISITION, (Tag.MERGERS, Tag.OIL_GAS), 0.3, 3),
    Read("Fed", EventType.MONETARY_POLICY, (Tag.MONETARY_POLICY, Tag.MACRO), -0.1, 1),
    Read("Tesla recalls", EventType.PRODUCT_RECALL_SAFETY, (Tag.AUTOS, Tag.SUPPLY_CHAIN), -0.5),
    Read("Ford recalls", EventType.PRODUCT_RECALL_SAFETY, (Tag.AUTOS, Tag.SUPPLY_CHAIN), -0.4, 1),
    Read("Tesla to halt", EventType.SUPPLY_PRODUCTION, (Tag.AUTOS, Tag.SUPPLY_CHAIN, Tag.GEOPOLITICS), -0.5),
    Read("Auto workers", EventType.LABOR_DISPUTE, (Tag.LABOR, Tag.AUTOS), -0.6),
    Read("Boeing", EventType.LABOR_DISPUTE, (Tag.LABOR, Tag.INFRASTRUCTURE_DEFENSE), -0.6, 3),
    Read("OPEC+", EventType.SUPPLY_PRODUCTION, (Tag.OIL_GAS, Tag.GEOPOLITICS), 0.2, 4),
    Read("Meta", EventType.CAPITAL_RETURN, (Tag.CAPITAL, Tag.EARNINGS), 0.8, 3),
    Read(
        "OpenAI", EventType.CONTRACT_PARTNERSHIP,
        (Tag.ARTIFICIAL_INTELLIGENCE, Tag.TECHNOLOGY_INNOVATION, Tag.CYBERSECURITY, Tag.REGULATION, Tag.INFRASTRUCTURE_DEFENSE),
        0.5, 1,
    ),
    Read("walks", EventType.NOT_MARKET_RELEVANT, (Tag.TRAVEL_LEISURE,), 0.0, 0),
)  # fmt: skip

COF_TITLE = "Capital One to buy Discover Financial in $35.3 billion all-stock deal"
FOLLOWING = (
    (
        "Discover",
        "Harbour Wire",
        20,
        "Capital One and Discover raise expected synergies of their deal to $3.0 billion",
        "Capital One Financial Corp and Discover Financial Services raised the pre-tax synergies they expect from their "
        "$35.3 billion all-stock deal to $3.0 billion in 2027, from $2.7 billion before.\n\nDiscover shareholders will "
        "still receive 1.0192 Capital One shares for each share they hold. The companies now aim to close in early 2025, "
        "subject to approval by regulators and shareholders.",
    ),
    (
        "Discover",
        "Quay News",
        21,
        COF_TITLE,
        "Capital One Financial Corp agreed to buy Discover Financial Services in an all-stock transaction valued at "
        "$35.3 billion, the companies said, combining two of the largest credit card lenders in the United States.\n\n"
        "Discover shareholders will receive 1.0192 Capital One shares for each share they hold, a premium of 26.6 percent "
        "over Discover's last closing price.",
    ),
    (
        "Boeing",
        "Harbour Wire",
        9,
        "Boeing workers begin strike after rejecting contract; output of the 737 MAX halts",
        "About 33,000 Boeing workers began their strike on Friday after 94.6 percent of them rejected the contract. Boeing "
        "said output of the 737 MAX stops while the strike lasts.\n\nThe union said talks may resume next week.",
    ),
)
"""Headline's words of the story, publisher, hours after it, headline, text."""


def read_of(title: str) -> Read:
    """The table's line for a headline; commentary for one it does not know."""
    fitting = [one for one in TABLE if one.words in title]
    return fitting[0] if fitting else Read("", EventType.MARKET_COMMENTARY, (Tag.ASSET_MANAGEMENT,), 0.0, 0)


class WordEmbedder:
    """Hashed bag of words: small, real, the same on every machine."""

    name, digest, dimensions = "words", "0" * 16, 256

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, 256), unit rows."""
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[a-z]{4,}", text.lower()):
                row[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4]) % self.dimensions] += 1
            row /= max(float(np.linalg.norm(row)), 1e-9)
        return rows


class TableModel(ChatModel):
    """Reads by the table, quotes the article's own sentences and explains with the evidence it was given."""

    def __init__(self) -> None:
        super().__init__(name="table-1", provider="openai", profile="capable", context_tokens=32_000)

    def count_tokens(self, text: str) -> int:
        """Four characters a token."""
        return len(text) // 4 + 1

    def close(self) -> None:
        """Nothing is held."""

    def _cost_usd(self, usage: Usage) -> float | None:
        return 0.25e-6 * usage.input_tokens + 2e-6 * usage.output_tokens

    def _send(self, ask: Ask) -> Reply:
        prompt = "\n".join(message.content for message in ask.messages)
        answer = self._read(ask, prompt) if ask.purpose.startswith("read") else _explained(prompt)
        text = answer.model_dump_json()
        return Reply(Completion(text, "stop", usage=Usage(self.count_tokens(prompt), self.count_tokens(text))))

    def _read(self, ask: Ask, prompt: str) -> BaseModel:
        body = _block(prompt, "article")
        title, _, text = body.partition("\n")
        known = read_of(title)
        sentences = [one.strip() for one in SENTENCE.split(text) if len(one.strip()) > 30]
        relevant = known.event is not EventType.NOT_MARKET_RELEVANT
        assert ask.schema is not None
        return ask.schema.model_validate({
            "summary": " ".join(sentences[:2]) or title,
            "event_type": known.event,
            "tags": known.tags,
            "mentions": _mentions(prompt, body, known) if relevant else [],
            "sentiment": _sides(known.tone),
            "surprise": known.surprise,
            "scheduled": known.event in (EventType.EARNINGS_RESULTS, EventType.MONETARY_POLICY),
            "scope": Scope.COMPANY if relevant else Scope.NONE,
            "facts": [FactAnswer(text=one[:300], quote=one[:300]).model_dump() for one in sentences[:5]] if relevant else [],
        })  # fmt: skip


def _sides(tone: float) -> dict[str, float]:
    rest = 0.1 if tone else 0.8
    sides = SentimentAnswer(negative=0.5 * (1 - rest - tone), neutral=rest, positive=0.5 * (1 - rest + tone))
    return sides.model_dump()


def _block(prompt: str, name: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", prompt, re.DOTALL)
    return found[1] if found else ""


def _mentions(prompt: str, body: str, known: Read) -> list[dict[str, object]]:
    candidates = re.findall(
        r"^- (\S+): .*?named in the text as “(.*?)”", _block(prompt, "candidates") or prompt, re.MULTILINE
    )
    return [
        {
            "name": name, "ticker": ticker, "role": "subject" if place == 0 else "mentioned",
            "sentiment": _sides(known.tone), "quote": name if name in body else "",
        }
        for place, (ticker, name) in enumerate(candidates[:4])
    ]  # fmt: skip


def _explained(prompt: str) -> ExplainAnswer:
    facts = re.findall(r"^(A\d+): “(.*)”$", _block(prompt, "facts"), re.MULTILINE)[:3]
    past = re.findall(r"^(P\d+): (\d{4}-\d\d-\d\d): (.*?) \[", _block(prompt, "precedents"), re.MULTILINE)[:2]
    made = [SentenceAnswer(text=text, support=[name]) for name, text in facts]
    made += [SentenceAnswer(text=f"A like event was that of {day}: {text}", support=[name]) for name, day, text in past]
    made.append(
        SentenceAnswer(text="Its shares will double within 17 weeks.", support=["score"])
    )  # for the check to drop
    return ExplainAnswer(sentences=made)


def articles(now: datetime) -> list[Article]:
    """The shipped ones, spread over the days before `now`, oldest first; each published when it was first seen."""
    with demo_article() as demo:
        paths = [*sorted((ROOT / "tests" / "articles").glob("*.txt")), demo]
        found = [load_article(str(path), stdin=None, fetcher=None, clock=lambda: now) for path in paths]  # type: ignore[arg-type]
    for line in HOSTS.read_text(encoding="utf-8").splitlines():
        host = json.loads(line)
        if host["id"] != "antitrust":  # as in tests/articles
            found.append(_article(host["title"], "\n\n".join(host["paragraphs"]), source="news.example.com"))
    found.sort(key=lambda one: hashlib.sha256(one.title.encode()).digest())
    placed = [_at(one, now - BETWEEN * (len(found) - number) - timedelta(hours=12)) for number, one in enumerate(found)]
    for words, source, hours, title, text in FOLLOWING:
        first = next(one for one in placed if words in one.title and one.published_at)
        assert first.published_at is not None
        later = min(first.published_at + timedelta(hours=hours), now - timedelta(minutes=hours))
        placed.append(_at(_article(title, text, source=source), later))
    return sorted(placed, key=lambda one: one.known_at)


def _article(title: str, text: str, *, source: str) -> Article:
    identity = hashlib.sha256(f"{source}{title}\n{text}".encode()).hexdigest()[:16]
    url = f"https://news.example.com/{identity}"
    return Article(id=identity, title=title, text=text, source=source, url=url, first_seen_at=utc_now(), language="en")


def _at(article: Article, moment: datetime) -> Article:
    return article.model_copy(update={"published_at": moment, "first_seen_at": moment, "date_only": False})


def fill(home: Path, now: datetime, *, only: Sequence[str] = ()) -> list[Analysis]:
    """Analyses the articles (those with one of the words `only` in their headline; none: all) into the home's database, oldest
    first, and writes prices beside them."""
    chosen = [one for one in articles(now) if not only or any(words in one.title for words in only)]
    return analyze(home, chosen, starter=True)


def analyze(home: Path, chosen: Sequence[Article], *, starter: bool = False) -> list[Analysis]:
    """Each as it is published."""
    place = Home(home)
    place.prepare()
    made = []
    with (
        Database.open(place.database) as database,
        EventMemory.open(home / "kit-memory", database, WordEmbedder()) as memory,
    ):
        if starter:
            load_starter(memory)
        for article in chosen:
            analyst = Analyst(
                model=TableModel(), market=MarketDesk(), memory=memory, archive=database, score_model=ScoreModel(),
                prompts=PromptLibrary(), clock=_clock(article.known_at + timedelta(seconds=40)), version="0",
                threads=StoryThreads(database),
            )  # fmt: skip
            made.append(analyst.analyze(article))
    return made


def _clock(moment: datetime) -> Clock:
    return lambda: moment


def write_prices(folder: Path, tickers: Sequence[str], until: datetime, *, count: int = 320) -> None:
    """Daily closes of a random walk, for the share of each ticker and its market, up to the session before `until`."""
    days = sessions().before(until.date(), count)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "walk.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["date", "ticker", "adjusted_close"])
        for ticker in ("^GSPC", *tickers):
            seed = int.from_bytes(hashlib.sha256(ticker.encode()).digest()[:4])
            moves = np.random.default_rng(seed).normal(0.0004, 0.012, len(days))
            for day, close in zip(days, 100 * np.exp(np.cumsum(moves)), strict=True):
                table.writerow([day.isoformat(), ticker, f"{close:.4f}"])


@contextmanager
def site_of(home: Path, **changes: object) -> Iterator[Site]:
    """The site over a home."""
    settings = load_settings({"home": home, **changes}).settings
    with Assembly(settings) as parts, Site(parts) as site:
        yield site


@contextmanager
def served(site: Site) -> Iterator[str]:
    """Serves the site on loopback in a thread; the address without a slash at its end."""
    with listening("127.0.0.1", 0) as (listener, place):
        server = Server(site)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://{place}"
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    target, present = Path(sys.argv[1]), datetime.now(UTC)
    kept = fill(target, present)
    write_prices(target / "prices", sorted({ticker for one in kept for ticker in one.tickers}), present)
    (target / "config.toml").write_text(f'prices = "{target / "prices"}"\n', encoding="utf-8")
    print(f"{len(kept)} analyses in {target}: rhyme serve --home {target}")
