"""What is tried again, how long the waits are, and when a call is given up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import openai
import pytest

from models.retry import RetryPolicy, StreamBroken, asked_wait, call_with_retries, is_transient
from records.errors import ModelUnavailable

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "http://model.test/v1/chat/completions")


def status_error(status: int, body: object = None, **headers: str) -> openai.APIStatusError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=names, request=REQUEST)
    return openai.APIStatusError("said no", response=response, body=body)


@dataclass
class Time:
    """A clock that only sleeping moves."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def policy(self, **changes: object) -> RetryPolicy:
        fixed = {"sleep": self.sleep, "monotonic": lambda: self.seconds, "now": lambda: NOW, "chance": lambda: 1.0}
        return RetryPolicy(**{**fixed, **changes})  # type: ignore[arg-type]


def failing(*errors: Exception) -> Callable[[], str]:
    """An attempt that fails with each error in turn, then succeeds."""
    left = list(errors)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt


@pytest.mark.parametrize(
    "error",
    [
        *(status_error(status) for status in (408, 409, 429, 500, 502, 503, 504, 529)),
        openai.APITimeoutError(REQUEST),
        openai.APIConnectionError(request=REQUEST),
        openai.APIError("overloaded", REQUEST, body=None),
        StreamBroken(),
    ],
    ids=repr,
)
def test_a_passing_failure_is_tried_again(error: Exception) -> None:
    time = Time()
    done = call_with_retries(failing(error), time.policy(), target="the model")
    assert (done.result, done.attempts) == ("done", 2)
    assert len(time.slept) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418, 422])
def test_any_other_4xx_leaves_at_once_and_unchanged(status: int) -> None:
    time = Time()
    error = status_error(status)
    with pytest.raises(openai.APIStatusError) as caught:
        call_with_retries(failing(error), time.policy(), target="the model")
    assert caught.value is error
    assert time.slept == []


def test_a_429_for_a_spent_quota_is_not_tried_again() -> None:
    assert not is_transient(status_error(429, {"code": "insufficient_quota"}))
    assert is_transient(status_error(429, {"code": "rate_limit_exceeded"}))


def test_a_foreign_exception_is_not_tried_again() -> None:
    with pytest.raises(ZeroDivisionError):
        call_with_retries(failing(ZeroDivisionError()), Time().policy(), target="the model")


def test_waits_double_up_to_the_cap() -> None:
    time = Time()
    policy = time.policy(attempts=6, first_wait_seconds=1.0, longest_wait_seconds=5.0)
    call_with_retries(failing(*(status_error(500) for _ in range(5))), policy, target="the model")
    assert time.slept == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_jitter_takes_up_to_half_of_a_wait() -> None:
    time = Time()
    call_with_retries(
        failing(status_error(500)), time.policy(first_wait_seconds=2.0, chance=lambda: 0.0), target="the model"
    )
    assert time.slept == [1.0]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after": "Fri, 20 Nov 2026 12:00:42 GMT"}, 42.0),
        ({"retry_after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-3"}, None),
        ({"x_ratelimit_reset_requests": "6m0s", "x_ratelimit_reset_tokens": "1.5s"}, 360.0),
        (
            {
                "x_ratelimit_reset_requests": "6m0s",
                "x_ratelimit_reset_tokens": "20ms",
                "x_ratelimit_remaining_tokens": "0",
            },
            0.02,
        ),
        ({"x_ratelimit_reset_tokens": "3"}, 3.0),
        ({}, None),
    ],
)
def test_the_servers_own_wait_is_read_from_its_headers(headers: dict[str, str], seconds: float | None) -> None:
    asked = asked_wait(status_error(429, **headers), lambda: NOW)
    assert asked == (pytest.approx(seconds) if seconds is not None else None)


def test_rate_limit_headers_of_a_server_error_do_not_delay_it() -> None:
    assert asked_wait(status_error(500, x_ratelimit_reset_tokens="60s"), lambda: NOW) is None


def test_the_asked_wait_is_never_undercut() -> None:
    time = Time()
    call_with_retries(failing(status_error(429, retry_after="45")), time.policy(), target="the model")
    assert 45.0 <= time.slept[0] < 46.0


def test_a_wait_beyond_the_budget_gives_up_without_sleeping_and_says_so() -> None:
    time = Time()
    with pytest.raises(ModelUnavailable, match=r"asks to wait 3600 s") as caught:
        call_with_retries(failing(status_error(429, retry_after="3600")), time.policy(), target="gpt at host")
    assert time.slept == []
    assert "gpt at host gave no answer after 1 try" in str(caught.value)


def test_tries_end_at_their_number_and_the_message_lists_what_was_seen() -> None:
    time = Time()
    errors = [status_error(503), openai.APITimeoutError(REQUEST), status_error(503), StreamBroken()]
    with pytest.raises(ModelUnavailable) as caught:
        call_with_retries(failing(*errors), time.policy(attempts=4), target="gpt at host")
    assert "after 4 tries" in str(caught.value)
    assert "HTTP 503; time-out; the stream broke off" in str(caught.value)
    assert len(time.slept) == 3


def test_tries_end_when_the_time_is_spent() -> None:
    time = Time()
    policy = time.policy(attempts=100, total_seconds=10.0, first_wait_seconds=4.0, longest_wait_seconds=4.0)
    with pytest.raises(ModelUnavailable, match=r"after 3 tries in 8\.0 s"):
        call_with_retries(failing(*(status_error(500) for _ in range(99))), policy, target="the model")


def test_an_http_date_is_measured_from_the_clock_handed_in() -> None:
    later = NOW + timedelta(seconds=30)
    error = status_error(503, retry_after="Fri, 20 Nov 2026 12:00:42 GMT")
    assert asked_wait(error, lambda: later) == pytest.approx(12.0)
