"""The track record that a conversation keeps is the one that would be made anew, as of every moment."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from evals.made.analyses import END, fill
from records.database import Database, LedgerForecast
from records.taxonomy import EventType
from terminal.kept_track_record import KeptTrackRecord
from terminal.tool_sources import track_record_text


class Counted(Database):
    """Counts how often the ledger is read."""

    readings = 0

    def forecasts(self, *, ungraded_only: bool = False) -> list[LedgerForecast]:
        self.readings += 1
        return super().forecasts(ungraded_only=ungraded_only)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Counted]:
    with Counted.open(tmp_path / "rhyme.db") as opened:
        assert isinstance(opened, Counted)
        fill(opened, 40, 3, days=10)
        opened.readings = 0
        yield opened


@pytest.mark.parametrize("event_type", [None, EventType.LITIGATION])
def test_it_says_at_every_moment_what_a_new_one_would_say(database: Counted, event_type: EventType | None) -> None:
    kept, entries = KeptTrackRecord(database), Database.forecasts(database)
    moments = [END - timedelta(hours=5 * back) for back in range(60)]
    edges = [entry.forecast.outcome_known_at for entry in entries[:10]]
    for moment in [*moments, *edges, *(edge - timedelta(microseconds=1) for edge in edges)]:
        assert kept(moment, event_type) == track_record_text(entries, moment, event_type)


def test_the_ledger_is_read_again_only_when_something_of_it_can_have_changed(database: Counted) -> None:
    kept = KeptTrackRecord(database)
    for seconds in range(3):
        kept(END + timedelta(days=3, seconds=seconds), None)
    assert database.readings == 1
    fill(database, 5, 4, until=END + timedelta(days=1), days=1)
    database.readings = 0
    again = kept(END + timedelta(days=3), None)
    assert database.readings == 1
    assert again == track_record_text(Database.forecasts(database), END + timedelta(days=3), None)
