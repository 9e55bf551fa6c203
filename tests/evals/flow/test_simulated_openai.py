"""The simulated server as the real client and the gateway see it."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from agent.read_capable import to_reading
from evals.flow.faults import Fault, FaultPlan, parse_kinds
from evals.flow.simulated_server import ServerPlan, SimulatedServer
from evals.flow.tally import billed_tokens
from models.embedding_openai import OpenAIEmbedder
from models.limiter import RateLimits
from models.openai_provider import Endpoint
from records.errors import ModelAnswerInvalid, ModelRefused, ModelUnavailable
from records.prompt import Prompt
from records.spending import Outcome


def test_an_answer_is_valid_and_holds_against_its_article(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow()
    answer = it.read(read_prompt).value
    body = read_prompt.messages[-1].content
    reading = to_reading(answer, body, {})
    assert reading.dropped_quotes == 0
    assert len(reading.facts) == 4
    assert [mention.ticker for mention in answer.mentions] == ["AAPL", "MSFT"]
    assert all(mention.quote and mention.quote in body for mention in answer.mentions)


def test_the_ledger_of_an_answer_is_the_servers_count(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow()
    it.read(read_prompt)
    (row,), (entry,) = it.server.rows(), it.entries()
    assert row.billed
    assert (row.input_tokens, row.cached_tokens, row.output_tokens) == (
        entry.input_tokens, entry.cached_tokens, entry.output_tokens
    )  # fmt: skip
    assert row.output_tokens > 100
    assert billed_tokens(it.server.rows()) == row.input_tokens + row.output_tokens


@pytest.mark.parametrize(
    ("fault", "outcome", "error"),
    [
        ("rate_limit", Outcome.RATE_LIMITED, ModelUnavailable),
        ("server_error", Outcome.SERVER_ERROR, ModelUnavailable),
        ("hang", Outcome.TIMED_OUT, ModelUnavailable),
        ("cut_stream", Outcome.BROKEN_OFF, ModelUnavailable),
        ("invalid_json", Outcome.UNUSABLE, ModelAnswerInvalid),
        ("wrong_schema", Outcome.UNUSABLE, ModelAnswerInvalid),
        ("refusal", Outcome.DECLINED, ModelRefused),
    ],
)
def test_a_fault_is_told_and_accounted_for_as_what_it_is(
    flow: Callable[..., Any], read_prompt: Prompt, fault: str, outcome: Outcome, error: type[Exception]
) -> None:
    it = flow(fault=fault, timeout_seconds=0.5)
    with pytest.raises(error):
        it.read(read_prompt)
    assert set(it.outcomes()) == {outcome}
    rows, entries = it.server.rows(), it.entries()
    assert [row.fault for row in rows] == [fault] * len(entries)
    known = sum(entry.input_tokens + entry.output_tokens for entry in entries)
    uncertain = sum(entry.uncertain.tokens for entry in entries)
    billed = billed_tokens(rows)
    if fault in ("hang", "cut_stream"):
        assert known == 0
        assert 0 < billed <= uncertain
    else:
        assert (known, uncertain) == (billed, 0)
        assert (billed > 0) == (fault not in ("rate_limit", "server_error"))


def test_a_slow_drip_is_waited_for(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow(fault="slow_drip", drip_seconds=1.0, timeout_seconds=0.6)  # a pause is .1 s
    assert it.read(read_prompt).value.summary
    assert it.outcomes() == [Outcome.ANSWERED]
    assert it.server.rows()[0].fault == "slow_drip"


def test_a_request_over_the_limit_is_told_when_to_come_back(flow: Callable[..., Any]) -> None:
    it = flow(requests_per_minute=1)
    client = openai.OpenAI(base_url=it.server.base_url, api_key="k", max_retries=0)
    asked: dict[str, Any] = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Say it."}]}
    first = client.chat.completions.with_raw_response.create(**asked)
    assert first.headers["x-ratelimit-limit-requests"] == "1"
    assert first.headers["x-ratelimit-remaining-requests"] == "0"
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(**asked)
    headers = caught.value.response.headers
    assert 50_000 < int(headers["retry-after-ms"]) <= 60_001
    assert caught.value.code == "rate_limit_exceeded"
    assert [(row.status, row.billed, row.tokens > 0) for row in it.server.rows()] == [
        (200, True, True),
        (429, False, False),
    ]
    client.close()


def test_the_gateway_keeps_within_the_servers_limits_without_being_told_them(
    flow: Callable[..., Any], read_prompt: Prompt
) -> None:
    it = flow(requests_per_minute=30, limits=RateLimits(concurrency=4))
    for _ in range(3):
        it.read(read_prompt)
    assert [row.status for row in it.server.rows()] == [200, 200, 200]


def test_a_token_limit_counts_what_was_used_once_it_is_known(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow(tokens_per_minute=8_000)
    for _ in range(3):  # each asks for more than 3,000 and takes far less
        it.read(read_prompt)
    assert all(row.status == 200 for row in it.server.rows())


def test_a_long_prompt_asked_again_comes_from_the_prefix_cache(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow()
    for _ in range(2):
        it.read(read_prompt)
    first, second = it.server.rows()
    assert first.cached_tokens == 0
    assert 1_024 <= second.cached_tokens <= second.input_tokens
    assert second.cached_tokens % 128 == 0
    assert first.digest == second.digest


def test_whole_and_streamed_answers_are_the_same(flow: Callable[..., Any]) -> None:
    it = flow()
    client = openai.OpenAI(base_url=it.server.base_url, api_key="k", max_retries=0)
    asked: dict[str, Any] = {
        "model": "gpt-4.1-mini",
        "messages": [{"role": "user", "content": "Shares of X rose 3 %."}],
    }
    whole = client.chat.completions.create(**asked, extra_headers={"X-Client-Request-Id": "mine"})
    pieces = [
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(**asked, stream=True)
        if chunk.choices
    ]
    assert "".join(pieces) == whole.choices[0].message.content == "Shares of X rose 3 %."
    one, two = it.server.rows()
    assert one.digest == two.digest
    assert (one.client_request_id, two.client_request_id) == ("mine", None)
    assert whole.usage is not None
    assert whole.usage.total_tokens == one.tokens == two.tokens
    assert [model.id for model in client.models.list()]
    client.close()


def test_embeddings_of_like_texts_are_alike(flow: Callable[..., Any]) -> None:
    it = flow()
    embedder = OpenAIEmbedder(Endpoint(it.server.base_url), name="text-embedding-3-small", dimensions=64)
    near, also, far = embedder.embed(["oil prices rose today", "oil prices rose", "a court ruled on a merger"])
    embedder.close()
    assert near.shape == (64,)
    assert near @ also > 0.8 > 0.5 > near @ far
    assert it.server.rows()[0].endpoint == "embeddings"


def test_a_killed_server_counts_on_at_the_same_address(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow(attempts=1)
    it.read(read_prompt)
    address = it.server.base_url
    it.server.kill()
    with pytest.raises(ModelUnavailable):
        it.read(read_prompt)
    assert it.outcomes()[-1] in (Outcome.UNREACHABLE, Outcome.BROKEN_OFF)
    it.server.restart()
    it.read(read_prompt)
    assert it.server.base_url == address
    assert [row.n for row in it.server.rows()] == [1, 2]


def test_a_server_killed_while_it_answers_has_counted_what_it_began(flow: Callable[..., Any]) -> None:
    it = flow(fault="hang")
    client = openai.OpenAI(base_url=it.server.base_url, api_key="k", max_retries=0)
    asked: dict[str, Any] = {
        "model": "gpt-4.1-mini",
        "messages": [{"role": "user", "content": "Shares of X rose 3 %."}],
    }
    stream = client.chat.completions.create(**asked, stream=True)
    next(iter(stream))
    it.server.kill()
    with pytest.raises(openai.APIConnectionError):
        list(stream)
    client.close()
    assert [row.fault for row in it.server.rows()] == ["hang"]


def test_the_server_ends_with_whoever_started_it(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom evals.flow.simulated_server import SimulatedServer\n"
        "server = SimulatedServer(Path(sys.argv[1])).__enter__()\nprint(server.base_url, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "t")], capture_output=True, text=True, check=False
    )
    # its standard output was held open by the server too: that it ended is that the server did
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{ran.stdout.strip()}/models", timeout=5)


def test_an_unknown_address_and_a_broken_body_are_refused_in_openais_form(tmp_path: Path) -> None:
    with SimulatedServer(tmp_path / "tally.jsonl", ServerPlan()) as server:
        for path, content, status in [
            ("/no", b"{}", 404),
            ("/chat/completions", b"{", 400),
            ("/chat/completions", b"{}", 400),
        ]:
            request = urllib.request.Request(server.base_url + path, content, {"Content-Type": "application/json"})
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=5)
            assert caught.value.code == status
            assert json.loads(caught.value.read())["error"]["message"]
            caught.value.close()
        assert server.rows() == []


def test_faults_are_the_same_for_a_seed_and_as_many_as_asked() -> None:
    plan = FaultPlan(0.2, seed=5)
    found = [plan.of(n) for n in range(5_000)]
    assert found == [FaultPlan(0.2, seed=5).of(n) for n in range(5_000)]
    assert found != [FaultPlan(0.2, seed=6).of(n) for n in range(5_000)]
    assert 900 < sum(fault is not None for fault in found) < 1_100
    assert {fault for fault in found if fault} == set(Fault)
    assert FaultPlan(1.0, parse_kinds("hang")).of(3) is Fault.HANG
    assert FaultPlan(0.0).of(3) is None


def test_one_connection_serves_many_calls(flow: Callable[..., Any], read_prompt: Prompt) -> None:
    it = flow()
    pool = it.model._client._client._transport._pool
    it.read(read_prompt)
    (first,) = pool.connections
    it.read(read_prompt)
    assert pool.connections == [first]
    assert first.is_idle()
