"""Costs from the price table: known, unknown, and the difference."""

import json
from pathlib import Path

import pytest

from models.cost import ModelPrice, PriceTable, load_prices
from models.wire import Usage
from records.errors import SettingsError

PRICE = ModelPrice(model="m", input=2.0, cached_input=0.5, cache_write=2.5, output=10.0, up_to_input_tokens=1_000_000)


def test_fresh_cached_written_and_output_tokens_have_their_own_price() -> None:
    usage = Usage(input_tokens=1000, output_tokens=100, cached_tokens=600, cache_write_tokens=300)
    assert PRICE.cost_usd(usage) == pytest.approx((100 * 2.0 + 600 * 0.5 + 300 * 2.5 + 100 * 10.0) / 1e6)


def test_no_tokens_cost_nothing() -> None:
    assert PRICE.cost_usd(Usage(0, 0)) == 0.0


@pytest.mark.parametrize(
    "usage", [Usage(100, 5, cached_tokens=1), Usage(100, 5, cache_write_tokens=1)], ids=["cached", "written"]
)
def test_a_price_that_is_needed_and_unknown_leaves_the_cost_unknown(usage: Usage) -> None:
    partial = PRICE.model_copy(update={"cached_input": None, "cache_write": None})
    assert partial.cost_usd(usage) is None
    assert partial.cost_usd(Usage(100, 5)) == pytest.approx((100 * 2.0 + 5 * 10.0) / 1e6)


def test_a_prompt_beyond_the_listed_size_has_no_known_price() -> None:
    assert PRICE.cost_usd(Usage(1_000_001, 5)) is None


def test_the_shipped_table_is_dated_and_its_prices_are_plausible() -> None:
    table = load_prices()
    assert table.checked_on.year >= 2026
    assert table.source.startswith("https://developers.openai.com/")
    names = [price.model for price in table.models]
    assert len(names) == len(set(names)) >= 10
    for price in table.models:
        assert 0 < price.input < price.output
        assert price.cached_input is None or price.cached_input < price.input
        assert price.cache_write is None or price.input <= price.cache_write <= 2 * price.input


def test_a_batch_costs_its_factor_of_every_price() -> None:
    table = load_prices().for_batches()
    single, batched = load_prices().find("gpt-5.4-mini"), table.find("gpt-5.4-mini") if table else None
    usage = Usage(input_tokens=1000, output_tokens=100, cached_tokens=600)
    assert single is not None
    assert batched is not None
    assert batched.cost_usd(usage) == pytest.approx((single.cost_usd(usage) or 0) / 2)


def test_without_a_factor_the_price_of_a_batch_is_not_known() -> None:
    assert PriceTable(checked_on="2026-11-18", source="s", models=(PRICE,)).for_batches() is None  # type: ignore[arg-type]


def test_a_snapshot_has_its_models_price_unless_it_has_its_own() -> None:
    own = PRICE.model_copy(update={"model": "m-2026-01-31", "input": 7.0})
    table = PriceTable(checked_on="2026-11-18", source="s", models=(PRICE, own))  # type: ignore[arg-type]
    assert table.find("m-2025-12-31") == PRICE
    assert table.find("m-20251231") == PRICE
    assert table.find("m-2026-01-31") == own


@pytest.mark.parametrize("name", ["m-mini", "other", "m2", "", "openai/m", "m-2025"])
def test_an_unknown_model_has_no_price(name: str) -> None:
    table = PriceTable(checked_on="2026-11-18", source="s", models=(PRICE,))  # type: ignore[arg-type]
    assert table.find(name) is None


def test_a_table_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    content = {"checked_on": "2026-11-20", "source": "our contract", "models": [PRICE.model_dump()]}
    path.write_text(json.dumps(content))
    assert load_prices(path).find("m") == PRICE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "Invalid JSON"),
        (b'{"checked_on": "2026-11-20", "source": "s", "models": [{"model": "m", "input": -1}]}', "models.0.input"),
        (b"\xff\xfe", "cannot be read"),
        (None, "cannot be read"),
    ],
    ids=["broken", "negative", "binary", "absent"],
)
def test_a_bad_table_is_a_settings_error_that_names_the_file(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "prices.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=words) as caught:
        load_prices(path)
    assert str(path) in str(caught.value)
