"""The stories the starter precedents are drawn from: loading, and filters that never look at what the price did.

No column of returns is read here, so no rule in this file can depend on an outcome.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from evals.starter.labeller import label
from records.taxonomy import EventType

NEW_YORK = ZoneInfo("America/New_York")
MIN_LEAD = 120
"""Characters of lead a newswire story needs, so that a factual sentence can be written from it."""
MIN_LEAD_RECENT = 60
"""The recent sources carry shorter leads."""
RENAMED = {"FB": "META"}
"""Symbols of one unchanged company; the current one is stored."""

PRICE_WORDS = re.compile(
    r"\b(shares?|stocks?|adrs?)\b[^.]{0,60}\b(rise|rose|fall|fell|drop|jump|surge|slip|climb|gain|tumble|"
    r"plunge|soar|sink|sank|up|down|higher|lower|slid|slide|rally|rallie|dip|spike|pop|hit|shed|lost|edge|"
    r"close)\w*\b|\b(rall(y|ies|ied)|selloff|sell-off|premarket|market value|market cap|all-time high|"
    r"record high|52-week|after-hours)\b",
    re.IGNORECASE,
)
"""The text tells how the price moved: such a story is no news before its reaction."""

OPINION = re.compile(
    r"\?|\b(zacks|motley|etfs?|cramer|gurufocus|investorplace|better buy|should|why|how|reasons|"
    r"prediction|here'?s|heres|what to|things|top \d|best|worst|vs\.?|versus|bulls?|bears?|investors?|"
    r"stocks?|shares?|valuation|billionaire|wall street|options|preview|roundup|wrap|watch|opinion|forget|"
    r"could|might|buffett|analyst blog|holdings?|position|13f|portfolio|hedge funds?|capital management|"
    r"advisors?|llc|outlook for|price target|upgrade|downgrade|trader|recap|podcast|review|rumou?rs?|"
    r"deals of|black friday|discount|loop|factbox|explainer|analysis|insight|column|factors|week ahead|"
    r"markets?|update:|market chatter|explained|tips|guide|analysts?|highlights?|transcript|earnings call|"
    r"reminder|watchlist|ahead|jackpot|trust n\.a|stake in|according to|here|ambitions|amid|under "
    r"pressure|more important|growth|sees \d+%|meme|everything|take on|plus|reveals?|rival|ex-\w+|former|"
    r"weekly|daily|morning)\b|^[\w ]{2,25}: |\.\.\.|…",
    re.IGNORECASE,
)
"""Opinion, lists and market talk, by their headline's words."""

SERIES = re.compile(
    r"^(?:[A-Z]+-)*(take a look|trlpc|dealtalk|media|text|new issue|feature|on the move|airshow|summit|"
    r"talking|us stocks|soccer|special report)\b",
    re.IGNORECASE,
)
"""The wire's series that carry no single event."""

SUBJECT_WITHIN = 30
"""A recent headline names its company within so many characters: later, it is usually about another one."""

COMPANIES = {
    "AAPL": ("Apple", r"apple"),
    "AMD": ("Advanced Micro Devices", r"amd|advanced micro"),
    "AMZN": ("Amazon.com", r"amazon|aws"),
    "AVGO": ("Broadcom", r"broadcom"),
    "GOOGL": ("Alphabet", r"google|alphabet|youtube|waymo|deepmind"),
    "META": ("Meta Platforms", r"meta|facebook|instagram|whatsapp"),
    "MSFT": ("Microsoft", r"microsoft|azure|openai"),
    "NFLX": ("Netflix", r"netflix"),
    "NVDA": ("NVIDIA", r"nvidia"),
    "QCOM": ("Qualcomm", r"qualcomm"),
    "TSLA": ("Tesla", r"tesla"),
}
"""Companies of the recent sources: name, and the words one of which the headline must have."""

THEMES: dict[str, re.Pattern[str]] = {
    "ai_deal": re.compile(
        r"(?=.*\b(ai|artificial intelligence|openai|data cent(er|re)s?|cloud)\b)(?=.*\b(partner\w*|deal|"
        r"agreement|pact|collaborat\w*|contract|government|invest\w*|uk|britain|saudi|uae|india|japan|france|"
        r"germany|pentagon|army|federal|supercomputer)\b)",
        re.IGNORECASE,
    ),
    "tariffs": re.compile(r"\b(tariffs?|trade war|import dut(y|ies)|trade deal)\b", re.IGNORECASE),
    "chips_export": re.compile(
        r"\bexport (control|curb|ban|rule|restrict|licen)|\bchips?\b.*\b(china|chinese|curbs?|ban)\b|\b(china|"
        r"chinese)\b.*\bchips?\b",
        re.IGNORECASE,
    ),
    "antitrust": re.compile(
        r"\b(antitrust|anti-trust|monopol\w*|cma|ftc|doj|eu commission|european commission|competition)\b",
        re.IGNORECASE,
    ),
    "regulation": re.compile(
        r"\b(regulat\w*|ai act|dma|digital markets act|lawmakers?|bill|senate|congress|law|ban(s|ned)?|"
        r"privacy|fine[sd]?)\b",
        re.IGNORECASE,
    ),
    "cyber": re.compile(
        r"\b(hack\w*|cyber\w*|breach\w*|outages?|ransomware|vulnerabilit\w*|crowdstrike)\b", re.IGNORECASE
    ),
}
"""Strata that must be represented in the recent part, by words of the headline."""


@dataclass(frozen=True)
class Draft:
    """A story that may become a starter event; it has no outcome yet."""

    id: str
    published_at: datetime
    """Aware UTC; for a date-only source the end of that day in New York."""
    date_only: bool
    ticker: str
    price_ticker: str
    """The symbol the price files use, where it differs."""
    company: str
    headline: str
    body: str
    rule_type: EventType
    stratum: str
    """'year/what' within its part."""
    part: str
    """newswire, recent, fomc or geopolitics"""


def newswire(folder: Path) -> Iterator[Draft]:
    """Informative stories of 2011–2015 about one company, date-only."""
    columns = [
        "id",
        "date",
        "ticker",
        "company",
        "headline",
        "body",
        "about_head",
        "price_leak",
        "n_tickers_same_story",
    ]
    for path in sorted(folder.glob("impact_*_dev.parquet")):
        for row in _rows(path, columns):
            headline, body = row["headline"].strip(), row["body"].strip()
            about = row["about_head"] and not row["price_leak"] and row["n_tickers_same_story"] <= 3
            if (
                not about
                or len(body) < MIN_LEAD
                or not 30 <= len(headline) <= 140
                or "?" in headline
                or SERIES.search(headline)
            ):
                continue
            rule_type = label(headline, body)
            if PRICE_WORDS.search(f"{headline}. {body}") or rule_type in _NO_NEWS:
                continue
            day = row["date"].date()
            yield _draft(
                "newswire",
                row["id"],
                end_of_day(day),
                True,
                row["ticker"],
                row["company"],
                headline,
                body,
                rule_type,
                rule_type.value,
            )


def recent(folder: Path) -> Iterator[Draft]:
    """News of 2019–2025 about its company, without opinion, lists and price talk."""
    for path in sorted(folder.glob("*.parquet")):
        placeholder_noon = path.name.startswith("reuters_2019")
        named = ["company"] if placeholder_noon else []
        for row in _rows(path, ["id", "ts", "ticker", "headline", "body", *named]):
            headline, body = row["headline"].strip(), (row["body"] or "").strip()
            ticker = RENAMED.get(row["ticker"], row["ticker"])
            company, words = _company(ticker, row.get("company"))
            if words is None or not re.search(rf"\b({words})\b", headline[:SUBJECT_WITHIN], re.IGNORECASE):
                continue
            if (
                not 35 <= len(headline) <= 160
                or len(body) < MIN_LEAD_RECENT
                or OPINION.search(headline)
                or not _is_english(headline)
            ):
                continue
            rule_type = label(headline)
            if (
                PRICE_WORDS.search(f"{headline}. {body[:600]}")
                or rule_type in _NO_NEWS
                or rule_type == EventType.ANALYST_RATING
            ):
                continue
            moment: datetime = row["ts"]
            date_only = placeholder_noon or moment.time() in (time(0, 0), time(23, 59), time(23, 59, 59))
            published = end_of_day(moment.date()) if date_only else moment.astimezone(UTC)
            theme = next((name for name, pattern in THEMES.items() if pattern.search(headline)), rule_type.value)
            yield _draft("recent", row["id"], published, date_only, ticker, company, headline, body, rule_type, theme)


def end_of_day(day: date) -> datetime:
    """23:59:59 of that day in New York, in UTC: how a date without a time is stored."""
    return datetime.combine(day, time(23, 59, 59), NEW_YORK).astimezone(UTC)


def draft_id(part: str, source_id: str) -> str:
    """A stable id that does not reveal its source."""
    return f"S{hashlib.sha256(f'{part}:{source_id}'.encode()).hexdigest()[:10]}"


_NO_NEWS = (EventType.MARKET_COMMENTARY, EventType.NOT_MARKET_RELEVANT)


def _draft(
    part: str,
    source_id: str,
    published: datetime,
    date_only: bool,
    ticker: str,
    company: str,
    headline: str,
    body: str,
    rule_type: EventType,
    what: str,
) -> Draft:
    return Draft(
        id=draft_id(part, source_id),
        published_at=published,
        date_only=date_only,
        ticker=RENAMED.get(ticker, ticker),
        price_ticker=ticker,
        company=company,
        headline=headline,
        body=body,
        rule_type=rule_type,
        stratum=f"{published.astimezone(NEW_YORK).year}/{what}",
        part=part,
    )


def _company(ticker: str, company: str | None) -> tuple[str, str | None]:
    """Name, and the words that name it in a headline; None when the ticker is not one we can recognise."""
    if ticker in COMPANIES:
        return COMPANIES[ticker]
    first = re.split(r"[\s,.]", company or "")[0]
    return (company or ticker), re.escape(first) if len(first) > 2 else None


def _is_english(headline: str) -> bool:
    return sum(character.isascii() for character in headline) > 0.9 * len(headline)


def _rows(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    table: pa.Table = pq.read_table(path, columns=columns)
    yield from table.to_pylist()
