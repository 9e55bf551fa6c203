"""The simulated server's limits, token counts and tally, each by itself."""

from pathlib import Path

from evals.flow.limits import ServerLimits, go_duration
from evals.flow.tally import Tally, TallyRow, billed_tokens, read_rows
from evals.flow.tokens import PrefixCache, count_tokens
from models.retry import duration


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def row(n: int, *, billed: bool = True) -> TallyRow:
    return TallyRow(n, 0.5, "chat", None, "m", 200, 10, 0, 5, None, billed, "d")


def test_a_minutes_limit_is_never_passed_in_any_minute() -> None:
    time = Time()
    limits = ServerLimits(60, None, monotonic=time)
    passed = []
    for tick in range(3_000):
        time.now = tick * 0.1
        if limits.take(1) is None:
            passed.append(time.now)
    assert sum(at < 60 for at in passed) <= 120  # a full bucket, and what fills in
    assert sum(120 <= at < 180 for at in passed) in (59, 60, 61)


def test_the_fuller_limit_says_when_there_is_room_again() -> None:
    time = Time()
    limits = ServerLimits(1_000, 600, monotonic=time)
    assert limits.take(600) is None
    excess = limits.take(300)
    assert excess is not None
    assert (excess.kind, excess.limit, excess.requested) == ("tokens", 600, 300)
    time.now += excess.seconds
    assert limits.take(300) is None
    assert limits.headers()["x-ratelimit-remaining-tokens"] == "0"


def test_unused_tokens_come_back() -> None:
    time = Time()
    limits = ServerLimits(None, 600, monotonic=time)
    assert limits.take(600) is None
    limits.correct(600, 100)
    assert limits.headers()["x-ratelimit-remaining-tokens"] == "500"
    assert limits.take(500) is None


def test_durations_are_written_as_the_client_reads_them() -> None:
    assert [go_duration(one) for one in (0.0, 0.017, 1.5, 60.0, 360.0)] == ["0ms", "17ms", "1.5s", "1m0s", "6m0s"]
    assert all(abs((duration(go_duration(one)) or 0) - one) < 0.002 for one in (0.003, 0.9999, 59.9999, 61.25, 4_000.0))


def test_prefixes_are_known_in_blocks_from_the_beginning() -> None:
    cache = PrefixCache()
    text = "".join(f"{n:04d}" for n in range(2_000))  # 2,000 tokens
    assert cache.cached_tokens(text, count_tokens(text)) == 0
    assert cache.cached_tokens(text, count_tokens(text)) == 1_920
    assert cache.cached_tokens(text[:5_000] + "x" * 3_000, 2_000) == 1_152
    assert cache.cached_tokens("x" + text, 2_000) == 0
    assert cache.cached_tokens(text[:4_000], 1_000) == 0  # too short to be kept


def test_a_tally_counts_on_and_a_torn_row_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "tally.jsonl"
    first = Tally(path)
    first.write(row(1))
    first.write(row(2, billed=False))
    first.close()
    with path.open("ab") as file:
        file.write(b'{"n": 3, "at"')
    assert read_rows(path) == [row(1), row(2, billed=False)]
    second = Tally(path)
    assert second.last == 2
    second.write(row(3))
    second.close()
    assert [one.n for one in read_rows(path)] == [1, 2, 3]
    assert billed_tokens(read_rows(path)) == 30
