from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.impact import Driver
from records.story import Placement
from terminal import wording


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0.021, "+2.1 %"), (-0.0004, "0.0 %"), (0.0, "0.0 %"), (-0.1234, "-12.3 %")],
)
def test_percentages_are_signed_and_zero_has_no_sign(fraction: float, text: str) -> None:
    assert wording.percent(fraction) == text


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.0, "0 %"), (0.001, "under 1 %"), (0.093, "9 %"), (0.999, "over 99 %"), (1.0, "100 %")]
)
def test_a_probability_that_only_rounds_to_certainty_is_not_called_certain(fraction: float, text: str) -> None:
    assert wording.share(fraction) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0017, 0.008, "(a move of 0.2–0.8 % either way)"),
        (0.0017, 0.0214, "(a move of 0.2–2.2 % up or 0.2–2.1 % down)"),
        (0.05, 0.644, "(a move of 5.1–90.4 % up or 4.9–47.5 % down)"),
    ],
)
def test_the_interval_in_percent_is_what_the_price_would_rise_or_fall_by(
    build: SimpleNamespace, low: float, high: float, text: str
) -> None:
    assert wording.impact_lines(build.impact(move_low=low, move_high=high))[1].endswith(text)


@given(st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=9))
def test_the_shown_contributions_add_up_to_the_shown_score(build_impact: object, parts: list[float]) -> None:
    rest = 0.5 - sum(parts)
    drivers = tuple(Driver(name="x", text="x", contribution=value) for value in (*parts, rest))
    rows = wording.driver_rows(build_impact(drivers=drivers, score=0.5))  # type: ignore[operator]
    assert sum(round(float(row.contribution) * 100) for row in rows) == 50
    for row, driver in zip(rows, drivers, strict=True):
        assert abs(float(row.contribution) - driver.contribution) <= 0.01 + 1e-9


@pytest.fixture(scope="module")
def build_impact() -> object:
    from records.impact import Impact

    def make(**fields: object) -> Impact:
        base = {
            "ticker": "GIS", "low": 0.1, "high": 0.9, "p_material": 0.06, "multiplier": 1.0, "evidence": "prior_only",
            "n_eff": 0.0, "model_version": "1",
        }  # fmt: skip
        return Impact.model_validate(base | fields)

    return make


def test_a_sum_that_is_off_is_shown_as_it_is(build: SimpleNamespace) -> None:
    impact = build.impact(drivers=(Driver(name="ordinary_day", text="x", contribution=0.1),))
    assert [row.contribution for row in wording.driver_rows(impact)] == ["+0.10"]


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://news.example.com/a?b=1", True),
        ("http://news.example.com", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("https://[broken", False),
        ("//news.example.com", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, linked: bool) -> None:
    assert wording.safe_address(url) == (url if linked else None)


def test_a_prior_only_score_says_so(build: SimpleNamespace) -> None:
    impact = build.impact(evidence="prior_only", reason="1.2 effective precedents, 3 are needed")
    assert wording.evidence(impact) == "prior only: 1.2 effective precedents, 3 are needed"


def test_the_rank_names_the_share_below(build: SimpleNamespace) -> None:
    assert wording.rank(build.impact(rank=0.72)) == "rank: above 72 % of the last 90 days' articles"


def test_a_date_only_source_keeps_the_date_it_gave(build: SimpleNamespace) -> None:
    end_of_day = datetime(2019, 2, 8, 4, 59, 59, tzinfo=UTC)  # 23:59:59 on the 7th in New York
    article = build.article(published_at=end_of_day, date_only=True)
    assert wording.source_line(article) == "news.example.com · 2019-02-07 (date only)"
    precedent = build.analysis().precedents[0].model_copy(update={"published_at": end_of_day})
    assert str(precedent.published_on) == "2019-02-07"


def placed(relation: str, sources: tuple[str, ...]) -> Placement:
    return Placement(
        article_id="a",
        story_id="S1",
        relation=relation,  # type: ignore[arg-type]
        why="",
        novelty=0.354,
        first_seen_at=datetime(2025, 7, 21, 14, 5, tzinfo=UTC),
        sources=sources,
        as_of=datetime(2025, 7, 22, tzinfo=UTC),
        model="1",
    )


@pytest.mark.parametrize(
    ("story", "text"),
    [
        (
            placed("update", ("a", "b", "c")),
            "Update of a story first seen 2025-07-21 14:05 UTC (3 sources) · novelty 0.35",
        ),
        (
            placed("correction", ("a",)),
            "Correction to a story first seen 2025-07-21 14:05 UTC (1 source) · novelty 0.35",
        ),
        (placed("reprint", ()), "Reprint of a story first seen 2025-07-21 14:05 UTC · novelty 0.35"),
        (placed("first", ("a",)), "First article of its story · novelty 0.35"),
        (None, "not placed"),
    ],
)
def test_the_story_line_says_what_the_article_is_to_its_story(story: Placement | None, text: str) -> None:
    assert wording.story_line(story) == text
