"""A vendor adapter against a real HTTP server on loopback: what is fetched is kept, what fails is said and not kept."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest

from markets.price_bars import BarPrices
from markets.price_sources import open_prices
from markets.sessions import sessions
from markets.vendor_prices import Bar, VendorPrices
from records.errors import RhymeError, SourceRefused, SourceUnreachable, SourceUnreadable

FIRST, LAST = date(2024, 3, 4), date(2024, 3, 15)
WEEK = sessions().between(FIRST, LAST)
KEY = "key-of-a-customer"


class Quotes(ThreadingHTTPServer):
    """A vendor: /daily?symbol=…&from=…&to=…&key=…"""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.closes = {"XYZ": [10.0 + n for n in range(10)], "BRK-B": [200.0 + n for n in range(10)]}
        self.asked: list[str] = []
        self.status, self.body = 200, ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Quotes

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(query["symbol"])
        rows = [
            {"day": day.isoformat(), "c": close, "adj": close, "v": 1000}
            for day, close in zip(WEEK, self.server.closes.get(query["symbol"], []), strict=False)
            if query["from"] <= day.isoformat() <= query["to"]
        ]
        body = (self.server.body or json.dumps({"bars": rows})).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Adapter:
    """What docs/prices.md shows."""

    name = "Quotes Inc."

    def __init__(self, address: str, key: str, timeout_seconds: float = 5) -> None:
        self._client = httpx.Client(base_url=address, params={"key": key}, timeout=timeout_seconds)

    def fetch_bars(self, ticker: str, first: date, last: date) -> Sequence[Bar]:
        span = {"symbol": ticker.replace(".", "-"), "from": first.isoformat(), "to": last.isoformat()}
        answer = self._client.get("/daily", params=span).raise_for_status()
        return [Bar(date.fromisoformat(row["day"]), row["adj"], row["c"], row["v"]) for row in answer.json()["bars"]]


@pytest.fixture
def quotes() -> Iterator[Quotes]:
    with Quotes() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def source(quotes: Quotes, folder: Path, first: date = FIRST, last: date = LAST) -> VendorPrices:
    return VendorPrices(Adapter(quotes.address, KEY), folder / "kept", first, last)


def test_a_ticker_is_fetched_once_and_served_from_the_folder(quotes: Quotes, tmp_path: Path) -> None:
    expected = [np.nan, *np.diff(np.log(quotes.closes["BRK-B"]))]
    for _ in range(2):
        np.testing.assert_allclose(BarPrices(source(quotes, tmp_path)).returns("BRK.B", WEEK), expected)
    assert quotes.asked == ["BRK-B"]
    offline = open_prices(str(tmp_path / "kept"))
    assert offline.tickers == {"BRK.B"} == source(quotes, tmp_path).tickers
    np.testing.assert_allclose(offline.returns("BRK.B", WEEK), expected)


def test_the_adapter_that_the_documentation_shows_works(
    quotes: Quotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "prices.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.S)[0]
    code = code.replace("https://api.example.com", quotes.address).replace("date(2024, 12, 31)", "date(2024, 3, 15)")
    monkeypatch.chdir(tmp_path)
    shown: dict[str, Any] = {}
    exec(code, shown)
    np.testing.assert_allclose(shown["prices"].returns("BRK.B", WEEK)[1:], np.diff(np.log(quotes.closes["BRK-B"])))
    assert quotes.asked == ["^GSPC", "MSFT", "BRK-B"]
    assert open_prices("prices/").tickers == {"BRK.B"}  # the others are kept as unknown


def test_an_unknown_ticker_is_kept_as_unknown(quotes: Quotes, tmp_path: Path) -> None:
    for _ in range(2):
        assert np.isnan(BarPrices(source(quotes, tmp_path)).returns("^NONE/X", WEEK)).all()
    assert quotes.asked == ["^NONE/X"]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["%5ENONE%2FX.parquet"]
    assert np.isnan(open_prices(str(tmp_path / "kept")).returns("^NONE/X", WEEK)).all()


def test_a_longer_span_is_fetched_whole_and_a_shorter_one_is_there(quotes: Quotes, tmp_path: Path) -> None:
    source(quotes, tmp_path, last=WEEK[4]).bars("XYZ")
    quotes.closes["XYZ"] = [close / 2 for close in quotes.closes["XYZ"]]  # a split since: all adjusted closes changed
    bars = source(quotes, tmp_path).bars("XYZ")[0]
    assert bars.adjusted is not None
    assert list(bars.adjusted) == quotes.closes["XYZ"]
    source(quotes, tmp_path, first=WEEK[2]).bars("XYZ")
    assert len(quotes.asked) == 2
    source(quotes, tmp_path).fetch(["XYZ"])
    assert len(quotes.asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (500, "", SourceUnreachable, "status 500"),
        (429, "", SourceUnreachable, "status 429"),
        (403, "", SourceRefused, "status 403"),
        (200, "no json", SourceUnreadable, "JSONDecodeError"),
        (200, '{"rows": []}', SourceUnreadable, "KeyError"),
        (200, '{"bars": [{"day": "soon", "adj": 1, "c": 1, "v": 1}]}', SourceUnreadable, "ValueError"),
        (200, '{"bars": [{"day": "2024-03-04", "adj": "ten", "c": 1, "v": 1}]}', SourceUnreadable, "ten"),
    ],
)
def test_a_failure_is_translated_and_never_kept(
    status: int, body: str, kind: type[RhymeError], message: str, quotes: Quotes, tmp_path: Path
) -> None:
    quotes.status, quotes.body = status, body
    with pytest.raises(kind, match=message) as caught:
        BarPrices(source(quotes, tmp_path)).returns("XYZ", WEEK)
    assert "Quotes Inc." in str(caught.value)
    assert KEY not in str(caught.value)
    quotes.status, quotes.body = 200, ""
    assert np.isfinite(BarPrices(source(quotes, tmp_path)).returns("XYZ", WEEK[1:])).all()


def test_a_server_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    gone = Quotes()
    gone.server_close()
    with pytest.raises(SourceUnreachable, match=r"cannot be reached \(ConnectError\)"):
        source(gone, tmp_path).bars("XYZ")


def test_a_folder_that_cannot_be_written_says_so(quotes: Quotes, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(SourceUnreachable, match="cannot be written"):
        source(quotes, tmp_path).bars("XYZ")


def test_a_kept_file_that_is_broken_is_named(quotes: Quotes, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "XYZ.parquet").write_bytes(b"PAR0")
    with pytest.raises(SourceUnreadable, match=r"XYZ\.parquet"):
        source(quotes, tmp_path).bars("XYZ")
