"""A folder gives its new files; one that is still being written waits."""

import os
from datetime import UTC, datetime

import pytest

from feeds import Faulty, Reader, Source
from records.errors import SourceUnreadable

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
OLD = NOW.timestamp() - 3_600


@pytest.fixture
def put(tmp_path):
    """Writes a file that was last changed an hour ago, or at `changed`."""

    def write(name, text="A headline here\n\nIts text.", changed=OLD):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (changed, changed))
        return path

    return write


@pytest.fixture
def read(fetcher, tmp_path):
    def run(known=None, pause=lambda _: None):
        delivery = Reader(fetcher, lambda: NOW, pause=pause).read(Source(str(tmp_path), known=known or {}))
        return list(delivery.items), delivery

    return run


def taken(items):
    return {item.entry: item.version for item in items if not isinstance(item, Faulty) and item.entry}


def test_a_folder_gives_the_articles_of_its_files_and_rows_in_order(put, read):
    put("b.txt", "B headline here\n\nText.")
    put("a.jsonl", '{"title": "one"}\n{bad\n{"title": "two"}\n')
    put("deep/c.md", "# C headline\n\nText.")
    items, _ = read()
    assert [item.name for item in items if isinstance(item, Faulty)] == ["a.jsonl, row 2"]
    titles = [item.article.title for item in items if not isinstance(item, Faulty)]
    assert titles == ["one", "two", "B headline here", "C headline"]


def test_files_taken_in_before_are_left_out_until_they_change(put, read):
    put("a.txt")
    known = taken(read()[0])
    items, delivery = read(known)
    assert (items, delivery.known) == ([], 1)
    put("a.txt", "Another headline\n\nText.")
    put("b.txt", "New headline\n\nText.")
    assert [item.article.title for item in read(known)[0]] == ["Another headline", "New headline"]


def test_a_file_of_rows_counts_as_taken_in_only_with_its_last_row(put, read):
    put("a.jsonl", '{"title": "one"}\n{"title": "two"}\n')
    first, last = read()[0]
    assert first.entry is None
    assert last.entry is not None


def test_hidden_and_half_loaded_files_are_left_out(put, read):
    for name in (".hidden.txt", "a.txt.part", "b.tmp", ".git/c.txt"):
        put(name)
    assert read()[0] == []


def test_a_file_that_grows_while_it_is_watched_waits_for_the_next_time(put, read):
    path = put("a.txt", "Half a headl", changed=NOW.timestamp())

    def write_on(_seconds):
        path.write_text("Half a headline and the rest\n\nText.")

    items, _ = read(pause=write_on)
    assert [(item.name, item.kind) for item in items] == [("a.txt", "unfinished")]
    os.utime(path, (OLD, OLD))
    assert [item.article.title for item in read()[0]] == ["Half a headline and the rest"]


def test_a_fresh_file_that_stands_still_is_read_at_once(put, read):
    put("a.txt", changed=NOW.timestamp())
    paused = []
    items, _ = read(pause=paused.append)
    assert (len(items), len(paused)) == (1, 1)


def test_a_file_that_is_no_article_is_named_and_tried_again(put, read):
    put("a.txt", "")
    put("b.txt")
    items, _ = read()
    assert [(item.name, item.kind) for item in items if isinstance(item, Faulty)] == [("a.txt", "source_unreadable")]
    assert [item.name for item in read(taken(items))[0]] == ["a.txt"]


def test_a_pipe_in_the_folder_is_not_waited_for(put, read, tmp_path):
    put("b.txt")
    os.mkfifo(tmp_path / "a.jsonl")
    assert len(read()[0]) == 1


def test_a_folder_that_is_gone_is_an_error_not_no_news(fetcher, tmp_path):
    with pytest.raises(SourceUnreadable, match="cannot be listed"):
        Reader(fetcher, lambda: NOW).read(Source(str(tmp_path / "gone"), "folder"))
