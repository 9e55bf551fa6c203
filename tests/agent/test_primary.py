"""The instrument of a forecast is chosen from the reading, never from the outcome."""

from agent.primary import choose_primary
from records.defences import Defence, without
from records.market import Candidate, Instrument
from records.reading import Reading
from records.taxonomy import EventType, Scope

INDEX = Candidate(instrument=Instrument(ticker="^GSPC", name="S&P 500", kind="index"), name="S&P 500", match="macro")


def test_a_deal_is_about_its_target(reading: Reading, candidates: tuple[Candidate, ...]) -> None:
    primary = choose_primary(reading, candidates, None, "Northwind to buy Contoso in $35.3 billion deal")
    assert primary.instrument is not None
    assert primary.instrument.ticker == "CTSO"


def test_other_news_is_about_its_first_subject(reading: Reading, candidates: tuple[Candidate, ...]) -> None:
    other = reading.model_copy(update={"event_type": EventType.LITIGATION})
    primary = choose_primary(other, candidates, None, "Northwind sues Contoso")
    assert primary.instrument is not None
    assert primary.instrument.ticker == "NWND"


def test_a_persons_choice_stands(reading: Reading, candidates: tuple[Candidate, ...]) -> None:
    assert choose_primary(reading, candidates, None, "x", given=INDEX).candidate is INDEX


def test_macro_news_without_a_company_maps_to_its_index(reading: Reading) -> None:
    macro = reading.model_copy(update={"event_type": EventType.MONETARY_POLICY, "mentions": (), "scope": Scope.MARKET})
    assert choose_primary(macro, (), INDEX, "Fed raises rates").candidate is INDEX


def test_news_for_no_market_is_not_scoreable_even_when_a_company_is_named(
    reading: Reading, candidates: tuple[Candidate, ...]
) -> None:
    idle = reading.model_copy(update={"event_type": EventType.NOT_MARKET_RELEVANT})
    primary = choose_primary(idle, candidates, INDEX, "Five walks")
    assert primary.candidate is None
    assert primary.reason


def test_no_company_and_no_stand_in_says_so(reading: Reading) -> None:
    primary = choose_primary(reading.model_copy(update={"mentions": ()}), (), None, "x")
    assert primary.candidate is None
    assert "no listed company" in str(primary.reason)


def test_one_word_of_a_model_cannot_make_plain_news_disappear(
    reading: Reading, candidates: tuple[Candidate, ...]
) -> None:
    idle = reading.model_copy(update={"event_type": EventType.NOT_MARKET_RELEVANT})
    assert choose_primary(idle, candidates, None, "Northwind sues Contoso over patents").candidate is candidates[0]
    with without({Defence.READING_LIMITS}):
        assert choose_primary(idle, candidates, None, "Northwind sues Contoso over patents").candidate is None


def test_a_company_that_the_headline_surely_names_is_not_talked_away(
    reading: Reading, candidates: tuple[Candidate, ...]
) -> None:
    passing = tuple(mention.model_copy(update={"role": "mentioned"}) for mention in reading.mentions)
    talked = reading.model_copy(update={"event_type": EventType.LITIGATION, "mentions": passing})
    assert choose_primary(talked, candidates, INDEX, "Northwind sues Contoso").candidate is candidates[0]
    doubtful = tuple(candidate.model_copy(update={"ambiguous": True}) for candidate in candidates)
    assert choose_primary(talked, doubtful, INDEX, "Northwind sues Contoso").candidate is INDEX


def test_a_reading_cannot_take_the_index_from_a_headline_about_the_whole_market(reading: Reading) -> None:
    talked = reading.model_copy(update={"event_type": EventType.NOT_MARKET_RELEVANT, "mentions": ()})
    assert choose_primary(talked, (), INDEX, "Fed holds interest rates steady").candidate is INDEX
    assert choose_primary(talked, (), INDEX, "Ten walks for a rainy weekend").candidate is None
