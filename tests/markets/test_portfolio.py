"""A portfolio file as people keep it, and a word on every row that cannot be read."""

from pathlib import Path

import pytest

from markets.portfolio import read_portfolio
from records.errors import SourceUnreachable, SourceUnreadable
from records.portfolio import Position


def read(tmp_path: Path, text: str, encoding: str = "utf-8") -> tuple[Position, ...]:
    path = tmp_path / "book.csv"
    path.write_bytes(text.encode(encoding))
    return read_portfolio(path)


@pytest.mark.parametrize(
    "text",
    [
        "ticker,weight,name\nmsft,4.2%,Microsoft\nBRK.B,0.01,\n",
        "Symbol\tWeight\tCompany\nMSFT\t.042\tMicrosoft\nBRK.B\t1%\t\n",
        "\ufeffname;ticker;weight\nMicrosoft;MSFT;4.2 %\n;BRK.B;1%\n\n",
    ],
)
def test_columns_are_found_by_their_usual_names_and_weights_as_shares(tmp_path: Path, text: str) -> None:
    first, second = read(tmp_path, text)
    assert (first.ticker, first.name, first.quantity) == ("MSFT", "Microsoft", None)
    assert first.weight == pytest.approx(0.042)
    assert second == Position(ticker="BRK.B", weight=0.01)


def test_lots_of_one_share_are_added_up_and_an_unknown_size_stays_unknown(tmp_path: Path) -> None:
    held = read(tmp_path, 'ticker,quantity\nAAPL,"1,200"\nMSFT,5\nAAPL,-200\nMSFT,\n')
    assert held == (Position(ticker="AAPL", quantity=1000), Position(ticker="MSFT", quantity=None))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column ticker"),
        ("weight\n1\n", "no column ticker"),
        ("ticker,weight\nMSFT,much\n", "Row 2.*'much' is no number"),
        ("ticker,weight\nMSFT,nan\n", "no number"),
        ("ticker,weight\nMSFT,1\n,2\n", "Row 3.*no ticker"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_row(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SourceUnreadable, match=says):
        read(tmp_path, text)


def test_a_missing_file_and_another_encoding_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable, match="Set `portfolio`"):
        read_portfolio(tmp_path / "none.csv")
    with pytest.raises(SourceUnreadable, match="UTF-8"):
        read(tmp_path, "ticker\nMÜV2\n", "latin-1")
