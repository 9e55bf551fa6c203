"""From what a run left behind to the figures of `rhyme bench flow`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from evals.flow.faults import Fault
from evals.flow.tally import TallyRow, billed_tokens
from records.spending import CallEntry

STEADY = (0.1, 0.9)
"""The part of the calls, in order of time, over which the rate is taken: before it the buckets are full, after it the line of
jobs runs dry."""
BROKEN_OFF = {Fault.HANG.value, Fault.CUT_STREAM.value}
"""Faults after which the client never hears what was billed."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Rate:
    """Calls and tokens a minute over the steady part of a run."""

    calls_per_minute: float
    tokens_per_minute: float

    def share_of(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> float | None:
        """Of the limit that binds; None without limits or calls."""
        pairs = ((self.calls_per_minute, requests_per_minute), (self.tokens_per_minute, tokens_per_minute))
        shares = [rate / limit for rate, limit in pairs if limit]
        return max(shares) if shares and self.calls_per_minute else None


def steady_rate(rows: Sequence[TallyRow]) -> Rate:
    """Of the answered calls to the language model, by the server's clock."""
    answered = sorted((row for row in rows if row.status == 200 and row.endpoint == "chat"), key=lambda row: row.at)
    first, last = (int(part * len(answered)) for part in STEADY)
    part = answered[first : last + 1]
    minutes = (part[-1].at - part[0].at) / 60 if len(part) > 1 else 0.0
    if minutes <= 0:
        return Rate(0.0, 0.0)
    # from one call to another there is one gap less than there are calls
    return Rate((len(part) - 1) / minutes, sum(row.tokens for row in part[1:]) / minutes)


def ledger_figures(rows: Sequence[TallyRow], entries: Sequence[CallEntry]) -> dict[str, object]:
    """The server's count beside Rhyme's. `ledger_difference_tokens` leaves out the calls that broke off: what they were billed
    stands beside what Rhyme holds for them, which must be no less."""
    chat = [row for row in rows if row.endpoint == "chat"]
    broken = [row for row in chat if row.fault in BROKEN_OFF]
    known = sum(entry.input_tokens + entry.output_tokens for entry in entries)
    costs = [entry.cost_nano for entry in entries]
    return {
        "ledger_difference_tokens": billed_tokens(chat) - billed_tokens(broken) - known,
        "ledger_tokens": known,
        "server_tokens": billed_tokens(chat),
        "broken_off": {
            "calls": len(broken),
            "server_tokens": billed_tokens(broken),
            "held_calls": sum(entry.uncertain.tokens > 0 for entry in entries),
            "held_tokens": sum(entry.uncertain.tokens for entry in entries),
        },
        "cost_usd": None if None in costs else round(sum(cost or 0 for cost in costs) / 1e9, 4),
    }


def call_figures(rows: Sequence[TallyRow]) -> dict[str, object]:
    """How the requests to the language model went, as the server saw them."""
    chat = [row for row in rows if row.endpoint == "chat"]
    digests = Counter(row.digest for row in chat if row.billed and row.fault is None)
    return {
        "answered": sum(row.status == 200 for row in chat),
        "over_the_limit": sum(row.status == 429 and row.fault is None for row in chat),
        "faults": dict(sorted(Counter(row.fault for row in chat if row.fault).items())),
        "asked_twice": sum(count - 1 for count in digests.values()),
        "cached_input_share": _share(sum(r.cached_tokens for r in chat), sum(r.input_tokens for r in chat)),
    }


def memory_figures(samples: Sequence[int], peaks: Mapping[str, int]) -> dict[str, object]:
    """`samples`: resident bytes of the workers together, over the run; `peaks`: by command, as the system counted them."""
    together = max([*peaks.values(), *samples], default=0)
    third = len(samples) // 3
    thirds = [samples[:third], samples[third : 2 * third], samples[2 * third :]] if third else []
    return {
        "peak_memory_mb": round(together / MEGABYTE),
        "memory_mb_by_third": [round(median(part) / MEGABYTE) for part in thirds],
        "peak_memory_mb_by_command": {name: round(peak / MEGABYTE) for name, peak in peaks.items()},
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
