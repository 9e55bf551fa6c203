"""A price file's day column as dates at the venue; times of day and text that is no date are refused."""

from datetime import tzinfo

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from numpy.typing import NDArray

from markets.prices import EPOCH
from records.errors import SourceUnreadable


def day_ordinals(column: pa.ChunkedArray, zone: tzinfo, place: str) -> NDArray[np.int64]:
    """(n,) ordinals of the dates of `column`: dates, naive midnights, or moments with a time zone.

    A moment counts for its date at the venue (`zone`), unless all are midnights in UTC: then they are dates that someone gave a
    zone. Raises SourceUnreadable for a missing day, another type, and a naive time of day.
    """
    if column.null_count:
        raise SourceUnreadable(
            f"{place} has {column.null_count:,} rows without a date. Give each its date or remove it."
        )
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = _parsed(column, place)
    if pa.types.is_date(column.type):
        return _of_dates(pc.cast(column, pa.date32()))
    if not pa.types.is_timestamp(column.type):
        raise SourceUnreadable(
            f"The column 'date' of {place} holds {column.type} values such as {column[0]}. Write days as 2024-03-28."
        )
    if column.type.tz is not None and not _all_midnight(column):
        column = pc.local_timestamp(pc.cast(column, pa.timestamp(column.type.unit, str(zone))))
    elif not _all_midnight(column):
        raise SourceUnreadable(
            f"{place} has times of day without a time zone, such as {_first_odd(column)}. Give one row a session, dated by its "
            "day alone."
        )
    return _of_dates(_floored(column))


def _parsed(column: pa.ChunkedArray, place: str) -> pa.ChunkedArray:
    """Text such as 2024-03-28, 2024-03-28T00:00:00 or with an offset."""
    for kind in (pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            return pc.cast(column, kind)
        except pa.ArrowInvalid:
            continue
    raise SourceUnreadable(
        f"{place} has days that are no dates, such as {column[0].as_py()!r}. Write them as 2024-03-28."
    )


def _all_midnight(column: pa.ChunkedArray) -> bool:
    numbers = pc.cast(column, pa.int64()).to_numpy()
    return bool((numbers % _per_day(column) == 0).all())


def _first_odd(column: pa.ChunkedArray) -> str:
    numbers = pc.cast(column, pa.int64()).to_numpy()
    return str(column[int(np.flatnonzero(numbers % _per_day(column))[0])].as_py())


def _floored(column: pa.ChunkedArray) -> pa.ChunkedArray:
    numbers = pc.cast(column, pa.int64()).to_numpy() // _per_day(column)
    return pa.chunked_array([pa.array(numbers.astype(np.int32), pa.int32()).cast(pa.date32())])


def _per_day(column: pa.ChunkedArray) -> int:
    return 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[str(column.type.unit)]


def _of_dates(column: pa.ChunkedArray) -> NDArray[np.int64]:
    ordinals: NDArray[np.int64] = pc.cast(column, pa.int32()).to_numpy().astype(np.int64) + EPOCH
    return ordinals
