"""Names in an article lead to the right instruments, everyday words do not, and nothing is known before its time."""

import time
from datetime import UTC, datetime

import pytest

from markets.instruments import InstrumentTable
from markets.names import find_candidates, given_candidate, macro_candidate
from records.article import Article
from records.errors import NotFound
from records.market import Candidate
from records.taxonomy import MACRO_EVENT_TYPES, EventType

SUMMER_2025 = datetime(2025, 7, 22, 12, tzinfo=UTC)

SEED_TITLE = "OpenAI and UK sign new AI agreement to boost security, infrastructure"
SEED_TEXT = (
    "LONDON - Britain and OpenAI said on Monday that they had signed a strategic partnership to deepen their work on AI security "
    "research and to explore investing in British AI infrastructure such as data centres.\n\n"
    "The government plans to invest 1 billion pounds in computing infrastructure over five years, hoping to raise public compute "
    "capacity 20-fold. Technology Secretary Peter Kyle said AI would be central to change in the country, and OpenAI's Chief "
    "Executive Sam Altman that the plan matched ambition with action. OpenAI may expand its London office."
)


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.load()


def tickers(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.instrument.ticker for candidate in candidates]


def sure(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.instrument.ticker for candidate in candidates if not candidate.ambiguous]


def on(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=21, tzinfo=UTC)


def test_the_seed_story_gives_microsoft_through_the_backer_table_and_nothing_else(table: InstrumentTable) -> None:
    (candidate,) = find_candidates(SEED_TITLE, SEED_TEXT, table, SUMMER_2025)
    assert candidate.instrument.ticker == "MSFT"
    assert candidate.match == "backer"
    assert candidate.name == "OpenAI"
    assert candidate.in_title
    assert not candidate.ambiguous
    assert len(candidate.spans) == 4
    assert candidate.note is not None
    assert "OpenAI" in candidate.note


def test_spans_index_the_body_of_the_article(table: InstrumentTable) -> None:
    title, text = "Nvidia rises", "Shares of Nvidia and of chipmaker AMD rose."
    article = Article(id="0" * 16, title=title, text=text, first_seen_at=SUMMER_2025)
    found = find_candidates(title, text, table, SUMMER_2025)
    for candidate in found:
        words = {article.body[span.start : span.end] for span in candidate.spans}
        assert words == {candidate.name}
    assert tickers(found) == ["NVDA", "AMD"]
    assert [len(candidate.spans) for candidate in found] == [2, 1]


def test_spans_of_a_bare_headline_index_the_title(table: InstrumentTable) -> None:
    (candidate,) = find_candidates("Pfizer to buy a biotech firm", "", table, SUMMER_2025)
    assert (candidate.spans[0].start, candidate.spans[0].end) == (0, 6)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The software maker (NASDAQ: MSFT) rose.", ["MSFT"]),
        ("The truck maker (NYSE:F) fell.", ["F"]),
        ("Two lines (Nasdaq: AAPL, NVDA) led.", ["AAPL", "NVDA"]),
        ("Traders like $TSLA today.", ["TSLA"]),
        ("The group <INTC.O> gained.", ["INTC"]),
        ("Deliveries at BA.N slipped.", ["BA"]),
        ("The conglomerate BRKb.N bought.", ["BRK.B"]),
        ("AAPL:US traded higher.", ["AAPL"]),
    ],
)
def test_explicit_tickers_are_read(table: InstrumentTable, sentence: str, expected: list[str]) -> None:
    found = find_candidates("Market notes for the day", sentence, table, SUMMER_2025)
    assert sorted(tickers(found)) == sorted(expected)
    assert {candidate.match for candidate in found} == {"ticker"}


@pytest.mark.parametrize(
    "sentence",
    [
        "The CEO said that AI and IT spending is ON track in ALL regions of the UK, the USA and the EU.",
        "The U.N. and the U.N said that aid had arrived.",
        "The bill costs $5 and US$B 3, or ($M) 40, and $T 1 in the end.",
        "Artificial intelligence (AI) and real estate (RE) were discussed, and so was information technology (IT).",
        "NOW IS THE TIME FOR ALL GOOD MEN TO BE ON IT SO THAT ANY ARE OUT",
    ],
)
def test_capitals_alone_are_never_tickers(table: InstrumentTable, sentence: str) -> None:
    assert find_candidates("A note", sentence, table, SUMMER_2025) == ()


def test_a_symbol_in_brackets_counts_beside_its_company_only(table: InstrumentTable) -> None:
    assert sure(find_candidates("C3.ai (AI) cuts its outlook", "", table, SUMMER_2025)) == ["AI"]
    assert find_candidates("Regulators discuss machine learning (AI)", "", table, SUMMER_2025) == ()


@pytest.mark.parametrize(
    ("title", "ticker"),
    [
        ("Google must share data, judge rules", "GOOGL"),
        ("YouTube raises the price of its subscription", "GOOGL"),
        ("Waymo expands to another city", "GOOGL"),
        ("WhatsApp adds advertising", "META"),
        ("AWS suffers an outage", "AMZN"),
        ("J&J settles talc claims", "JNJ"),
        ("P&G raises prices", "PG"),
        ("GM recalls 700,000 vehicles", "GM"),
        ("JPMorgan raises its dividend", "JPM"),
        ("J.P. Morgan hires bankers", "JPM"),
        ("BofA cuts jobs", "BAC"),
        ("Exxon finds oil off Guyana", "XOM"),
        ("UPS wins postal contract", "UPS"),
        ("TSMC doubles its spending", "TSM"),
        ("LinkedIn lays off staff", "MSFT"),
        ("McDonald's sales fall", "MCD"),
        ("Coca Cola raises its forecast", "KO"),
        ("AT&T sells a stake", "T"),
        ("Berkshire Hathaway's cash pile grows", "BRK.B"),
        ("Fox to launch a streaming service, Fox Corp says", "FOXA"),
        ("Petrochina's rival Petrobras finds oil", "PBR"),
    ],
)
def test_names_and_aliases_lead_to_the_primary_share_class(table: InstrumentTable, title: str, ticker: str) -> None:
    assert sure(find_candidates(title, "", table, SUMMER_2025)) == [ticker]


def test_one_company_is_one_candidate_whatever_it_is_called(table: InstrumentTable) -> None:
    text = "Alphabet Inc (NASDAQ: GOOG), the owner of Google and YouTube, said that Google's sales rose."
    (candidate,) = find_candidates("Google's parent beats estimates", text, table, SUMMER_2025)
    assert candidate.instrument.ticker == "GOOGL"
    assert len(candidate.spans) == 6
    assert candidate.note is not None
    assert "GOOG" in candidate.note


def test_the_longest_name_wins_and_swallows_shorter_ones(table: InstrumentTable) -> None:
    assert sure(find_candidates("Hewlett Packard Enterprise beats estimates", "", table, SUMMER_2025)) == ["HPE"]
    assert sure(find_candidates("United States Steel idles a mill", "", table, on("2019-05-02"))) == ["X"]
    assert sure(find_candidates("Dollar General Corp raises its forecast", "", table, SUMMER_2025)) == ["DG"]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Analysts raise price target on growth hopes", "They had cut the price target in May."),
        ("The gap between rich and poor widens", "A gap of this size is rare, and the wage gap is older."),
        ("Ford government cuts tuition in Ontario", "Premier Doug Ford said students would save."),
        ("Harrison Ford returns to the screen", "The actor is 83."),
        ("Applicants wait for a work visa", "The visa office in the city is closed."),
        ("Rain in the Amazon rainforest declines", "Farmers in the Amazon basin worry."),
        ("Crowds gather in Times Square", "A block away, people ate an apple and played a square game."),
        ("Researchers publish a meta-analysis of 30 trials", "The meta analysis found a small effect."),
        ("Doctors discover a new shell in the sea", "They match its colours in a snap and target more."),
        ("Judge Marriott rules on county budget", "Sheriff Tom Hershey agreed."),
        ("Residents of Apple Valley vote", "The town council meets on Monday."),
        ("Columbia University raises fees", "Students in Boston, Dallas and Phoenix protest on Tuesday."),
        ("Local bakery wins prize for its sourdough", "The owner, Anna Fields, thanked her team in June."),
    ],
)
def test_everyday_words_people_and_places_are_no_companies(table: InstrumentTable, title: str, text: str) -> None:
    assert tickers(find_candidates(title, text, table, SUMMER_2025)) == []


@pytest.mark.parametrize(
    ("title", "text", "ticker"),
    [
        ("Target cuts profit forecast", "The retailer said on Tuesday that shoppers at Target bought less.", "TGT"),
        ("Apple unveils a cheaper phone", "Shares of Apple rose after the company showed the device.", "AAPL"),
        ("Ford recalls pickups", "The automaker said Ford dealers would replace the part.", "F"),
        ("Gap names new chief executive", "The apparel retailer Gap said sales rose.", "GAP"),
        ("Visa and Mastercard settle with merchants", "Card fees at Visa will fall.", "V"),
        ("Meta to spend more on data centers", "Investors sold shares of Meta after the report.", "META"),
        ("Shell sells Nigerian business", "The oil company Shell said it would keep its gas assets.", "SHEL"),
        ("Snap loses users", "Shares of Snap Inc fell 20% after quarterly revenue missed.", "SNAP"),
        ("Block shares jump", "Block Inc, the payments company, raised its profit outlook.", "XYZ"),
        ("Progressive posts higher premiums", "The insurer Progressive said claims fell.", "PGR"),
    ],
)
def test_context_shows_that_a_word_is_a_company(table: InstrumentTable, title: str, text: str, ticker: str) -> None:
    assert ticker in sure(find_candidates(title, text, table, SUMMER_2025))


def test_a_word_that_context_does_not_settle_is_left_to_the_model(table: InstrumentTable) -> None:
    (candidate,) = find_candidates("Apple Season Opens Early This Fall", "", table, SUMMER_2025)
    assert candidate.instrument.ticker == "AAPL"
    assert candidate.ambiguous


def test_small_letters_never_name_a_company(table: InstrumentTable) -> None:
    assert (
        find_candidates("why the target moved", "he bit an apple, took the visa and ford the river", table, SUMMER_2025)
        == ()
    )


def test_a_first_word_alone_does_not_lend_itself_to_another_company(table: InstrumentTable) -> None:
    text = "The talks between the carrier Deutsche Telekom and a partner go on."
    assert sure(find_candidates("Carriers discuss networks", text, table, SUMMER_2025)) == []
    assert sure(find_candidates("Goldman hires a banker", "", table, SUMMER_2025)) == ["GS"]


def test_a_longer_foreign_company_is_not_the_short_one(table: InstrumentTable) -> None:
    text = "The yarn maker said that shares of Delta Galil Industries Ltd rose and that the company had more sales."
    assert sure(find_candidates("Yarn maker sells mill", text, table, SUMMER_2025)) == []


def test_a_sentence_ends_a_name(table: InstrumentTable) -> None:
    text = "They voted for General. Motors were loud, and the one from Morgan. Stanley left."
    assert find_candidates("A day in the village", text, table, SUMMER_2025) == ()


def test_the_venue_before_a_ticker_is_not_the_exchange_operator(table: InstrumentTable) -> None:
    assert tickers(find_candidates("Shares of Apple (NASDAQ: AAPL) rise", "", table, SUMMER_2025)) == ["AAPL"]
    assert tickers(find_candidates("A fund of the index (ARCA: SPY) rises", "", table, SUMMER_2025)) == []


def test_candidates_come_by_prominence(table: InstrumentTable) -> None:
    text = "Pfizer and Merck compete with Amgen. Merck said so, and Merck's head agreed. Eli Lilly did not."
    found = find_candidates("Eli Lilly wins approval", text, table, SUMMER_2025)
    assert tickers(found) == ["LLY", "MRK", "PFE", "AMGN"]
    assert [candidate.in_title for candidate in found] == [True, False, False, False]


def test_facebook_has_the_ticker_of_the_day(table: InstrumentTable) -> None:
    def ticker_on(day: str) -> list[str]:
        return tickers(find_candidates("Facebook changes its feed", "", table, on(day)))

    assert ticker_on("2012-04-09") == []
    assert ticker_on("2016-03-01") == ["FB"]
    assert ticker_on("2024-03-01") == ["META"]


def test_a_company_that_is_gone_is_offered_only_while_it_was_listed(table: InstrumentTable) -> None:
    title = "Aetna beats quarterly estimates"
    assert tickers(find_candidates(title, "", table, on("2016-05-02"))) == ["AET"]
    assert tickers(find_candidates(title, "", table, on("2021-05-03"))) == ["CVS"]
    assert tickers(find_candidates("Celgene wins approval", "", table, on("2026-11-02"))) == ["BMY"]


def test_a_later_listing_is_unknown_before_it(table: InstrumentTable) -> None:
    assert find_candidates("Snowflake Inc hires engineers", "", table, on("2017-03-01")) == ()
    assert tickers(find_candidates("Snowflake Inc hires engineers", "", table, on("2024-03-01"))) == ["SNOW"]


def test_indices_and_central_banks_are_offered_when_no_company_is_named(table: InstrumentTable) -> None:
    (fed,) = find_candidates("Fed holds rates steady", "Officials want more data.", table, SUMMER_2025)
    assert (fed.instrument.ticker, fed.instrument.kind, fed.match, fed.spans) == ("^GSPC", "index", "macro", ())
    (prices,) = find_candidates("Shoppers pay more", "Consumer prices rose 0.3% in June.", table, SUMMER_2025)
    assert prices.match == "macro"
    assert tickers(find_candidates("Russell 2000 slides", "", table, SUMMER_2025)) == ["^RUT"]


def test_an_index_mentioned_in_passing_is_no_candidate_of_a_company_story(table: InstrumentTable) -> None:
    found = find_candidates("Boeing delivers more jets", "The S&P 500 rose and the Fed met.", table, SUMMER_2025)
    assert tickers(found) == ["BA"]


def test_macro_event_types_map_to_the_s_and_p_500_and_others_to_nothing() -> None:
    for event_type in EventType:
        candidate = macro_candidate(event_type)
        assert (candidate is not None) == (event_type in MACRO_EVENT_TYPES)
    chosen = macro_candidate(EventType.MONETARY_POLICY)
    assert chosen is not None
    assert chosen.instrument.ticker == "^GSPC"
    assert chosen.spans == ()


def test_a_given_ticker_becomes_a_candidate_or_says_why_not(table: InstrumentTable) -> None:
    assert given_candidate("brk/b", table, SUMMER_2025).instrument.ticker == "BRK.B"
    assert given_candidate("GOOG", table, SUMMER_2025).instrument.ticker == "GOOG"
    assert given_candidate("^GSPC", table, SUMMER_2025).match == "given"
    with pytest.raises(NotFound, match=r"'NOPE9'.*2025-07-22"):
        given_candidate("NOPE9", table, SUMMER_2025)


def test_a_naive_time_is_refused(table: InstrumentTable) -> None:
    with pytest.raises(ValueError, match="naive"):
        find_candidates("Boeing delivers jets", "", table, datetime(2025, 7, 22))


def test_an_empty_article_has_no_candidates(table: InstrumentTable) -> None:
    assert find_candidates(" ", "", table, SUMMER_2025) == ()
    assert find_candidates("-", "\n\n \n", table, SUMMER_2025) == ()


def test_long_articles_are_read_in_milliseconds(table: InstrumentTable) -> None:
    paragraph = (
        "Shares of Nvidia, Apple and Ford Motor rose after Visa said that Target would open stores in New York. "
    )
    text = (paragraph * 60)[:5_000]
    find_candidates("A warm-up", text, table, SUMMER_2025)
    started = time.process_time()
    for _ in range(5):
        find_candidates("Markets rise", text, table, SUMMER_2025)
    assert (time.process_time() - started) / 5 < 0.1, "20 ms on an idle core; five times that for a busy machine"


def test_hostile_text_does_not_make_matching_quadratic(table: InstrumentTable) -> None:
    for text in ("BRIEF-" * 20_000, "(NASDAQ: " + "AAPL, " * 20_000, "$A " * 40_000, "((((" * 30_000):
        started = time.process_time()
        find_candidates("A note", text, table, SUMMER_2025)
        assert time.process_time() - started < 10
