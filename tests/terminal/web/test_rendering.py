"""What every page gets: escaped text, an address for what stands in a path, an age, our form's hidden field."""

from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import UndefinedError

from terminal.web.pages import MODULES, routers
from terminal.web.rendering import NAVIGATION, age, csrf_field, path_piece, static_address, templates

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "told"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=49), "2 d"),
        (timedelta(days=61), "2025-12-31"),
        (timedelta(days=-1), "2026-03-03"),
    ],
)
def test_an_age_has_one_unit_and_what_is_old_or_to_come_has_its_date(passed: timedelta, told: str) -> None:
    assert age(NOW - passed, NOW) == told


def test_a_name_in_a_path_cannot_leave_its_place() -> None:
    assert path_piece("../a?b#c/d") == "..%2Fa%3Fb%23c%2Fd"


def test_the_hidden_field_is_escaped_and_missing_where_none_is_needed() -> None:
    assert csrf_field('"><b>') == '<input type="hidden" name="csrf" value="&#34;&gt;&lt;b&gt;">'
    assert csrf_field(None) == ""


def test_an_undefined_name_is_an_error_and_outside_text_is_escaped() -> None:
    made = templates().from_string("{{ text }}")
    assert made.render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        made.render()


def test_a_static_address_names_the_content() -> None:
    first = static_address("rhyme.css")
    assert first.startswith("/static/rhyme.css?v=")
    assert first != static_address("pages.css").replace("pages", "rhyme")


def test_every_page_of_the_navigation_is_there_and_each_key_leads_to_one() -> None:
    paths = {getattr(route, "path", "") for router in routers() for route in router.routes}
    assert {place.address for place in NAVIGATION} <= paths
    assert len(routers()) == len(MODULES)
    assert len({place.key for place in NAVIGATION}) == len(NAVIGATION)
