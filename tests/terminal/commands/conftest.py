"""A model server on loopback, the story it knows, and the command line as a process of its own."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from markets.reference import reference
from markets.sessions import sessions
from records.database import Database, LedgerForecast, ledger
from records.forecast import Forecast, Grade

ROOT = Path(__file__).parents[3]
DIMENSIONS = 64
STORY = """Title: U.S. sues Apple over the smartphone market
Source: Example Wire
Date: 2024-03-21T15:00:00+00:00

The justice department sued Apple Inc on Thursday over an illegal smartphone monopoly. Apple holds more than 65 percent
of the market. The company said the suit is wrong and that it will fight it.
"""
READ = {
    "summary": "The justice department sued Apple over a smartphone monopoly.",
    "event_type": "regulatory_action",
    "tags": ["Antitrust & Competition"],
    "mentions": [
        {
            "name": "Apple",
            "ticker": "AAPL",
            "role": "subject",
            "sentiment": {"negative": 0.8, "neutral": 0.15, "positive": 0.05},
            "quote": "Apple Inc",
        }
    ],
    "sentiment": {"negative": 0.8, "neutral": 0.15, "positive": 0.05},
    "surprise": 3,
    "scheduled": False,
    "scope": "company",
    "facts": [{"text": "Apple holds over 65 percent.", "quote": "Apple holds more than 65 percent"}],
}
EXPLAIN = {
    "sentences": [
        {"text": "Apple holds more than 65 percent of the market at stake.", "support": ["A1"]},
        {"text": "The fine may reach 99 billion dollars in the end.", "support": ["A1"]},
    ]
}
TRANSLATE = {
    "sentences": [
        {"number": 1, "text": "Das Justizministerium hat [[1]] wegen eines Smartphone-Monopols verklagt."},
        {"number": 2, "text": "[[1]] hält mehr als [[2]] des umstrittenen Marktes."},
    ]
}


class ModelServer:
    """Answers the forms of reading, explaining and translating, and embeddings; `hang` makes it silent instead."""

    def __init__(self) -> None:
        self.hang = threading.Event()
        self.released = threading.Event()
        self.asked = threading.Event()
        self.embedded = 0
        self.used_up: str | None = None
        """A model whose account has no money left."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.set()
                if outer.hang.is_set():
                    outer.released.wait(30)
                    return
                content, kind = outer.answer(self.path, body)
                status = 200
                if body["model"] == outer.used_up:
                    content, kind = b'{"error": {"message": "pay", "code": "insufficient_quota"}}', "application/json"
                    status = 429
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, path: str, body: dict[str, Any]) -> tuple[bytes, str]:
        if path.endswith("/embeddings"):
            self.embedded += len(body["input"])
            rows = [{"object": "embedding", "index": n, "embedding": vector(t)} for n, t in enumerate(body["input"])]
            usage = {"prompt_tokens": 1, "total_tokens": 1}
            data = {"object": "list", "model": body["model"], "data": rows, "usage": usage}
            return json.dumps(data).encode(), "application/json"
        schema = json.dumps(body.get("response_format", {}))
        read = json.dumps(READ) if '"AAPL"' in schema else json.dumps(READ).replace('"AAPL"', "null")
        text = json.dumps(EXPLAIN) if "sentences" in schema else read if schema != "{}" else "ready"
        text = json.dumps(TRANSLATE) if "TranslateAnswer" in schema else text
        lines: list[dict[str, object]] = [
            {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 900, "completion_tokens": 120, "total_tokens": 1020}},
        ]
        head: dict[str, object] = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        events = "".join(f"data: {json.dumps(head | line)}\n\n" for line in lines)
        return (events + "data: [DONE]\n\n").encode(), "text/event-stream"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def vector(text: str) -> list[float]:
    """A hashed bag of words."""
    row = [0.0] * DIMENSIONS
    for word in text.lower().split():
        row[hashlib.sha256(word.strip(".,").encode()).digest()[0] % DIMENSIONS] += 1.0
    return row or [1.0]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    """A running server that the settings of this test point to."""
    running = ModelServer()
    monkeypatch.setenv("RHYME_MODEL", "big-model")
    monkeypatch.setenv("RHYME_BASE_URL", running.url)
    monkeypatch.setenv("RHYME_EMBEDDER", "big-embedder")
    monkeypatch.setenv("RHYME_EMBEDDING_DIMENSIONS", str(DIMENSIONS))
    yield running
    running.close()


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY, encoding="utf-8")
    return path


@pytest.fixture
def fill_ledger(tmp_path: Path) -> Callable[..., None]:
    """Records forecasts in the ledger of this test's home, one a session from 2024-01-02 on, and grades the first of them."""

    def fill(count: int, *, graded: int = 0, forward: bool = True) -> None:
        with Database.open(tmp_path / "home" / "rhyme.db") as database:
            with database._writing() as connection:
                for number in range(count):
                    ledger.append_forecast(connection, made_forecast(number, forward))
            kept = database.forecasts(ungraded_only=True)[:graded]
            database.append_grades([made_grade(each, number) for number, each in enumerate(kept)])

    return fill


def made_forecast(number: int, forward: bool) -> Forecast:
    window = sessions().window(datetime(2024, 1, 2, 15, tzinfo=UTC) + timedelta(days=number))
    scale = 1 + number % 5 / 4
    recorded_at = window.known_at + timedelta(hours=-1 if forward else 1)
    low, high = reference().interval(scale)
    return Forecast(
        analysis_id=f"{number:016x}", article_id=f"article-{number}", ticker=f"T{number}", published_at=recorded_at,
        date_only=False, as_of=recorded_at, session_on=window.session_on, window=window.kind,
        outcome_known_at=window.known_at, event_type=("guidance", "merger_acquisition")[number % 2],
        score=reference().expected_y(scale), low=low, high=high, p_material=reference().p_beyond(scale),
        multiplier=scale, evidence="grounded", n_eff=4, model_version="test", recorded_at=recorded_at, forward=forward,
    )  # fmt: skip


def made_grade(entry: LedgerForecast, number: int) -> Grade:
    z = (1 + number % 5 / 4) * (0.2, 0.7, 1.3, 1.9)[number % 4]
    return Grade(
        forecast=entry.digest, session_on=entry.forecast.session_on, abnormal_return=0.05 * z, beta=1,
        sigma=0.05, z=z, y=float(reference().cdf(z)), reference_version=reference().version, price_source="prices",
        graded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def hear_ctrl_c() -> None:
    """In the new process: a test run started in the background ignores SIGINT, and children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `rhyme` with the given arguments, and with lines typed into it; whatever still runs at the end of the test is
    killed."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str, typed: str | None = None) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "terminal.main", *arguments],
            stdin=None if typed is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            preexec_fn=hear_ctrl_c,
        )
        running.append(process)
        if process.stdin is not None and typed is not None:
            process.stdin.write(typed)
            process.stdin.flush()
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()
