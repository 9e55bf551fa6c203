"""Reads the reference lists: which US shares existed on which list, cleaned of everything that is not a common share."""

import csv
import html
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import pyarrow.parquet as parquet  # type: ignore[import-untyped]

ListName = Literal["2017", "2018", "2026"]

LIST_2018_ON = date(2018, 6, 18)
"""Close on which the 2018 list's market values stand (Apple's divided by its shares is that day's close)."""

LIST_2026_ON = date(2026, 8, 5)
"""Last membership change in the constituents file that came with the 2026 list; the list's own date is not stated."""


@dataclass(frozen=True)
class RawListing:
    """One common share on one list."""

    ticker: str
    """'.' before a share class."""
    full_name: str
    """The company's registered name without the description of the security."""
    seen: ListName
    exchange: str | None
    sector: str | None
    industry: str | None
    market_cap_usd: float
    """0 where the list has none."""
    common_name: str | None = None
    """The name in everyday use, where the constituents file has one."""


_SECTORS = {
    "Finance": "Financials",
    "Technology": "Information Technology",
    "Telecommunications": "Communication Services",
    "Basic Materials": "Materials",
    "Miscellaneous": None,
    "": None,
}
"""The 2026 list's sector names in the words of the constituents file, so that the table speaks one language."""

_DESCRIPTION = re.compile(
    r"""\s+(?:
      American\s+Deposit[ao]ry.* | Sponsored\s.* | Sponosred\s.* | AD[SR]s?\b.* | Deposit[ao]ry\s+(?:Share|Receipt)s?.*
    | (?:Class|Series)\s+[A-Z0-9]\b.* | Cl\s+[A-Z]\b.* | Common\b(?!wealth).* | Ordinary\b.* | Capital\s+Stock.*
    | (?:New\s+)?(?:NY|New\s+York)\s+Registry.* | Registered\s+Shares?.* | Registry\s+Shares?.*
    | (?:Subordinate|Multiple|Limited|Non-|Exchangeable)?\s*Voting\b.* | Subordinate\b.* | Shares\b.* | par\s+value.*
    | (?:Each\s+)?Represent.* | \(?Each\b.* | Units?\b.* | Limited\s+Partner.* | Partnership\s+Units.* | no\s+par.*
    | Bearer\s.* | \((?:DE|NV|MD|New|Canada|Ireland|Israel|Bermuda|Japan|Brazil|Marshall\ Islands|Holding\ Co|REIT)\).*
    | Trading\s+under.* | REIT$ | New$ | \$[\d.]+.* | Stock$
    )""",
    re.VERBOSE | re.IGNORECASE,
)

_NOT_COMMON = re.compile(
    r"""\b(?:Warrants?|Rights?|Preferred|Preference|Pfd|Notes?|Debentures?|Bonds?|Subordinated\ Notes|Senior\ Notes
    |due\ 20\d\d|Cumulative|Perpetual|Corporate\ Units|Equity\ Units|Tangible\ Equity|First\ Mortgage|Subunits?
    |Trust\ Preferred|Capital\ Securities|Fixed[- ](?:to|Rate)|Convertible\ Sub)\b|\b1/\d+|\bUnits?$|%""",
    re.VERBOSE | re.IGNORECASE,
)

_FUND = re.compile(
    r"""\b(?:
    Funds?|ETFs?|ETNs?|iShares|SPDR|ProShares|PowerShares|FlexShares|VictoryShares|WisdomTree\ .*(?:Fund|Index)|BLDRS
    |MuniHoldings|MuniYield|MuniAssets|MuniVest|MuniEnhanced|Muni|Municipals?|(?<!Realty\ )Income\ Trust
    |Income\ Securities\ Trust|Term\ Trust|Dividend\ Trust|Dividend\ Income|Floating\ Rate|Premium\ Income
    |Closed[- ]End|Index|Portfolio|Income\ Opportunit\w+|Opportunities\ Trust|Royce\ \S+\ Trust|Equity\ Trust
    |Growth\ Trust|Resources\ Trust|Health\ Sciences\ Trust|Innovation\ Trust|Credit\ Strategies
    |Blackrock\ (?!Inc|TCP|Capital|Kelso).*|Nuveen\ .*(?:Income|Overwrite|Credit)|Eaton\ Vance\ (?!Corp).+|Gabelli\ .*
    |John\ Hancock\ .*|Calamos\ .*|Cohen\ &\ Steers\ (?!Inc).+|Lehman\ ABS|Credit\ Suisse\ AG|STRATS|Strats|PPLUS
    |Structured\ Products|SATURNS|CorTS|Synthetic\ Fixed|Adams\ Diversified|Source\ Capital|Royalty\ Trust\ Units
    |Currencyshares|Participation\ Investors|Corporate\ Investors|Convertible\ (?:&|and)\ Income|Barclays\ PLC\ i|db-X
    |X-trackers|Direxion|Global\ X|VanEck|First\ Trust(?!\ Capital)
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)

_SHELL = re.compile(
    r"""\b(?:Acquisitions?|Merger|SPAC|Blank\ Check)\b
    (?:\s+(?:Corp\w*|Co\w*|Inc|Ltd|Limited|Holdings?|Group|\d+|[IVX]+|Partners|Opportunit\w+))*
    \.?(?:\s+[IVX]+|\s+\d+)?\.?$""",
    re.VERBOSE | re.IGNORECASE,
)

_NOT_SHARES = frozenset("ETV ETW BLW DFVL DFVS DLBL DLBS DTUL DTUS DTYL DTYS FLAT STPP TAPR QQQ".split())
"""Notes and funds that the lists name after the bank that issued them."""

_KEEP = frozenset({"BNS", "MTAL"})
"""Common shares whose listed descriptions read like a preferred share or a shell."""

_MISREAD = {"Banco Bilbao Viscaya": "Banco Bilbao Vizcaya", "Sponosred": "Sponsored"}
"""Spelling slips of the lists."""


def read_2026(folder: Path) -> list[RawListing]:
    """Today's list joined with the constituents file (everyday names and GICS classes)."""
    constituents = _read_constituents(folder / "sp500_constituents.csv")
    found = []
    with (folder / "us_tickers.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            if _skip(row["ticker"], row["name"]) or row["industry"] == "Blank Checks":
                continue
            found.append(
                RawListing(
                    ticker=row["ticker"].replace("/", "."),
                    full_name=tidy(row["name"]),
                    seen="2026",
                    exchange=row["exchange"] or None,
                    sector=_SECTORS.get(row["sector"], row["sector"]),
                    industry=row["industry"].strip() or None,
                    market_cap_usd=float(row["marketcap"] or 0),
                )
            )
    listed = {listing.ticker for listing in found}
    merged = [_with_constituent(listing, constituents.get(listing.ticker)) for listing in found]
    missing = [listing for ticker, listing in constituents.items() if ticker not in listed]
    return merged + missing


def read_2018(folder: Path) -> list[RawListing]:
    """The list of June 2018."""
    found: list[RawListing] = []
    with (folder / "tickers_2018_waynedw.csv").open(encoding="utf-8", errors="replace", newline="") as handle:
        for padded, name, exchange, market_cap in csv.reader(handle):
            ticker = padded.strip()
            unescaped = html.unescape(name)
            value = float(market_cap or 0)
            if (
                _skip(ticker, unescaped)
                or (value == 0 and "." not in ticker)
                or ".WS" in ticker
                or ticker.startswith("ATEST")
            ):
                continue
            found.append(RawListing(ticker, tidy(unescaped), "2018", exchange, None, None, value))
    return found


def read_2017(folder: Path) -> list[RawListing]:
    """Names that the dated stories of 2011–2017 carry beside their tickers: companies gone before the 2018 list was made."""
    names: dict[str, str] = {}
    for path in sorted(folder.glob("impact_*.parquet")):
        table = parquet.read_table(path, columns=["ticker", "company"])
        names.update(zip(table["ticker"].to_pylist(), table["company"].to_pylist(), strict=True))
    return [
        RawListing(ticker, tidy(html.unescape(name)), "2017", None, None, None, 0.0)
        for ticker, name in sorted(names.items())
        if name and not _skip(ticker, html.unescape(name))
    ]


def tidy(name: str) -> str:
    """The registered name without the description of the security: 'X Inc. Class A Common Stock' → 'X Inc.'."""
    text = re.sub(r"\s+", " ", name).strip()
    for wrong, right in _MISREAD.items():
        text = text.replace(wrong, right)
    text = re.sub(r"\s*\((?:The|Holding Co\w*)\)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"^The (?=\S)", "", text)
    shorter = _DESCRIPTION.sub("", text).strip(" -,")
    return shorter or text


def _skip(ticker: str, name: str) -> bool:
    text = re.sub(r"\s+", " ", name).strip()
    if ticker in _NOT_SHARES or "^" in ticker or re.search(r"[./](?:WS|U|R|W)\b", ticker):
        return True
    if ticker in _KEEP:
        return False
    if len(ticker) == 5 and re.search(r"(?<!American )Deposit[ao]ry Shares?", text):
        return True
    share = re.split(r"\s(?:American Deposit[ao]ry|AD[RS]s?\b)", text)[0]
    common_units = re.search(r"Common Units|Limited Partner|Partnership|\bL\.?P\b", share)
    if "%" in share or (_NOT_COMMON.search(share) and not common_units):
        return True
    return bool(_FUND.search(share) or _SHELL.search(tidy(share)))


def _read_constituents(path: Path) -> dict[str, RawListing]:
    with path.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    found = {}
    for row in rows:
        name = re.sub(r"\s*\((?:Class|Series) [A-Z]\)|\s*\(The\)", "", row["Security"]).strip()
        found[row["Symbol"]] = RawListing(
            row["Symbol"], name, "2026", None, row["GICS Sector"], row["GICS Sub-Industry"], 0.0, common_name=name
        )
    return found


def _with_constituent(listing: RawListing, constituent: RawListing | None) -> RawListing:
    if constituent is None:
        return listing
    return replace(
        listing, sector=constituent.sector, industry=constituent.industry, common_name=constituent.common_name
    )
