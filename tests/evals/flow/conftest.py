"""A simulated server started for one test, and the openai provider behind the gateway in full before it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.read_capable import ReadAnswer, answer_schema
from evals.flow.faults import Fault
from evals.flow.simulated_server import ServerPlan, SimulatedServer
from models.breaker import Breaker
from models.gateway import Gateway
from models.interface import Answer, LanguageModel
from models.limiter import Limiter, RateLimits
from models.open_model import ModelSpec, open_model
from models.retry import RetryPolicy
from prompts import PromptLibrary
from records.database import Database
from records.prompt import Prompt
from records.spending import CallEntry, Outcome
from records.taxonomy import EVENT_DESCRIPTIONS, Tag

ARTICLE = (
    "Apple said sales rose 12 percent to $3.5 billion in the quarter. The company named a new chief of its phone unit. "
    "Shares of Microsoft were little changed.\nAnalysts had expected $3.4 billion."
)
CANDIDATES = ("AAPL: Apple Inc., named in the text as “Apple”", "MSFT: Microsoft, named in the text as “Microsoft”")


@dataclass(frozen=True)
class Flow:
    """A server and a model that asks it, with one ledger."""

    server: SimulatedServer
    model: LanguageModel
    database: Database

    def read(self, prompt: Prompt) -> Answer[ReadAnswer]:
        schema = answer_schema(("AAPL", "MSFT"))
        return self.model.structured(prompt, schema, purpose="read", max_output_tokens=2_000)

    def entries(self) -> list[CallEntry]:
        return self.database.model_calls.entries()

    def outcomes(self) -> list[Outcome]:
        return [entry.outcome for entry in self.entries()]


@pytest.fixture
def read_prompt() -> Prompt:
    return PromptLibrary().load("read").render(
        article=ARTICLE,
        candidates=list(CANDIDATES),
        tags=[tag.value for tag in Tag],
        event_types={key.value: text for key, text in EVENT_DESCRIPTIONS.items()},
    )  # fmt: skip


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Callable[..., Flow]]:
    """Starts a server under a plan and opens a model before it; a try fails at once instead of waiting for the next."""
    with ExitStack() as closing:

        def opened(
            *, attempts: int = 1, timeout_seconds: float = 10.0, limits: RateLimits | None = None, **plan: Any
        ) -> Flow:
            if (kind := plan.pop("fault", None)) is not None:
                plan |= {"faults": 1.0, "kinds": (Fault(kind),)}
            server = closing.enter_context(SimulatedServer(tmp_path / "tally.jsonl", ServerPlan(**plan)))
            database = closing.enter_context(Database.open(tmp_path / "rhyme.db"))
            gate = Gateway(
                lambda: database.model_calls,
                "run",
                limiter=Limiter(limits) if limits else None,
                breaker=Breaker("The model"),
                cache=False,
            )
            spec = ModelSpec("openai", "gpt-4.1-mini", base_url=server.base_url, timeout_seconds=timeout_seconds)
            policy = RetryPolicy(attempts=attempts, first_wait_seconds=0.01)
            model = open_model(spec, retry=policy, gate=gate)
            closing.callback(model.close)
            return Flow(server, model, database)

        yield opened
