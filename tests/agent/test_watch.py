"""Feeds read side by side: none waits for a slow one, no server is asked twice at a time, and a watch ends when it is told to."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.ingest import Ingest
from agent.watch import Turn, Watch, server_of
from feeds import Delivery, Fetcher, Item, Reader, Received, Source
from records.article import Article
from records.database import Database
from records.errors import StoreCorrupt
from records.feed import Feed
from vectorstore.threads import StoryThreads

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
LONG = 30.0
"""Seconds after which something that must come is given up: only a fault takes so long."""

Read = Callable[[str], list[Item]]


class Reading(Reader):
    """Gives what a function says for the host of a feed, and counts how many are read at a time."""

    def __init__(self, read: Read) -> None:
        super().__init__(Fetcher())
        for name, value in {
            "answer": read,
            "guard": threading.Lock(),
            "active": [],
            "most": [0],
            "most_of_one": [0],
        }.items():
            object.__setattr__(self, name, value)

    def read(self, source: Source) -> Delivery:
        host = server_of(source.address)
        with self.guard:  # type: ignore[attr-defined]
            self.active.append(host)  # type: ignore[attr-defined]
            self.most[0] = max(self.most[0], len(self.active))  # type: ignore[attr-defined]
            self.most_of_one[0] = max(self.most_of_one[0], self.active.count(host))  # type: ignore[attr-defined]
        try:
            return Delivery(iter(self.answer(source.address)))  # type: ignore[attr-defined]
        finally:
            with self.guard:  # type: ignore[attr-defined]
                self.active.remove(host)  # type: ignore[attr-defined]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "rhyme.db") as opened:
        yield opened


def add(database: Database, *addresses: str) -> None:
    for number, address in enumerate(addresses):
        fields = {"name": f"f{number}", "kind": "feed", "address": address, "added_at": START, "due_at": START}
        database.intake.add_feed(Feed.model_validate(fields))


def watch_over(database: Database, read: Read, **options: float) -> tuple[Watch, Reading]:
    reader = Reading(read)
    ingest = Ingest(reader, database, StoryThreads(database), lambda: START)
    return Watch(ingest, database, lambda: START, lambda: 0.0, **options), reader  # type: ignore[arg-type]


def received(word: str, number: int = 0) -> Received:
    name = f"{word} company {number}"
    article = Article(id=f"{abs(hash(name)):016x}"[:16], title=f"{name} names a chair", text="", first_seen_at=START)
    return Received(article, entry=name, version="1")


def goes_on(_: float) -> bool:
    """Nobody stops the watch."""
    return False


def test_a_slow_feed_delays_no_other(database: Database) -> None:
    add(database, "https://slow/", "https://fast/")
    released = threading.Event()

    def read(address: str) -> list[Item]:
        if "slow" in address:
            released.wait(LONG)
        return [received(address)]

    watch, _ = watch_over(database, read)
    ended: list[str] = []
    for turn in watch.once(goes_on):
        ended.append(turn.feed.name)
        released.set()
    assert ended == ["f1", "f0"]


def test_so_many_are_read_at_once_and_no_more(database: Database) -> None:
    add(database, *(f"https://h{number}/" for number in range(6)))
    released, looks = threading.Event(), list[int]()

    def read(address: str) -> list[Item]:
        released.wait(LONG)
        return [received(address)]

    watch, reader = watch_over(database, read, at_once=2)

    def told(_: float) -> bool:
        """Nothing ends while it is looked twice at least at what was begun."""
        looks.append(len(reader.active))  # type: ignore[attr-defined]
        if len(looks) > 1 and (looks[-1] > 1 or len(looks) > 50):
            released.set()
        return False

    assert len(list(watch.once(told))) == 6
    assert reader.most == [2]  # type: ignore[attr-defined]


def test_one_server_is_asked_for_one_feed_at_a_time(database: Database) -> None:
    add(database, "https://one/a", "https://one/b", "http://one:8080/c", "https://other/")

    def read(address: str) -> list[Item]:
        threading.Event().wait(0.05)  # long enough for another to come in between
        return [received(address)]

    watch, reader = watch_over(database, read)
    assert len(list(watch.once(goes_on))) == 4
    assert reader.most_of_one == [1]  # type: ignore[attr-defined]


def test_many_entries_from_many_feeds_at_once_are_all_kept_and_nobody_finds_the_database_locked(
    database: Database,
) -> None:
    add(database, *(f"https://h{number}/" for number in range(4)))
    watch, _ = watch_over(database, lambda address: [received(address, number) for number in range(120)])
    turns = list(watch.once(goes_on))
    assert [turn.report.error for turn in turns] == [None] * 4
    assert sum(turn.report.new for turn in turns) == 480


def test_a_watch_that_is_told_to_stop_waits_for_no_server_and_keeps_nothing_after(database: Database) -> None:
    add(database, "https://hangs/")
    asked, released = threading.Event(), threading.Event()

    def read(address: str) -> list[Item]:
        asked.set()
        released.wait(LONG)
        return [received(address)]

    watch, _ = watch_over(database, read, leave_seconds=0.1)
    threads = set(threading.enumerate())
    assert list(watch.run(lambda _: asked.is_set())) == []
    assert not released.is_set()
    hanging = set(threading.enumerate()) - threads
    released.set()
    for thread in hanging:
        thread.join(LONG)
    assert database.intake.articles_to_analyse(10) == []
    kept = database.intake.feed("f0")
    assert (kept.due_at, kept.checked_at) == (START, None)  # due at the next start


def test_a_batch_that_is_being_kept_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add(database, "https://wire/")
    keeping, stopping = threading.Event(), threading.Event()
    place_all = StoryThreads.place_all

    def slowly(*arguments: object, **options: object) -> object:
        keeping.set()
        stopping.wait(LONG)
        return place_all(*arguments, **options)  # type: ignore[arg-type]

    def told(_: float) -> bool:
        if keeping.is_set():
            stopping.set()
            return True
        return False

    monkeypatch.setattr(StoryThreads, "place_all", slowly)
    watch, _ = watch_over(database, lambda address: [received(address)])
    turns = list(watch.run(told))
    assert [turn.report.new for turn in turns] == [1]


def test_a_damaged_database_ends_the_watch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> Turn:
        raise StoreCorrupt("damaged")

    add(database, "https://wire/")
    watch, _ = watch_over(database, lambda address: [received(address)])
    monkeypatch.setattr(Watch, "_turn", damaged)
    with pytest.raises(StoreCorrupt):
        list(watch.once(goes_on))
