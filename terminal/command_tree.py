"""What the commands' arguments are made with: the parser, the tree it stands in, and what values several of them take.
Standard library only, like all that is read before a command is known."""

import argparse
import difflib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import Any, NoReturn

from records.errors import UsageError


class UsageParser(argparse.ArgumentParser):
    """A parser whose complaints are UsageErrors of one paragraph: the nearest known word, and the way to the help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Raises UsageError instead of printing and leaving."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` shows how this command is used.")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse, but an unknown option is refused here, where the subcommand that lacks it can name its own."""
        found, rest = super().parse_known_args(args, namespace)
        unknown = [word for word in rest if word.startswith("-") and word != "-"]
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            self.error(f"unknown option {unknown[0]}{_nearest(unknown[0], known)}")
        if rest:
            self.error(f"{rest[0]!r} is one argument too many")
        return found, rest

    # argparse asks this of every argument with choices; only the subcommands have some
    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            raise argparse.ArgumentError(
                None, f"there is no command {value!r}{_nearest(str(value), known)}, only {', '.join(known)}"
            )


def _nearest(word: str, known: Sequence[str]) -> str:
    match = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {match[0]}?)" if match else ""


def parse_moment(text: str) -> datetime:
    """An aware UTC datetime from ISO 8601 with a time zone; a bare date is the end of that day in New York.

    Raises argparse.ArgumentTypeError for a naive time or anything else.
    """
    example = "write it like 2025-07-21T14:30Z, 2025-07-21T10:30-04:00 or, for the end of a day in New York, 2025-07-21"
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: {example}") from None
    if len(text.strip()) == len("2025-07-21"):
        from zoneinfo import ZoneInfo

        moment = datetime.combine(moment.date(), time(23, 59, 59), ZoneInfo("America/New_York"))
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone: {example}")
    return moment.astimezone(UTC)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
        if not low <= number <= high:
            raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
        return number

    return parse


def global_options(*, suppressed: bool) -> UsageParser:
    """Options that may stand before or after the command; only the first set has defaults, so neither overwrites."""
    options = UsageParser(add_help=False)
    group = options.add_argument_group("options of every command")

    def default(value: object) -> object:
        return argparse.SUPPRESS if suppressed else value

    group.add_argument("--home", metavar="DIR", default=default(None), help="where models, database and settings live")
    group.add_argument("--quiet", action="store_true", default=default(False), help="no progress on stderr")
    group.add_argument("--debug", action="store_true", default=default(False), help="show the traceback of an error")
    return options


class Tree:
    """Adds commands that share the global options and name the module that runs them."""

    def __init__(self, commands: "argparse._SubParsersAction[UsageParser]") -> None:
        self._commands = commands
        self._shared = global_options(suppressed=True)

    def command(self, name: str, module: str | None, summary: str, example: str, about: str = "") -> UsageParser:
        """A command; `module` is a file in terminal/commands, or None when it only groups further commands."""
        parser = self._commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.{' ' + about if about else ''}",
            epilog=f"example:\n  {example}",
            parents=[self._shared],
        )
        if module:
            parser.set_defaults(module=f"terminal.commands.{module}")
        return parser

    def group(self, name: str, summary: str, example: str) -> "Tree":
        """A command whose work is done by the commands inside it."""
        parser = self.command(name, None, summary, example)
        return Tree(subcommands(parser))


def subcommands(parser: UsageParser) -> "argparse._SubParsersAction[UsageParser]":
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=UsageParser)
