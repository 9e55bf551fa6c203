"""A path, standard input or an address → bytes with what is known about them, never more than the limit."""

import os
import stat
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from feeds.limits import Limits, megabytes
from records.errors import SourceUnreadable, UsageError

_ENOUGH = "at most {limit} are read as one article. Cut the file down to the article, or give one article at a time."


@dataclass(frozen=True)
class Intake:
    """Bytes of one source."""

    content: bytes
    name: str
    """As the person gave it, for messages."""
    url: str | None = None
    """The address that answered; None for a file or standard input."""
    media_type: str | None = None
    charset: str | None = None
    suffix: str = ""
    """Of the file name, lower case, with its dot."""


def read_file(path: str, limits: Limits) -> Intake:
    """The file's bytes. Raises SourceUnreadable for what is missing, no plain file, not permitted or too large."""
    try:
        # Without waiting, so that opening a pipe nobody writes to does not hang; the type is checked on what was opened.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _cannot_open(path, error) from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise SourceUnreadable(f"{path} is a folder. Give one file of it.")
        if not stat.S_ISREG(status.st_mode):
            raise SourceUnreadable(
                f"{path} is a device or a pipe, not a file. Send its text through standard input with '-'."
            )
        if status.st_size > limits.max_bytes:
            raise _too_large(path, megabytes(status.st_size), limits)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise _cannot_open(path, error) from error
    finally:
        os.close(descriptor)
    if len(content) > limits.max_bytes:
        raise _too_large(path, f"more than {megabytes(limits.max_bytes)}", limits)
    return Intake(content, path, suffix=PurePath(path).suffix.lower())


def read_stdin(stdin: BinaryIO | None, limits: Limits) -> Intake:
    """Everything on standard input. Raises UsageError without one, SourceUnreadable when it is too large."""
    if stdin is None:
        raise UsageError(
            "'-' means standard input, and there is none here. Pipe the article in, or give a file or an address."
        )
    try:
        content = stdin.read(limits.max_bytes + 1)
    except OSError as error:
        raise SourceUnreadable(f"Standard input cannot be read: {error}. Give a file instead.") from error
    if len(content) > limits.max_bytes:
        raise _too_large("standard input", f"more than {megabytes(limits.max_bytes)}", limits)
    return Intake(content, "standard input")


def _too_large(name: str, size: str, limits: Limits) -> SourceUnreadable:
    return SourceUnreadable(f"{name} is too large: {size}; {_ENOUGH.format(limit=megabytes(limits.max_bytes))}")


def _cannot_open(path: str, error: OSError | ValueError) -> SourceUnreadable:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = " If it is an address, write it with https:// in front." if path.startswith("www.") else ""
        return SourceUnreadable(f"There is no file {path!r}. Check the path.{hint}")
    if isinstance(error, PermissionError):
        return SourceUnreadable(
            f"{path} may not be read by this user. Change its permissions (chmod u+r) or give a copy."
        )
    return SourceUnreadable(f"{path!r} cannot be opened: {error}. Check the path.")
