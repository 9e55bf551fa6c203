"""The words that say why: taken from what is shared, never more."""

from collections.abc import Callable

from records.event import Event
from records.taxonomy import EventType
from vectorstore.reasons import EVENT_LABELS, shared_phrases, why

MakeEvent = Callable[..., Event]


def _why(event: Event, **changes: object) -> str:
    asked = {"query": "", "event_type": None, "tickers": (), "shared_terms": (), "weights": {}, "similarity": 0.41}
    return why(event, **{**asked, **changes})  # type: ignore[arg-type]


def test_type_tickers_and_terms_are_named_in_that_order(make_event: MakeEvent) -> None:
    event = make_event("1", "Governments agreed on artificial intelligence.", tickers=("MSFT", "^GSPC"))
    text = _why(
        event,
        query="UK government signs artificial intelligence deal",
        event_type=EventType.GUIDANCE,
        tickers=["AAPL", "MSFT", "^GSPC"],
        shared_terms=("artificial", "government", "intelligence", "signs"),
        weights={"artificial": 4.0, "government": 3.0, "intelligence": 2.9, "signs": 0.5},
    )
    assert text == (
        "same event type (company guidance); both concern MSFT, the index ^GSPC; "
        "shared terms: artificial intelligence, government"
    )


def test_nothing_shared_is_said_plainly(make_event: MakeEvent) -> None:
    text = _why(make_event("1", "Copper fell."), event_type=EventType.LITIGATION, tickers=["X"])
    assert text == "close in meaning (similarity 0.41), no rare word in common"


def test_words_that_half_the_store_has_are_no_reason(make_event: MakeEvent) -> None:
    event = make_event("1", "Acme cut guidance.")
    weights = {"acme": 5.0, "cut": 0.7}
    assert _why(event, shared_terms=("acme", "cut"), weights=weights) == "shared terms: acme"


def test_phrases_need_both_texts_to_have_the_words_side_by_side() -> None:
    query = "trade deal on steel tariffs with the European Union"
    assert shared_phrases(query, "The European Union taxes steel.", ("european", "union", "steel")) == [
        "european union",
        "steel",
    ]
    assert shared_phrases(query, "A union of European steelmakers.", ("european", "union")) == ["european", "union"]
    assert shared_phrases("a b a b", "b a b a", ("a", "b"))  # a circle ends
    assert shared_phrases("steel tariff war", "the steel tariff wars", ("war", "steel", "tariff")) == [
        "steel tariff war"
    ]


def test_every_event_type_has_its_words() -> None:
    assert set(EVENT_LABELS) == set(EventType)
    assert len(set(EVENT_LABELS.values())) == len(EventType)
