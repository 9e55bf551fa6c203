"""Alerts in the browser and in the API: what met the rules, what could not be judged, and rules set and removed by form."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from records.alert import AlertRule, Conditions
from records.analysis import Analysis
from records.taxonomy import EventType
from records.times import new_york_date
from terminal.web.addresses import address_of_item
from tests.html_reader import HtmlReader
from tests.terminal.web.test_hostile_pages import MARKUP, hostile
from tests.terminal.work_kit import database_of, field, opened, words


def set_rule(home: Path, analysis: Analysis, name: str = "every-kind", **conditions: object) -> None:
    """A day before the analysis."""
    wanted = Conditions.model_validate(conditions or {"event_types": tuple(EventType)})
    with database_of(home) as database:
        at = analysis.provenance.as_of - timedelta(days=1)
        database.alerts.add(AlertRule(name=name, conditions=wanted, added_at=at))


@pytest.fixture
def home(tmp_path: Path, analysis: Analysis) -> Path:
    """With one analysis."""
    with database_of(tmp_path / "home") as database:
        database.save_analysis(analysis)
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with opened(home) as opened_client:
        yield opened_client


def day_of(analysis: Analysis) -> str:
    return f"/alerts?day={new_york_date(analysis.provenance.as_of)}"


def test_an_alert_is_shown_with_its_rule_and_leads_to_its_analysis(
    home: Path, client: TestClient, analysis: Analysis
) -> None:
    set_rule(home, analysis)
    page = client.get(day_of(analysis)).text
    said = words(page)
    assert "1 alert of one rule; 1 analysis from" in said
    assert "every-kind" in said
    assert analysis.article.title in said
    assert f'href="/articles/{analysis.id}"' in page
    assert 'href="/alerts" data-key="l" aria-current="page"' in page


def test_an_answer_that_cites_an_alert_leads_to_its_analysis() -> None:
    assert address_of_item("alert:msft-score-0.60.abcd") == "/articles/abcd"
    assert address_of_item("alert:msft") == "/articles/msft"
    assert address_of_item("alert:") is None


def test_without_a_rule_the_page_says_that_nothing_was_looked_at(client: TestClient, analysis: Analysis) -> None:
    said = words(client.get(day_of(analysis)).text)
    assert "No rule is set, so nothing was looked at" in said
    assert "No rule is set." in said


def test_what_could_not_be_judged_is_on_the_page(home: Path, client: TestClient, analysis: Analysis) -> None:
    set_rule(home, analysis, "book", portfolio=True)
    said = words(client.get(day_of(analysis)).text)
    assert "Nothing is known to have met the one rule" in said
    assert "Not judged" in said
    assert "could not be held against the portfolio: No portfolio file is set." in said


def test_a_rule_is_set_and_removed_by_form(home: Path, client: TestClient) -> None:
    form = {"csrf": field(client.get("/alerts").text), "tickers": "msft, goog", "min_score": "0,6", "words": "recall"}
    page = client.post("/alerts/rules/add", data=form)
    assert page.status_code == 200
    said = words(page.text)
    assert "The rule was set; it looks at the news of today already." in said
    assert "companies GOOG, GOOGL, MSFT; score from 0.60; headline with “recall”" in said
    with database_of(home) as database:
        (rule,) = database.alerts.rules()
    gone = client.post("/alerts/rules/remove", data={"csrf": form["csrf"], "rule": rule.name})
    assert "The rule was removed" in words(gone.text)
    again = client.post("/alerts/rules/remove", data={"csrf": form["csrf"], "rule": rule.name})
    assert again.status_code == 404
    with database_of(home) as database:
        assert database.alerts.rules() == []


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({}, "names no condition"),
        ({"tickers": "microsoft"}, "Did you mean MSFT?"),
        ({"theme": "Weather"}, "There is no theme"),
        ({"min_score": "much"}, "is no score"),
        ({"min_score": "7"}, "min_score 7.0 cannot be"),
        ({"tickers": "MSFT", "name": "Not One"}, "cannot be a rule's name"),
        ({"portfolio": "true"}, "No portfolio file is set"),
    ],
)
def test_a_rule_that_is_none_is_refused_with_what_to_do_and_the_form_stays_filled(
    home: Path, client: TestClient, form: dict[str, str], says: str
) -> None:
    sent = {"csrf": field(client.get("/alerts").text), "words": "" if not form else "recall", **form}
    answer = client.post("/alerts/rules/add", data=sent)
    assert answer.status_code == 400
    assert says in words(answer.text).replace("&#39;", "'")
    assert ('value="recall"' in answer.text) == bool(form)
    with database_of(home) as database:
        assert database.alerts.rules() == []


def test_a_form_without_our_field_changes_nothing(home: Path, client: TestClient) -> None:
    assert client.post("/alerts/rules/add", data={"tickers": "MSFT"}).status_code == 403
    with database_of(home) as database:
        assert database.alerts.rules() == []


def test_no_alert_of_a_hostile_story_has_an_element_a_handler_or_an_address_of_its_own(
    tmp_path: Path, build: SimpleNamespace
) -> None:
    home = tmp_path / "home"
    with database_of(home) as database:
        for number, text in enumerate(MARKUP):
            analysis, _ = hostile(build, number, text)
            assert analysis.story is not None
            story = analysis.story.model_copy(update={"story_id": f"S{number}"})
            database.save_analysis(analysis.model_copy(update={"story": story}))
    set_rule(home, analysis, words=tuple(text for text in MARKUP if any(map(str.isalnum, text))))
    set_rule(home, analysis, "all")
    with opened(home) as client:
        page = client.get(day_of(analysis)).text
        echoed = client.get("/alerts", params={"day": MARKUP[1]}).text
    for shown in (page, echoed):
        seen = HtmlReader(shown)
        assert seen.open == []
        for tag, attributes in seen.elements:
            assert tag not in {"img", "iframe", "object", "embed", "base", "style", "math"}, attributes
            assert not [name for name in attributes if name.startswith("on")], attributes
            assert tag != "script" or (attributes.get("src") or "").startswith("/static/")
    assert "<script>alert(1)</script>" in " ".join(HtmlReader(page).words)
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_api_gives_the_same_and_sets_rules(home: Path, client: TestClient, analysis: Analysis) -> None:
    set_rule(home, analysis)
    at = analysis.provenance.as_of.isoformat()
    report = client.get("/api/v1/alerts", params={"as_of": at}).json()
    assert (report["status"], report["alerts"][0]["analysis"]["id"]) == ("alerts", analysis.id)
    before = (analysis.provenance.as_of - timedelta(days=2)).isoformat()
    assert client.get("/api/v1/alerts", params={"as_of": before}).json()["status"] == "no_rules"
    made = client.post("/api/v1/alerts/rules", json={"tickers": ["MSFT"], "sentiment": "negative"})
    assert (made.status_code, made.json()["name"]) == (201, "msft-negative")
    assert [one["name"] for one in client.get("/api/v1/alerts/rules").json()["items"]] == [
        "every-kind",
        "msft-negative",
    ]
    assert client.post("/api/v1/alerts/rules", json={"name": "msft-negative", "words": ["x"]}).status_code == 400
    assert client.post("/api/v1/alerts/rules", json={}).status_code == 400
    assert client.delete("/api/v1/alerts/rules/msft-negative").status_code == 204
    assert client.delete("/api/v1/alerts/rules/msft-negative").status_code == 404
