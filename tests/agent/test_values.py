"""Figures, dates and periods of financial text, brought to one form."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.values import Values, supports, supports_day, supports_period, values_of

FRIDAY = date(2024, 3, 8)


def carries(evidence: str, written: str, published_on: date | None = None) -> bool:
    """Whether everything that can be looked up in `written` stands in `evidence`."""
    said, known = values_of(written, published_on), values_of(evidence, published_on)
    assert said.figures or said.days or said.periods, f"nothing to look up in {written!r}"
    return (
        all(supports(known, figure) for figure in said.figures)
        and all(supports_day(known, day) for day in said.days)
        and all(supports_period(known, period) for period in said.periods)
    )


@pytest.mark.parametrize(
    ("written", "evidence"),
    [
        ("3.5 million", "3,500,000"),
        ("$7.19 billion", "$7,190m"),
        ("1.2bn", "1.2 billion"),
        ("$1.2bn", "1.2 billion dollars"),
        ("1,200m", "1.2 billion"),
        ("62,100 shares", "62 100 shares"),
        ("12%", "12 per cent"),
        ("12%", "12 pct"),
        ("1,200 bps", "12%"),
        ("0.75 percent", "75 basis points"),
        ("120 basis points", "1.2 percentage points"),
        ("half a percentage point", "50 basis points"),
        ("92 cents", "$0.92"),
        ("79¢ per share", "$0.79 a share"),
        ("20-fold", "20 times"),
        ("1.5x", "1.5 times"),
        ("two million", "2,000,000"),
        ("forty-two", "42"),
        ("one hundred and five million", "105 million"),
        ("half a billion dollars", "$500 million"),
        ("a dozen stores", "12 stores"),
        ("7 candidates", "seven candidates"),
        ("$35 billion", "$35.3 billion"),
        ("about 1.2 billion", "1,187 million"),
        ("more than $1 billion", "$1.03 billion"),
        ("nearly $1.2 billion", "$1.19 billion"),
        (".55", "0.55"),
        ("1.8 standard deviations", "1.8σ"),
        ("-1.2 %", "−1.2 percent"),
        ("$(0.12)", "-$0.12"),
        ("a loss of (1.2) million", "-1.2 million"),
        ("13 percent", "down 13%"),
        ("4 percent", "3.7 percent"),
        ("$103.9 million", "$103.9m in cash"),
        ("$2000 million", "2000 million dollars"),
        ("9 million shares", "9m shares"),
        ("0.2%", "24 basis points"),
        ("12 aircraft", "delivery of 12 737 MAX aircraft"),
        ("Q4-20", "fourth quarter of 2020"),
        ("€5 million", "5 million euros"),
        ("GBP5bn", "£5 billion"),
        ("C$5 million", "5 million Canadian dollars"),
        ("¥336.5 billion", "336.5 billion yen"),
        ("$1.10 to $1.15", "between $1.10 and $1.15"),
        ("$1.10 to $1.15", "$1.10-1.15"),
        ("3 percent to 5 percent", "between 3 and 5 percent"),
        ("$45 million", "$45 to $50 million"),
        ("$880 million to $920 million", "$880-920 million"),
        ("doubled", "rose 100 percent"),
        ("doubled", "twofold"),
        ("tripled", "3x"),
        ("halved", "fell 50 percent"),
        ("a third of sales", "33 percent"),
        ("two-thirds of sales", "66.7%"),
        ("5,000 jobs", "5,000 employees"),
        ("2 million barrels per day", "2 million bpd"),
        ("Q3 FY24", "third quarter of fiscal 2024"),
        ("3Q24", "the third quarter of 2024"),
        ("the first half", "H1"),
        ("second-quarter profit", "Q2 profit"),
        ("fiscal 2024", "FY24"),
    ],
)
def test_two_spellings_of_one_value_match(written: str, evidence: str) -> None:
    assert carries(evidence, written)


@pytest.mark.parametrize(
    ("written", "evidence"),
    [
        ("3.5 million", "3.5 billion"),
        ("$1", "$1.09"),
        ("$1.20", "$1.18"),
        ("12%", "21%"),
        ("4 percent", "3.5 percent"),
        ("1 percent", "1.4 percent"),
        ("1.3%", "1.24%"),
        ("13 percent", "a quarter"),
        ("+1.2 %", "-1.2 %"),
        ("5%", "5σ"),
        ("35.31 billion", "35.3 billion"),
        ("$1,187 million", "about $1.2 billion"),
        ("about 1.2 billion", "1,087 million"),
        ("more than $2 billion", "$1.9 billion"),
        ("nearly $2 billion", "$2.1 billion"),
        ("two million", "two"),
        ("$5 million", "5 million shares"),
        ("5 million shares", "$5 million"),
        ("$5 million", "€5 million"),
        ("$5 million", "C$5 million"),
        ("45 billion yen", "45 billion yuan"),
        ("5 percent", "5 percentage points"),
        ("120 bps", "12%"),
        ("5 percent", "5 stores"),
        ("5%", "$5"),
        ("$1.01 per share", "$1.01 per barrel"),
        ("5,000 jobs", "5,000 barrels"),
        ("30 days", "30 years"),
        ("doubled", "tripled"),
        ("doubled", "rose 50 percent"),
        ("a third of sales", "25 percent"),
        ("90 candidates", "nine candidates"),
        ("Q3", "Q2"),
        ("Q3 2023", "Q3 2024"),
        ("the first half", "the second half"),
    ],
)
def test_different_values_do_not_match(written: str, evidence: str) -> None:
    assert not carries(evidence, written)


@pytest.mark.parametrize(
    "text",
    [
        "a quarter of the year",
        "the first half of the game",
        "the S&P 500",
        "see P3 and A12",
        "two companies",
        "G7 leaders",
        "a third party",
        "double-digit growth",
        "covid-19",
        "its 10-K filing",
        "half of the year",
        "it doubled down",
        "twice a year",
        "the F-35 may be late",
    ],
)
def test_words_and_names_that_are_no_figures(text: str) -> None:
    assert values_of(text).figures == ()


@pytest.mark.parametrize(
    ("written", "evidence", "stands"),
    [
        ("May 24, 2023", "2023-05-24", True),
        ("24 May 2023", "on May 24, 2023", True),
        ("in 2023", "2023-05-24", True),
        ("May 2023", "2023-05-24", True),
        ("May 25, 2023", "2023-05-24", False),
        ("in 2022", "2023-05-24", False),
        ("January 5", "on January 5", True),
        ("January 5, 2023", "on January 5", False),
        ("on Tuesday", "late on Tuesday", True),
        ("on Tuesday", "on Wednesday", False),
    ],
)
def test_a_date_stands_when_each_part_it_gives_stands(written: str, evidence: str, stands: bool) -> None:
    assert carries(evidence, written) is stands


@pytest.mark.parametrize(
    ("written", "evidence", "stands"),
    [
        ("last Tuesday", "on March 5, 2024", True),
        ("on March 5", "last Tuesday", True),
        ("yesterday", "on March 7", True),
        ("next Tuesday", "on March 12, 2024", True),
        ("on Tuesday", "on March 6, 2024", False),
    ],
)
def test_a_day_of_the_week_is_a_date_by_the_day_of_publication(written: str, evidence: str, stands: bool) -> None:
    assert carries(evidence, written, FRIDAY) is stands


def test_a_year_is_a_date_and_not_a_figure() -> None:
    assert values_of("the largest since 1994").figures == ()
    assert [day.year for day in values_of("the largest since 1994").days] == [1994]


def test_a_bracketed_amount_is_negative() -> None:
    assert [figure.sign for figure in values_of("(12%) and $(0.12) and 5%").figures] == [-1, -1, 0]


def test_a_figure_tells_where_it_stands() -> None:
    text = "Sales of about $1.2 billion, up 5 percent"
    assert [text[figure.start : figure.end] for figure in values_of(text).figures] == ["$1.2 billion", "5 percent"]


def _money(cents: int) -> list[str]:
    """One amount of at least a million dollars in several notations; all of them exact."""
    millions = f"{cents / 1e8:.8f}".rstrip("0").rstrip(".")
    billions = f"{cents / 1e11:.11f}".rstrip("0").rstrip(".")
    units = f"{cents // 100:,}" if cents % 100 == 0 else f"{cents / 100:,.2f}"
    return [f"${millions} million", f"{millions} million dollars", f"USD {millions}m", f"${billions}bn", f"${units}"]


@given(st.integers(10_000, 99_999_999).map(lambda hundreds: hundreds * 1_000_000), st.data())
def test_an_amount_in_one_notation_is_carried_by_every_other(cents: int, data: st.DataObject) -> None:
    written = data.draw(st.sampled_from(_money(cents)))
    evidence = data.draw(st.sampled_from(_money(cents)))
    assert carries(f"it paid {evidence} in cash", f"a price of {written} was paid")


@given(st.integers(1, 9_999), st.data())
def test_a_percentage_in_one_notation_is_carried_by_every_other(basis_points: int, data: st.DataObject) -> None:
    number = f"{basis_points / 100:.2f}".rstrip("0").rstrip(".")
    forms = [f"{number}%", f"{number} percent", f"{number} per cent", f"{number} pct", f"{basis_points:,} basis points"]
    written, evidence = data.draw(st.sampled_from(forms)), data.draw(st.sampled_from(forms))
    assert carries(f"it rose {evidence} in May", f"a rise of {written}")


@given(st.integers(1_000, 999_999), st.integers(1, 9), st.integers(0, 5))
def test_another_digit_is_another_amount(number: int, digit: int, place: int) -> None:
    digits = str(number)
    place = min(place, 2)  # the leading digits: a change there is no rounding
    other = digits[:place] + str((int(digits[place]) + digit) % 10) + digits[place + 1 :]
    if int(other) == number or other.startswith("0"):
        return
    assert not carries(f"it has {digits} employees", f"its {other} employees")


@given(st.text(alphabet="0123456789$€%.,-–()QH mbk/ thirdofhalfdoublequarter'", max_size=60))
def test_no_text_breaks_the_reader_and_places_are_within_it(text: str) -> None:
    found: Values = values_of(text, FRIDAY)
    for one in (*found.figures, *found.days, *found.periods, *found.few):
        assert 0 <= one.start <= one.end <= len(text)


@pytest.mark.parametrize(
    ("hedge", "phrases"),
    [
        ("about", "about|around|approximately|approx.|roughly|some|circa|~|close to|an estimated|estimated"),
        (
            "above",
            "more than|over|above|at least|exceeds|exceeded|exceeding|in excess of|upwards of|greater than|north of",
        ),
        ("below", "nearly|almost|just under|under|less than|up to|below|as much as|fewer than|at most"),
    ],
)
def test_every_hedge_before_a_figure_is_read(hedge: str, phrases: str) -> None:
    for phrase in phrases.split("|"):
        for text in (
            f"It sold {phrase} $5 million.",
            f"It sold {phrase}\n$5 million.",
            f"It sold {phrase} a 5 percent stake.",
        ):
            assert values_of(text).figures[0].hedge == hedge, text


def test_a_day_of_the_week_is_the_one_before_publication_and_other_texts_are_the_same_at_any_date() -> None:
    tuesday, friday = date(2011, 9, 6), date(2011, 9, 9)
    assert values_of("It rose on Tuesday.", friday).days[0].day == 6
    assert values_of("It rose tomorrow.", tuesday).days[0].day == 7
    assert values_of("It rose 5 percent in May 2011.", friday) is values_of("It rose 5 percent in May 2011.", tuesday)
