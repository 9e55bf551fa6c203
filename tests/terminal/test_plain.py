import io

import pytest

from terminal.plain import plain, plain_token, soften


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b]0;new title\x07b", "ab"),
        ("a\x1b]52;c;aGVsbG8=\x1b\\b", "ab"),
        ("\x1bPq#0;2\x1b\\x", "x"),
        ("\x9b2Jcleared", "cleared"),
        ("over\rwritten\b\b", "over written"),
        ("left\u202eright\u2066", "left right"),
        ("two\nlines\tand tabs", "two lines and tabs"),
        ("unfinished \x1b", "unfinished"),
    ],
)
def test_control_sequences_and_direction_marks_never_reach_the_terminal(hostile: str, shown: str) -> None:
    assert plain(hostile) == shown


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Nestlé · 2.1× – “ok” 日本 [red]x[/red]"
    assert plain(text) == text


def test_streaming_pieces_keep_spaces_and_lose_escapes() -> None:
    assert plain_token(" a\x1b[2J \n") == " a[2J \n"


def test_a_stream_that_cannot_write_the_signs_gets_plain_ones() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    soften(stream)
    stream.write("1.2× – P(>2σ) 日")
    stream.flush()
    assert raw.getvalue() == b"1.2x - P(>2sd) ?"
