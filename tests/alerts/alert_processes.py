"""What the processes of test_kills.py do: keep analyses, and tell alerts into a file."""

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from alerts import Alerts, Following
from records.analysis import Analysis
from records.database import Database


def keep(path: Path, analyses: Sequence[Analysis]) -> None:
    """One after the other, those that are not kept yet."""
    with Database.open(path) as database:
        for one in analyses:
            database.save_analysis(one)


def follow(path: Path, told: Path, now: datetime) -> None:
    """Until killed: the id of each alert, a line each."""
    with Database.open(path) as database, told.open("a", encoding="utf-8") as lines:
        following = Following(database, Alerts(database, None), notes=True)
        while True:
            for alert in following.look(now):
                print(alert.id, file=lines, flush=True)
            time.sleep(0.005)
