"""The cost ledger against the server's own count, call by call; and the budget against that count."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.flow.tally import TallyRow
from records.database.model_calls import Hold
from records.spending import CallEntry, Outcome

HEARD = frozenset({Outcome.ANSWERED, Outcome.UNUSABLE, Outcome.DECLINED})
"""The answer arrived whole, and with it what it cost."""
CLOCK_SECONDS = 0.25
"""Between the moments in which two processes on one machine note the same event, both kept busy."""


@dataclass(frozen=True)
class Pair:
    """A row of the ledger and the server's row of the same call."""

    entry: CallEntry
    row: TallyRow


@dataclass(frozen=True)
class Matched:
    """What belongs together, and what is left over."""

    pairs: tuple[Pair, ...]
    unpaired_entries: tuple[CallEntry, ...]
    """The ledger says that these were answered; the server knows nothing of them."""
    unheard: tuple[TallyRow, ...]
    """Billed, but no answer of them is in the ledger: cut off, by a fault or by a kill."""


def matched(entries: Sequence[CallEntry], rows: Sequence[TallyRow]) -> Matched:
    """Pairs calls with the same tokens, cached ones too, whose times fit; each row once, earliest first."""
    billed = [row for row in rows if row.billed]
    free = sorted(billed, key=lambda row: row.at)
    pairs, alone = [], []
    for entry in sorted((one for one in entries if one.outcome in HEARD), key=lambda one: one.at):
        found = next((row for row in free if _same(entry, row)), None)
        if found is None:
            alone.append(entry)
        else:
            free.remove(found)
            pairs.append(Pair(entry, found))
    return Matched(tuple(pairs), tuple(alone), tuple(free))


def _same(entry: CallEntry, row: TallyRow) -> bool:
    ended = entry.at.timestamp()
    tokens = (entry.input_tokens, entry.cached_tokens, entry.output_tokens)
    return (
        tokens == (row.input_tokens, row.cached_tokens, row.output_tokens)
        and ended - entry.seconds - CLOCK_SECONDS <= row.at <= ended + CLOCK_SECONDS
    )


@dataclass(frozen=True)
class Books:
    """The sums of one run."""

    tally_tokens: int
    ledger_tokens: int
    uncertain_tokens: int
    """The most that calls of unknown end can have been billed: in rows of the ledger and in holds."""
    uncertain_calls: int
    unheard_calls: int
    """Of the server's rows: billed, and their answer never arrived."""


def books_of(entries: Sequence[CallEntry], holds: Sequence[Hold], rows: Sequence[TallyRow]) -> Books:
    """The sums over all calls."""
    uncertain = [entry for entry in entries if entry.uncertain.tokens]
    return Books(
        tally_tokens=sum(row.tokens for row in rows),
        ledger_tokens=sum(entry.input_tokens + entry.output_tokens for entry in entries),
        uncertain_tokens=sum(one.uncertain.tokens for one in uncertain) + sum(one.bound.tokens for one in holds),
        uncertain_calls=len(uncertain) + len(holds),
        unheard_calls=len(matched(entries, rows).unheard),
    )


def ledger_faults(entries: Sequence[CallEntry], holds: Sequence[Hold], rows: Sequence[TallyRow]) -> list[str]:
    """Where the ledger and the tally disagree: none when every answer that arrived is in both to the token, and what was billed
    besides lies within the bounds of the calls of unknown end."""
    found = matched(entries, rows)
    books = books_of(entries, holds, rows)
    faults = [
        f"the ledger has an answer of {one.input_tokens} + {one.output_tokens} tokens at {one.at.isoformat()} that the server did "
        "not give"
        for one in found.unpaired_entries
    ]
    faults += [
        f"an answer at {one.at.isoformat()} is in the ledger with tokens of our own counting"
        for one in entries
        if one.tokens_estimated
    ]
    most = books.ledger_tokens + books.uncertain_tokens
    if not books.ledger_tokens <= books.tally_tokens <= most:
        faults.append(
            f"the server billed {books.tally_tokens} tokens, outside of [{books.ledger_tokens}, {most}] of the ledger and its "
            "uncertain calls"
        )
    if len(found.unheard) > books.uncertain_calls:
        faults.append(
            f"{len(found.unheard)} billed answers never arrived, but only {books.uncertain_calls} calls are uncertain"
        )
    return faults


@dataclass(frozen=True)
class BudgetSetting:
    """A budget that was set at a moment (Unix seconds); None: no limit from then on."""

    at: float
    tokens: int | None


def budget_faults(settings: Sequence[BudgetSetting], rows: Sequence[TallyRow]) -> list[str]:
    """The calls by which what the server had billed exceeded the budget then in force. `settings`: by time, never lower."""
    faults, spent = [], 0
    for row in sorted(rows, key=lambda one: one.at):
        spent += row.tokens
        limit = [one.tokens for one in settings if one.at <= row.at][-1:]
        if limit and limit[0] is not None and spent > limit[0]:
            faults.append(f"request {row.n} brought the tokens billed to {spent}, over the budget of {limit[0]}")
    return faults


def repeated(entries: Sequence[CallEntry], kept_at: dict[str, float], rows: Sequence[TallyRow]) -> list[str]:
    """Requests that were sent though their answer was kept. `kept_at`: request digest of Rhyme → when it was kept, Unix
    seconds."""
    question = {pair.entry.request_digest: pair.row.digest for pair in matched(entries, rows).pairs}
    known = {question[digest]: at for digest, at in kept_at.items() if digest in question}
    return [
        f"request {row.n} was answered though its answer had been kept {row.at - known[row.digest]:.3f} s before"
        for row in rows
        if row.billed and row.digest in known and row.at > known[row.digest] + CLOCK_SECONDS
    ]
