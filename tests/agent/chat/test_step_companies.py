"""A small model's chat keeps to the companies that a question names."""

from agent.chat.steps import _of_companies
from tools.result import Item


def item(name: str, kind: str = "analysis", **data: object) -> Item:
    return Item(id=name, kind=kind, text=name, data=data)  # type: ignore[arg-type]


def test_analyses_of_other_companies_are_not_told_where_there_are_some_of_the_one_asked_for() -> None:
    own, both = item("own", ticker="MSFT"), item("both", ticker="BA", tickers=["BA", "MSFT"])
    other, event = item("other", ticker="BA", tickers=["BA"]), item("past", "event")
    assert _of_companies([other, own, both, event], ("MSFT",)) == [own, both, event]


def test_without_any_of_the_one_asked_for_nothing_is_taken_away() -> None:
    other = item("other", ticker="BA")
    assert _of_companies([other], ("MSFT",)) == [other]
    assert _of_companies([other], ()) == [other]
