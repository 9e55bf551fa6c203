"""Builds `markets/data/instruments.csv.gz` and `names.csv.gz`: `python -m evals.instruments.build --data DIR`.

DIR holds `ref/us_tickers.csv`, `ref/sp500_constituents.csv`, `ref/tickers_2018_waynedw.csv` and `impact/*.parquet`. The same
inputs give the same bytes. `history.csv` and `common_names.csv` beside this file are written by hand.
"""

import argparse
import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

from evals.instruments.lexicon import Lexicon, read_lexicon, read_stories
from evals.instruments.listings import LIST_2018_ON, LIST_2026_ON, RawListing, read_2017, read_2018, read_2026
from evals.instruments.naming import FormKind, display_name, name_forms, name_similar, without_legal_form
from evals.instruments.senses import Sense, sense
from markets.tokens import name_key

_HERE = Path(__file__).parent
_OUT = Path(__file__).parents[2] / "markets" / "data"

_DOMINANT = 10.0
"""A short form shared by several companies goes to one that is worth this many times the next: 'Alibaba', 'Goldman'."""
_MEANT = 0.5
"""A shared short form is one company's if at least half of the stories with it were tagged with that one: 'Vishay', 'Honeywell'."""
_MEASURED = 8
"""Stories from which that share is believed."""

_PRIMARY = frozenset("GOOGL BRK.B FOXA NWSA BF.B UAA LBTYK LILAK LEN HEI DISCA VIAB CBS Z CMCSA FWONK MOG.A".split())
"""Class cited for companies with several, where the rule (index member, still listed, shortest symbol, value) would not choose the
one that data vendors and the wires quote."""

_NAMESAKES = frozenset("TORO OBDC UBSH IBCP SBT".split())
"""Companies that are no share class of the larger one with the same name."""


FormKey = tuple[str, ...]
Users = dict[str, tuple[str, FormKind]]
"""Issuer → the form as it spells it, and its kind."""


@dataclass
class Row:
    """One line of the table while it is made."""

    issuer: str
    ticker: str
    name: str
    full_name: str
    registered: list[str]
    """Full names on the lists, for finding share classes."""
    raw_names: list[str]
    exchange: str | None
    sector: str | None
    industry: str | None
    market_cap_usd: float
    seen: frozenset[str]
    valid_from: date | None = None
    valid_until: date | None = None
    successor: str | None = None
    primary: bool = True
    forms: dict[tuple[str, ...], tuple[str, FormKind]] = field(default_factory=dict)


def build(data: Path) -> tuple[list[Row], list[tuple[str, str, Sense]]]:
    """Rows of the instrument table, and (form, issuer, sense) lines of the name table."""
    rows = _merge_lists(data)
    common_names = _read_csv(_HERE / "common_names.csv")
    _apply_common_names(rows, common_names)
    rows = _apply_history(rows, _read_csv(_HERE / "history.csv"))
    _group_classes(rows)
    issuers_now = {row.ticker: row.issuer for row in rows if "2026" in row.seen}
    by_hand: dict[tuple[tuple[str, ...], str], Sense] = {
        (name_key(entry["name"]), issuers_now[entry["ticker"]]): _as_sense(entry["sense"])
        for entry in common_names
        if entry["sense"]
    }
    for row in rows:
        for raw in row.raw_names:
            for form, kind in name_forms(raw):
                if kind == "core" or name_key(form) not in row.forms:
                    row.forms[name_key(form)] = (form, kind)
    stories = read_stories(data / "impact")
    tagged = frozenset().union(*(story.tickers for story in stories))
    tickers_by_issuer = _old_tickers(rows, tagged)
    users, worth = _users(rows), _worth(rows)
    keys = {key: frozenset[str]().union(*(tickers_by_issuer[i] for i in issuers)) for key, issuers in users.items()}
    lexicon = read_lexicon(stories, keys)
    owners = _settle_shared(users, worth, tickers_by_issuer, lexicon)
    lines: list[tuple[str, str, Sense]] = []
    for key, issuers in owners.items():
        for issuer, (form, kind) in issuers.items():
            found = by_hand.get((key, issuer)) or sense(
                key, kind, bool(tickers_by_issuer[issuer]), worth[issuer], lexicon
            )
            if found is not None:
                lines.append((form, issuer, found))
    return sorted(rows, key=lambda row: (row.ticker, row.issuer, row.name)), sorted(lines)


def _merge_lists(data: Path) -> list[Row]:
    today = {raw.ticker: _row(raw) for raw in read_2026(data / "ref")}
    old = {raw.ticker: raw for raw in read_2017(data / "impact")} | {raw.ticker: raw for raw in read_2018(data / "ref")}
    rows = dict(today)
    gone: list[Row] = []
    for ticker, raw in sorted(old.items()):
        match = today.get(ticker)
        if match is not None and name_similar(raw.full_name, match.raw_names[-1]):
            match.seen = match.seen | {raw.seen}
            match.raw_names.append(raw.full_name)
            match.registered.append(raw.full_name)
            continue
        row = _row(raw)
        row.issuer = ticker if match is None else f"{ticker}~{raw.seen}"
        row.valid_until = LIST_2026_ON - timedelta(days=1)
        gone.append(row)
    for row in today.values():
        if row.seen == {"2026"}:
            row.valid_from = LIST_2018_ON + timedelta(days=1)
    return [*rows.values(), *gone]


def _row(raw: RawListing) -> Row:
    names = [raw.common_name, raw.full_name] if raw.common_name else [raw.full_name]
    return Row(
        issuer=raw.ticker,
        ticker=raw.ticker,
        name=display_name(raw.full_name, raw.common_name),
        full_name=raw.full_name,
        registered=[raw.full_name],
        raw_names=list(dict.fromkeys(names)),
        exchange=raw.exchange,
        sector=raw.sector,
        industry=raw.industry,
        market_cap_usd=raw.market_cap_usd,
        seen=frozenset({raw.seen}),
    )


def _apply_history(rows: list[Row], history: Sequence[Mapping[str, str]]) -> list[Row]:
    """Exact dates for the listings that history knows; listings it alone knows are added."""
    added: list[Row] = []
    for entry in history:
        start, end = (
            date.fromisoformat(entry[name]) if entry[name] else None for name in ("valid_from", "valid_until")
        )
        word = name_key(entry["name"])[0]
        found = [
            row
            for row in rows
            if row.ticker == entry["ticker"]
            and any(name_key(name)[0] == word or name_similar(name, entry["name"]) for name in row.raw_names)
            and not (end is not None and "2026" in row.seen)
            and not (start is not None and start > LIST_2018_ON and "2026" not in row.seen)
        ]
        for row in found:
            row.valid_from, row.successor = start, entry["successor"] or None
            row.valid_until = end
        if not found:
            added.append(_from_history(entry, start, end))
    return [*rows, *added]


def _from_history(entry: Mapping[str, str], start: date | None, end: date | None) -> Row:
    return Row(
        issuer=f"{entry['ticker']}~{(end or start or LIST_2018_ON).year}",
        ticker=entry["ticker"],
        name=entry["name"],
        full_name=entry["name"],
        registered=[entry["name"]],
        raw_names=[entry["name"]],
        exchange=None,
        sector=None,
        industry=None,
        market_cap_usd=0.0,
        seen=frozenset(),
        valid_from=start,
        valid_until=end,
        successor=entry["successor"] or None,
    )


def _apply_common_names(rows: Iterable[Row], names: Iterable[Mapping[str, str]]) -> None:
    wanted = {entry["ticker"]: entry["name"] for entry in names}
    for row in rows:
        if row.ticker in wanted and "2026" in row.seen:
            row.name = wanted[row.ticker]
            row.raw_names.append(row.name)


def _group_classes(rows: Sequence[Row]) -> None:
    """Shares of one name become one issuer; a class is primary while no better one of the group is listed beside it."""
    for group in _same_named(rows):
        ranked = sorted(group, key=_class_rank)
        for place, row in enumerate(ranked):
            row.primary = not any(_overlap(row, better) for better in ranked[:place])
            row.issuer = ranked[0].issuer
            row.sector, row.industry = row.sector or ranked[0].sector, row.industry or ranked[0].industry


def _same_named(rows: Sequence[Row]) -> Iterable[list[Row]]:
    """Rows joined by any registered name they share, directly or through a third."""
    group_of: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        keys = (
            {(row.ticker,)}
            if row.ticker in _NAMESAKES
            else {name_key(without_legal_form(name)) for name in row.registered}
        )
        joined = [row]
        for group in {id(group_of[key]): group_of[key] for key in keys if key in group_of}.values():
            joined = [*group, *joined]
        keys |= {
            key for key, group in group_of.items() if group and any(group is group_of.get(other) for other in keys)
        }
        for key in keys:
            group_of[key] = joined
    return {id(group): group for group in group_of.values()}.values()


def _class_rank(row: Row) -> tuple[bool, bool, bool, int, int, float, str]:
    indexed = len(row.raw_names) > 1 and row.raw_names[0] != row.full_name
    gone = "2026" not in row.seen
    return (
        row.ticker not in _PRIMARY,
        not indexed,
        gone,
        -len(row.seen),
        len(row.ticker),
        -row.market_cap_usd,
        row.ticker,
    )


def _overlap(one: Row, other: Row) -> bool:
    start = max(one.valid_from or date.min, other.valid_from or date.min)
    return start <= min(one.valid_until or date.max, other.valid_until or date.max)


def _worth(rows: Iterable[Row]) -> dict[str, float]:
    worth: dict[str, float] = defaultdict(float)
    for row in rows:
        worth[row.issuer] = max(worth[row.issuer], row.market_cap_usd)
    return worth


def _users(rows: Iterable[Row]) -> dict[FormKey, Users]:
    """Each form with the issuers that use it: those whose whole name it is, or else all that it may shorten."""
    users: dict[FormKey, Users] = defaultdict(dict)
    for row in rows:
        for key, (form, kind) in row.forms.items():
            known = users[key].get(row.issuer)
            if known is None or (known[1] == "short" and kind == "core"):
                users[key][row.issuer] = (form, kind)
    whole = {
        key: {issuer: use for issuer, use in issuers.items() if use[1] == "core"} for key, issuers in users.items()
    }
    return {key: whole[key] or issuers for key, issuers in users.items()}


def _settle_shared(
    users: Mapping[FormKey, Users], worth: Mapping[str, float], tickers: Mapping[str, frozenset[str]], lexicon: Lexicon
) -> dict[FormKey, Users]:
    """A short form that several companies could use goes to the one it meant in the news, or to one far larger than the rest."""
    settled = {}
    for key, issuers in users.items():
        if len(issuers) == 1 or any(kind == "core" for _, kind in issuers.values()):
            settled[key] = issuers
            continue
        counts = lexicon.names[key]
        meant = [issuer for issuer in issuers if counts.share(tickers[issuer]) >= _MEANT]
        ranked = sorted(issuers, key=lambda issuer: (-worth[issuer], issuer))
        if len(meant) == 1 and counts.stories >= _MEASURED:
            settled[key] = {meant[0]: issuers[meant[0]]}
        elif worth[ranked[0]] > _DOMINANT * worth[ranked[1]]:
            settled[key] = {ranked[0]: issuers[ranked[0]]}
    return settled


def _old_tickers(rows: Iterable[Row], tagged: frozenset[str]) -> dict[str, frozenset[str]]:
    """Each issuer's tickers that the dated stories use; a company without one cannot be measured on them."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for row in rows:
        old = row.seen & {"2017", "2018"} or (row.valid_until is not None and row.valid_until < LIST_2018_ON)
        found[row.issuer] |= frozenset({row.ticker}) & tagged if old else frozenset()
    return found


def _as_sense(text: str) -> Sense:
    for known in get_args(Sense):
        if text == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"common_names.csv has the sense {text!r}; use one of {', '.join(get_args(Sense))}")


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write_table(path: Path, header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A gzip CSV without time stamp or file name, so that the same lines give the same bytes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    path.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), compresslevel=9, mtime=0))


def main(argv: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.instruments.build", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with ref/ and impact/")
    parser.add_argument("--out", type=Path, default=_OUT, help="folder to write to (default: markets/data)")
    options = parser.parse_args(argv)
    rows, names = build(options.data)
    write_table(
        options.out / "instruments.csv.gz",
        (
            "issuer",
            "ticker",
            "name",
            "exchange",
            "sector",
            "industry",
            "primary",
            "valid_from",
            "valid_until",
            "successor",
        ),
        [
            (
                row.issuer,
                row.ticker,
                row.name,
                row.exchange or "",
                row.sector or "",
                row.industry or "",
                "1" if row.primary else "",
                row.valid_from.isoformat() if row.valid_from else "",
                row.valid_until.isoformat() if row.valid_until else "",
                row.successor or "",
            )
            for row in rows
        ],
    )
    write_table(options.out / "names.csv.gz", ("form", "issuer", "sense"), names)
    counts = ", ".join(f"{sum(kind == of for _, _, of in names)} {kind}" for kind in get_args(Sense))
    print(f"{len(rows)} listings, {len(names)} names ({counts})")


if __name__ == "__main__":
    main()
