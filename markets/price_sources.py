"""One way in to every kind of prices: a folder, a file or a database table, by its address."""

from pathlib import Path

from markets.price_bars import BarPrices
from markets.price_files import PriceFiles
from markets.price_table import PriceTable
from markets.sessions import Sessions
from markets.sessions import sessions as venue_sessions
from records.errors import UsageError


def open_prices(address: str, sessions: Sessions | None = None) -> BarPrices:
    """The prices at `address`: a folder of Parquet and CSV files, one such file, or a SQLAlchemy URL with `?table=`.

    The formats are in docs/prices.md. `sessions` is the venue's calendar, default New York's. Raises UsageError for a blank
    address, SourceUnreachable where nothing lies or answers, SourceUnreadable for files and tables that hold no prices.
    """
    calendar = sessions or venue_sessions()
    if not address.strip():
        raise UsageError("No price address was given. Name a folder, a file or a database URL with ?table=.")
    if "://" in address:
        return BarPrices(PriceTable(address, calendar.zone), calendar)
    return BarPrices(PriceFiles(Path(address).expanduser(), calendar.zone), calendar)
