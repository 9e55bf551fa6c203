import contextlib
import io
from dataclasses import dataclass

from terminal.progress import LineView, LiveView, ProgressView


@dataclass(frozen=True)
class Step:
    stage: str
    detail: str = ""
    token: str | None = None


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_view_fits_the_stream() -> None:
    assert isinstance(ProgressView.open(quiet=False, stream=io.StringIO()), LineView)
    assert isinstance(ProgressView.open(quiet=False, stream=Terminal()), LiveView)


def test_quiet_prints_nothing() -> None:
    stream = Terminal()
    with ProgressView.open(quiet=True, stream=stream) as view:
        view.say("x")
        view.show(Step("read", "y", token="z"))
    assert stream.getvalue() == ""


def test_a_log_has_each_stage_with_its_seconds_and_the_words_in_lines() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressView.open(quiet=False, stream=stream, clock=clock) as view:
        view.say("Loading")
        view.show(Step("read", "summary"))
        clock.now = 1.0
        view.show(Step("read", token="Sales \x1b[31mrose."))
        clock.now = 2.5
        view.show(Step("explain", "writing"))
        clock.now = 3.0
    assert stream.getvalue().splitlines() == [
        "[  0.0 s] Loading",
        "[  0.0 s] read: summary",
        "[  2.5 s]   | Sales [31mrose.",
        "[  2.5 s] read: 2.5 s",
        "[  2.5 s] explain: writing",
        "[  3.0 s] explain: 0.5 s",
    ]


def test_streamed_words_fill_their_lines() -> None:
    stream = io.StringIO()
    words = " ".join(f"word{number}" for number in range(100))
    with ProgressView.open(quiet=False, stream=stream, clock=Clock()) as view:
        for place in range(0, len(words), 7):
            view.show(Step("explain", token=words[place : place + 7]))
    lines = [line.partition("| ")[2] for line in stream.getvalue().splitlines() if "  | " in line]
    assert " ".join(lines) == words
    assert all(90 <= len(line) <= 100 for line in lines[:-1])


def test_many_small_steps_do_not_flood_a_log() -> None:
    stream, clock = io.StringIO(), Clock()
    with ProgressView.open(quiet=False, stream=stream, clock=clock) as view:
        for number in range(40):
            clock.now = number * 0.25
            view.show(Step("read", f"theme {number}"))
    details = [line for line in stream.getvalue().splitlines() if "theme" in line]
    assert len(details) == 5


def test_a_terminal_says_its_first_line_at_once_and_cleans_up_behind_itself() -> None:
    stream = Terminal()
    view = ProgressView.open(quiet=False, stream=stream)
    view.say("Starting")
    assert stream.getvalue() == "Starting\n"
    view.show(Step("read", "[red]summary"))
    view.show(Step("read", token="some words \x1b]0;owned\x07"))
    view.show(Step("explain", "writing"))
    view.close()
    text = stream.getvalue()
    assert "\x1b]0" not in text
    assert "read: 0." in text
    assert "explain: 0." in text
    assert text.count("\x1b[?25h") == text.count("\x1b[?25l") == 1


def test_a_stage_that_an_error_broke_off_is_not_called_done() -> None:
    for stream in (io.StringIO(), Terminal()):
        with contextlib.suppress(ValueError), ProgressView.open(quiet=False, stream=stream) as view:
            view.show(Step("read", "summary"))
            raise ValueError
        assert "read: broke off after 0.0 s" in stream.getvalue()
