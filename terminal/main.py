"""`rhyme`: parse, run one command, and turn every failure into one paragraph and an exit code."""

import contextlib
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from importlib import import_module

from records.errors import RhymeError
from terminal.arguments import PROGRAM, build_parser
from terminal.plain import plain, soften

STOPPED = 130  # 128 + SIGINT, what shells report for Ctrl-C
BROKEN_PIPE = 141  # 128 + SIGPIPE, what shells report when the reader left
UNEXPECTED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code: 0 ok, 2 usage, 3 settings, 4 source, 5 model, 6 store."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    soften(sys.stdout)
    soften(sys.stderr)
    try:
        options = build_parser().parse_args(arguments)
        code = int(import_module(options.module).run(options))
        sys.stdout.flush()
    except SystemExit as left:  # argparse leaves this way after --help and --version
        return left.code if isinstance(left.code, int) else 0
    except KeyboardInterrupt:
        _say("Stopped; nothing more was written.")
        return STOPPED
    except BrokenPipeError:
        _forget_stdout()
        return BROKEN_PIPE
    except RhymeError as error:
        return _explain(error, error.exit_code, debug)
    except Exception as error:  # noqa: BLE001 - the last border: a bug is explained too
        return _explain(error, UNEXPECTED, debug)
    return code


def _explain(error: Exception, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    elif isinstance(error, RhymeError):
        _say(str(error))
    else:
        what = f"{type(error).__name__}: {error}"
        _say(f"This is a fault of Rhyme, not yours ({what}). Run it again with --debug and report what it says.")
    return code


def _say(message: str) -> None:
    """One wrapped paragraph on stderr. Addresses and paths are never broken, so that they can be copied."""
    width = min(shutil.get_terminal_size().columns, 100)  # past 100 columns a paragraph is hard to read
    paragraph = textwrap.fill(
        f"{PROGRAM}: {plain(message)}", width=width, break_long_words=False, break_on_hyphens=False
    )
    with contextlib.suppress(BrokenPipeError):
        print(paragraph, file=sys.stderr)


def _forget_stdout() -> None:
    """Point stdout at nothing, or the interpreter complains about the broken pipe when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
