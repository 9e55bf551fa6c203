"""The limiter by a clock that only waiting moves: rates, the order of the queue, what the server's headers and 429s do."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from models.limiter import Limiter, RateLimits, Turn


class Time:
    """Waiting moves it; a wait without end would never be woken here, so it is a fault."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wait(self, _: threading.Condition, seconds: float | None) -> None:
        assert seconds is not None, "nobody would wake this call"
        assert seconds > 0
        self.seconds += seconds

    def limiter(self, **limits: int) -> Limiter:
        return Limiter(RateLimits(**limits), monotonic=lambda: self.seconds, wait=self.wait)


def once(limiter: Limiter, tokens: int = 100, *, used: int | None = None) -> None:
    with limiter.turn(tokens) as turn:
        turn.used = used


def test_no_minute_holds_more_requests_than_its_limit_and_little_less() -> None:
    time = Time()
    limiter = time.limiter(requests_per_minute=60)
    sent = []
    for _ in range(300):
        once(limiter)
        sent.append(time.seconds)
    fullest = max(sum(start <= other < start + 60 for other in sent) for start in sent)
    assert fullest <= 60
    assert len(sent) / (time.seconds / 60) >= 0.93 * 60


def test_tokens_are_counted_as_used_when_the_call_is_over() -> None:
    time = Time()
    limiter = time.limiter(tokens_per_minute=60_000)
    for _ in range(600):
        once(limiter, 3_000, used=1_000)
    assert 600 * 1_000 / (time.seconds / 60) >= 0.93 * 60_000
    assert 600 * 1_000 / (time.seconds / 60) <= 60_000


def test_a_call_larger_than_the_limit_goes_when_nothing_was_used_lately() -> None:
    time = Time()
    limiter = time.limiter(tokens_per_minute=600)
    once(limiter, 5_000)
    assert time.seconds == 0.0
    once(limiter, 1)
    assert time.seconds > 60 * 8


def test_a_call_that_was_not_sent_takes_nothing() -> None:
    time = Time()
    limiter = time.limiter(requests_per_minute=20)
    for _ in range(50):
        with limiter.turn(10) as turn:
            turn.sent = False
    assert time.seconds == 0.0


def test_what_the_headers_leave_is_waited_for() -> None:
    time = Time()
    limiter = time.limiter()
    limiter.heard(
        {
            "x-ratelimit-limit-tokens": "6000",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "1m0s",
        }
    )
    once(limiter, 1_000)
    assert time.seconds == pytest.approx(10.0)


def test_headers_of_a_daily_limit_are_not_taken_for_a_minutes() -> None:
    time = Time()
    limiter = time.limiter()
    limiter.heard(
        {
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "24h",
        }
    )
    once(limiter)
    assert time.seconds == pytest.approx(8.64)


def test_nonsense_in_headers_changes_nothing() -> None:
    time = Time()
    limiter = time.limiter()
    limiter.heard({"x-ratelimit-limit-tokens": "lots", "x-ratelimit-remaining-tokens": "0"})
    limiter.heard({"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"})
    once(limiter)
    assert time.seconds == 0.0


def test_a_429_holds_everybody_as_long_as_the_server_asks() -> None:
    time = Time()
    limiter = time.limiter()
    with limiter.turn(1) as turn:
        limiter.throttled(turn, 7.0)
    once(limiter)
    assert time.seconds == pytest.approx(7.0)


def test_the_429s_of_one_burst_halve_the_window_once_and_answers_widen_it() -> None:
    time = Time()
    limiter = time.limiter(concurrency=16)
    burst = [Turn(0.0, 1, 0) for _ in range(10)]
    for turn in burst:
        limiter.throttled(turn, None)
    assert limiter.window == 8
    with limiter.turn(1) as turn:
        limiter.throttled(turn, None)
    assert limiter.window == 4
    for _ in range(200):
        limiter.answered()
    assert limiter.window == 16


def test_a_429_slows_a_rate_that_was_set_too_high_and_answers_bring_it_back() -> None:
    time = Time()
    limiter = time.limiter(requests_per_minute=600)
    for _ in range(40):
        once(limiter)
    with limiter.turn(1) as turn:
        limiter.throttled(turn, None)
    before = time.seconds
    for _ in range(19):
        once(limiter)
    slow = time.seconds - before
    for _ in range(100):
        limiter.answered()
    before = time.seconds
    for _ in range(19):
        once(limiter)
    assert slow == pytest.approx(2 * (time.seconds - before))


def test_never_more_calls_are_under_way_than_allowed_and_the_queue_is_in_order() -> None:
    limiter = Limiter(RateLimits(concurrency=3))
    lock = threading.Lock()
    under_way, most, done = 0, 0, 0

    def call(_: int) -> None:
        nonlocal under_way, most, done
        with limiter.turn(1):
            with lock:
                under_way += 1
                most = max(most, under_way)
            with lock:
                under_way -= 1
                done += 1

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(call, range(300)))
    assert most <= 3
    assert done == 300


def test_a_call_stopped_while_it_waits_leaves_the_queue_to_the_others() -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    time = Time()
    limiter = Limiter(RateLimits(requests_per_minute=20), monotonic=lambda: time.seconds, wait=stopped)
    once(limiter)
    with pytest.raises(KeyboardInterrupt), limiter.turn(1):
        pass
    time.seconds = 60.0
    once(limiter)


def test_what_happens_wakes_the_first_in_line_alone() -> None:
    looks: Counter[str] = Counter()
    looked = threading.Semaphore(0)

    def wait(condition: threading.Condition, seconds: float | None) -> None:
        looks[threading.current_thread().name] += 1
        looked.release()
        condition.wait(seconds)

    limiter = Limiter(RateLimits(concurrency=1), wait=wait)
    order: list[str] = []

    def call() -> None:
        with limiter.turn(1):
            order.append(threading.current_thread().name)

    names = [f"call {number}" for number in range(5)]
    threads = [threading.Thread(target=call, name=name) for name in names]
    with limiter.turn(1):
        for thread in threads:
            thread.start()
            assert looked.acquire(timeout=30)
        for _ in range(10):
            limiter.answered()
            assert looked.acquire(timeout=30)
        assert looks == dict.fromkeys(names, 1) | {names[0]: 11}
    for thread in threads:
        thread.join(timeout=30)
    assert order == names
